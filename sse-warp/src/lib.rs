//! Server-Sent Events for warp: [`sse_hyper`]'s responses as replies, and a filter for
//! `Last-Event-ID`.
//!
//! ```
//! use std::future::Future;
//!
//! use futures_util::stream;
//! use sse_warp::{Event, EventId, EventType};
//! use tokio::net::TcpListener;
//! use warp::Filter;
//!
//! const PING: EventType = EventType::from_static("ping");
//!
//! async fn serve(listener: TcpListener, shutdown: impl Future<Output = ()> + Send + 'static) {
//!     let events = warp::path!("events").and(warp::get()).and(sse_warp::last_event_id()).map(
//!         |seen: Result<Option<EventId>, _>| {
//!             // A client that comes back continues. A new client, or an invalid id, starts at 1.
//!             let seen = seen.unwrap_or_default().and_then(|id| id.as_str().parse::<u64>().ok());
//!             let next = seen.map_or(1, |id| id.saturating_add(1));
//!             let event = |n| Event::new("hello").with_event_type(PING).with_id(n);
//!             sse_warp::reply(stream::iter((next..next.saturating_add(3)).map(event)))
//!         },
//!     );
//!     warp::serve(events).incoming(listener).graceful(shutdown).run().await;
//! }
//! # use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! # let listener = TcpListener::bind("127.0.0.1:0").await?;
//! # let mut client = tokio::net::TcpStream::connect(listener.local_addr()?).await?;
//! # let server = tokio::spawn(serve(listener, std::future::pending()));
//! # client.write_all(b"GET /events HTTP/1.0\r\nlast-event-id: 7\r\n\r\n").await?;
//! # let mut answer = String::new();
//! # client.read_to_string(&mut answer).await?;
//! # assert!(answer.contains("\r\n\r\nid: 8\nevent: ping\ndata: hello\n\nid: 9\n"), "{answer}");
//! # server.abort();
//! # std::io::Result::Ok(())
//! # })?;
//! # std::io::Result::Ok(())
//! ```
//!
//! The replies are those of [`sse_hyper`]: its front page describes them, and [`Sse`] has the
//! settings.
//!
//! warp opens its sockets with Nagle's algorithm: an event can wait for the client's acknowledgement of
//! the previous one. On Linux, sockets inherit `TCP_NODELAY` from their listener, so set it there, with
//! [`TcpSocket::set_nodelay`](https://docs.rs/tokio/latest/tokio/net/struct.TcpSocket.html#method.set_nodelay).
//!
//! # Clients that do not read
//!
//! warp's server keeps a client that does not read, or has vanished, and its graceful shutdown waits for it. On Linux,
//! [`WriteLimit::prepare`] on the listener makes the system end such connections after 30 s. The shutdown still waits
//! up to 30 s for them, so the `select!` bounds it:
//!
//! ```
//! use std::{future::Future, io, time::Duration};
//!
//! use futures_util::stream;
//! use sse_warp::{Event, WriteLimit};
//! use tokio::{net::TcpListener, time::sleep};
//! use warp::Filter;
//!
//! async fn serve<F>(listener: TcpListener, stopped: impl Fn() -> F) -> io::Result<()>
//! where
//!     F: Future<Output = ()> + Send + 'static,
//! {
//!     let events = warp::path!("events").map(|| sse_warp::reply(stream::repeat_with(|| Event::new("a flood"))));
//!     # #[cfg(target_os = "linux")]
//!     WriteLimit::new().prepare(&listener)?;
//!     let server = warp::serve(events).incoming(listener).graceful(stopped()).run();
//!     tokio::select! {
//!         () = server => {}
//!         () = async { stopped().await; sleep(Duration::from_secs(5)).await } => {}
//!     }
//!     Ok(())
//! }
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! # let listener = TcpListener::bind("127.0.0.1:0").await?;
//! # serve(listener, || async {}).await
//! # })?;
//! # io::Result::Ok(())
//! ```
//!
//! With hyper's server instead of warp's, the whole limit works, including close reasons and resets of single
//! HTTP/2 streams. Only `warp::addr::remote` does not work:
//!
//! ```
//! use std::io;
//!
//! use futures_util::stream;
//! use hyper_util::{rt::{TokioExecutor, TokioIo}, server::conn::auto, service::TowerToHyperService};
//! use sse_warp::{Event, WriteLimit};
//! use tokio::net::TcpListener;
//! use warp::Filter;
//!
//! async fn serve(listener: TcpListener) -> io::Result<()> {
//!     let events = warp::path!("events").map(|| sse_warp::reply(stream::iter([Event::new("hello")])));
//!     let service = TowerToHyperService::new(warp::service(events));
//!     let limit = WriteLimit::new();
//!     let server = auto::Builder::new(limit.executor(TokioExecutor::new()));
//!     loop {
//!         let (socket, _) = listener.accept().await?;
//!         let io = TokioIo::new(limit.wrap(socket));
//!         let connection = server.serve_connection(io, service.clone()).into_owned();
//!         tokio::spawn(connection);
//!     }
//! }
//! # use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! # let listener = TcpListener::bind("127.0.0.1:0").await?;
//! # let mut client = tokio::net::TcpStream::connect(listener.local_addr()?).await?;
//! # let server = tokio::spawn(serve(listener));
//! # client.write_all(b"GET /events HTTP/1.0\r\n\r\n").await?;
//! # let mut answer = String::new();
//! # client.read_to_string(&mut answer).await?;
//! # assert!(answer.contains("\r\n\r\ndata: hello\n\n"), "{answer}");
//! # server.abort();
//! # io::Result::Ok(())
//! # })?;
//! # io::Result::Ok(())
//! ```

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

use std::{convert::Infallible, fmt};

use futures_core::Stream;
use http_body_util::BodyDataStream;
use sync_wrapper::SyncStream;
use warp::{Filter, http::HeaderMap, reply::Response};

#[doc(inline)]
pub use sse_hyper::{
    self, Block, BoxError, CloseReason, Closed, Encoded, Event, EventId, EventType, LastEventIdError, Sse,
    StreamItem, WriteLimit,
};

/// Tests the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Makes a reply that streams the items of `stream`, with keep-alive on tokio's timer.
///
/// The stream must be `Send`, but neither `Sync` nor `Unpin`. [`Sse::new`] lists the items that it may
/// yield.
///
/// ```
/// use futures_util::stream;
/// use sse_warp::Event;
/// use warp::Filter;
///
/// let route = warp::path("events").map(|| sse_warp::reply(stream::iter([Event::new("hello")])));
/// ```
pub fn reply<S>(stream: S) -> SseReply<S>
where
    S: Stream<Item: StreamItem<Error: Into<BoxError>>> + Send + 'static,
{
    Sse::new(stream).into()
}

/// Extracts the last event ID of the client: [`sse_hyper::last_event_id`] as a filter.
///
/// It never rejects. `.unwrap_or_default()` treats a client with an invalid header as new.
///
/// ```
/// use sse_warp::{EventId, LastEventIdError};
/// use warp::Filter;
///
/// let route = sse_warp::last_event_id().map(|seen: Result<Option<EventId>, LastEventIdError>| match seen {
///     Ok(None) => "a new client".to_owned(),
///     Ok(Some(id)) => format!("a client that comes back, after {id}"),
///     Err(error) => error.to_string(),
/// });
/// ```
pub fn last_event_id()
-> impl Filter<Extract = (Result<Option<EventId>, LastEventIdError>,), Error = Infallible> + Copy {
    warp::header::headers_cloned().map(|headers: HeaderMap| sse_hyper::last_event_id(&headers))
}

/// A reply that streams events, made by [`reply`], or from an [`Sse`].
pub struct SseReply<S>(Sse<S>);

impl<S> SseReply<S> {
    /// Changes the settings, which are those of [`Sse`].
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use futures_util::stream;
    /// use sse_warp::Event;
    /// use warp::Filter;
    ///
    /// let route = warp::path("events").map(|| {
    ///     sse_warp::reply(stream::iter([Event::new("hello")])).with(|sse| {
    ///         sse.keep_alive(Duration::from_secs(30))
    ///             .on_close(|closed| println!("{:?} after {} events", closed.reason(), closed.events()))
    ///     })
    /// });
    /// ```
    #[must_use]
    pub fn with(self, settings: impl FnOnce(Sse<S>) -> Sse<S>) -> Self {
        Self(settings(self.0))
    }
}

/// For an [`Sse`] that was made elsewhere.
impl<S> From<Sse<S>> for SseReply<S> {
    fn from(sse: Sse<S>) -> Self {
        Self(sse)
    }
}

impl<S> warp::Reply for SseReply<S>
where
    S: Stream<Item: StreamItem<Error: Into<BoxError>>> + Send + 'static,
{
    fn into_response(self) -> Response {
        let (head, body) = self.0.into_http_response().into_parts();
        // warp accepts a body only as a stream of bytes, which must be `Sync`.
        let bytes = SyncStream::new(BodyDataStream::new(body));
        Response::from_parts(head, warp::reply::stream(bytes).into_response().into_body())
    }
}

impl<S> fmt::Debug for SseReply<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SseReply").field(&self.0).finish()
    }
}
