//! The program `sse-conformance`: the checks, and the reports.
//!
//! | module | |
//! | --- | --- |
//! | [`check`] | a requirement, with its reason |
//! | [`report`] | the outcomes, as a table and as JSON; `junit` writes them for CI |
//! | [`flags`] | the flags of all subcommands |
//! | [`program`], [`lines`] | runs the checked program, and reads its output |
//! | [`results`] | runs other crates and packages, and writes RESULTS.md |
//! | [`decoder`], [`encoder`], [`client`], [`server`], [`browser`] | one subcommand each |

// Unlike the rest of this crate this is not test code: it must not panic, whatever its input.
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
