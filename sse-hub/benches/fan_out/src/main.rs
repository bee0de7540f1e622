//! Measures the server's cost of sending one topic to many clients: see `HELP`.

#![forbid(unsafe_code)]

mod client;
mod fan_out;
mod replay;
mod server;
mod tick;

use std::{error::Error, process::ExitCode};

use lexopt::prelude::*;

use server::Kind;

const HELP: &str = "\
Measures servers of one topic, each a process with one thread, over loopback.

Usage: sse-hub-fan-out [--clients N] [--many N] [--rounds N] [--only PART]

The servers: `plain`, a body that sends a frame for each event; `hub`; `broadcast`, a tokio channel of
encoded events with `sse_hyper::Sse`; `axum`, axum's own events. `hub` and `broadcast` have a keep-alive
and a `WriteLimit`, as documented; the others have neither.

The parts:
  fan_out  CPU time of the server for each event and client, singly and in bursts, relative to `plain`.
           The servers take turns, so other load on the machine does not change the ratios. They are
           started five times, since no two processes are equally fast. Takes three minutes.
  replay   history from memory: bytes per second; and the time to the first byte after a reconnect, from
           memory and from Redis, if there is a redis-server.
  tick     many clients and one event per second: CPU time of the server, and delay of the events.

Options:
  --clients N  Clients of `fan_out` [default: 500]
  --many N     Clients of `tick` [default: 10000]
  --rounds N   Turns, and bursts of each server in a turn [default: 10]
  --only PART  fan_out, replay or tick
  -h, --help   Show this text
";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sse-hub-fan-out: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let (mut clients, mut many, mut rounds, mut only) = (500, 10_000, 10, None);
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("clients") => clients = args.value()?.parse()?,
            Long("many") => many = args.value()?.parse()?,
            Long("rounds") => rounds = args.value()?.parse()?,
            Long("only") => only = Some(args.value()?.string()?),
            // Internal: this program starts its servers with it.
            Long("serve") => {
                let kind: Kind = args.value()?.parse_with(Kind::parse)?;
                return server::serve(kind).await;
            }
            Short('h') | Long("help") => {
                print!("{HELP}");
                return Ok(());
            }
            other => return Err(other.unexpected().into()),
        }
    }
    rlimit::increase_nofile_limit(many as u64 + 100)?;
    let runs = |part: &str| only.as_ref().is_none_or(|only| only == part);
    if runs("fan_out") {
        fan_out::run(clients, rounds).await?;
    }
    if runs("replay") {
        replay::run().await?;
    }
    if runs("tick") {
        tick::run(many).await?;
    }
    Ok(())
}
