//! A server that sends events at an interval: its flags, and how it runs.

use std::{error::Error, num::NonZeroU32, process::ExitCode, time::Duration};

use lexopt::prelude::*;
use tokio::{net::TcpListener, sync::watch};

use super::{cli, server, silence};

/// The settings of a server.
#[derive(Clone)]
pub(crate) struct Settings {
    /// The time between two events.
    pub(crate) interval: Duration,
    /// How long a connection may be silent.
    pub(crate) silence: Duration,
    /// Changes when the server stops.
    pub(crate) stopping: watch::Receiver<()>,
}

/// Reads the flags, which `--help` lists after `help`, and runs the server with [`server::run`].
pub(crate) async fn main<F>(
    program: &str,
    help: &str,
    default_interval: Duration,
    serve: impl FnOnce(TcpListener, Settings) -> F,
) -> ExitCode
where
    F: Future<Output = ()>,
{
    cli::end(program, run(help, default_interval, serve).await)
}

async fn run<F>(
    help: &str,
    default_interval: Duration,
    serve: impl FnOnce(TcpListener, Settings) -> F,
) -> Result<ExitCode, Box<dyn Error>>
where
    F: Future<Output = ()>,
{
    let (mut addr, mut interval, mut silence) =
        ("127.0.0.1:8080".to_owned(), default_interval, silence::LIMIT);
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("addr") => addr = args.value()?.string()?,
            Long("interval") => interval = millis(args.value()?.parse()?),
            Long("silence") => silence = millis(args.value()?.parse()?),
            Short('h') | Long("help") => {
                let [interval, silence] = [default_interval, silence::LIMIT].map(|time| time.as_millis());
                cli::say(format_args!(
                    "{help}
Options:
  --addr ADDR    Where to listen; with port 0 on a free port [default: 127.0.0.1:8080]
  --interval MS  Milliseconds between two events, at least 1 [default: {interval}]
  --silence MS   Milliseconds without a byte after which a connection is closed, at least 1; an open
                 stream has a comment after half of this time [default: {silence}]
  -h, --help     Show this text
"
                ));
                return Ok(ExitCode::SUCCESS);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    server::run(&addr, |listener, stopping| serve(listener, Settings { interval, silence, stopping }))
        .await?;
    Ok(ExitCode::SUCCESS)
}

fn millis(number: NonZeroU32) -> Duration {
    Duration::from_millis(number.get().into())
}
