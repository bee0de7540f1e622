use std::{convert::Infallible, error::Error, net::SocketAddr, sync::Arc};

use bytes::Bytes;
use http_body::Body;
use hyper::{Request, Response, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::{conn::auto, graceful::GracefulShutdown},
};
use tokio::{
    net::TcpListener,
    sync::oneshot,
    task::{JoinHandle, JoinSet},
};

use super::soon;

/// A hyper server on a free port of 127.0.0.1, for HTTP/1.1 and HTTP/2.
#[derive(Debug)]
pub struct Server {
    /// The address on which it listens.
    pub addr: SocketAddr,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Server {
    /// A server that answers each request with the result of `respond`.
    pub async fn start<B>(respond: impl Fn(Request<Incoming>) -> Response<B> + Send + Sync + 'static) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        Self::start_with(auto::Builder::new(TokioExecutor::new()), respond).await
    }

    /// The same with these settings of hyper.
    pub async fn start_with<B>(
        settings: auto::Builder<TokioExecutor>,
        respond: impl Fn(Request<Incoming>) -> Response<B> + Send + Sync + 'static,
    ) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(run(listener, settings, Arc::new(respond), stopped));
        Self { addr, stop, running }
    }

    /// Shuts down gracefully: ready when every connection is done.
    pub async fn shutdown(self) {
        self.stop.send(()).unwrap();
        soon(self.running).await.unwrap();
    }
}

async fn run<B, F>(
    listener: TcpListener,
    settings: auto::Builder<TokioExecutor>,
    respond: Arc<F>,
    mut stopped: oneshot::Receiver<()>,
) where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
    F: Fn(Request<Incoming>) -> Response<B> + Send + Sync + 'static,
{
    let graceful = GracefulShutdown::new();
    // Dropped with the server, so that no connection outlives its test.
    let mut connections = JoinSet::new();
    loop {
        let socket = tokio::select! {
            accepted = listener.accept() => accepted.unwrap().0,
            _ = &mut stopped => break,
        };
        // Send small frames at once, without waiting for an acknowledgement.
        socket.set_nodelay(true).unwrap();
        let respond = respond.clone();
        let service = service_fn(move |request| {
            let response = respond(request);
            async { Ok::<_, Infallible>(response) }
        });
        let connection = settings.serve_connection(TokioIo::new(socket), service).into_owned();
        connections.spawn(graceful.watch(connection));
    }
    drop(listener);
    graceful.shutdown().await;
}
