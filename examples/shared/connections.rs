//! Connections on hyper, for the two ping servers.

use std::{error::Error, net::SocketAddr, pin::pin, time::Duration};

use hyper::{
    Request, Response,
    body::{Body, Incoming},
    service::Service,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use tokio::{net::TcpListener, time};

use super::{interval_server::Settings, log, server, silence::Impatient};

/// Accepts connections until the server stops. Ready when the last of them has ended.
pub(crate) async fn serve<S, B>(
    program: &str,
    listener: TcpListener,
    settings: Settings,
    service: impl Fn(SocketAddr) -> S,
) where
    S: Service<Request<Incoming>, Response = Response<B>> + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let mut http = auto::Builder::new(TokioExecutor::new());
    // A request that comes byte by byte is not silent, but must also be complete in time.
    http.http1().timer(TokioTimer::new()).header_read_timeout(settings.silence);
    let connections = GracefulShutdown::new();
    let mut stopped = pin!(server::stopped(settings.stopping));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stopped => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Events are small, and must be sent at once.
                let _ = stream.set_nodelay(true);
                let stream = TokioIo::new(Impatient::new(stream, settings.silence));
                let connection = http.serve_connection(stream, service(peer)).into_owned();
                let connection = connections.watch(connection);
                tokio::spawn(async move {
                    // An error ends only this connection: its peer is gone, or does not speak HTTP.
                    let _ = connection.await;
                });
            }
            Err(error) => {
                // Most likely there are too many open files: wait until some are closed.
                log::complain(program, &format!("cannot accept a connection: {error}"));
                time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    connections.shutdown().await;
}
