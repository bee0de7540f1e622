//! The logs that clients and publishers write, and the verifier reads.

use std::{fmt, time::Duration};

use crate::{payload::Payload, position::Position};

/// Everything that a client on one topic saw, in order, over all its connections.
#[derive(Debug)]
pub(crate) struct ClientLog {
    pub(crate) client: usize,
    pub(crate) topic: u16,
    pub(crate) records: Vec<Record>,
}

/// One line of a client's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Record {
    /// A request to a server, with this `Last-Event-ID`.
    Asked { server: u8, cursor: Option<Position> },
    /// The response was not an event stream.
    Refused { status: u16 },
    /// `ready`: the position after which a new client listens.
    Ready(Position),
    /// An event that a client published, and the time since the start of the run.
    Event(Position, Payload, Duration),
    /// `gap`: events before `id` are missing.
    Gap { id: Position, reason: String, missed: Option<u64>, at: Duration },
    /// `bye`: the server stops.
    Bye,
    /// Something that no server should send.
    Odd(String),
    /// The connection closed.
    Closed(Close),
    /// The last event of the topic did not come.
    Stuck,
}

/// Why a connection closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Close {
    /// The client left.
    Left,
    /// The server ended the stream.
    Ended,
    /// The connection broke, or could not be made.
    Broke,
    /// The client saw the last event of its topic.
    Done,
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked { server, cursor: None } => write!(f, "asked {server}"),
            Self::Asked { server, cursor: Some(cursor) } => write!(f, "asked {server} after {cursor}"),
            Self::Refused { status } => write!(f, "refused {status}"),
            Self::Ready(at) => write!(f, "ready {at}"),
            Self::Event(position, payload, at) => {
                write!(f, "event {position} {payload} at {:.3} s", at.as_secs_f64())
            }
            Self::Gap { id, reason, missed, at } => {
                write!(f, "gap {id} {reason} {missed:?} at {:.3} s", at.as_secs_f64())
            }
            Self::Bye => write!(f, "bye"),
            Self::Odd(text) => write!(f, "unexpected: {text}"),
            Self::Closed(close) => write!(f, "closed: {close:?}"),
            Self::Stuck => write!(f, "stuck"),
        }
    }
}

/// One event of a publisher, and its outcome. A publisher's events are in the order in which it published them: it
/// waited for each response before it sent the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Publication {
    pub(crate) payload: Payload,
    pub(crate) outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is at this position. The response came at this time since the start of the run.
    Published(Position, Duration),
    /// It is not in the log, and will not be.
    Refused(u16),
    /// It may be in the log.
    Unknown,
    /// A response that no server should give.
    Odd(u16),
}

impl fmt::Display for Publication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.payload)?;
        match self.outcome {
            Outcome::Published(position, at) => {
                write!(f, "published at {position} at {:.3} s", at.as_secs_f64())
            }
            Outcome::Refused(status) => write!(f, "refused {status}"),
            Outcome::Unknown => write!(f, "unknown"),
            Outcome::Odd(status) => write!(f, "unexpected status {status}"),
        }
    }
}

/// A fault that removed events from the log of a topic, or of all topics, so that a gap is right.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Loss {
    /// When it began, since the start of the run.
    pub(crate) at: Duration,
    /// When it was over. It does not remove events that are appended later.
    pub(crate) done: Duration,
    pub(crate) topic: Option<u16>,
    /// Whether the log began again, which gives clients a gap even if they had seen everything.
    pub(crate) is_reset: bool,
}
