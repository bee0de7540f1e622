//! An event stream as a route of axum: see `HELP`, and `numbers`, which is all there is to it.

mod shared {
    pub(crate) mod cli;
    pub(crate) mod interval_server;
    pub(crate) mod server;
}

use std::{process::ExitCode, time::Duration};

use axum::{
    Router, extract::State, http::HeaderMap, response::IntoResponse, routing::get, serve::ListenerExt,
};
use futures_util::stream;
use hyper_util::rt::TokioTimer;
use sse_hyper::{Event, Sse, last_event_id};
use tokio::{net::TcpListener, sync::watch, time};

use shared::{cli, interval_server, server};

const HELP: &str = "\
Serves an event stream (text/event-stream) of numbers, from a route of axum.

Usage: axum [--addr ADDR] [--interval MS]

  GET /sse  numbers, from 1, as id and as data; from N + 1 with `Last-Event-ID: N`

Ctrl-C ends all streams and stops.
";

#[derive(Clone)]
struct Numbers {
    interval: Duration,
    stopping: watch::Receiver<()>,
}

/// The route. Its response is one that axum takes as it is.
async fn numbers(State(numbers): State<Numbers>, headers: HeaderMap) -> impl IntoResponse {
    // Where a client that comes back left off; a new one, or an odd one, starts at 1.
    let seen = last_event_id(&headers).ok().flatten();
    let seen: u64 = seen.and_then(|id| id.as_str().parse().ok()).unwrap_or_default();

    let start = (seen, time::interval(numbers.interval));
    let events = stream::unfold(start, |(seen, mut interval)| async move {
        interval.tick().await;
        let number = seen.checked_add(1)?;
        Some((Event::new(number.to_string()).with_id(number), (number, interval)))
    });
    Sse::new(events)
        .timer(TokioTimer::new())
        .until(server::stopped(numbers.stopping))
        .on_close(|closed| {
            cli::say(format_args!("A client left after {} events: {:?}\n", closed.events(), closed.reason()));
        })
        .into_response()
}

#[tokio::main]
async fn main() -> ExitCode {
    interval_server::main("axum", HELP, Duration::from_secs(1), serve).await
}

async fn serve(listener: TcpListener, interval: Duration, stopping: watch::Receiver<()>) {
    // Events are small, and none shall wait for the next.
    let listener = listener.tap_io(|socket| {
        let _ = socket.set_nodelay(true);
    });
    let state = Numbers { interval, stopping: stopping.clone() };
    let app = Router::new().route("/sse", get(numbers)).with_state(state);
    // A graceful shutdown waits for all responses: hence `until`.
    let _ = axum::serve(listener, app).with_graceful_shutdown(server::stopped(stopping)).await;
}
