//! When a client connects again.

use core::time::Duration;

use sse_codec::limits::Limits;

use crate::backoff::{Backoff, LongWait};

/// When a client reconnects, how long it waits, and which limits apply.
///
/// Begin with a preset and adjust it:
///
/// | preset | for | |
/// | --- | --- | --- |
/// | [`feed`](Self::feed), the default | long-lived streams | reconnects indefinitely, backs off, watches for silence |
/// | [`browser`](Self::browser) | exactly the standard | every status but 200 ends it; waits 3 s |
/// | [`until_first_event`](Self::until_first_event) | answers to a POST, as of LLMs | retries until the first event |
/// | [`after_event_id`](Self::after_event_id) | resumable requests (MCP) | reconnects only after receiving an id |
/// | [`never`](Self::never) | one answer | one attempt |
///
/// *Failures* are counted since the last *proven* connection: one that was open for 5 s, or ended cleanly after an
/// event or a new last event ID.
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

/// What happens if an event is larger than its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Oversized {
    /// The event is skipped, and reported as an update. Its id counts as seen.
    Skip,
    /// The stream ends with an error.
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

/// The silence after which a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Idle {
    Never,
    After(Duration),
    /// Learned from the comments of the server: see [`Pulse`](crate::pulse::Pulse).
    Learned,
}

impl Policy {
    /// For long-lived streams: reconnects indefinitely.
    ///
    /// It waits 1 s, or the server's `retry`, doubled with each failure up to 30 s. Its own waits are multiplied by a
    /// random 0.5 to 1. It waits 60 s for the head of an answer. Once the server has sent two comments, a silence
    /// three times the longest so far, and at least 15 s, ends the connection.
    pub fn feed() -> Self {
        Self {
            idle: Idle::Learned,
            head_timeout: Some(Duration::from_secs(60)),
            ..Self::of(Reconnects::Always)
        }
    }

    /// Like browsers: every status but 200 ends it, and it waits 3 s, or the server's `retry`, after each connection.
    pub fn browser() -> Self {
        Self { retries_statuses: false, backoff: Backoff::browser(), ..Self::of(Reconnects::Always) }
    }

    /// For answers that must not be requested twice: retries only before the first event.
    pub fn until_first_event() -> Self {
        Self::of(Reconnects::UntilFirstEvent)
    }

    /// For requests that can be resumed, but not repeated, as in MCP: reconnects once there is a last event ID.
    ///
    /// It never waits less than the server asks for. If that is more than an hour, it gives up.
    pub fn after_event_id() -> Self {
        let mut policy = Self::of(Reconnects::AfterEventId);
        policy.backoff.long_wait = LongWait::GiveUp;
        policy
    }

    /// Makes only one attempt.
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

    /// Gives up after this many failures in a row.
    ///
    /// Never by default. 0 is the same as 1.
    pub fn attempts(self, attempts: u32) -> Self {
        Self { attempts: Some(attempts), ..self }
    }

    /// Gives up if the next attempt would begin later than this after the last proven connection.
    ///
    /// Never by default. Until a connection is proven, the time counts from the first attempt.
    pub fn give_up_after(self, duration: Duration) -> Self {
        Self { give_up_after: Some(duration), ..self }
    }

    /// Retries once after a 401 or 403, so that the next request can have a new token.
    ///
    /// [`Attempt::previous`](crate::Attempt::previous) reports it. By default the first is final, otherwise the second
    /// in a row.
    pub fn unauthorized_once(self) -> Self {
        Self { unauthorized_once: true, ..self }
    }

    /// Makes failures final until the first connection is open, so that a wrong address is noticed at once.
    pub fn fail_fast(self) -> Self {
        Self { fail_fast: true, ..self }
    }

    /// Multiplies the waits that the server asks for by a random 1 to `1 + spread`.
    ///
    /// So clients do not all come back at once. The default is 0.1, the maximum 10. With 0, waits are exact to the
    /// millisecond.
    pub fn spread(mut self, spread: f64) -> Self {
        self.backoff = self.backoff.spread(spread);
        self
    }

    /// Ends a connection on which nothing has arrived for this long, not even a comment.
    ///
    /// The time counts only while the client waits for the server.
    pub fn idle(self, silence: Duration) -> Self {
        Self { idle: Idle::After(silence), ..self }
    }

    /// Never ends a connection because of silence.
    pub fn without_idle(self) -> Self {
        Self { idle: Idle::Never, ..self }
    }

    /// Sets how long to wait for the head of an answer.
    pub fn head_timeout(self, timeout: Duration) -> Self {
        Self { head_timeout: Some(timeout), ..self }
    }

    /// Waits for the head of an answer as long as the HTTP client does.
    pub fn without_head_timeout(self) -> Self {
        Self { head_timeout: None, ..self }
    }

    /// Sets the maximum sizes of events, ids and comments.
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Sets what happens if an event is larger than its limit, which by default is skipped.
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
