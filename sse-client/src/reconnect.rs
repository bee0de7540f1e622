//! The rules of a reconnecting client.

use core::{mem, time::Duration};

use bytes::Bytes;
use sse_codec::{
    Decoder, Event, EventId,
    decode::Item,
    error::{DecodeError, DecodeErrorKind},
};

use crate::{
    Attempt, End, Head, Next, Oversized, Policy, Refusal, Stop, Wait,
    attempt::is_sendable,
    backoff::Asked,
    policy::{Idle, Reconnects},
    pulse::Pulse,
};

/// A connection that is open for this long is proven.
const PROVEN_AFTER: Duration = Duration::from_secs(5);

/// The rules of a reconnecting client, without I/O, clock or randomness.
///
/// It decides what the next request says, whether an answer is an event stream, how long to wait, and when to stop.
/// `EventSource` drives it. This is the whole loop, for any other way to connect:
///
/// ```
/// use core::time::Duration;
/// use sse_client::{Attempt, End, Head, Next, Policy, Reconnect, Stop};
///
/// # struct Answer { status: u16, content_type: &'static [u8], chunks: Vec<Result<&'static [u8], ()>> }
/// # fn send(attempt: &Attempt) -> Result<Answer, ()> {
/// #     Ok(Answer { status: if attempt.number() < 2 { 200 } else { 204 }, content_type: b"text/event-stream",
/// #         chunks: vec![Ok(b"id: 1\ndata: hello\n\n")] })
/// # }
/// # fn now() -> Duration { Duration::ZERO }
/// # fn random() -> u64 { 0 }
/// # fn sleep(_: Duration) {}
/// let mut reconnect = Reconnect::new(Policy::feed());
/// let stop = loop {
///     let attempt = reconnect.connect(now());
///     // Send a request with `attempt.header_fields()`.
///     let end = match send(&attempt) {
///         Err(_) => End::Failed,
///         Ok(answer) => {
///             let head = Head { content_type: Some(answer.content_type), ..Head::new(answer.status) };
///             match reconnect.opened(&head, now()) {
///                 Err(refusal) => End::Refused(refusal),
///                 Ok(()) => loop {
///                     let mut chunks = answer.chunks.iter();
///                     # let end =
///                     loop {
///                         match chunks.next() {
///                             None => break End::Ended,
///                             Some(Err(_)) => break End::Broken,
///                             Some(Ok(chunk)) => reconnect.receive((*chunk).into(), Duration::ZERO),
///                         }
///                         while let Some(item) = reconnect.next_item() {
///                             println!("{item:?}");
///                         }
///                     }
///                     # ; break end;
///                 },
///             }
///         }
///     };
///     match reconnect.closed(end, now(), random()) {
///         Next::Wait(wait) => sleep(wait.delay),
///         Next::Stop(stop) => break stop,
///         _ => unreachable!(),
///     }
/// };
/// assert_eq!(stop, Stop::NoContent);
/// assert_eq!(reconnect.last_event_id(), "1");
/// ```
///
/// Times (`now`) are durations since any fixed moment. Random numbers are evenly distributed `u64`s.
#[derive(Clone, Debug)]
pub struct Reconnect {
    policy: Policy,
    expects_ending: bool,
    attempts: u64,
    previous: Option<End>,
    /// Failures since the last proven connection.
    failures: u32,
    /// When the last proven connection ended, or the first attempt began.
    proven_at: Option<Duration>,
    /// Whether any answer was an event stream.
    has_opened: bool,
    has_had_event: bool,
    connection: Option<Connection>,
    /// The `Retry-After` of the refused answer.
    retry_after: Option<Duration>,
    pulse: Pulse,
    decoder: Decoder,
    /// Bytes that the decoder has not read yet.
    chunk: Bytes,
    /// Whether the decoder has something to read.
    has_unread: bool,
    /// The last event ID of the decoder, as of the last item.
    decoded_id: EventId,
    /// The id of a later event that was skipped.
    skipped_id: Option<EventId>,
    id_moved: bool,
}

/// An answer that is an event stream.
#[derive(Clone, Debug)]
struct Connection {
    opened_at: Duration,
    /// Whether it brought an event or a new last event ID.
    was_useful: bool,
}

impl Reconnect {
    /// Creates a client without a last event ID.
    pub fn new(policy: Policy) -> Self {
        Self::with_last_event_id(policy, EventId::default())
    }

    /// Creates a client that continues after this event, such as the last one of an earlier run.
    pub fn with_last_event_id(policy: Policy, last_event_id: EventId) -> Self {
        let decoder = Decoder::builder().limits(policy.limits).comments(true);
        Self {
            decoder: decoder.last_event_id(last_event_id.clone()).build(),
            policy,
            expects_ending: false,
            attempts: 0,
            previous: None,
            failures: 0,
            proven_at: None,
            has_opened: false,
            has_had_event: false,
            connection: None,
            retry_after: None,
            pulse: Pulse::default(),
            chunk: Bytes::new(),
            has_unread: false,
            decoded_id: last_event_id,
            skipped_id: None,
            id_moved: false,
        }
    }

    /// Expects a final event, such as `[DONE]`: a stream that ends without it is [`Stop::Truncated`].
    pub fn expect_ending(&mut self) {
        self.expects_ending = true;
    }

    #[cfg(feature = "http")]
    pub(crate) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Begins an attempt.
    pub fn connect(&mut self, now: Duration) -> Attempt {
        self.proven_at.get_or_insert(now);
        self.attempts = self.attempts.saturating_add(1);
        Attempt {
            number: self.attempts,
            last_event_id: self.last_event_id().clone(),
            previous: self.previous,
        }
    }

    /// How long to wait for the head of an answer, or `None` for no limit.
    pub fn head_timeout(&self) -> Option<Duration> {
        self.policy.head_timeout
    }

    /// Checks the head of the answer.
    ///
    /// # Errors
    ///
    /// If it is not the head of an event stream. Then call [`closed`](Self::closed) with [`End::Refused`].
    pub fn opened(&mut self, head: &Head<'_>, now: Duration) -> Result<(), Refusal> {
        self.retry_after = head.retry_after;
        head.check()?;
        self.retry_after = None;
        self.has_opened = true;
        self.connection = Some(Connection { opened_at: now, was_useful: false });
        Ok(())
    }

    /// Accepts bytes of the body, and how long the client has waited for them.
    ///
    /// [`next_item`](Self::next_item) decodes them.
    pub fn receive(&mut self, chunk: Bytes, waited: Duration) {
        self.pulse.silence(waited);
        self.has_unread = true;
        let before = mem::replace(&mut self.chunk, chunk);
        if !before.is_empty() {
            // The rest of the previous chunk comes first: dropping the iterator makes the decoder keep it.
            drop(self.decoder.decode_bytes(before));
        }
    }

    /// Returns the next event or comment, or `None` if there is no complete one.
    ///
    /// # Errors
    ///
    /// If an event, id or comment was larger than its limit. It was skipped. Other items follow, unless the error
    /// [is final](Self::is_final).
    pub fn next_item(&mut self) -> Option<Result<Item, DecodeError>> {
        if !self.has_unread {
            return None;
        }
        let item = self.decoder.decode_bytes(mem::take(&mut self.chunk)).items().next();
        self.has_unread = item.is_some();
        match &item {
            Some(Ok(Item::Event(_))) => self.was_useful(),
            Some(Err(error)) if error.kind() == DecodeErrorKind::EventTooLarge => self.was_useful(),
            Some(Ok(Item::Comment(_))) => self.pulse.comment(),
            _ => {}
        }
        // Case 24: the decoder commits an id at the blank line that ends its block.
        if self.decoder.last_event_id() != self.decoded_id.as_str() {
            self.decoded_id = EventId::lenient(self.decoder.last_event_id()).unwrap_or_default();
            self.skipped_id = None;
            self.id_has_moved();
        }
        // Case 33: otherwise the server would resend the same event after each reconnection.
        if let Some(Err(error)) = &item
            && let Some(id) = error.event_id()
        {
            self.skipped_id = Some(id.clone());
            self.id_has_moved();
        }
        item
    }

    /// Whether this error ends the stream: see [`Policy::oversized`].
    pub fn is_final(&self, error: &DecodeError) -> bool {
        self.policy.oversized == Oversized::Stop && error.kind() == DecodeErrorKind::EventTooLarge
    }

    /// Returns the event that was cut off by the end of the body, which the standard discards.
    ///
    /// Some servers omit the last blank line. Call this only after [`next_item`](Self::next_item) returned `None`,
    /// and before [`closed`](Self::closed).
    ///
    /// > *Once the end of the file is reached, any pending data must be discarded. (If the file ends in the middle of an
    /// > event, before the final empty line, the incomplete event is not dispatched.)*
    pub fn unfinished(&mut self) -> Option<Event> {
        // Case 38
        if !self.decoder.is_mid_event() {
            return None;
        }
        self.receive(Bytes::from_static(b"\n\n"), Duration::ZERO);
        while let Some(item) = self.next_item() {
            if let Ok(Item::Event(event)) = item {
                return Some(event);
            }
        }
        None
    }

    /// The last event ID, as of the last item, which the next request sends, or an empty id.
    pub fn last_event_id(&self) -> &EventId {
        self.skipped_id.as_ref().unwrap_or(&self.decoded_id)
    }

    /// The last reconnection time that the server has sent.
    pub fn retry(&self) -> Option<Duration> {
        self.decoder.retry()
    }

    /// Whether the last event ID has changed since the previous call.
    pub fn take_id_moved(&mut self) -> bool {
        mem::take(&mut self.id_moved)
    }

    /// The silence after which to call [`closed`](Self::closed) with [`End::Idle`], or `None` for no limit.
    ///
    /// It may change with each item.
    pub fn idle_after(&self) -> Option<Duration> {
        match self.policy.idle {
            Idle::Never => None,
            Idle::After(silence) => Some(silence),
            Idle::Learned => self.pulse.idle_after(),
        }
    }

    /// Ends the attempt, and decides what follows.
    ///
    /// Unread bytes of the body are dropped, and the id of an unfinished block too.
    pub fn closed(&mut self, end: End, now: Duration, random: u64) -> Next {
        self.chunk = Bytes::new();
        self.has_unread = false;
        self.decoder.reconnect();
        let is_proven = self.connection.take().is_some_and(|connection| connection.is_proven(end, now));
        let asked = Asked { retry: self.retry(), retry_after: self.retry_after.take() };
        let before = self.previous.replace(end);

        if end == End::Requested {
            // Case 35
            self.proven(now);
            return Next::Wait(Wait { delay: Duration::ZERO, cut_from: None });
        }
        if let Some(stop) = self.stop(end, before) {
            return Next::Stop(stop);
        }
        if is_proven {
            self.proven(now);
        }
        let Some(wait) = self.policy.backoff.wait(self.failures, asked, random) else {
            return Next::Stop(Stop::WaitTooLong(asked.longest()));
        };
        if !is_proven {
            self.failures = self.failures.saturating_add(1);
        }
        if self.has_had_enough(now.saturating_add(wait.delay)) {
            return Next::Stop(Stop::GaveUp);
        }
        Next::Wait(wait)
    }

    /// Why there is no other attempt, if `end` rules it out.
    fn stop(&self, end: End, before: Option<End>) -> Option<Stop> {
        match end {
            End::Refused(Refusal::NoContent) => return Some(Stop::NoContent), // Case 4
            End::Refused(refusal) if !self.may_pass(refusal, before) => return Some(Stop::Failed),
            End::FailedForGood => return Some(Stop::Failed),
            _ if self.policy.fail_fast && !self.has_opened => return Some(Stop::Failed), // Case 10
            _ => {}
        }
        let reconnects = match self.policy.reconnects {
            Reconnects::Always => true,
            Reconnects::UntilFirstEvent => !self.has_had_event,
            Reconnects::AfterEventId => !self.last_event_id().is_empty() && is_sendable(self.last_event_id()),
            Reconnects::Never => false,
        };
        if reconnects {
            return None;
        }
        Some(match end {
            End::Ended if !self.expects_ending => Stop::Ended,
            // Case 28
            End::Ended => Stop::Truncated,
            End::Broken | End::Idle if self.has_had_event => Stop::Truncated,
            _ => Stop::Failed,
        })
    }

    fn may_pass(&self, refusal: Refusal, before: Option<End>) -> bool {
        match refusal {
            // Case 5
            Refusal::Unavailable(_) => self.policy.retries_statuses,
            // Case 6
            Refusal::Unauthorized(_) => {
                self.policy.unauthorized_once
                    && !matches!(before, Some(End::Refused(Refusal::Unauthorized(_))))
            }
            // Cases 3, 4, 7, 8, 9
            _ => false,
        }
    }

    /// Case 23
    fn has_had_enough(&self, next_attempt: Duration) -> bool {
        let failing_for = next_attempt.saturating_sub(self.proven_at.unwrap_or(next_attempt));
        self.policy.attempts.is_some_and(|attempts| self.failures >= attempts.max(1))
            || self.policy.give_up_after.is_some_and(|limit| failing_for > limit)
    }

    fn proven(&mut self, now: Duration) {
        self.failures = 0;
        self.proven_at = Some(now);
    }

    fn was_useful(&mut self) {
        self.has_had_event = true;
        if let Some(connection) = &mut self.connection {
            connection.was_useful = true;
        }
    }

    fn id_has_moved(&mut self) {
        self.id_moved = true;
        if let Some(connection) = &mut self.connection {
            connection.was_useful = true;
        }
    }
}

impl Connection {
    /// Cases 19 to 22: a server that answers but serves nothing is not healthy.
    fn is_proven(&self, end: End, now: Duration) -> bool {
        now.saturating_sub(self.opened_at) >= PROVEN_AFTER || (end == End::Ended && self.was_useful)
    }
}
