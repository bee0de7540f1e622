//! The hub's own events, why events are missing, and where a subscription continues then.

use std::fmt;

use sse_codec::{Block, Encoded, EventId, EventType};

use crate::Position;

/// Events that a subscriber does not get, and the reason.
///
/// The subscriber's stream has an event of type `gap` in their place. Its data is JSON, such as
/// `{"reason":"trimmed","missed":12}`. Its id is the position after which the stream continues, so a client that
/// reconnects with it does not get the gap again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Gap {
    /// Why they are missing.
    pub reason: Reason,
    /// How many, if that is known.
    pub missed: Option<u64>,
}

/// Why events are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// They are older than the history.
    Trimmed,
    /// The log is a new one: the id is from before a restart, or the log was lost.
    Reset,
    /// The id is beyond the end of the log: the log lost its end.
    Ahead,
    /// The id is of another topic.
    Foreign,
    /// The id is not one of this hub.
    Malformed,
    /// The connected subscriber was too slow: they left the history.
    Slow,
    /// The subscriber has no right to them.
    Denied,
}

/// Where a subscription continues after a gap. After a malformed id it is always with the events from now on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnGap {
    /// With the oldest event that is kept.
    #[default]
    Oldest,
    /// With the events from now on.
    Latest,
}

static GAP: EventType = EventType::from_static("gap");
static READY: EventType = EventType::from_static("ready");
static END: EventType = EventType::from_static("end");

/// The data of `ready` and `end`. It is not empty, since some decoders drop events without data.
const NOTHING: &str = "{}";

impl Gap {
    /// The gap from the cursor of a client to the position after which it continues.
    pub(crate) fn between(reason: Reason, from: Position, to: Position) -> Self {
        let missed = match reason {
            Reason::Denied => None,
            _ => from.events_until(to),
        };
        Self { reason, missed }
    }

    /// Encodes the gap as an event.
    pub(crate) fn encode(&self, resumes_after: Position) -> Encoded {
        Block::new().id(&resumes_after.into()).event_type(&GAP).data(&self.to_string()).into()
    }
}

impl Reason {
    /// The reason for a subscription that was connected all the time.
    pub(crate) fn while_reading(self) -> Self {
        if self == Self::Trimmed { Self::Slow } else { self }
    }
}

/// The data of the event: a JSON object with `reason`, and with `missed` if it is known.
impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.missed {
            Some(missed) => write!(f, r#"{{"reason":"{}","missed":{missed}}}"#, self.reason),
            None => write!(f, r#"{{"reason":"{}"}}"#, self.reason),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Trimmed => "trimmed",
            Self::Reset => "reset",
            Self::Ahead => "ahead",
            Self::Foreign => "foreign",
            Self::Malformed => "malformed",
            Self::Slow => "slow",
            Self::Denied => "denied",
        })
    }
}

/// The first event for a client without an id, so that it can resume before it got any other.
pub(crate) fn ready(position: Position) -> Encoded {
    Block::new().id(&position.into()).event_type(&READY).data(NOTHING).into()
}

/// The last event of a topic that is finished.
pub(crate) fn end(position: &EventId) -> Block<'_> {
    Block::new().id(position).event_type(&END).data(NOTHING)
}
