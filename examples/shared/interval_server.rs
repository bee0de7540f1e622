//! A server that sends something at an interval: its flags, and its life.

use std::{error::Error, num::NonZeroU32, process::ExitCode, time::Duration};

use lexopt::prelude::*;
use tokio::{net::TcpListener, sync::watch};

use super::{cli, server};

/// Reads the flags, of which it tells after `help`, and runs the server until Ctrl-C, as [`server::run`] does.
pub(crate) async fn main<F>(
    program: &str,
    help: &str,
    default_interval: Duration,
    serve: impl FnOnce(TcpListener, Duration, watch::Receiver<()>) -> F,
) -> ExitCode
where
    F: Future<Output = ()>,
{
    cli::end(program, run(help, default_interval, serve).await)
}

async fn run<F>(
    help: &str,
    default_interval: Duration,
    serve: impl FnOnce(TcpListener, Duration, watch::Receiver<()>) -> F,
) -> Result<ExitCode, Box<dyn Error>>
where
    F: Future<Output = ()>,
{
    let (mut addr, mut interval) = ("127.0.0.1:8080".to_owned(), default_interval);
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("addr") => addr = args.value()?.string()?,
            Long("interval") => {
                let millis: NonZeroU32 = args.value()?.parse()?;
                interval = Duration::from_millis(millis.get().into());
            }
            Short('h') | Long("help") => {
                let default = default_interval.as_millis();
                cli::say(format_args!(
                    "{help}
Options:
  --addr ADDR    Where to listen; port 0 takes a free one [default: 127.0.0.1:8080]
  --interval MS  Milliseconds between two events, at least 1 [default: {default}]
  -h, --help     Show this text
"
                ));
                return Ok(ExitCode::SUCCESS);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let listener = server::listen(&addr).await?;
    server::run(|stopping| serve(listener, interval, stopping)).await?;
    Ok(ExitCode::SUCCESS)
}
