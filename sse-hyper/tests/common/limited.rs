//! Servers with a write limit, and clients that do not read.

#![allow(dead_code, unreachable_pub)] // each test program takes what it needs
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows test functions, not their helpers

use std::{convert::Infallible, net::SocketAddr, pin::pin, time::Duration};

use futures_util::stream;
use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::{conn::auto, graceful::GracefulShutdown},
};
use sse_conformance::http::soon;
use sse_hyper::{Closed, Encoded, Event, Sse, SseBody, WriteLimit};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    task::{JoinHandle, JoinSet},
};

/// An endless stream of events of 1 KiB each.
pub type Flood = stream::Repeat<Encoded>;

pub fn flood() -> Flood {
    stream::repeat(Encoded::from(Event::new("x".repeat(1024 - 8))))
}

/// A server whose every response is a flood. Its hooks send to `closed`.
pub struct Limited {
    pub addr: SocketAddr,
    pub closed: mpsc::UnboundedReceiver<Closed>,
    stop: watch::Sender<bool>,
    running: JoinHandle<()>,
}

#[derive(Clone, Copy, Debug)]
pub enum On {
    Hyper,
    #[cfg(feature = "axum")]
    Axum,
}

impl On {
    pub const ALL: &[Self] = &[
        Self::Hyper,
        #[cfg(feature = "axum")]
        Self::Axum,
    ];
}

#[derive(Clone)]
struct Floods {
    closings: mpsc::UnboundedSender<Closed>,
    stopping: watch::Receiver<bool>,
}

impl Floods {
    fn sse(&self) -> Sse<Flood> {
        let closings = self.closings.clone();
        Sse::new(flood()).until(stopped(self.stopping.clone())).on_close(move |closed| {
            // The test may be over.
            let _ = closings.send(closed);
        })
    }

    fn response(&self) -> http::Response<SseBody<Flood>> {
        self.sse().into_http_response()
    }
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stop| *stop).await;
}

impl Limited {
    pub async fn start(on: On, limit: Duration, drain: Duration) -> Self {
        Self::start_on(TcpListener::bind("127.0.0.1:0").await.unwrap(), on, limit, drain)
    }

    pub fn start_on(listener: TcpListener, on: On, limit: Duration, drain: Duration) -> Self {
        let addr = listener.local_addr().unwrap();
        let (closings, closed) = mpsc::unbounded_channel();
        let (stop, stopping) = watch::channel(false);
        let limit = WriteLimit::new().limit(limit).drain(drain).until(stopped(stopping.clone()));
        let floods = Floods { closings, stopping };
        let running = match on {
            On::Hyper => tokio::spawn(on_hyper(listener, limit, floods)),
            #[cfg(feature = "axum")]
            On::Axum => tokio::spawn(on_axum(listener, limit, floods)),
        };
        Self { addr, closed, stop, running }
    }

    /// Shuts down gracefully: ready when every connection is done. Hooks that were not called by then are not called
    /// later.
    pub async fn shutdown(self) -> mpsc::UnboundedReceiver<Closed> {
        self.stop.send(true).unwrap();
        self.running.await.unwrap();
        self.closed
    }
}

async fn on_hyper(listener: TcpListener, limit: WriteLimit, floods: Floods) {
    let server = auto::Builder::new(limit.executor(TokioExecutor::new()));
    let (graceful, mut connections) = (GracefulShutdown::new(), JoinSet::new());
    let mut stop = pin!(stopped(floods.stopping.clone()));
    loop {
        let socket = tokio::select! {
            accepted = listener.accept() => accepted.unwrap().0,
            () = &mut stop => break,
        };
        let floods = floods.clone();
        let service = service_fn(move |_| {
            let response = floods.response();
            async { Ok::<_, Infallible>(response) }
        });
        let io = TokioIo::new(limit.wrap(socket));
        connections.spawn(graceful.watch(server.serve_connection(io, service).into_owned()));
    }
    drop(listener);
    graceful.shutdown().await;
}

#[cfg(feature = "axum")]
async fn on_axum(listener: TcpListener, limit: WriteLimit, floods: Floods) {
    use axum::{Router, routing::get};

    let stop = stopped(floods.stopping.clone());
    let app = Router::new().route("/", get(async move || floods.response()));
    axum::serve(limit.listener(listener), app).with_graceful_shutdown(stop).await.unwrap();
}

/// The limit that stops the flood.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stall {
    /// The socket.
    Http1,
    /// The socket.
    Http2,
    /// The window of the stream, and of the connection.
    Http2Window,
}

/// A handwritten client that requests `/` and reads nothing. Any HTTP library would read.
pub async fn stalled(addr: SocketAddr, stall: Stall) -> TcpStream {
    let mut socket = TcpStream::connect(addr).await.unwrap();
    let request: &[u8] = match stall {
        Stall::Http1 => b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n",
        // The preface, SETTINGS with a window of 2 GiB for each stream, WINDOW_UPDATE for the connection, and HEADERS.
        Stall::Http2 => {
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\
              \0\0\x06\x04\0\0\0\0\0\0\x04\x7f\xff\xff\xff\
              \0\0\x04\x08\0\0\0\0\0\x7f\0\0\0\
              \0\0\x06\x01\x05\0\0\0\x01\x82\x86\x84\x41\x01x"
        }
        // The same with the default windows of 64 KiB.
        Stall::Http2Window => {
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\
              \0\0\0\x04\0\0\0\0\0\
              \0\0\x06\x01\x05\0\0\0\x01\x82\x86\x84\x41\x01x"
        }
    };
    socket.write_all(request).await.unwrap();
    // The first bytes have arrived, so the stream exists.
    soon(socket.peek(&mut [0])).await.unwrap();
    socket
}

/// Reads `rate` bytes a second, for `time`.
pub async fn read_slowly(socket: &mut TcpStream, rate: usize, time: Duration) {
    let mut interval = tokio::time::interval(Duration::from_millis(50));
    let end = tokio::time::Instant::now() + time;
    let mut bytes = vec![0; rate / 20];
    while tokio::time::Instant::now() < end {
        interval.tick().await;
        soon(socket.read_exact(&mut bytes)).await.expect("a client that reads was cut off");
    }
}
