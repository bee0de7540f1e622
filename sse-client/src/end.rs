//! How an attempt ends, and what follows.

use core::time::Duration;

use crate::{Refusal, Wait};

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// The request failed before the head of an answer came.
    Failed,
    /// The request failed in a way that another attempt would not change.
    FailedForGood,
    /// No head came in time.
    NoHead,
    /// The answer is not an event stream.
    Refused(Refusal),
    /// The body ended, as a body does.
    Ended,
    /// The body broke off.
    Broken,
    /// Nothing came for the idle time.
    Idle,
    /// The user asked for a new connection.
    Requested,
}

/// What follows on the end of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Next {
    /// Another attempt, after a wait.
    Wait(Wait),
    /// Nothing.
    Stop(Stop),
}

/// Why there is no other attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// The answer was 204: the server wants no other.
    NoContent,
    /// The stream is whole: it ended, and the policy does not reconnect.
    Ended,
    /// The stream is not whole, and what is missing cannot be asked for.
    Truncated,
    /// Another attempt would fail as well, or the policy allows none.
    Failed,
    /// [`attempts`](crate::Policy::attempts) or [`give_up_after`](crate::Policy::give_up_after) is used up.
    GaveUp,
    /// The server asks for a wait of this length, and the policy does not wait for more than an hour.
    WaitTooLong(Duration),
}
