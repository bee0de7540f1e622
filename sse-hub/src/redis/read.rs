//! Reads pages, by the rules in [`page`](super::page).

use std::{
    collections::HashSet,
    mem,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};

use crate::{
    Reason,
    backplane::{Limit, Page, ReadFrom},
    error::ReadError,
    redis::{
        Inner,
        append::{self, Told},
        command::Stream,
        connection::{Numbered, pause},
        error::{Failure, Next},
        log::Logged,
        page,
    },
};

/// How many pages are read at the same time.
const AT_ONCE: usize = 8;

/// The largest number of entries in a page.
const MAX_ENTRIES: usize = 1000;

/// The assumed size of an entry before one was read, in bytes.
const TYPICAL_SIZE: usize = 1024;

/// The reads in progress, and those that wait.
#[derive(Debug)]
pub(super) struct Readers {
    permits: Semaphore,
    waiting: AtomicUsize,
    /// Topics of which a read failed: their subscribers wait until the tail wakes them.
    failed: Mutex<HashSet<Arc<str>>>,
    /// The average size of an entry in the last page, in bytes: so that no more entries are read than fit.
    entry_size: AtomicUsize,
}

impl Default for Readers {
    fn default() -> Self {
        Self {
            permits: Semaphore::new(AT_ONCE),
            waiting: AtomicUsize::new(0),
            failed: Mutex::default(),
            entry_size: AtomicUsize::new(TYPICAL_SIZE),
        }
    }
}

/// Reads a page for a client: waits for its turn and for Redis, unless too many clients wait already.
pub(super) async fn read(
    inner: &Inner,
    topic: Arc<str>,
    from: ReadFrom,
    limit: Limit,
) -> Result<Page, ReadError> {
    let page = match Place::take(&inner.readers.waiting, inner.settings.max_waiting) {
        Some(_place) => read_in_turn(inner, &topic, from, limit).await,
        None => Err(ReadError::Busy),
    };
    if page.is_err() {
        inner.readers.failed.lock().unwrap_or_else(PoisonError::into_inner).insert(topic);
    }
    page
}

/// Reads the first page of a topic that is followed.
pub(super) async fn read_first(inner: &Inner, topic: &str, limit: Limit) -> Result<Page, ReadError> {
    read_in_turn(inner, topic, ReadFrom::Last(limit.entries), limit).await
}

async fn read_in_turn(inner: &Inner, topic: &str, from: ReadFrom, limit: Limit) -> Result<Page, ReadError> {
    let mut last_failure = None;
    let deadline = Instant::now() + inner.settings.read_timeout;
    let page = async {
        // The semaphore is never closed.
        let _permit = inner.readers.permits.acquire().await;
        loop {
            match try_read(inner, topic, from, limit).await {
                Err(failure) if failure.next != Next::GiveUp => last_failure = Some(failure),
                outcome => break outcome,
            }
            pause().await;
        }
    };
    match timeout_at(deadline, page).await {
        Ok(Ok(page)) => Ok(page),
        Ok(Err(failure)) => Err(ReadError::Unavailable(Arc::new(failure.error))),
        Err(elapsed) => Err(ReadError::Unavailable(match last_failure {
            Some(failure) => Arc::new(failure.error),
            None => Arc::new(elapsed),
        })),
    }
}

async fn try_read(inner: &Inner, topic: &str, from: ReadFrom, limit: Limit) -> Result<Page, Failure> {
    let stream = inner.stream(topic);
    let mut current = inner.shared.get().await?;
    let outcome = read_known(inner, &mut current, topic, &stream, from, limit).await;
    match &outcome {
        Err(failure) if failure.next != Next::GiveUp => inner.shared.lose(current.number),
        _ => inner.shared.prove(current.number),
    }
    outcome
}

/// Reads a page. If the log has lost something, a marker has to report it first: otherwise a client that reads on after
/// that page would get a second gap.
async fn read_known(
    inner: &Inner,
    current: &mut Numbered,
    topic: &str,
    stream: &Stream,
    from: ReadFrom,
    limit: Limit,
) -> Result<Page, Failure> {
    let highest = inner.topic(topic.into()).highest();
    let page = read_page(&inner.readers, current, stream, from, limit).await?;
    // The client's position is not trusted, but Redis may be in another run.
    let cursor = if let ReadFrom::After(cursor) = from { cursor } else { page.last };
    let is_after_loss =
        matches!(page.gap, Some(Reason::Ahead | Reason::Reset)) && page.last < highest.max(cursor);
    if is_after_loss && append::begin_after_loss(inner, current, topic, highest).await? != Told::Never {
        return read_page(&inner.readers, current, stream, from, limit).await;
    }
    Ok(page)
}

async fn read_page(
    readers: &Readers,
    current: &mut Numbered,
    stream: &Stream,
    from: ReadFrom,
    limit: Limit,
) -> Result<Page, Failure> {
    let size = readers.entry_size.load(Ordering::Relaxed).max(1);
    let count = limit.entries.min(limit.bytes / size).clamp(1, MAX_ENTRIES);
    let (last, entries) = match from {
        ReadFrom::After(cursor) => {
            let (last, entries) = stream.after(current, cursor, count).await?;
            readers.learn(&entries);
            return Ok(page::after(cursor, entries, last, limit));
        }
        ReadFrom::Oldest => stream.oldest(current, count).await?,
        ReadFrom::Last(entries) => {
            let (last, latest) = stream.latest(current, count.min(entries)).await?;
            readers.learn(&latest);
            return Ok(page::latest(latest, last.at, Limit { entries, ..limit }));
        }
    };
    readers.learn(&entries);
    Ok(page::oldest(None, entries, last.at, limit))
}

impl Readers {
    /// The topics of which a read failed since the last call.
    pub(super) fn take_failed(&self) -> HashSet<Arc<str>> {
        mem::take(&mut self.failed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn learn(&self, entries: &[Logged]) {
        let bytes: usize = entries.iter().map(Logged::size).sum();
        if let Some(average) = bytes.checked_div(entries.len()) {
            self.entry_size.store(average.max(1), Ordering::Relaxed);
        }
    }
}

/// A place among the waiting clients.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize, max: usize) -> Option<Self> {
        let place = Self(waiting);
        if waiting.fetch_add(1, Ordering::Relaxed) < max {
            return Some(place);
        }
        // Dropping the place gives it back.
        drop(place);
        None
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
