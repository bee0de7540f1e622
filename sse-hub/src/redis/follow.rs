//! The tail: one connection that waits for what comes in all topics of this process.

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
        Inner,
        append::{self, Told},
        command::{self, Stream},
        connection::{Numbered, Run, pause},
        error::Failure,
        log::Logged,
        read,
        tail::Tail,
    },
};

/// How long Redis waits for entries. A topic that is new to this process, and a feed that was closed, are seen earlier.
const BLOCK: Duration = Duration::from_secs(1);

/// How often the last position of a log is asked for.
const CHECK: Duration = Duration::from_secs(2);

/// Between two attempts to interrupt the wait for entries.
const INTERRUPT: Duration = Duration::from_millis(10);

/// How many entries one answer may have, over all topics.
const ENTRIES: usize = 4096;

/// A topic that is followed.
#[derive(Debug)]
pub(super) struct Followed {
    feed: Feed,
    stream: Stream,
    tail: Tail,
    /// Something that the log has lost, and of which no marker tells.
    untold: Option<Position>,
}

/// Reads the first page of a topic, until it can be read, and hands the topic to the tail.
pub(super) async fn begin(inner: Arc<Inner>, feed: Feed) {
    while !feed.is_closed() {
        match read::read_first(&inner, feed.topic(), feed.history()).await {
            Ok(page) => {
                let tail = Tail::new(page.end());
                inner.heard(feed.topic(), page.end());
                feed.push(&page);
                let stream = inner.stream(feed.topic());
                // If the tail has ended, so has all else.
                let _ = inner.to_tail.send(Followed { feed, stream, tail, untold: None });
                return;
            }
            Err(error) => feed.fail(error),
        }
        pause().await;
    }
}

/// Follows all topics that are handed over, for as long as there is someone to hand them over.
pub(super) async fn run(inner: Arc<Inner>, mut new: UnboundedReceiver<Followed>) {
    let mut topics = HashMap::new();
    let mut run = None;
    loop {
        // Whatever it was: those who are there wait, and those who come get an error from a read of their own.
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
    new: &mut UnboundedReceiver<Followed>,
    last_run: &mut Option<Arc<Run>>,
) -> Result<(), Failure> {
    let mut connection = inner
        .client
        .get_multiplexed_async_connection_with_config(&inner.tail_config(BLOCK))
        .await
        .map_err(super::connection::unreachable)?;
    // Without the right to ask for it, a topic that is new to this process waits for `BLOCK` in the worst case.
    let client = command::client_id(&mut connection).await.ok();
    // The log may be another one than before. If something may be lost, clients should not have to wait for an event.
    let run = inner.shared.get().await?.run;
    let is_other_run = !run.keeps_all && last_run.as_ref().is_some_and(|last| last.id != run.id);
    check(inner, &mut connection, topics, is_other_run).await?;
    *last_run = Some(run);
    let mut checked = Instant::now();
    loop {
        while let Ok(followed) = new.try_recv() {
            topics.insert(followed.stream.key.clone(), followed);
        }
        topics.retain(|_, followed| !followed.feed.is_closed());
        if topics.is_empty() {
            match new.recv().await {
                Some(followed) => topics.insert(followed.stream.key.clone(), followed),
                None => return Ok(()),
            };
        }
        if checked.elapsed() >= CHECK {
            check(inner, &mut connection, topics, false).await?;
            checked = Instant::now();
        }
        wait(inner, &mut connection, client, topics, new).await?;
    }
}

/// Waits for entries of any topic, and shows them. Returns early if there is a new topic.
async fn wait(
    inner: &Arc<Inner>,
    connection: &mut MultiplexedConnection,
    client: Option<u64>,
    topics: &mut HashMap<String, Followed>,
    new: &mut UnboundedReceiver<Followed>,
) -> Result<(), Failure> {
    let count = (ENTRIES / topics.len().max(1)).clamp(1, 256);
    let mut arrived = Vec::new();
    let answer = {
        let positions = topics.values().map(|followed| (&followed.stream, followed.tail.position()));
        let mut answer = pin!(command::wait_for_entries(connection, positions, count, BLOCK));
        loop {
            tokio::select! {
                answer = &mut answer => break answer,
                Some(followed) = new.recv() => arrived.push(followed),
                // The question may not have come to Redis yet. Then once more.
                () = interrupt(inner, client), if !arrived.is_empty() => {}
            }
        }
    };
    // Also if there was no answer: nobody else hands them over again.
    let answer = answer.inspect_err(|_| {
        topics.extend(arrived.drain(..).map(|followed| (followed.stream.key.clone(), followed)));
    })?;
    for (key, entries) in answer {
        let Some(followed) = topics.get_mut(&key) else { continue };
        match entries.parse(&followed.stream) {
            Ok(entries) => {
                followed.compare(inner, &entries);
                for page in followed.tail.read(entries) {
                    followed.show(inner, &page);
                }
            }
            // Begin anew, when there is something else.
            Err(error) => {
                followed.feed.fail(ReadError::Unavailable(Arc::new(error)));
                if let Some(followed) = topics.remove(&key) {
                    tokio::spawn(begin(inner.clone(), followed.feed));
                }
            }
        }
    }
    for followed in arrived {
        topics.insert(followed.stream.key.clone(), followed);
    }
    Ok(())
}

/// Has the tail's question answered at once, if that is allowed.
async fn interrupt(inner: &Inner, client: Option<u64>) {
    if let Some(client) = client
        && let Ok(Numbered { mut connection, .. }) = inner.shared.get().await
    {
        let _ = command::unblock(&mut connection, client).await;
    }
    sleep(INTERRUPT).await;
}

/// Compares the last position of each log with what was read, and has subscribers try again whose read failed.
async fn check(
    inner: &Inner,
    connection: &mut MultiplexedConnection,
    topics: &mut HashMap<String, Followed>,
    is_other_run: bool,
) -> Result<(), Failure> {
    let streams: Vec<&Stream> = topics.values().map(|followed| &followed.stream).collect();
    // Before the log is asked. What this process has appended it may not have read.
    let heard: Vec<Position> = topics.values().map(|followed| followed.heard(inner)).collect();
    let positions = command::last_positions(connection, &streams).await?;
    let mut others = Vec::new();
    for ((followed, last), heard) in topics.values_mut().zip(positions).zip(heard) {
        let may_be_lost = heard > last || is_other_run;
        if let Some(lost) = followed.untold.or(may_be_lost.then_some(heard)) {
            // The marker says so to everyone, also to those who were away. The tail reads on with it.
            let mut current = inner.shared.get().await?;
            let told = append::begin_after_loss(inner, &mut current, followed.feed.topic(), lost).await?;
            followed.untold = None;
            // If the log was not as far, another process has begun the epoch since.
            if told == Told::Now || told == Told::Before && heard > last {
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
            followed.show(inner, &Page { gap: None, floor, entries: Vec::new(), last });
        }
    }
    Ok(())
}

impl Followed {
    /// The highest position that this process has heard of.
    fn heard(&self, inner: &Inner) -> Position {
        inner.topic(self.feed.topic().clone()).highest().max(self.tail.position())
    }

    /// Compares markers with what this process has heard of, before it has heard of them.
    fn compare(&mut self, inner: &Inner, entries: &[Logged]) {
        let topic = inner.topic(self.feed.topic().clone());
        self.untold = self.untold.or_else(|| entries.iter().find_map(|entry| topic.untold(entry)));
    }

    fn show(&self, inner: &Inner, page: &Page) {
        // So that an epoch of this process is later than all that its clients have seen.
        inner.heard(self.feed.topic(), page.end());
        self.feed.push(page);
    }
}
