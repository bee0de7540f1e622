//! Server-Sent Events as HTTP responses: for hyper, axum, tower, tonic, and whatever else takes an
//! [`http_body::Body`].
//!
//! A stream of events goes in, a [`http::Response`] comes out:
//!
//! ```
//! use std::{convert::Infallible, time::Duration};
//!
//! use futures_util::stream;
//! use hyper::{Request, Response, body::Incoming};
//! use hyper_util::rt::TokioTimer;
//! use sse_hyper::{Event, Sse, SseBody};
//!
//! type Events = stream::Iter<std::vec::IntoIter<Event>>;
//!
//! async fn serve(_request: Request<Incoming>) -> Result<Response<SseBody<Events>>, Infallible> {
//!     let events = stream::iter(vec![Event::new("hello"), Event::new("world")]);
//!     Ok(Sse::new(events).timer(TokioTimer::new()).into_response())
//! }
//!
//! # use http_body_util::BodyExt;
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let events = stream::iter(vec![Event::new("hello"), Event::new("world")]);
//! let body = Sse::new(events).timer(TokioTimer::new()).into_response().collect().await?;
//! assert_eq!(body.to_bytes(), "data: hello\n\ndata: world\n\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod body;
mod break_off;
mod close;
mod frame;
mod item;
mod keep_alive;
mod request;
mod shutdown;
mod sse;

pub use body::{SseBody, StreamFailed};
pub use close::{BoxError, CloseReason, Closed};
pub use item::StreamItem;
pub use request::{
    LAST_EVENT_ID, LastEventIdError, MAX_LAST_EVENT_ID, accepts_event_stream, last_event_id,
    last_event_id_header,
};
pub use sse::Sse;

pub use sse_codec::{Block, Encoded, Event, EventId, EventType};
