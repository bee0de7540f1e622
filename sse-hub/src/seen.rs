//! What a client says that it has seen.

use sse_codec::EventId;

use crate::Position;

/// What a client says that it has seen: nothing, everything up to a position, or something that is no id of a hub.
///
/// It is made of what frameworks give for `Last-Event-ID`, also of a `Result` of it, since a header that cannot be read
/// is a malformed id. An empty id is none.
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
    /// Everything up to this position, and with it.
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

// The only one of an `Option`, so that `None` needs no type.
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
