//! What a subscriber is told when events are missing.

use std::fmt;

use sse_codec::{Block, Encoded, EventId, EventType};

use crate::Position;

/// Events that a subscriber does not get, for this reason.
///
/// The subscriber's stream has an event of type `gap` in their place. Its data is JSON, such as
/// `{"reason":"trimmed","missed":12}`, and its id is the position after which the stream goes on, so that a client that
/// comes back with it is not told again.
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
    /// They are older than what is kept.
    Trimmed,
    /// The log begins anew: the id is from before a restart, or the log was lost.
    Reset,
    /// The id is of the present log, but nothing has this position: the log lost its end.
    Ahead,
    /// The id is of another topic.
    Foreign,
    /// The id is not one of this hub.
    Malformed,
    /// The subscriber was slower than the history is long.
    Slow,
    /// The subscriber has no right to them.
    Denied,
}

static GAP: EventType = EventType::from_static("gap");
static READY: EventType = EventType::from_static("ready");
static END: EventType = EventType::from_static("end");

/// What the data of `ready` and `end` is: some decoders drop events without data.
const NOTHING: &str = "{}";

impl Gap {
    /// What is missing from the cursor of a client up to the position after which it goes on.
    pub(crate) fn between(reason: Reason, from: Position, to: Position) -> Self {
        let missed = match reason {
            Reason::Denied => None,
            _ => from.events_until(to),
        };
        Self { reason, missed }
    }

    /// The event that says so.
    pub(crate) fn encode(&self, resumes_after: Position) -> Encoded {
        Block::new().id(&resumes_after.into()).event_type(&GAP).data(&self.to_string()).into()
    }
}

impl Reason {
    /// The same for a subscription that was reading all the time.
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

/// The first event of a client that came without an id: so it can resume before it got any other.
pub(crate) fn ready(position: Position) -> Encoded {
    Block::new().id(&position.into()).event_type(&READY).data(NOTHING).into()
}

/// The last event of a topic that is finished.
pub(crate) fn end(position: &EventId) -> Block<'_> {
    Block::new().id(position).event_type(&END).data(NOTHING)
}
