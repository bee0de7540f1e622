//! When a client connects again.

use core::time::Duration;

use sse_codec::limits::Limits;

use crate::backoff::{Backoff, LongWait};

/// When a client connects again, how long it waits, and for what.
///
/// Begin with a preset and adjust it:
///
/// | preset | for | |
/// | --- | --- | --- |
/// | [`feed`](Self::feed), the default | long-lived streams | reconnects indefinitely, backs off, watches for silence |
/// | [`browser`](Self::browser) | the standard to the letter | every status but 200 ends it; waits 3 s |
/// | [`until_first_event`](Self::until_first_event) | answers to a POST, as of LLMs | tries again only while no event has come |
/// | [`after_event_id`](Self::after_event_id) | requests that can be resumed (MCP) | reconnects only once an id has come |
/// | [`never`](Self::never) | one answer | one attempt |
///
/// *Failures* are counted since a connection was last *proven*: it was open for 5 s, or it ended cleanly after an event
/// or a new last event ID.
///
/// ```
/// use std::time::Duration;
/// use sse_client::Policy;
///
/// let policy = Policy::until_first_event().attempts(4).head_timeout(Duration::from_secs(30));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Policy {
    pub(crate) reconnects: Reconnects,
    pub(crate) retries_statuses: bool,
    pub(crate) backoff: Backoff,
    pub(crate) attempts: Option<u32>,
    pub(crate) give_up_after: Option<Duration>,
    pub(crate) unauthorized_once: bool,
    pub(crate) fail_fast: bool,
    pub(crate) idle: Idle,
    pub(crate) head_timeout: Option<Duration>,
    pub(crate) limits: Limits,
    pub(crate) oversized: Oversized,
}

/// What an event that is larger than its limit does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Oversized {
    /// It is skipped, and reported as an update. Its id counts as seen.
    Skip,
    /// It ends the stream.
    Stop,
}

/// Whether another connection can follow one that failed or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reconnects {
    Always,
    UntilFirstEvent,
    AfterEventId,
    Never,
}

/// After which silence a connection is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Idle {
    Never,
    After(Duration),
    /// As the comments of the server suggest: see [`Pulse`](crate::pulse::Pulse).
    Learned,
}

impl Policy {
    /// For streams that last: reconnects indefinitely.
    ///
    /// It waits 1 s, doubled with each failure up to 30 s; or the server's `retry`, likewise. It waits 60 s for the head
    /// of an answer. Once the server has sent two comments, a silence of three times the longest one yet, and of at
    /// least 15 s, ends the connection.
    pub fn feed() -> Self {
        Self {
            idle: Idle::Learned,
            head_timeout: Some(Duration::from_secs(60)),
            ..Self::of(Reconnects::Always)
        }
    }

    /// As browsers do it: every status but 200 ends it, and it waits 3 s, or the server's `retry`, after each connection.
    pub fn browser() -> Self {
        Self { retries_statuses: false, backoff: Backoff::browser(), ..Self::of(Reconnects::Always) }
    }

    /// For answers that must not be asked for twice: tries again while no event has come, and never after that.
    pub fn until_first_event() -> Self {
        Self::of(Reconnects::UntilFirstEvent)
    }

    /// For requests that can be resumed, but not repeated, as in MCP: reconnects once there is a last event ID. It never
    /// waits less than the server asks for: if that is more than an hour, it gives up.
    pub fn after_event_id() -> Self {
        let mut policy = Self::of(Reconnects::AfterEventId);
        policy.backoff.long_wait = LongWait::GiveUp;
        policy
    }

    /// One attempt.
    pub fn never() -> Self {
        Self::of(Reconnects::Never)
    }

    const fn of(reconnects: Reconnects) -> Self {
        Self {
            reconnects,
            retries_statuses: true,
            backoff: Backoff::new(),
            attempts: None,
            give_up_after: None,
            unauthorized_once: false,
            fail_fast: false,
            idle: Idle::Never,
            head_timeout: None,
            limits: Limits::new(),
            oversized: Oversized::Skip,
        }
    }

    /// Gives up after this many failures in a row. By default never. 0 is the same as 1.
    pub fn attempts(self, attempts: u32) -> Self {
        Self { attempts: Some(attempts), ..self }
    }

    /// Gives up if the next attempt would begin later than this, counted since the last proven connection. By default
    /// never.
    pub fn give_up_after(self, duration: Duration) -> Self {
        Self { give_up_after: Some(duration), ..self }
    }

    /// Tries once more after a 401 or 403, so that the next request can have a new token:
    /// [`Attempt::previous`](crate::Attempt::previous) says so. A second in a row is final, as the first is by default.
    pub fn unauthorized_once(self) -> Self {
        Self { unauthorized_once: true, ..self }
    }

    /// Does not try again before a connection was open once, so that a wrong address is noticed at the start.
    pub fn fail_fast(self) -> Self {
        Self { fail_fast: true, ..self }
    }

    /// Spreads the waits that the server asks for over 1 to `1 + spread` times their length, so that clients do not all
    /// come back at once. The default is 0.1; with 0 they are kept to the millisecond. At most 10.
    pub fn spread(mut self, spread: f64) -> Self {
        self.backoff = self.backoff.spread(spread);
        self
    }

    /// Ends a connection on which nothing has come for this long, comments included. The time counts only while the
    /// client waits for the server.
    pub fn idle(self, silence: Duration) -> Self {
        Self { idle: Idle::After(silence), ..self }
    }

    /// Never ends a connection because of silence.
    pub fn without_idle(self) -> Self {
        Self { idle: Idle::Never, ..self }
    }

    /// How long to wait for the head of an answer.
    pub fn head_timeout(self, timeout: Duration) -> Self {
        Self { head_timeout: Some(timeout), ..self }
    }

    /// Waits for the head of an answer for as long as the HTTP client does.
    pub fn without_head_timeout(self) -> Self {
        Self { head_timeout: None, ..self }
    }

    /// How large events, ids and comments may be.
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// What an event that is larger than its limit does. By default it is skipped.
    pub fn oversized(self, oversized: Oversized) -> Self {
        Self { oversized, ..self }
    }
}

impl Default for Policy {
    /// [`feed`](Self::feed).
    fn default() -> Self {
        Self::feed()
    }
}
