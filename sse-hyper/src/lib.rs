//! Server-Sent Events as HTTP responses: for hyper, axum, tower, tonic, and anything else that accepts an
//! [`http_body::Body`].
//!
//! [`Sse`] turns a stream of events into an [`http::Response`], and has the settings:
//!
//! ```
//! use futures_util::stream;
//! use sse_hyper::{Event, EventType, Sse};
//!
//! const PING: EventType = EventType::from_static("ping");
//!
//! let events = stream::iter((0_u64..).map(|n| Event::new(n.to_string()).with_event_type(PING).with_id(n)));
//! let response = Sse::new(events).into_http_response();
//!
//! assert_eq!(response.headers()["content-type"], "text/event-stream");
//! ```
//!
//! The stream yields [`Event`]s, or [`Encoded`] events that are encoded once for many clients, or the
//! [`RawBlock`](sse_codec::lines::RawBlock)s of a proxy, or `Result`s of these. It needs to be neither `Sync` nor `Unpin`.
//!
//! Standard: [WHATWG HTML, 9.2 Server-sent events](https://html.spec.whatwg.org/multipage/server-sent-events.html).
//! [`sse_codec`] does all the encoding.
//!
//! # hyper
//!
//! ```
//! use std::convert::Infallible;
//!
//! use futures_util::stream;
//! use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
//! use hyper_util::rt::{TokioIo, TokioTimer};
//! use sse_hyper::{Event, Sse, WriteLimit, last_event_id};
//! use tokio::net::TcpListener;
//!
//! async fn serve(listener: TcpListener) -> std::io::Result<()> {
//!     let limit = WriteLimit::new(); // for clients that read nothing
//!     loop {
//!         let (socket, _) = listener.accept().await?;
//!         let service = service_fn(|request: Request<Incoming>| async move {
//!             // The last id that a returning client has seen.
//!             let seen = last_event_id(request.headers()).unwrap_or_default();
//!             let next = seen.and_then(|id| id.as_str().parse::<u64>().ok()).map_or(1, |id| id.saturating_add(1));
//!             let events = stream::iter((next..next.saturating_add(3)).map(|n| Event::new("tick").with_id(n)));
//!             Ok::<_, Infallible>(Sse::new(events).into_http_response())
//!         });
//!         let mut server = http1::Builder::new();
//!         server.timer(TokioTimer::new()); // for hyper's own limits
//!         tokio::spawn(server.serve_connection(TokioIo::new(limit.wrap(socket)), service));
//!     }
//! }
//! # use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! # let listener = TcpListener::bind("127.0.0.1:0").await?;
//! # let mut client = tokio::net::TcpStream::connect(listener.local_addr()?).await?;
//! # let server = tokio::spawn(serve(listener));
//! # client.write_all(b"GET / HTTP/1.0\r\nlast-event-id: 7\r\n\r\n").await?;
//! # let mut answer = String::new();
//! # client.read_to_string(&mut answer).await?;
//! # assert!(answer.contains("\r\n\r\nid: 8\ndata: tick\n\nid: 9\n"), "{answer}");
//! # server.abort();
//! # std::io::Result::Ok(())
//! # })?;
//! # std::io::Result::Ok(())
//! ```
//!
//! # axum
//!
//! axum accepts the response unchanged. The crate `sse-axum` adapts this one to axum: a handler returns an
//! [`Sse`], a [`WriteLimit`] wraps the listener of `axum::serve`, and an extractor reads `Last-Event-ID`.
//!
//! ```
//! use axum::{Router, response::IntoResponse, routing::get};
//! use futures_util::stream;
//! use sse_hyper::{Event, Sse};
//!
//! async fn events() -> impl IntoResponse {
//!     let events = stream::iter([Event::new("hello"), Event::new("world")]);
//!     Sse::new(events).into_http_response()
//! }
//!
//! let app: Router = Router::new().route("/events", get(events));
//! # use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! # let mut client = tokio::net::TcpStream::connect(listener.local_addr()?).await?;
//! # let server = tokio::spawn(async { axum::serve(listener, app).await });
//! # client.write_all(b"GET /events HTTP/1.0\r\n\r\n").await?;
//! # let mut answer = String::new();
//! # client.read_to_string(&mut answer).await?;
//! # assert!(answer.contains("\r\n\r\ndata: hello\n\ndata: world\n\n"), "{answer}");
//! # server.abort();
//! # std::io::Result::Ok(())
//! # })?;
//! # std::io::Result::Ok(())
//! ```
//!
//! # Proxies
//!
//! A gateway that edits events and keeps their comments and unknown fields reads
//! [`RawBlock`](sse_codec::lines::RawBlock)s with `sse_codec::lines::BlockStream`, and passes them to [`Sse::new`]:
//!
//! ```
//! use bytes::Bytes;
//! use futures_util::{StreamExt, stream};
//! use sse_codec::{
//!     error::StreamError,
//!     lines::{BlockStream, Line},
//! };
//! use sse_hyper::Sse;
//!
//! let upstream = stream::iter([Ok::<_, std::io::Error>(Bytes::from("x-secret: 7\ndata: 1\n\n"))]);
//! let blocks = BlockStream::new(upstream).filter_map(async |block| match block {
//!     Ok(mut block) => {
//!         block.retain(|line| !matches!(line, Line::Field(field) if field.name() == b"x-secret"));
//!         Some(Ok(block))
//!     }
//!     Err(StreamError::Source(error)) => Some(Err(error)), // ends the response
//!     Err(too_large) => {
//!         eprintln!("{too_large}"); // the block is dropped, the next one follows
//!         None
//!     }
//! });
//! let response = Sse::new(blocks).break_on_error().into_http_response();
//! # use http_body_util::BodyExt;
//! # let body = response.into_body().collect();
//! # let body = tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(body)?;
//! # assert_eq!(body.to_bytes(), "data: 1\n\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The README has what else a gateway needs.
//!
//! # What it does for you
//!
//! - **Frames.** Events that are ready are sent together, in frames of up to 16 KiB. A larger event gets its
//!   own frame. An [`Encoded`] event of 4 KiB or more does too, and is not copied. Nothing is held back:
//!   when the stream is pending, all buffered events are sent.
//! - **Keep-alive.** A comment after 15 s of silence, on tokio's timer if there is one (feature
//!   `tokio`, on by default), or on the [`timer`](Sse::timer) of your runtime.
//! - **Leaving.** The body is dropped when the client leaves, and the stream with it.
//!   [`on_close`](Sse::on_close) reports the reason, the counts and the duration.
//! - **Stalled clients.** A server does not poll a body while it cannot write, so a client
//!   that does not read, or has vanished, would stay indefinitely. A [`WriteLimit`] ends
//!   its connection after 30 s.
//! - **Shutdown.** A server that shuts down gracefully waits for its open responses, and an event
//!   stream does not end. [`Sse::until`] ends it. [`WriteLimit::until`] closes the connections of
//!   clients that do not read the end.
//! - **Errors.** A stream that fails ends the response cleanly, after every event before the error.
//!   With [`break_on_error`](Sse::break_on_error) the client can notice the error.
//!
//! # What you decide
//!
//! - **CORS**, if pages of another origin read the events: set a header on the response, or use your
//!   framework's layer.
//! - **Compression** is best avoided for event streams: a compressor may hold events back until
//!   it has enough of them. `no-transform` asks proxies not to compress.
//! - **`TCP_NODELAY`** on the sockets, as above. Otherwise an event can wait for the client's
//!   acknowledgement of the previous one, 40 ms and more.
//! - On HTTP/2, hyper sends a body for `HEAD` as it does for `GET`. If you route requests yourself, answer
//!   `HEAD` without this body.
//! - hyper writes several frames in one system call. If yours are many and small, it can be cheaper
//!   to let hyper copy them together: `writev(false)` in its HTTP/1 builder. Measure it.

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod accept;
mod age;
#[cfg(feature = "axum-core")]
mod axum;
mod body;
mod break_off;
mod byte_stream;
mod close;
mod error;
mod frame;
mod keep_alive;
mod request;
mod shutdown;
#[cfg(feature = "tokio")]
mod socket;
mod sse;
mod stream_item;
mod timer;
mod write_limit;

pub use accept::{Accepts, Preferred, accepts_event_stream, is_event_stream};
pub use body::SseBody;
pub use byte_stream::ByteStream;
pub use close::{CloseReason, Closed};
pub use error::{BoxError, LastEventIdError, StreamFailed};
pub use request::{
    LAST_EVENT_ID, last_event_id, last_event_id_header, last_event_id_of, last_event_id_or_query,
};
pub use sse::{HEADERS, Sse};
pub use stream_item::StreamItem;
#[cfg(feature = "axum")]
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
pub use write_limit::LimitedListener;
pub use write_limit::{LimitedExecutor, LimitedIo, LimitedStream, WriteLimit};

#[doc(inline)]
pub use sse_codec::{Batch, Block, Encoded, Event, EventId, EventType};

/// Tests the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
