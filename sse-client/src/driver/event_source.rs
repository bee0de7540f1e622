//! The driver: a stream of events over any number of connections.

use std::{
    boxed::Box,
    fmt,
    hash::{BuildHasher, Hasher, RandomState},
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::{FusedStream, Stream};
use http::Response;
use http_body::Body;
use hyper::rt::Timer;
use sse_codec::{Event, EventId, decode::Item, error::DecodeError};

use super::{
    clock::{Alarm, Clock},
    connection::{Connection, Received},
    drain::Drain,
    handle::Command,
};
use crate::{
    Attempt, BoxError, End, Ending, Error, Failure, Handle, Head, Next, Policy, Reconnect, Refused, Stop,
    Update, Updates, attempt::is_sendable,
};

/// A stream of events that reconnects, like `EventSource` in browsers.
///
/// A closure makes the request, with the headers of an [`Attempt`], using any HTTP client that returns an
/// [`http::Response`] with an [`http_body::Body`]. An error always ends the stream. A temporary failure, such as a
/// broken connection, is an [`Update`] in the stream of [`updates`](Self::updates).
///
/// ```
/// use futures_util::StreamExt;
/// use http::Response;
/// use http_body_util::Full;
/// use sse_client::{EventSource, Policy};
/// # use bytes::Bytes;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let mut events = EventSource::new(async |attempt| {
///     println!("attempt {} with {:?}", attempt.number(), attempt.headers());
///     // Normally this is your HTTP client.
///     let answer = Response::builder().header("content-type", "text/event-stream");
///     answer.body(Full::<Bytes>::from("data: hello\n\n"))
/// })
/// .policy(Policy::never());
///
/// while let Some(event) = events.next().await {
///     assert_eq!(event?.data(), "hello");
/// }
/// # Ok::<_, sse_client::Error<http::Error, Full<Bytes>>>(())
/// # });
/// ```
///
/// It spawns no task: if it is not polled, the server has to wait, and dropping it closes the
/// connection. It is `Unpin`, and `Send` if the closure, its future and the body are.
#[must_use = "streams do nothing unless polled"]
pub struct EventSource<F, R, B, E> {
    connect: F,
    reconnect: Reconnect,
    clock: Clock,
    handle: Option<Handle>,
    ends_with: Option<Predicate<Event>>,
    retry_when: Option<Predicate<E>>,
    wants_unfinished: bool,
    state: State<R, B>,
}

type Predicate<T> = Box<dyn FnMut(&T) -> bool + Send>;

enum State<R, B> {
    /// An attempt begins.
    Start,
    Connecting(Pin<Box<R>>, Option<Alarm>),
    Open(Connection<B>),
    /// The body has ended, and its unfinished event was yielded.
    Cut,
    Waiting(Alarm),
    /// The last event was yielded.
    Draining(Option<Drain<B>>),
    Done,
}

impl<F, R, B, E> EventSource<F, R, B, E>
where
    F: FnMut(Attempt) -> R,
    R: Future<Output = Result<Response<B>, E>>,
{
    /// Creates a stream whose requests are made by `connect`, with [`Policy::feed`].
    ///
    /// Nothing happens before it is polled.
    pub fn new(connect: F) -> Self {
        Self {
            connect,
            reconnect: Reconnect::new(Policy::default()),
            clock: Clock::default(),
            handle: None,
            ends_with: None,
            retry_when: None,
            wants_unfinished: false,
            state: State::Start,
        }
    }

    /// Sets when it reconnects, how long it waits, and the limits.
    pub fn policy(self, policy: Policy) -> Self {
        let last_event_id = self.reconnect.last_event_id().clone();
        self.with(policy, last_event_id)
    }

    /// Continues after this event, such as the last one of an earlier run.
    pub fn from_last_event_id(self, id: impl Into<EventId>) -> Self {
        let policy = self.reconnect.policy().clone();
        self.with(policy, id.into())
    }

    fn with(mut self, policy: Policy, last_event_id: EventId) -> Self {
        self.reconnect = Reconnect::with_last_event_id(policy, last_event_id);
        if self.ends_with.is_some() {
            self.reconnect.expect_ending();
        }
        self
    }

    /// Sets the timer, such as `hyper_util::rt::TokioTimer`.
    ///
    /// It is not needed in a tokio runtime with the feature `tokio`, which is on by default.
    pub fn timer(mut self, timer: impl Timer + Send + Sync + 'static) -> Self {
        self.clock.set(timer);
        self
    }

    /// Ends the stream cleanly after the first event for which `is_last` returns true, such as `[DONE]`.
    ///
    /// That event is yielded. If the stream ends without one, and the policy does not reconnect, it yields
    /// [`Error::Truncated`].
    pub fn ends_with(mut self, is_last: impl FnMut(&Event) -> bool + Send + 'static) -> Self {
        self.ends_with = Some(Box::new(is_last));
        self.reconnect.expect_ending();
        self
    }

    /// Retries a failed request only if `retries` returns true for its error.
    ///
    /// By default every failed request is retried, if the policy allows it.
    pub fn retry_when(mut self, retries: impl FnMut(&E) -> bool + Send + 'static) -> Self {
        self.retry_when = Some(Box::new(retries));
        self
    }

    /// Also yields an event that is cut off by the end of the body, which the standard discards.
    ///
    /// Some servers omit the last blank line.
    pub fn unfinished(mut self) -> Self {
        self.wants_unfinished = true;
        self
    }

    /// Returns the same stream with everything that happens between the events.
    pub fn updates(self) -> Updates<F, R, B, E> {
        Updates::new(self)
    }
}

impl<F, R, B, E> EventSource<F, R, B, E> {
    /// The last event ID, as of the last yielded event, which the next request sends.
    ///
    /// Empty if there is none. Store it to continue after a restart.
    pub fn last_event_id(&self) -> &EventId {
        self.reconnect.last_event_id()
    }

    /// The last reconnection time that the server has sent.
    pub fn retry(&self) -> Option<Duration> {
        self.reconnect.retry()
    }

    /// Returns a handle that closes the stream, or makes it reconnect, from another task or thread.
    pub fn handle(&mut self) -> Handle {
        self.handle.get_or_insert_with(Handle::new).clone()
    }
}

type Polled<E, B> = Poll<Option<Result<Update<E, B>, Error<E, B>>>>;

fn update<E, B>(update: Update<E, B>) -> Polled<E, B> {
    Poll::Ready(Some(Ok(update)))
}

impl<F, R, B, E> EventSource<F, R, B, E>
where
    F: FnMut(Attempt) -> R,
    R: Future<Output = Result<Response<B>, E>>,
    B: Body,
    B::Error: Into<BoxError>,
{
    pub(crate) fn poll_update(&mut self, cx: &mut Context<'_>) -> Polled<E, B> {
        match self.handle.as_ref().and_then(|handle| handle.take_command(cx)) {
            Some(Command::Close) if !self.is_done() => return self.finish(Ending::Closed),
            Some(Command::Reconnect) if self.can_reconnect() => return self.closed(Failure::Requested),
            _ => {}
        }
        if self.reconnect.take_id_moved() {
            return self.id_moved();
        }
        loop {
            match &mut self.state {
                State::Start => {
                    if !self.clock.start() {
                        return self.fail(Error::NoTimer);
                    }
                    let attempt = self.reconnect.connect(self.clock.now());
                    let response = Box::pin((self.connect)(attempt.clone()));
                    let timeout = self.reconnect.head_timeout().map(|timeout| self.clock.alarm(timeout));
                    self.state = State::Connecting(response, timeout);
                    return update(Update::Connecting(attempt));
                }
                State::Connecting(response, timeout) => {
                    match response.as_mut().poll(cx) {
                        Poll::Ready(Ok(response)) => return self.answered(response),
                        Poll::Ready(Err(error)) => return self.closed(Failure::Request(error)),
                        Poll::Pending => {}
                    }
                    // Case 32
                    let Some(timeout) = timeout else { return Poll::Pending };
                    ready!(timeout.poll(cx));
                    return self.closed(Failure::NoHead);
                }
                State::Open(connection) => {
                    match self.reconnect.next_item() {
                        Some(Ok(Item::Event(event))) => return self.event(event),
                        Some(Ok(Item::Comment(text))) => return update(Update::Comment(text)),
                        Some(Ok(_)) => continue,
                        Some(Err(error)) => return self.skipped(error),
                        None => {}
                    }
                    if self.reconnect.take_id_moved() {
                        return self.id_moved();
                    }
                    // Case 36: the body is polled only when all earlier items have been yielded.
                    match ready!(connection.poll(cx, &self.clock, self.reconnect.idle_after())) {
                        Received::Chunk(chunk, waited) => self.reconnect.receive(chunk, waited),
                        Received::Ended => return self.ended(),
                        Received::Broken(error) => return self.closed(Failure::Broken(error.into())),
                        Received::Idle => return self.closed(Failure::Idle),
                    }
                }
                State::Cut => return self.closed(Failure::Ended),
                State::Waiting(alarm) => {
                    ready!(alarm.poll(cx));
                    self.state = State::Start;
                }
                State::Draining(drain) => {
                    if let Some(drain) = drain {
                        ready!(drain.poll(cx));
                    }
                    return self.finish(Ending::Matched);
                }
                State::Done => return Poll::Ready(None), // Case 37
            }
        }
    }

    fn answered(&mut self, response: Response<B>) -> Polled<E, B> {
        let (parts, body) = response.into_parts();
        match self.reconnect.opened(&Head::from(&parts), self.clock.now()) {
            Ok(()) => {
                self.state = State::Open(Connection::new(body));
                update(Update::Open(parts))
            }
            Err(reason) => {
                let response = Response::from_parts(parts, body);
                self.closed(Failure::Refused(Box::new(Refused { reason, response })))
            }
        }
    }

    fn skipped(&mut self, error: DecodeError) -> Polled<E, B> {
        if self.reconnect.is_final(&error) {
            return self.fail(Error::TooLarge(error));
        }
        update(Update::Skipped(error))
    }

    fn event(&mut self, event: Event) -> Polled<E, B> {
        // Case 27
        if self.ends_with.as_mut().is_some_and(|is_last| is_last(&event)) {
            self.state = State::Draining(match mem::replace(&mut self.state, State::Done) {
                State::Open(connection) => Some(connection.drain(&self.clock)),
                _ => None,
            });
        }
        update(Update::Event(event))
    }

    fn id_moved(&self) -> Polled<E, B> {
        let id = self.reconnect.last_event_id().clone();
        update(Update::LastEventId { is_sendable: is_sendable(&id), id })
    }

    fn ended(&mut self) -> Polled<E, B> {
        // Case 38
        if self.wants_unfinished
            && let Some(event) = self.reconnect.unfinished()
        {
            self.state = State::Cut;
            return self.event(event);
        }
        self.closed(Failure::Ended)
    }

    fn closed(&mut self, failure: Failure<E, B>) -> Polled<E, B> {
        let end = self.end(&failure);
        match self.reconnect.closed(end, self.clock.now(), random()) {
            Next::Wait(wait) if wait.delay.is_zero() => {
                self.state = State::Start;
                update(Update::Waiting { failure, wait })
            }
            Next::Wait(wait) => {
                self.state = State::Waiting(self.clock.alarm(wait.delay));
                update(Update::Waiting { failure, wait })
            }
            Next::Stop(Stop::NoContent) => self.finish(Ending::NoContent),
            Next::Stop(Stop::Ended) => self.finish(Ending::Stream),
            Next::Stop(Stop::Truncated) => self.fail(Error::Truncated(failure)),
            Next::Stop(Stop::Failed) => self.fail(Error::Failed(failure)),
            Next::Stop(Stop::GaveUp) => self.fail(Error::GaveUp(failure)),
            Next::Stop(Stop::WaitTooLong(asked)) => self.fail(Error::WaitTooLong { asked, failure }),
        }
    }

    fn end(&mut self, failure: &Failure<E, B>) -> End {
        match failure {
            Failure::Request(error) => {
                let retries = self.retry_when.as_mut().is_none_or(|retries| retries(error));
                if retries { End::Failed } else { End::FailedForGood }
            }
            Failure::NoHead => End::NoHead,
            Failure::Refused(refused) => End::Refused(refused.reason),
            Failure::Ended => End::Ended,
            Failure::Broken(_) => End::Broken,
            Failure::Idle => End::Idle,
            Failure::Requested => End::Requested,
        }
    }

    fn finish(&mut self, ending: Ending) -> Polled<E, B> {
        self.state = State::Done;
        update(Update::Ended(ending))
    }

    fn fail(&mut self, error: Error<E, B>) -> Polled<E, B> {
        self.state = State::Done;
        Poll::Ready(Some(Err(error)))
    }

    fn can_reconnect(&self) -> bool {
        matches!(self.state, State::Connecting(..) | State::Open(_) | State::Waiting(_))
    }
}

impl<F, R, B, E> EventSource<F, R, B, E> {
    pub(crate) fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }
}

impl<F, R, B, E> Stream for EventSource<F, R, B, E>
where
    F: FnMut(Attempt) -> R,
    R: Future<Output = Result<Response<B>, E>>,
    B: Body,
    B::Error: Into<BoxError>,
{
    type Item = Result<Event, Error<E, B>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match ready!(self.poll_update(cx)) {
                Some(Ok(Update::Event(event))) => return Poll::Ready(Some(Ok(event))),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<F, R, B, E> FusedStream for EventSource<F, R, B, E>
where
    Self: Stream,
{
    fn is_terminated(&self) -> bool {
        self.is_done()
    }
}

/// Everything that must be pinned is boxed.
impl<F, R, B, E> Unpin for EventSource<F, R, B, E> {}

impl<F, R, B, E> fmt::Debug for EventSource<F, R, B, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Start => "starting",
            State::Connecting(..) => "connecting",
            State::Open(_) | State::Cut => "open",
            State::Waiting(_) => "waiting",
            State::Draining(_) | State::Done => "ended",
        };
        f.debug_struct("EventSource")
            .field("state", &state)
            .field("reconnect", &self.reconnect)
            .finish_non_exhaustive()
    }
}

/// Random enough to spread clients over time.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
