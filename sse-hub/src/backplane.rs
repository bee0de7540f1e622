//! A log outside of the process, which makes several processes one service.
//!
//! A hub without a backplane keeps its topics in memory. With one, [`Backplane::append`] is the only way into a topic,
//! and a process shows only events that it has read from the log. Therefore the order is the same everywhere.
//!
//! The log of a topic has [positions](Position) that are dense within an epoch. A new epoch begins with a
//! [marker](Record::Marker), which has number 0. Make epochs with [`Position::epoch_of`], so that ids of other topics are
//! recognised.

use std::{fmt, pin::Pin, sync::Arc};

use crate::{
    Position,
    error::{PublishError, ReadError},
};
pub use crate::{
    feed::Feed,
    log::{Entry, Limit, Page, ReadFrom, Record},
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
