//! How the servers on tokio listen and stop.

use std::{error::Error, pin::pin, time::Duration};

use socket2::SockRef;
use sse_hyper::WriteLimit;
use tokio::{net::TcpListener, sync::watch, time};

use super::{log, signals};

/// How many connections may wait to be accepted: after a restart all clients reconnect at once. tokio sets 128; of more
/// clients, some wait for seconds, and some are reset. Linux allows at most `net.core.somaxconn`, 4096 by default.
const QUEUE: i32 = 4096;

/// Runs a server until Ctrl-C or SIGTERM.
///
/// The second argument of `serve` changes then: the server should end its streams, and accept no more connections.
pub(crate) async fn run<F>(
    addr: &str,
    serve: impl FnOnce(TcpListener, watch::Receiver<()>) -> F,
) -> Result<(), Box<dyn Error>>
where
    F: IntoFuture,
{
    // Before the line "Listening", so that a program that waits for this line can stop the server.
    let stop_signal = signals::stop()?;
    let listener =
        TcpListener::bind(addr).await.map_err(|error| format!("cannot listen on {addr}: {error}"))?;
    // It already listens, so this changes only the length of the queue. Without it the server works too.
    let _ = SockRef::from(&listener).listen(QUEUE);
    // On Linux, the system then closes connections of clients that have vanished or read nothing.
    let _ = WriteLimit::new().prepare(&listener);
    log::say(format_args!("Listening on http://{}/, Ctrl-C stops", listener.local_addr()?));

    let (stop, stopping) = watch::channel(());
    let mut server = pin!(serve(listener, stopping).into_future());
    tokio::select! {
        _ = &mut server => {}
        () = stop_signal => {
            drop(stop);
            // Do not wait for clients that do not read the end of the stream.
            let _ = time::timeout(Duration::from_millis(500), server).await;
        }
    }
    log::flush();
    Ok(())
}

/// Ready when the server stops.
pub(crate) async fn stopped(mut stopping: watch::Receiver<()>) {
    // The only change is that the sender is dropped.
    let _ = stopping.changed().await;
}
