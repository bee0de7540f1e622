//! The updates between the events.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures_core::{FusedStream, Stream};
use http::{Response, response::Parts};
use http_body::Body;
use sse_codec::{Event, EventId, Text, error::DecodeError};

use crate::{Attempt, BoxError, Error, EventSource, Failure, Handle, Wait};

/// A step in the life of an [`EventSource`], other than an error, which ends it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Update<E, B> {
    /// An attempt begins.
    Connecting(Attempt),
    /// The answer is an event stream. This is its head.
    Open(Parts),
    /// An event.
    Event(Event),
    /// A comment: everything after its colon.
    Comment(Text),
    /// The last event ID has changed: with the previous event, or with a block without data.
    LastEventId {
        /// The new id.
        id: EventId,
        /// Whether a request can carry it. If not, the next request sends no id, like a new client.
        is_sendable: bool,
    },
    /// An event, an id or a comment was larger than its limit, and was skipped.
    Skipped(DecodeError),
    /// The connection is gone; another attempt follows after a wait.
    Waiting {
        /// Why the connection is gone.
        failure: Failure<E, B>,
        /// How long to wait.
        wait: Wait,
    },
    /// The stream has ended cleanly, and nothing follows.
    Ended(Ending),
}

/// How a stream has ended cleanly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// The server answered 204.
    NoContent,
    /// The body ended, and the policy does not reconnect.
    Stream,
    /// The closure of [`EventSource::ends_with`] returned true for the last event.
    Matched,
    /// [`Handle::close`] was called.
    Closed,
}

/// A stream of everything that happens, made by [`EventSource::updates`].
///
/// ```
/// use futures_util::StreamExt;
/// # use bytes::Bytes;
/// # use http::Response;
/// # use http_body_util::Full;
/// use sse_client::{EventSource, Policy, Update};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # let connect = async |_| {
/// #     let answer = Response::builder().header("content-type", "text/event-stream");
/// #     answer.body(Full::<Bytes>::from("id: 1\ndata: hello\n\n"))
/// # };
/// let mut updates = EventSource::new(connect).policy(Policy::never()).updates();
/// while let Some(update) = updates.next().await {
///     match update? {
///         Update::Event(event) => println!("{}", event.data()),
///         Update::Waiting { failure, wait } => println!("{failure}; again in {:?}", wait.delay),
///         other => println!("{other:?}"),
///     }
/// }
/// # Ok::<_, sse_client::Error<http::Error, Full<Bytes>>>(())
/// # });
/// ```
#[must_use = "streams do nothing unless polled"]
pub struct Updates<F, R, B, E> {
    source: EventSource<F, R, B, E>,
}

impl<F, R, B, E> Updates<F, R, B, E> {
    pub(crate) fn new(source: EventSource<F, R, B, E>) -> Self {
        Self { source }
    }

    /// See [`EventSource::last_event_id`].
    pub fn last_event_id(&self) -> &EventId {
        self.source.last_event_id()
    }

    /// See [`EventSource::retry`].
    pub fn retry(&self) -> Option<Duration> {
        self.source.retry()
    }

    /// See [`EventSource::handle`].
    pub fn handle(&mut self) -> Handle {
        self.source.handle()
    }
}

impl<F, R, B, E> Stream for Updates<F, R, B, E>
where
    F: FnMut(Attempt) -> R,
    R: Future<Output = Result<Response<B>, E>>,
    B: Body,
    B::Error: Into<BoxError>,
{
    type Item = Result<Update<E, B>, Error<E, B>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.source.poll_update(cx)
    }
}

impl<F, R, B, E> FusedStream for Updates<F, R, B, E>
where
    Self: Stream,
{
    fn is_terminated(&self) -> bool {
        self.source.is_done()
    }
}

impl<F, R, B, E> fmt::Debug for Updates<F, R, B, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Updates").field(&self.source).finish()
    }
}
