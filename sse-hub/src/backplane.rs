//! A log outside of the process, which makes several processes one service.
//!
//! A hub without a backplane keeps its topics in memory. With one, [`Backplane::append`] is the only way into a topic,
//! and a process shows only events that it has read from the log. Therefore the order is the same everywhere.
//!
//! The log of a topic has [positions](Position) that are dense within an epoch. A new epoch begins with a
//! [marker](Record::Marker), which has number 0. Make epochs with [`Position::epoch_of`], so that ids of other topics are
//! recognised.

use std::{fmt, pin::Pin, sync::Arc};

use sse_codec::Event;

pub use crate::feed::Feed;
use crate::{
    Position, Reason,
    error::{PublishError, ReadError},
};

/// A future that owns what it needs.
pub type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A log of topics that several processes share.
///
/// All three calls return at once; the futures do the work. Each future must complete in bounded time, even if the log
/// cannot be reached, since clients wait for it.
pub trait Backplane: fmt::Debug + Send + Sync + 'static {
    /// Appends an entry, and resolves with its position once it is stored.
    ///
    /// Subscribers do not see the entry before it arrives through a [`Feed`].
    ///
    /// # Errors
    ///
    /// [`PublishError::Unavailable`] if it certainly was not appended, [`PublishError::Unknown`] if that is not known,
    /// [`PublishError::Closed`] after [`Record::End`].
    fn append(&self, topic: Arc<str>, entry: Entry) -> Boxed<Result<Position, PublishError>>;

    /// Reads a page.
    ///
    /// # Errors
    ///
    /// [`ReadError::Unavailable`], or [`ReadError::Busy`] if too many reads are waiting already.
    fn read(&self, topic: Arc<str>, from: ReadFrom, limit: Limit) -> Boxed<Result<Page, ReadError>>;

    /// Begins to follow a topic for this process: pushes the kept entries, up to [`Feed::history`], as a first page,
    /// and then every appended entry, until [`Feed::is_closed`].
    ///
    /// There is at most one open feed for each topic.
    fn follow(&self, feed: Feed);
}

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
