//! The last event ID of a client.

use sse_codec::EventId;

use crate::Position;

/// What a client has seen: nothing, everything up to a position, or unknown, since its id is not of a hub.
///
/// Converts from what frameworks return for `Last-Event-ID`. An `Err` is a malformed id: the header cannot be read. An
/// empty id is `Nothing`.
///
/// ```
/// use sse_hub::{Position, Seen};
///
/// assert_eq!(Seen::from(None), Seen::Nothing);
/// assert_eq!(Seen::from(Some("5-7".parse()?)), Seen::UpTo(Position::new(5, 7)));
/// assert_eq!(Seen::from(Some("row 7".parse()?)), Seen::Malformed);
/// # Ok::<(), sse_codec::error::ValueError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Seen {
    /// No id: a new client.
    #[default]
    Nothing,
    /// Everything up to and including this position.
    UpTo(Position),
    /// An id that is not of a hub.
    Malformed,
}

impl From<Position> for Seen {
    fn from(position: Position) -> Self {
        Self::UpTo(position)
    }
}

impl From<EventId> for Seen {
    fn from(id: EventId) -> Self {
        if id.is_empty() {
            return Self::Nothing;
        }
        id.parse().map_or(Self::Malformed, Self::UpTo)
    }
}

// The only conversion from an `Option`, so that a plain `None` needs no type.
impl From<Option<EventId>> for Seen {
    fn from(id: Option<EventId>) -> Self {
        id.map_or(Self::Nothing, Self::from)
    }
}

impl<E> From<Result<Option<EventId>, E>> for Seen {
    fn from(id: Result<Option<EventId>, E>) -> Self {
        id.map_or(Self::Malformed, Self::from)
    }
}
