//! The tail: one connection that waits for new entries of all topics of this process.

use std::{collections::HashMap, pin::pin, sync::Arc, time::Duration};

use redis::aio::MultiplexedConnection;
use tokio::{
    sync::mpsc::UnboundedReceiver,
    time::{Instant, sleep},
};

use crate::{
    Position,
    backplane::{Feed, Page},
    error::ReadError,
    redis::{
        command::{self, Stream},
        connection::{pause, unreachable},
        error::Failure,
        inner::Inner,
        log::Logged,
        loss::{self, Told},
        read,
        run::{Numbered, Run},
        tail::Tail,
    },
};

/// How long Redis waits for entries. A topic that is new to this process ends the wait.
const BLOCK: Duration = Duration::from_secs(1);

/// How often the last position of each log is checked.
const CHECK: Duration = Duration::from_secs(2);

/// The time between two attempts to interrupt the wait for entries.
const INTERRUPT: Duration = Duration::from_millis(10);

/// How many entries one answer may have, over all topics.
const ENTRIES: usize = 4096;

/// A topic that is followed.
#[derive(Debug)]
pub(super) struct Followed {
    feed: Feed,
    stream: Stream,
    tail: Tail,
    /// A position that the log has lost and no marker reports.
    untold: Option<Position>,
}

/// Reads the first page of a topic, with retries, and hands the topic to the tail.
pub(super) async fn begin(inner: Arc<Inner>, feed: Feed) {
    while !feed.is_closed() {
        match read::read_first(&inner, feed.topic(), feed.history()).await {
            Ok(page) => {
                let tail = Tail::new(page.end());
                inner.heard(feed.topic(), page.end());
                feed.push(&page);
                // If the tail has ended, the backplane was dropped.
                let _ = inner.to_tail.send((feed, tail));
                return;
            }
            Err(error) => feed.fail(error),
        }
        pause().await;
    }
}

/// Follows all topics that are handed over, until the sender is dropped.
pub(super) async fn run(inner: Arc<Inner>, mut new: UnboundedReceiver<(Feed, Tail)>) {
    let mut topics = HashMap::new();
    let mut run = None;
    loop {
        // After any failure, subscribers wait, and new ones get an error from their own read.
        if connect_and_follow(&inner, &mut topics, &mut new, &mut run).await.is_ok() {
            return;
        }
        inner.shared.suspect();
        pause().await;
    }
}

async fn connect_and_follow(
    inner: &Arc<Inner>,
    topics: &mut HashMap<String, Followed>,
    new: &mut UnboundedReceiver<(Feed, Tail)>,
    last_run: &mut Option<Arc<Run>>,
) -> Result<(), Failure> {
    let mut connection = inner
        .client
        .get_multiplexed_async_connection_with_config(&inner.settings.connection_config(BLOCK))
        .await
        .map_err(unreachable)?;
    // If `CLIENT ID` is not allowed, a topic that is new to this process waits for up to `BLOCK`.
    let client = command::client_id(&mut connection).await.ok();
    // The log may have changed. If something may be lost, clients should learn it without waiting for an event.
    let run = inner.shared.get().await?.run;
    let is_other_run = !run.keeps_all && last_run.as_ref().is_some_and(|last| last.id != run.id);
    check(inner, topics, is_other_run).await?;
    *last_run = Some(run);
    let mut checked = Instant::now();
    loop {
        while let Ok(topic) = new.try_recv() {
            add(inner, topics, topic);
        }
        topics.retain(|_, followed| !followed.feed.is_closed());
        if topics.is_empty() {
            match new.recv().await {
                Some(topic) => add(inner, topics, topic),
                None => return Ok(()),
            }
        }
        if checked.elapsed() >= CHECK {
            check(inner, topics, false).await?;
            checked = Instant::now();
        }
        wait(inner, &mut connection, client, topics, new).await?;
    }
}

/// Waits for entries of any topic, and pushes them to its feed. Returns early if there is a new topic.
async fn wait(
    inner: &Arc<Inner>,
    connection: &mut MultiplexedConnection,
    client: Option<u64>,
    topics: &mut HashMap<String, Followed>,
    new: &mut UnboundedReceiver<(Feed, Tail)>,
) -> Result<(), Failure> {
    let count = (ENTRIES / topics.len().max(1)).clamp(1, 256);
    let mut arrived = Vec::new();
    let answer = {
        let positions = topics.values().map(|followed| (&followed.stream, followed.tail.position()));
        let mut answer = pin!(command::wait_for_entries(connection, positions, count, BLOCK));
        loop {
            tokio::select! {
                answer = &mut answer => break answer,
                Some(topic) = new.recv() => arrived.push(topic),
                // Repeated, since the command may not have reached Redis yet.
                () = interrupt(inner, client), if !arrived.is_empty() => {}
            }
        }
    };
    // Even if there was no answer: they are not handed over again.
    let answer = answer.inspect_err(|_| arrived.drain(..).for_each(|topic| add(inner, topics, topic)))?;
    for (key, entries) in answer {
        let Some(followed) = topics.get_mut(&key) else { continue };
        match entries.parse(&followed.stream) {
            Ok(entries) => {
                followed.compare(inner, &entries);
                for page in followed.tail.read(entries) {
                    followed.show(inner, &page);
                }
            }
            // Begin again, once the log can be read.
            Err(error) => {
                followed.feed.fail(ReadError::Unavailable(Arc::new(error)));
                if let Some(followed) = topics.remove(&key) {
                    tokio::spawn(begin(inner.clone(), followed.feed));
                }
            }
        }
    }
    arrived.into_iter().for_each(|topic| add(inner, topics, topic));
    Ok(())
}

/// Adds a topic, by the key of its stream.
fn add(inner: &Inner, topics: &mut HashMap<String, Followed>, (feed, tail): (Feed, Tail)) {
    let stream = inner.stream(feed.topic());
    topics.insert(stream.key.clone(), Followed { feed, stream, tail, untold: None });
}

/// Makes Redis answer the tail at once, if that is allowed.
async fn interrupt(inner: &Inner, client: Option<u64>) {
    if let Some(client) = client
        && let Ok(Numbered { mut connection, .. }) = inner.shared.get().await
    {
        let _ = command::unblock(&mut connection, client).await;
    }
    sleep(INTERRUPT).await;
}

/// Compares the last position of each log with the tail, and wakes subscribers whose read failed.
async fn check(
    inner: &Inner,
    topics: &mut HashMap<String, Followed>,
    is_other_run: bool,
) -> Result<(), Failure> {
    let streams: Vec<&Stream> = topics.values().map(|followed| &followed.stream).collect();
    // Before the log is asked. This process may not have read its own entries yet.
    let heard: Vec<Position> = topics.values().map(|followed| followed.heard(inner)).collect();
    let mut current = inner.shared.get().await?;
    let positions = command::last_positions(&mut current, &streams).await?;
    let mut others = Vec::new();
    for ((followed, last), heard) in topics.values_mut().zip(positions).zip(heard) {
        let may_be_lost = heard > last.at || is_other_run;
        if let Some(lost) = followed.untold.or(may_be_lost.then_some(heard)) {
            // The marker reports it to all clients, even those that were away. The tail continues with it.
            let told = loss::begin_after_loss(inner, &mut current, followed.feed.topic(), lost).await?;
            followed.untold = None;
            // If `heard > last`, another process has begun the epoch since.
            if told == Told::Now || told == Told::Before && heard > last.at {
                continue;
            }
        }
        others.push((followed, last));
    }
    let failed = inner.readers.take_failed();
    for (followed, last) in others {
        if let Some(page) = followed.tail.check(last) {
            followed.show(inner, &page);
        } else if failed.contains(followed.feed.topic()) {
            let floor = followed.tail.position();
            followed.show(inner, &Page { gap: None, floor, entries: Vec::new(), last: last.at });
        }
    }
    Ok(())
}

impl Followed {
    /// The highest position that this process knows.
    fn heard(&self, inner: &Inner) -> Position {
        inner.topic(self.feed.topic().clone()).publisher().highest().max(self.tail.position())
    }

    /// Compares markers with the positions that this process knows, before it learns theirs.
    fn compare(&mut self, inner: &Inner, entries: &[Logged]) {
        let topic = inner.topic(self.feed.topic().clone());
        self.untold =
            self.untold.or_else(|| entries.iter().find_map(|entry| topic.publisher().untold(entry)));
    }

    fn show(&self, inner: &Inner, page: &Page) {
        // So that the next epoch of this process is later than all positions that its clients have seen.
        inner.heard(self.feed.topic(), page.end());
        self.feed.push(page);
    }
}
