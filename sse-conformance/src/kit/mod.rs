//! The program `sse-conformance`: what it asks of others, and how it tells what they do.
//!
//! | module | |
//! | --- | --- |
//! | [`check`] | what is asked for, and why |
//! | [`report`] | what came of it: the table, and JSON; `junit` writes it for CI |
//! | [`flags`] | the flags that all subcommands have |
//! | [`program`], [`lines`] | runs the program that is checked, and reads its output |
//! | [`results`] | runs other crates and packages, and writes RESULTS.md |
//! | [`decoder`], [`encoder`], [`client`], [`server`], [`browser`] | a subcommand each |

// Unlike the rest of this crate this is no test support: it must not panic, whatever it is given.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod browser;
pub mod check;
pub mod client;
pub mod decoder;
pub mod encoder;
pub mod flags;
mod junit;
pub mod lines;
pub mod program;
pub mod report;
pub mod results;
mod rules;
pub mod server;
mod verdict;
