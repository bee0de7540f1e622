//! `encoder`: gives lines to an encoder, and reads the stream that it makes of them.

use std::{error::Error, process::ExitCode};

/// Runs the subcommand.
pub async fn run(_args: lexopt::Parser) -> Result<ExitCode, Box<dyn Error>> {
    Err("not there yet".into())
}
