//! Why and how a response ended.

use std::{
    fmt, mem,
    sync::Arc,
    task::Context,
    time::{Duration, Instant},
};

use crate::{
    BoxError,
    timer::SharedTimer,
    write_limit::{Cut, Link},
};

/// How a response ended, as reported to [`Sse::on_close`](crate::Sse::on_close).
///
/// The counts cover everything handed to the server. A client that left may have received less.
/// Only its last event ID shows how much.
///
/// ```
/// use futures_util::stream;
/// use sse_hyper::{CloseReason, Event, Sse};
///
/// let events = stream::iter([Event::new("never sent")]);
/// let response = Sse::new(events)
///     .on_close(|closed| {
///         assert!(matches!(closed.reason(), CloseReason::Dropped));
///         println!("{} events, {} bytes in {:?}", closed.events(), closed.bytes(), closed.duration());
///     })
///     .into_http_response();
/// drop(response); // as a server does when the client has left
/// ```
#[derive(Debug)]
pub struct Closed {
    reason: CloseReason,
    events: u64,
    bytes: u64,
    duration: Duration,
}

/// Why a response ended.
///
/// ```
/// use sse_hyper::{CloseReason, Closed};
///
/// fn log(closed: Closed) {
///     match closed.into_reason() {
///         CloseReason::Dropped => println!("the client left"),
///         CloseReason::StreamError(error) => println!("the source failed: {error}"),
///         reason => println!("closed: {reason:?}"),
///     }
/// }
/// # sse_hyper::Sse::new(futures_util::stream::pending::<sse_hyper::Event>()).on_close(log).into_body();
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum CloseReason {
    /// The server dropped the body before its end.
    ///
    /// Nearly always this means that the client left. Other causes are a `HEAD` request, a server that stops
    /// without waiting, and a stream that panics.
    Dropped,
    /// The stream of events ended.
    StreamEnded,
    /// The stream of events yielded this error.
    StreamError(BoxError),
    /// The future given to [`Sse::until`](crate::Sse::until) was ready, or the
    /// [`WriteLimit::drain`](crate::WriteLimit::drain) time was over.
    ///
    /// A client that reads nothing is closed with this reason too, although it has not received everything.
    Shutdown,
    /// The response reached its maximum age: see [`Sse::max_age`](crate::Sse::max_age).
    MaxAge,
    /// The client read nothing for longer than the [`WriteLimit`](crate::WriteLimit): it is connected and does
    /// not read, or has vanished.
    ///
    /// If the server polls the body in another task than the connection, the reason is
    /// [`Dropped`](Self::Dropped) instead, as on HTTP/2 without [`WriteLimit::executor`](crate::WriteLimit::executor).
    WriteTimeout,
}

impl Closed {
    /// Returns why the response ended.
    ///
    /// ```
    /// use futures_util::stream;
    /// use sse_hyper::{CloseReason, Event, Sse};
    ///
    /// let body = Sse::new(stream::pending::<Event>())
    ///     .on_close(|closed| assert!(matches!(closed.reason(), CloseReason::Dropped)))
    ///     .into_body();
    /// drop(body);
    /// ```
    pub fn reason(&self) -> &CloseReason {
        &self.reason
    }

    /// Returns why the response ended, by value, so that the error can be kept or downcast.
    ///
    /// ```
    /// use futures_util::stream;
    /// use sse_hyper::{CloseReason, Event, Sse};
    ///
    /// let sse = Sse::new(stream::pending::<Event>()).on_close(|closed| {
    ///     if let CloseReason::StreamError(error) = closed.into_reason() {
    ///         match error.downcast::<std::io::Error>() {
    ///             Ok(error) => println!("the disk: {error}"),
    ///             Err(error) => println!("something else: {error}"),
    ///         }
    ///     }
    /// });
    /// ```
    pub fn into_reason(self) -> CloseReason {
        self.reason
    }

    /// The number of events handed to the server, including the farewell.
    ///
    /// Comments and other blocks without data do not count.
    ///
    /// ```
    /// use futures_util::stream;
    /// use http_body_util::BodyExt;
    /// use sse_hyper::{Event, Sse};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let sse = Sse::new(stream::iter([Event::new("hello")])).opening_comment("welcome");
    /// sse.on_close(|closed| assert_eq!(closed.events(), 1)).into_body().collect().await?;
    /// # Ok::<(), sse_hyper::StreamFailed>(())
    /// # }).unwrap();
    /// ```
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The number of body bytes handed to the server, including comments.
    ///
    /// ```
    /// use futures_util::stream;
    /// use http_body_util::BodyExt;
    /// use sse_hyper::{Event, Sse};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let sse = Sse::new(stream::iter([Event::new("hello")])).opening_comment("welcome");
    /// sse.on_close(|closed| assert_eq!(closed.bytes(), ":welcome\n\ndata: hello\n\n".len() as u64)).into_body().collect().await?;
    /// # Ok::<(), sse_hyper::StreamFailed>(())
    /// # }).unwrap();
    /// ```
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The time from the creation of the body to its end, by the clock of the
    /// [`timer`](crate::Sse::timer) if there is one.
    ///
    /// ```
    /// use futures_util::stream;
    /// use sse_hyper::{Event, Sse};
    ///
    /// let sse = Sse::new(stream::pending::<Event>())
    ///     .on_close(|closed| println!("a client stayed for {:.1} s", closed.duration().as_secs_f64()));
    /// ```
    pub fn duration(&self) -> Duration {
        self.duration
    }
}

/// A sentence for a log. It includes the error of a stream, with its causes.
///
/// ```
/// use sse_hyper::CloseReason;
///
/// assert_eq!(CloseReason::Dropped.to_string(), "the client left, or the server dropped the response");
/// ```
impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dropped => f.write_str("the client left, or the server dropped the response"),
            Self::StreamEnded => f.write_str("the stream of events ended"),
            Self::StreamError(error) => {
                write!(f, "the stream of events failed: {error}")?;
                std::iter::successors(error.source(), |error| error.source())
                    .try_for_each(|cause| write!(f, ": {cause}"))
            }
            Self::Shutdown => f.write_str("the server is stopping"),
            Self::MaxAge => f.write_str("the response reached its maximum age"),
            Self::WriteTimeout => f.write_str("the client read nothing for too long"),
        }
    }
}

pub(crate) type Hook = Box<dyn FnOnce(Closed) + Send>;

/// Counts events and bytes, and calls the hook once at the end, at the latest when dropped.
pub(crate) struct Tally {
    clock: Option<SharedTimer>,
    started: Instant,
    events: u64,
    bytes: u64,
    reason: Option<CloseReason>,
    link: Option<Arc<Link>>,
    /// The same link, if it needs to know when the body is polled.
    stream: Option<Arc<Link>>,
    hook: Option<Hook>,
}

impl Tally {
    pub(crate) fn new(clock: Option<SharedTimer>, hook: Option<Hook>) -> Self {
        Self {
            started: now(clock.as_ref()),
            clock,
            events: 0,
            bytes: 0,
            reason: None,
            link: None,
            stream: None,
            hook,
        }
    }

    /// Called when the body is polled. Looks for its connection until it is found.
    #[inline]
    pub(crate) fn is_polled(&mut self, cx: &Context<'_>) {
        if let Some(stream) = &self.stream {
            stream.is_asked();
        } else if self.link.is_none() {
            self.link = Link::of_task(cx);
            self.stream = self.link.clone().filter(|link| link.is_stream());
        }
    }

    #[inline]
    pub(crate) fn count(&mut self, events: u64, bytes: usize) {
        self.events += events;
        self.bytes += bytes as u64;
        if let Some(stream) = &self.stream {
            stream.hands_out();
        }
    }

    /// Records why the response ends. Frames that are still to be sent are counted.
    pub(crate) fn ends(&mut self, reason: CloseReason) {
        self.reason = Some(reason);
    }

    pub(crate) fn close(&mut self) {
        let Some(hook) = self.hook.take() else { return };
        let reason = mem::take(&mut self.reason).unwrap_or_else(|| self.dropped());
        hook(Closed {
            reason,
            events: self.events,
            bytes: self.bytes,
            duration: now(self.clock.as_ref()).saturating_duration_since(self.started),
        });
    }

    /// Why the server dropped the body.
    fn dropped(&self) -> CloseReason {
        match self.link.as_ref().and_then(|link| link.is_cut()) {
            Some(Cut::WriteTimeout) => CloseReason::WriteTimeout,
            Some(Cut::Shutdown) => CloseReason::Shutdown,
            None => CloseReason::Dropped,
        }
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        if let Some(link) = &self.link {
            link.is_left();
        }
        self.close();
    }
}

impl fmt::Debug for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tally")
            .field("events", &self.events)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

/// The timer's clock if there is one, so that durations follow a paused or simulated time.
fn now(clock: Option<&SharedTimer>) -> Instant {
    clock.map_or_else(Instant::now, |timer| timer.now())
}
