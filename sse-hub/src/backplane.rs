//! A log outside of the process, which makes several of them one service.
//!
//! A hub without one keeps its topics in its own memory. With one, [`Backplane::append`] is the only way into a topic,
//! and what a process shows is what it reads from the log: so the order is the same for all.
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
/// All three calls return at once; the futures do the work. Each of them has to end in bounded time also when the log
/// cannot be reached, since clients wait for it.
pub trait Backplane: fmt::Debug + Send + Sync + 'static {
    /// Appends an entry, and resolves with its position once it is kept.
    ///
    /// The entry is shown to nobody before it comes back through a [`Feed`].
    ///
    /// # Errors
    ///
    /// [`PublishError::Unavailable`] if it surely was not appended, [`PublishError::Unknown`] if that is not known,
    /// [`PublishError::Closed`] after [`Record::End`].
    fn append(&self, topic: Arc<str>, entry: Entry) -> Boxed<Result<Position, PublishError>>;

    /// Reads a page.
    ///
    /// # Errors
    ///
    /// [`ReadError::Unavailable`], or [`ReadError::Busy`] if too many reads are waiting already.
    fn read(&self, topic: Arc<str>, from: ReadFrom, limit: Limit) -> Boxed<Result<Page, ReadError>>;

    /// Begins to follow a topic for this process: pushes what is kept, up to [`Feed::history`], as a first page, and then
    /// everything that is appended, until [`Feed::is_closed`].
    ///
    /// There is at most one open feed for each topic.
    fn follow(&self, feed: Feed);
}

/// What is appended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Entry {
    /// The event, or the end.
    pub record: Record,
    /// If the log has an entry with this key already, nothing is appended, and the position is that entry's.
    pub key: Option<Box<str>>,
}

/// What is at a position of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// An event. Its id is its position, so it has none of its own.
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
    /// After this position, or, if that is not possible, at the oldest entry that is kept.
    After(Position),
    /// At the oldest entry that is kept.
    Oldest,
    /// At the last entries: this many, or all that are kept. Markers count.
    Last(usize),
}

/// How large a page may be. It may have one entry more than fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Entries.
    pub entries: usize,
    /// Bytes of their data.
    pub bytes: usize,
}

/// A part of a log, without a hole in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// `None` if the entries are exactly what follows the position that was asked for. Else the reason why they are not:
    /// they are then those from the oldest that is kept.
    pub gap: Option<Reason>,
    /// The position after which the entries follow: the one that was asked for, or the one before the oldest that is kept.
    /// If the oldest is a marker, and what was before it is not known, it is the marker's own.
    pub floor: Position,
    /// The entries with their positions, without a hole.
    pub entries: Vec<(Position, Record)>,
    /// The last position of the log when it was read: if it is not that of the last entry, there is more.
    pub last: Position,
}

impl Page {
    /// The position after which the next page begins.
    pub fn end(&self) -> Position {
        self.entries.last().map_or(self.floor, |(position, _)| *position)
    }
}
