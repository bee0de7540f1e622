//! Checks a decoder, an encoder, a client or a server of Server-Sent Events: see `HELP`.

use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
};

use lexopt::prelude::*;
use sse_conformance::kit::{browser, client, decoder, encoder, report::printable, results, server};

const HELP: &str = "\
Checks how a program in any language handles Server-Sent Events (text/event-stream).

Usage: sse-conformance SUBCOMMAND [OPTIONS] …

Subcommands:
  decoder -- CMD…   a decoder: an event stream on its standard input, JSON Lines on its standard output
  encoder -- CMD…   an encoder: JSON Lines on its standard input, an event stream on its standard output
  client -- CMD…    a client: it gets the URL of a server that breaks, refuses and waits
  server URL        a server, which gets many kinds of requests
  browser           a page that checks the EventSource of the browser that opens it
  results           other crates and packages, for sse-conformance/RESULTS.md

Each has --help. docs/protocol.md describes the input and the output of the programs.
";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    run().await.unwrap_or_else(|error| {
        let help = if error.is::<lexopt::Error>() { "; see --help" } else { "" };
        let _ = writeln!(
            io::stderr(),
            "sse-conformance: {}{help}",
            printable(&error.to_string().replace('\n', ": "))
        );
        ExitCode::FAILURE
    })
}

async fn run() -> Result<ExitCode, Box<dyn Error>> {
    let mut args = lexopt::Parser::from_env();
    let subcommand = match args.next()? {
        None | Some(Short('h') | Long("help")) => {
            let _ = io::stdout().write_all(HELP.as_bytes());
            return Ok(ExitCode::SUCCESS);
        }
        Some(Value(name)) => name.string()?,
        Some(other) => return Err(other.unexpected().into()),
    };
    match &*subcommand {
        "decoder" => decoder::run(args).await,
        "encoder" => encoder::run(args).await,
        "client" => client::run(args).await,
        "server" => server::run(args).await,
        "browser" => browser::run(args).await,
        "results" => results::run(args).await,
        _ => Err(format!("there is no subcommand {subcommand:?}; --help lists them").into()),
    }
}
