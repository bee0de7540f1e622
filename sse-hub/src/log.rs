//! The data of a log: what is appended, and what is read.

use sse_codec::Event;

use crate::{Position, Reason};

/// An entry to append.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Entry {
    /// The event, or the end.
    pub record: Record,
    /// If the log already has an entry with this key, nothing is appended, and `append` returns the position of that
    /// entry.
    pub key: Option<Box<str>>,
}

/// The content of a position of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// An event without an id: its id is its position.
    Event(Event),
    /// The topic is finished: the last entry.
    End,
    /// An epoch begins, with number 0. Clients do not see it.
    Marker,
}

/// Where a page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadFrom {
    /// After this position or, if that is not possible, at the oldest entry that is kept.
    After(Position),
    /// At the oldest entry that is kept.
    Oldest,
    /// At the last N entries, or all that are kept. Markers count.
    Last(usize),
}

/// The size of a page or of a history. A page may have one entry more than fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The number of entries.
    pub entries: usize,
    /// The bytes of their data.
    pub bytes: usize,
}

/// A part of a log, without a hole in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// `None` if the entries are exactly those after the requested position. Otherwise they begin at the oldest that is
    /// kept, for this reason.
    pub gap: Option<Reason>,
    /// The position before the first entry: the requested one, or the one before the oldest that is kept. If the oldest
    /// is a marker and the entry before it is not known, it is the marker's own position.
    pub floor: Position,
    /// The entries with their positions, without a hole.
    pub entries: Vec<(Position, Record)>,
    /// The last position of the log when it was read. If it is after the last entry, there are more.
    pub last: Position,
}

impl Page {
    /// The position after which the next page begins.
    pub fn end(&self) -> Position {
        self.entries.last().map_or(self.floor, |(position, _)| *position)
    }
}
