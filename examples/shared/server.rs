//! What the servers on tokio have in common: where they listen, and how they stop.

use std::{error::Error, pin::pin, time::Duration};

use sse_hyper::WriteLimit;
use tokio::{net::TcpListener, sync::watch, time};

use super::{log, signals};

/// Runs a server until Ctrl-C or SIGTERM.
///
/// The second of what it is given changes then: that is the time to end its streams, and to take no
/// more connections.
pub(crate) async fn run<F>(
    addr: &str,
    serve: impl FnOnce(TcpListener, watch::Receiver<()>) -> F,
) -> Result<(), Box<dyn Error>>
where
    F: IntoFuture,
{
    // Before it says that it listens, so that whoever waits for that can stop it.
    let stop_signal = signals::stop()?;
    let listener =
        TcpListener::bind(addr).await.map_err(|error| format!("cannot listen on {addr}: {error}"))?;
    // Ends clients that have vanished, or read nothing, where that is the system's business: on Linux.
    let _ = WriteLimit::new().prepare(&listener);
    log::say(format_args!("Listening on http://{}/, Ctrl-C stops", listener.local_addr()?));

    let (stop, stopping) = watch::channel(());
    let mut server = pin!(serve(listener, stopping).into_future());
    tokio::select! {
        _ = &mut server => {}
        () = stop_signal => {
            drop(stop);
            // Who does not take the end of the stream is not waited for.
            let _ = time::timeout(Duration::from_millis(500), server).await;
        }
    }
    log::flush();
    Ok(())
}

/// Ready when the server stops.
pub(crate) async fn stopped(mut stopping: watch::Receiver<()>) {
    // It only changes by the end of its sender.
    let _ = stopping.changed().await;
}
