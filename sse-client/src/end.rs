//! How an attempt ends, and the decision after it.

use core::time::Duration;

use crate::{Refusal, Wait};

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// The request failed before the head of an answer arrived.
    Failed,
    /// The request failed, and another attempt would fail as well.
    FailedForGood,
    /// No head of an answer arrived in time.
    NoHead,
    /// The answer is not an event stream.
    Refused(Refusal),
    /// The body ended cleanly.
    Ended,
    /// The body broke off.
    Broken,
    /// Nothing arrived for the idle time.
    Idle,
    /// The user requested a new connection.
    Requested,
}

/// The decision after the end of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Next {
    /// Another attempt, after a wait.
    Wait(Wait),
    /// No other attempt.
    Stop(Stop),
}

/// Why there is no other attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// The answer was 204: the server wants no more requests.
    NoContent,
    /// The stream is complete: it ended, and the policy does not reconnect.
    Ended,
    /// The stream is not complete, and the policy does not allow a request for the rest.
    Truncated,
    /// Another attempt would fail as well, or the policy allows none.
    Failed,
    /// [`attempts`](crate::Policy::attempts) or [`give_up_after`](crate::Policy::give_up_after) is used up.
    GaveUp,
    /// The server asks for a wait of this length, and the policy waits for at most an hour.
    WaitTooLong(Duration),
}
