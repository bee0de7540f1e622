//! Server-Sent Events for axum: a handler returns an [`Sse`], and [`LastEventId`] extracts where a client left off.
//!
//! ```
//! use axum::{Router, routing::get};
//! use futures_util::{Stream, stream};
//! use sse_axum::{Event, LastEventId, Sse};
//!
//! async fn events(LastEventId(seen): LastEventId) -> Sse<impl Stream<Item = Event>> {
//!     let next = seen.and_then(|id| id.parse().ok()).map_or(1, |seen: u64| seen.saturating_add(1));
//!     Sse::new(stream::iter((next..=next.saturating_add(2)).map(|n| Event::new("hello").with_id(n))))
//! }
//!
//! let app: Router = Router::new().route("/events", get(events));
//! # use tower::ServiceExt;
//! # use http_body_util::BodyExt;
//! # let request = http::Request::get("/events").header("last-event-id", "7").body(axum::body::Body::empty()).unwrap();
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! # let response = app.oneshot(request).await.unwrap();
//! # assert_eq!(response.headers()["content-type"], "text/event-stream");
//! # let body = response.into_body().collect().await.unwrap().to_bytes();
//! # assert!(body.starts_with(b"id: 8\ndata: hello\n\nid: 9\n"));
//! # });
//! ```
//!
//! By default a keep-alive comment follows 15 s of silence. All settings are those of [`sse_hyper::Sse`].
//!
//! # A handler that may answer something else
//!
//! [`Sse`] is an [`IntoResponse`], so it can be one of several answers, and a tuple
//! can add headers:
//!
//! ```
//! use axum::{
//!     http::{HeaderMap, StatusCode, header::ACCESS_CONTROL_ALLOW_ORIGIN},
//!     response::{IntoResponse, Response},
//! };
//! use futures_util::stream;
//! use sse_axum::{Event, Sse, accepts_event_stream};
//!
//! async fn events(headers: HeaderMap) -> Response {
//!     if !accepts_event_stream(&headers) {
//!         return StatusCode::NOT_ACCEPTABLE.into_response();
//!     }
//!     let events = Sse::new(stream::iter([Event::new("hello")]));
//!     ([(ACCESS_CONTROL_ALLOW_ORIGIN, "*")], events).into_response()
//! }
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! # let response = events(HeaderMap::new()).await;
//! # assert_eq!(response.headers()["access-control-allow-origin"], "*");
//! # assert_eq!(response.headers()["content-type"], "text/event-stream");
//! # });
//! ```
//!
//! # Shutdown, and clients that do not read
//!
//! `axum::serve(…).with_graceful_shutdown(stop)` waits for open responses, and an event stream does not end on its own.
//! So give the same signal to [`Sse::until`], and wrap the listener in a [`WriteLimit`]: it bounds the time of the
//! shutdown, and resets clients that read nothing for 30 s. The README has a complete program.
//!
//! # HEAD, and compression
//!
//! `get(handler)` answers HEAD too: axum runs the handler and drops its body, so the stream is dropped before it is
//! polled. By default, tower-http's `CompressionLayer` does not compress event streams.

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

use axum_core::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::{StatusCode, request::Parts};

#[doc(inline)]
pub use sse_hyper::{
    Accepts, Batch, Block, BoxError, CloseReason, Closed, Encoded, Event, EventId, EventType, LAST_EVENT_ID,
    LastEventIdError, Preferred, Sse, SseBody, StreamItem, WriteLimit, accepts_event_stream, is_event_stream,
    last_event_id, last_event_id_header, last_event_id_or_query,
};

/// Tests the examples of the README, and those of the project's README and guide, whose dependencies this crate has.
#[cfg(doctest)]
mod readme {
    #[doc = include_str!("../README.md")]
    struct Ours;

    #[doc = include_str!("../../README.md")]
    struct OfTheProject;

    #[doc = include_str!("../../docs/guide/deploying.md")]
    #[doc = include_str!("../../docs/guide/slow-clients.md")]
    struct OfTheGuide;
}

/// The id of the last event that the client saw, or `None` for a new client.
///
/// The server continues after it. It comes from the client and can be anything: treat it as untrusted input.
/// [`last_event_id`] has the rules. A handler can accept a `Result<LastEventId, LastEventIdRejection>` to handle
/// invalid ids itself.
///
/// ```
/// use sse_axum::LastEventId;
///
/// async fn handler(LastEventId(seen): LastEventId) -> String {
///     match seen {
///         Some(id) => format!("after {id}"),
///         None => "from the start".into(),
///     }
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastEventId(pub Option<EventId>);

/// The answer to an invalid `Last-Event-ID`: 431 if it is too long, otherwise 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the Last-Event-ID of the request was refused")]
pub struct LastEventIdRejection(#[source] LastEventIdError);

impl LastEventIdRejection {
    /// Returns why the id was refused.
    pub fn error(&self) -> LastEventIdError {
        self.0
    }

    /// Returns the status of the answer: 431 or 400.
    pub fn status(&self) -> StatusCode {
        match self.0 {
            LastEventIdError::TooLong { .. } => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl IntoResponse for LastEventIdRejection {
    fn into_response(self) -> Response {
        // The text of the error is advice for the author of the server.
        let text = match self.0 {
            LastEventIdError::TooLong { .. } => "the Last-Event-ID is too long\n",
            _ => "the Last-Event-ID is invalid\n",
        };
        (self.status(), text).into_response()
    }
}

impl<S: Sync> FromRequestParts<S> for LastEventId {
    type Rejection = LastEventIdRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, LastEventIdRejection> {
        sse_hyper::last_event_id(&parts.headers).map(Self).map_err(LastEventIdRejection)
    }
}
