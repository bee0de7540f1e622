//! The cases of a client that comes back, by number, as sse-hub/README.md lists them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod attach;
mod errors;
mod finish;
mod log;
mod publish;
mod response;
mod resume;
mod slow;
mod start;
mod topics;
