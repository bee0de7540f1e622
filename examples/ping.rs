//! The classic sample of Server-Sent Events, on hyper: see `HELP`.

mod shared {
    pub(crate) mod cli;
    pub(crate) mod interval_server;
    pub(crate) mod pings;
    pub(crate) mod server;
}

use std::{convert::Infallible, future, net::SocketAddr, pin::pin, process::ExitCode, time::Duration};

use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::{
    Method, Request, Response, Version,
    body::{Bytes, Incoming},
    header::{self, HeaderValue},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use sse_hyper::{Sse, StreamFailed};
use tokio::{net::TcpListener, sync::watch, time};

use shared::{
    cli, interval_server,
    pings::{self, Kind},
    server,
};

const HELP: &str = "\
Serves an event stream (text/event-stream) of pings, and a page that shows them.

Usage: ping [--addr ADDR] [--interval MS]

  GET /             the page
  GET /sse          `ping` events: the Unix time in seconds, as id and as data
  GET /sse?unnamed  the same without an event type, for a page's `onmessage`

Speaks HTTP/1.1, and HTTP/2 to those who start with it. Ctrl-C ends all streams and stops.
";

#[tokio::main]
async fn main() -> ExitCode {
    interval_server::main("ping", HELP, pings::INTERVAL, serve).await
}

/// Takes connections until the server stops, and ends with the last of them.
async fn serve(listener: TcpListener, interval: Duration, stopping: watch::Receiver<()>) {
    let mut http = auto::Builder::new(TokioExecutor::new());
    // With a timer, hyper does not wait for ever for a request.
    http.http1().timer(TokioTimer::new());
    let connections = GracefulShutdown::new();
    let mut stopped = pin!(server::stopped(stopping.clone()));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stopped => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Events are small, and none shall wait for the next.
                let _ = stream.set_nodelay(true);
                let client = Client { peer, interval, stopping: stopping.clone() };
                let service =
                    service_fn(move |request| future::ready(Ok::<_, Infallible>(client.answer(&request))));
                let connection = http.serve_connection(TokioIo::new(stream), service).into_owned();
                let connection = connections.watch(connection);
                tokio::spawn(async move {
                    // An error is the end of this connection only: its peer is gone, or speaks no HTTP.
                    let _ = connection.await;
                });
            }
            Err(error) => {
                // Most likely there are too many open files: wait until some are closed.
                cli::complain("ping", &format!("cannot take a connection: {error}"));
                time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    connections.shutdown().await;
}

type Body = UnsyncBoxBody<Bytes, StreamFailed>;

/// The other side of a connection, and what is needed to answer it.
struct Client {
    peer: SocketAddr,
    interval: Duration,
    stopping: watch::Receiver<()>,
}

impl Client {
    fn answer(&self, request: &Request<Incoming>) -> Response<Body> {
        let method = request.method();
        let response = match request.uri().path() {
            "/" | "/sse" if method != Method::GET && method != Method::HEAD => {
                whole(pings::method_not_allowed())
            }
            "/" => whole(pings::page()),
            "/sse" => self.pings(request),
            _ => whole(pings::not_found()),
        };
        // On HTTP/2 hyper would send the body even so.
        if method == Method::HEAD { response.map(|_| Body::default()) } else { response }
    }

    /// The event stream.
    fn pings(&self, request: &Request<Incoming>) -> Response<Body> {
        let kind = Kind::of(request.uri().query().unwrap_or_default());
        let mut sse = Sse::new(kind.pings(self.interval))
            .timer(TokioTimer::new())
            .until(server::stopped(self.stopping.clone()));
        // A HEAD request has no stream that could begin and end.
        if request.method() == Method::GET {
            let Self { peer, .. } = *self;
            cli::say(format_args!("{peer} came for {} pings over {:?}\n", kind.name(), request.version()));
            sse = sse.on_close(pings::left(peer));
        }

        let mut response = sse.into_response().map(BodyExt::boxed_unsync);
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        // The classic sample has it. On HTTP/2 it is not allowed.
        if request.version() == Version::HTTP_11 {
            headers.insert(header::CONNECTION, HeaderValue::from_static("keep-alive"));
        }
        response
    }
}

fn whole(response: Response<&'static str>) -> Response<Body> {
    response.map(|text| Full::from(text).map_err(|never| match never {}).boxed_unsync())
}
