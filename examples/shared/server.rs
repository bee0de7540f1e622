//! What the servers on tokio have in common: where they listen, and how they stop.

use std::{error::Error, pin::pin, time::Duration};

use tokio::{net::TcpListener, signal, sync::watch, time};

use super::cli;

pub(crate) async fn listen(addr: &str) -> Result<TcpListener, Box<dyn Error>> {
    let listener =
        TcpListener::bind(addr).await.map_err(|error| format!("cannot listen on {addr}: {error}"))?;
    cli::say(format_args!("Listening on http://{}/, Ctrl-C stops\n", listener.local_addr()?));
    Ok(listener)
}

/// Runs a server until Ctrl-C.
///
/// What it is given changes then: that is the time to end its streams, and to take no more connections.
pub(crate) async fn run<F>(serve: impl FnOnce(watch::Receiver<()>) -> F) -> Result<(), Box<dyn Error>>
where
    F: IntoFuture,
{
    let (stop, stopping) = watch::channel(());
    let mut server = pin!(serve(stopping).into_future());
    tokio::select! {
        _ = &mut server => return Ok(()),
        interrupted = signal::ctrl_c() => interrupted?,
    }
    drop(stop);
    // Who does not take the end of the stream is not waited for.
    let _ = time::timeout(Duration::from_millis(500), server).await;
    Ok(())
}

/// Ready when the server stops.
pub(crate) async fn stopped(mut stopping: watch::Receiver<()>) {
    // It only changes by the end of its sender.
    let _ = stopping.changed().await;
}
