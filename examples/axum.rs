//! An event stream as a route of axum: see `HELP`, and `numbers`, which is the whole handler.

mod shared {
    pub(crate) mod axum_listener;
    pub(crate) mod cli;
    pub(crate) mod interval_server;
    pub(crate) mod log;
    pub(crate) mod server;
    pub(crate) mod signals;
    pub(crate) mod silence;
}

use std::{process::ExitCode, time::Duration};

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::stream;
use sse_axum::{Event, LastEventId, LastEventIdRejection, Sse};
use tokio::{net::TcpListener, time};

use shared::{
    axum_listener::Listener,
    interval_server::{self, Settings},
    log, server, silence,
};

const HELP: &str = "\
Serves an event stream (text/event-stream) of numbers, from a route of axum.

Usage: axum [--addr ADDR] [--interval MS] [--silence MS]

  GET /sse  numbers, from 1, as id and as data; from N + 1 with `Last-Event-ID: N`. After the last one,
            18446744073709551615, the answer is 204, so that clients do not reconnect

Ctrl-C or SIGTERM ends all streams and stops.
";

/// The route. Its response is one of axum.
async fn numbers(
    State(settings): State<Settings>,
    last_event_id: Result<LastEventId, LastEventIdRejection>,
) -> Response {
    // A client that reconnects continues after its id; one without an id, or with an invalid one, starts at 1.
    let LastEventId(seen) = last_event_id.unwrap_or_default();
    let seen: u64 = seen.and_then(|id| id.parse().ok()).unwrap_or_default();
    if seen == u64::MAX {
        return StatusCode::NO_CONTENT.into_response();
    }

    let start = (seen, time::interval(settings.interval));
    let events = stream::unfold(start, |(seen, mut interval)| async move {
        interval.tick().await;
        let number = seen.checked_add(1)?;
        Some((Event::new(number.to_string()).with_id(number), (number, interval)))
    });
    Sse::new(events)
        .keep_alive(silence::keep_alive(settings.silence))
        .until(server::stopped(settings.stopping))
        .on_close(|closed| {
            log::say(format_args!("A client left after {} events: {:?}", closed.events(), closed.reason()));
        })
        .into_response()
}

#[tokio::main]
async fn main() -> ExitCode {
    interval_server::main("axum", HELP, Duration::from_secs(1), serve).await
}

async fn serve(listener: TcpListener, settings: Settings) {
    let listener = Listener { listener, silence: settings.silence };
    let stopped = server::stopped(settings.stopping.clone());
    let app = Router::new().route("/sse", get(numbers)).with_state(settings);
    // A graceful shutdown waits for all responses, so `until` ends the streams.
    let _ = axum::serve(listener, app).with_graceful_shutdown(stopped).await;
}
