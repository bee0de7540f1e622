//! The answers and the log lines of the two ping servers.

use std::{
    net::SocketAddr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use futures_util::{Stream, stream};
use hyper::{
    Response, StatusCode,
    header::{self, HeaderValue},
};
use sse_hyper::{CloseReason, Closed, Event, EventType};
use tokio::time::{self, MissedTickBehavior};

use super::log;

/// The default time between two pings.
pub(crate) const INTERVAL: Duration = Duration::from_millis(500);

const PING: EventType = EventType::from_static("ping");

/// The kind of events that a client of `/sse` requests.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Named,
    Unnamed,
}

impl Kind {
    pub(crate) fn of(query: &str) -> Self {
        if query.split('&').any(|flag| flag == "unnamed") { Self::Unnamed } else { Self::Named }
    }

    /// Its name in the log.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Named => "named",
            Self::Unnamed => "unnamed",
        }
    }

    pub(crate) fn pings(self, interval: Duration) -> impl Stream<Item = Event> + Send + use<> {
        let mut interval = time::interval(interval);
        // A slow client misses pings instead of getting many at once later.
        interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
        stream::unfold(interval, move |mut interval| async move {
            interval.tick().await;
            Some((self.ping(), interval))
        })
    }

    fn ping(self) -> Event {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let event = Event::new(now.to_string()).with_id(now);
        match self {
            Self::Named => event.with_event_type(PING),
            Self::Unnamed => event,
        }
    }
}

/// Logs how the stream of this client ended.
pub(crate) fn left(peer: SocketAddr) -> impl FnOnce(Closed) + Send {
    move |closed| {
        let why = match closed.reason() {
            CloseReason::Dropped => "the client went away",
            CloseReason::Shutdown => "the server stops",
            _ => "the stream ended",
        };
        let seconds = closed.duration().as_secs_f32();
        log::say(format_args!("{peer} left after {seconds:.1} s and {} events: {why}", closed.events()));
    }
}

pub(crate) fn page() -> Response<&'static str> {
    answer(StatusCode::OK, "text/html; charset=utf-8", include_str!("../ping.html"))
}

pub(crate) fn not_found() -> Response<&'static str> {
    answer(StatusCode::NOT_FOUND, "text/plain", "There are only / and /sse.\n")
}

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");

pub(crate) fn method_not_allowed() -> Response<&'static str> {
    let text = "Only GET, HEAD and OPTIONS are allowed.\n";
    let mut response = answer(StatusCode::METHOD_NOT_ALLOWED, "text/plain", text);
    response.headers_mut().insert(header::ALLOW, METHODS);
    response
}

/// Also answers the preflight request of a browser for `Last-Event-ID` from another origin. `EventSource` needs none,
/// but a client built on `fetch` does.
pub(crate) fn options() -> Response<&'static str> {
    let mut response = Response::new("");
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().extend([
        (header::ALLOW, METHODS),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
        (header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD")),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("last-event-id, cache-control")),
    ]);
    response
}

fn answer(status: StatusCode, content_type: &'static str, text: &'static str) -> Response<&'static str> {
    let length = text.len();
    let mut response = Response::new(text);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    // hyper sets it as well, but not for a HEAD request.
    headers.insert(header::CONTENT_LENGTH, length.into());
    response
}
