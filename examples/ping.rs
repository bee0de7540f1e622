//! The classic sample of Server-Sent Events, on hyper: see `HELP`.

use std::{
    convert::Infallible,
    error::Error,
    fmt, future,
    io::{self, Write},
    net::SocketAddr,
    num::NonZeroU32,
    pin::pin,
    process::ExitCode,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use futures_util::stream;
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::{
    Method, Request, Response, StatusCode, Version,
    body::{Bytes, Incoming},
    header::{self, HeaderValue},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use lexopt::prelude::*;
use sse_hyper::{CloseReason, Event, EventType, Sse, StreamFailed};
use tokio::{
    net::TcpListener,
    signal,
    sync::watch,
    time::{self, MissedTickBehavior},
};

const HELP: &str = "\
Serves an event stream (text/event-stream) of pings, and a page that shows them.

Usage: ping [--addr ADDR] [--interval MS]

  GET /             the page
  GET /sse          `ping` events: the Unix time in seconds, as id and as data
  GET /sse?unnamed  the same without an event type, for a page's `onmessage`

Speaks HTTP/1.1, and HTTP/2 to those who start with it. Ctrl-C ends all streams and stops.

Options:
  --addr ADDR    Where to listen; port 0 takes a free one [default: 127.0.0.1:8080]
  --interval MS  Milliseconds between two pings, at least 1 [default: 500]
  -h, --help     Show this text
";
const PAGE: &str = include_str!("ping.html");
const PING: EventType = EventType::from_static("ping");

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "ping: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Reads the flags, and serves.
async fn run() -> Result<(), Box<dyn Error>> {
    let mut addr = "127.0.0.1:8080".to_owned();
    let mut interval = Duration::from_millis(500);
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("addr") => addr = args.value()?.string()?,
            Long("interval") => {
                let millis: NonZeroU32 = args.value()?.parse()?;
                interval = Duration::from_millis(millis.get().into());
            }
            Short('h') | Long("help") => {
                say(format_args!("{HELP}"));
                return Ok(());
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let listener =
        TcpListener::bind(&addr).await.map_err(|error| format!("cannot listen on {addr}: {error}"))?;
    say(format_args!("Listening on http://{}/, Ctrl-C stops\n", listener.local_addr()?));
    serve(listener, interval).await?;
    Ok(())
}

/// Takes connections until Ctrl-C.
async fn serve(listener: TcpListener, interval: Duration) -> io::Result<()> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    // With a timer, hyper does not wait for ever for a request.
    http.http1().timer(TokioTimer::new());
    let connections = GracefulShutdown::new();
    let (stop, stopping) = watch::channel(());
    let mut ctrl_c = pin!(signal::ctrl_c());
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    // Events are small, and none shall wait for the next.
                    let _ = stream.set_nodelay(true);
                    let client = Client { peer, interval, stopping: stopping.clone() };
                    let service = service_fn(move |request| {
                        future::ready(Ok::<_, Infallible>(client.answer(&request)))
                    });
                    let connection = http.serve_connection(TokioIo::new(stream), service).into_owned();
                    let connection = connections.watch(connection);
                    tokio::spawn(async move {
                        // An error is the end of this connection only: its peer is gone, or speaks no HTTP.
                        let _ = connection.await;
                    });
                }
                Err(error) => {
                    // Most likely there are too many open files: wait until some are closed.
                    let _ = writeln!(io::stderr(), "ping: cannot take a connection: {error}");
                    time::sleep(Duration::from_millis(100)).await;
                }
            },
            interrupted = &mut ctrl_c => break interrupted?,
        }
    }
    drop(listener);
    drop(stop);
    // Who does not take the end of the stream is not waited for.
    let _ = time::timeout(Duration::from_millis(500), connections.shutdown()).await;
    Ok(())
}

type Body = UnsyncBoxBody<Bytes, StreamFailed>;

/// The other side of a connection, and what is needed to answer it.
struct Client {
    peer: SocketAddr,
    interval: Duration,
    /// Changes when its sender is dropped.
    stopping: watch::Receiver<()>,
}

impl Client {
    fn answer(&self, request: &Request<Incoming>) -> Response<Body> {
        let method = request.method();
        let response = match request.uri().path() {
            "/" | "/sse" if method != Method::GET && method != Method::HEAD => {
                let text = "Only GET and HEAD are allowed.\n";
                let mut response = respond(StatusCode::METHOD_NOT_ALLOWED, "text/plain", text);
                response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
                response
            }
            "/" => respond(StatusCode::OK, "text/html; charset=utf-8", PAGE),
            "/sse" => self.pings(request),
            _ => respond(StatusCode::NOT_FOUND, "text/plain", "There are only / and /sse.\n"),
        };
        // On HTTP/2 hyper would send the body even so.
        if method == Method::HEAD { response.map(|_| Body::default()) } else { response }
    }

    /// The event stream.
    fn pings(&self, request: &Request<Incoming>) -> Response<Body> {
        let unnamed =
            request.uri().query().is_some_and(|query| query.split('&').any(|flag| flag == "unnamed"));
        let mut interval = time::interval(self.interval);
        // A client that falls behind misses pings, rather than getting many at once later.
        interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let pings = stream::unfold(interval, move |mut interval| async move {
            interval.tick().await;
            Some((ping(unnamed), interval))
        });

        let mut stopping = self.stopping.clone();
        let mut sse = Sse::new(pings).timer(TokioTimer::new()).until(async move { stopping.changed().await });
        // A HEAD request has no stream that could begin and end.
        if request.method() == Method::GET {
            let peer = self.peer;
            let kind = if unnamed { "unnamed" } else { "named" };
            say(format_args!("{peer} came for {kind} pings over {:?}\n", request.version()));
            sse = sse.on_close(move |closed| {
                let why = match closed.reason() {
                    CloseReason::Dropped => "the client went away",
                    CloseReason::Shutdown => "the server stops",
                    _ => "the stream ended",
                };
                let seconds = closed.duration().as_secs_f32();
                say(format_args!("{peer} left after {seconds:.1} s and {} events: {why}\n", closed.events()));
            });
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

fn ping(unnamed: bool) -> Event {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let event = Event::new(now.to_string()).with_id(now);
    if unnamed { event } else { event.with_type(PING) }
}

fn respond(status: StatusCode, content_type: &'static str, body: &'static str) -> Response<Body> {
    let length = body.len();
    let body = Full::from(body).map_err(|never| match never {});
    let mut response = Response::new(body.boxed_unsync());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    // hyper would set it as well, but not for a HEAD request.
    headers.insert(header::CONTENT_LENGTH, length.into());
    response
}

/// Not `println!`, which panics where standard output is a pipe that is closed.
fn say(text: fmt::Arguments<'_>) {
    let _ = io::stdout().write_fmt(text);
}
