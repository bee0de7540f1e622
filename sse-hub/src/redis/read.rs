//! Reads pages, by the rules in [`page`].

use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use crate::{
    Reason,
    backplane::{Limit, Page, ReadFrom},
    error::ReadError,
    redis::{
        command::Stream,
        connection::pause,
        error::{Failure, Next},
        inner::Inner,
        loss::{self, Told},
        page,
        readers::Readers,
        run::Numbered,
    },
};

/// The largest number of entries in a page.
const MAX_ENTRIES: usize = 1000;

/// Reads a page for a client: waits for its turn and for Redis, unless too many clients wait already.
pub(super) async fn read(
    inner: &Inner,
    topic: Arc<str>,
    from: ReadFrom,
    limit: Limit,
) -> Result<Page, ReadError> {
    let page = match inner.readers.place(inner.settings.max_waiting) {
        Some(_place) => read_in_turn(inner, &topic, from, limit).await,
        None => Err(ReadError::Busy),
    };
    if page.is_err() {
        inner.readers.fail(topic);
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
    let highest = inner.topic(topic.into()).publisher().highest();
    let page = read_page(&inner.readers, current, stream, from, limit).await?;
    // The client's position is not trusted, but Redis may be in another run.
    let cursor = if let ReadFrom::After(cursor) = from { cursor } else { page.last };
    let is_after_loss =
        matches!(page.gap, Some(Reason::Ahead | Reason::Reset)) && page.last < highest.max(cursor);
    if is_after_loss && loss::begin_after_loss(inner, current, topic, highest).await? != Told::Never {
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
    let size = readers.entry_size();
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
