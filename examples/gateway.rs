//! A gateway for the event streams of another server: see `HELP`, and `stream`, which is the whole handler.
//!
//! It forwards whole blocks, so that its clients get no part of an event, and keep-alive comments fit between them.
use std::{
    collections::HashMap, error::Error, fmt, future, io, io::Write, num::NonZeroU32, process::ExitCode,
    sync::Arc, time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{
        HeaderMap, Request, StatusCode, Uri,
        header::{ACCEPT, RETRY_AFTER},
        uri::{Authority, Scheme},
    },
    response::{IntoResponse, Response, Result},
    routing::get,
};
use futures_util::{FutureExt, StreamExt, future::BoxFuture, future::Shared};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use lexopt::prelude::*;
use sse_codec::error::StreamError;
use sse_codec::lines::{BlockStream, Field, Line, RawBlock};
use sse_hyper::{LAST_EVENT_ID, Sse, WriteLimit, is_event_stream};
use tokio::net::TcpListener;

const HELP: &str = "\
Forwards the event streams of another server, and renames types of their events.

Usage: gateway [--addr ADDR] [--rename OLD=NEW]... [--keep-alive MS] UPSTREAM

The answer to GET, for any path, is the event stream with the same path and query at UPSTREAM, such as
http://127.0.0.1:8080. If there is none, the answer has the status of UPSTREAM, or 502.

Options:
  --addr ADDR       Where to listen; with port 0 on a free port [default: 127.0.0.1:8081]
  --rename OLD=NEW  Replaces the event type OLD by NEW; can be repeated
  --keep-alive MS   Milliseconds of silence after which a client gets a comment, at least 1 [default: 15000]
  -h, --help        Show this text

Ctrl-C or SIGTERM ends all streams and stops.
";

struct Gateway {
    client: Client<HttpConnector, Body>,
    upstream: Authority,
    renames: HashMap<Vec<u8>, String>,
    keep_alive: Duration,
    stop: Shared<BoxFuture<'static, ()>>,
}

async fn stream(State(gateway): State<Arc<Gateway>>, uri: Uri, headers: HeaderMap) -> Result<Response> {
    let mut target = uri.into_parts();
    (target.scheme, target.authority) = (Some(Scheme::HTTP), Some(gateway.upstream.clone()));
    let target = Uri::from_parts(target).map_err(|_| StatusCode::BAD_REQUEST)?;
    let mut request = Request::get(target).header(ACCEPT, "text/event-stream");
    // Only the upstream knows which ids are valid, so it gets this header unchanged. Cookies and others stay here.
    for id in headers.get_all(LAST_EVENT_ID) {
        request = request.header(LAST_EVENT_ID, id);
    }
    let request = request.body(Body::empty()).map_err(|_| StatusCode::BAD_REQUEST)?;
    let response = gateway.client.request(request).await.map_err(|error| {
        log(format_args!("no answer from upstream: {error:?}"));
        StatusCode::BAD_GATEWAY
    })?;
    match response.status() {
        StatusCode::OK if is_event_stream(response.headers()) => {}
        // A page is not an event stream, and a redirect would lead clients past the gateway.
        status if status == StatusCode::OK || status.is_redirection() => {
            log(format_args!("upstream answered {status} without an event stream"));
            return Err(StatusCode::BAD_GATEWAY.into());
        }
        // Such as 204, which tells clients not to reconnect, or 503 with the time at which they may.
        status => {
            let time = response.headers().get(RETRY_AFTER).map(|time| [(RETRY_AFTER, time.clone())]);
            return Ok((status, time.into_iter().flatten().collect::<HeaderMap>()).into_response());
        }
    }

    let (keep_alive, stop) = (gateway.keep_alive, gateway.stop.clone());
    let chunks = Body::new(response.into_body()).into_data_stream();
    let blocks = BlockStream::new(chunks).filter_map(move |block| {
        future::ready(match block {
            Ok(block) => Some(Ok(renamed(&block, &gateway.renames))),
            Err(StreamError::Source(error)) => {
                log(format_args!("upstream broke off: {error:?}"));
                Some(Err(error))
            }
            // The block is too large. An error here would end the response, but later blocks can be forwarded.
            Err(error) => {
                log(format_args!("dropped a block: {error}"));
                None
            }
        })
    });
    // With `break_on_error`, a response that is cut off does not look complete. When the client leaves, `blocks` is
    // dropped, which closes the connection to the upstream.
    Ok(Sse::new(blocks).keep_alive(keep_alive).break_on_error().until(stop).into_response())
}

/// Replaces event types. All other lines stay as they are: comments, unknown fields, even bytes that are not UTF-8.
fn renamed(block: &RawBlock, renames: &HashMap<Vec<u8>, String>) -> RawBlock {
    let line = |line| match line {
        Line::Field(field) if field.name() == b"event" => {
            let new = renames.get(field.value()).and_then(|new| Field::new("event", new).ok());
            new.map_or(line, Line::from)
        }
        line => line,
    };
    block.lines().map(line).collect()
}

async fn run() -> Result<(), Box<dyn Error>> {
    let (mut addr, mut upstream) = ("127.0.0.1:8081".to_owned(), None);
    let (mut renames, mut keep_alive) = (HashMap::new(), Duration::from_secs(15));
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("addr") => addr = args.value()?.string()?,
            Long("rename") => renames.extend([args.value()?.parse_with(rename)?]),
            Long("keep-alive") => {
                keep_alive = Duration::from_millis(args.value()?.parse::<NonZeroU32>()?.get().into());
            }
            Short('h') | Long("help") => return Ok(io::stdout().write_all(HELP.as_bytes())?),
            Value(url) if upstream.is_none() => upstream = Some(url.parse_with(authority)?),
            other => return Err(other.unexpected().into()),
        }
    }
    let upstream = upstream.ok_or(lexopt::Error::from("UPSTREAM is missing"))?;

    let mut connector = HttpConnector::new();
    // Clients get keep-alive comments even if the upstream has vanished, so the gateway must notice that itself.
    connector.set_keepalive(Some(Duration::from_secs(30)));
    connector.set_keepalive_interval(Some(Duration::from_secs(10)));
    connector.set_keepalive_retries(Some(3));
    let client = Client::builder(TokioExecutor::new()).build(connector);

    let stop = stop()?.boxed().shared();
    let gateway = Arc::new(Gateway { client, upstream, renames, keep_alive, stop: stop.clone() });
    let app = Router::new().fallback(get(stream)).with_state(gateway);
    let listener =
        TcpListener::bind(&addr).await.map_err(|error| format!("cannot listen on {addr}: {error}"))?;
    println!("Listening on http://{}/, Ctrl-C stops", listener.local_addr()?);
    // Disconnects clients that read nothing, and does not wait for them when the gateway stops.
    let listener = WriteLimit::new().until(stop.clone()).listener(listener);
    Ok(axum::serve(listener, app).with_graceful_shutdown(stop).await?)
}

fn rename(text: &str) -> Result<(Vec<u8>, String), &'static str> {
    let (old, new) = text.split_once('=').ok_or("it must be OLD=NEW")?;
    Field::new("event", new).map_err(|_| "NEW has a line break")?;
    Ok((old.into(), new.into()))
}

fn authority(url: &str) -> Result<Authority, &'static str> {
    let url: Uri = url.parse().map_err(|_| "it is not a URL")?;
    let is_base = url.scheme() == Some(&Scheme::HTTP) && url.path() == "/" && url.query().is_none();
    url.into_parts().authority.filter(|_| is_base).ok_or("it must be http://HOST:PORT")
}

/// Ready at Ctrl-C, and at SIGTERM, which containers and service managers send.
#[cfg(unix)]
fn stop() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn stop() -> io::Result<impl Future<Output = ()>> {
    Ok(tokio::signal::ctrl_c().map(drop))
}

/// Unlike `eprintln!`, does not panic if standard error is a closed pipe.
fn log(line: impl fmt::Display) {
    let _ = writeln!(io::stderr(), "gateway: {line}");
}

#[tokio::main]
async fn main() -> ExitCode {
    let Err(error) = run().await else { return ExitCode::SUCCESS };
    let help = if error.is::<lexopt::Error>() { "; see `gateway --help`" } else { "" };
    log(format_args!("{error}{help}"));
    ExitCode::FAILURE
}
