//! The program `sse-conformance`. One program of tests, since most wait: so they wait at once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows test functions, not their helpers

mod browser;
mod client;
mod codecs;
mod server;
