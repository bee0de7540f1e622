//! The program `sse-conformance`. One program of tests, since most wait: so they wait at once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows test functions, not their helpers

use std::{process::Command, time::Duration};

use sse_conformance::programs::{Finished, run_within};

mod browser;
mod client;
mod codecs;
#[cfg(unix)]
mod results;
mod server;

/// Runs the program. It may start hundreds of others, so it gets more time than they.
fn kit(args: &[&str]) -> Finished {
    let mut kit = Command::new(env!("CARGO_BIN_EXE_sse-conformance"));
    run_within(Duration::from_secs(300), kit.args(args), b"")
}
