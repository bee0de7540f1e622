//! A log that several hubs of one test share, like several processes. The test delivers, delays, trims and breaks
//! explicitly.

use std::{
    future::{poll_fn, ready},
    sync::{Arc, Mutex, MutexGuard},
    task::Poll,
};

use sse_hub::{
    Hub, Position, Reason,
    backplane::{Backplane, Boxed, Entry, Feed, Limit, Page, ReadFrom, Record},
    error::{PublishError, ReadError},
};

/// The log of one topic.
#[derive(Clone, Debug)]
pub(crate) struct Log(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    topic: String,
    entries: Vec<(Position, Record)>,
    /// The position before the first entry.
    floor: Position,
    /// The number of the epoch that begins next.
    epoch: u64,
    begins_epoch: bool,
}

/// The view of one process of the log.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    log: Log,
    state: Arc<Mutex<ProcessState>>,
}

#[derive(Debug, Default)]
struct ProcessState {
    feed: Option<(Feed, Option<Position>)>,
    is_down: bool,
    holds_reads: bool,
    reads: usize,
}

pub(crate) const TOPIC: &str = "room";

impl Log {
    pub(crate) fn new() -> Self {
        let floor = Position::new(Position::epoch_of(TOPIC, 0), 0);
        let state = State { topic: TOPIC.into(), entries: Vec::new(), floor, epoch: 1, begins_epoch: true };
        Self(Arc::new(Mutex::new(state)))
    }

    /// A process and its hub.
    pub(crate) fn process(&self, history: usize) -> (Process, Hub) {
        let process = Process { log: self.clone(), state: Arc::default() };
        let hub = Hub::builder().history(history).backplane(process.clone()).build();
        (process, hub)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn append(&self, record: Record) -> Option<Position> {
        let mut state = self.state();
        if state.entries.last().is_some_and(|(_, record)| *record == Record::End) {
            return None;
        }
        if std::mem::take(&mut state.begins_epoch) {
            let marker = Position::new(Position::epoch_of(&state.topic, state.epoch), 0);
            state.epoch += 1;
            state.entries.push((marker, Record::Marker));
        }
        let last = state.last();
        let position = Position::new(last.epoch(), last.seq() + 1);
        state.entries.push((position, record));
        Some(position)
    }

    /// The next entry begins an epoch, like the first one of a publisher that reconnected.
    pub(crate) fn begin_epoch(&self) {
        self.state().begins_epoch = true;
    }

    /// Trims the log to this many entries.
    pub(crate) fn trim(&self, kept: usize) {
        let mut state = self.state();
        let excess = state.entries.len().saturating_sub(kept);
        if let Some(last) = excess.checked_sub(1) {
            state.floor = state.entries[last].0;
            state.entries.drain(..excess);
        }
    }

    /// Loses the last entries, as after a failover. The numbers of epochs continue.
    pub(crate) fn lose(&self, entries: usize) {
        let mut state = self.state();
        let kept = state.entries.len().saturating_sub(entries);
        state.entries.truncate(kept);
        state.begins_epoch = true;
    }

    pub(crate) fn last(&self) -> Position {
        self.state().last()
    }

    /// The position before the oldest kept entry.
    pub(crate) fn floor(&self) -> Position {
        self.state().floor
    }

    /// The kept entries.
    pub(crate) fn entries(&self) -> Vec<(Position, Record)> {
        self.state().entries.clone()
    }
}

impl State {
    fn last(&self) -> Position {
        self.entries.last().map_or(self.floor, |(position, _)| *position)
    }

    /// Reads like a log in Redis: from the kept entries and the numbers alone.
    fn read(&self, from: ReadFrom, limit: Limit) -> Page {
        let after = |index: usize, floor, gap| {
            let entries = self.entries[index..].iter().take(limit.entries).cloned().collect();
            Page { gap, floor, entries, last: self.last() }
        };
        let position = match from {
            ReadFrom::After(position) => position,
            ReadFrom::Last(events) => {
                let index = self.entries.len().saturating_sub(events);
                let floor = index.checked_sub(1).map_or(self.floor, |before| self.entries[before].0);
                return after(index, floor, None);
            }
            _ => return after(0, self.floor, None),
        };
        if let Some(index) = self.entries.iter().position(|(at, _)| *at == position) {
            return after(index + 1, position, None);
        }
        if position == self.floor {
            return after(0, position, None);
        }
        let is_known = self.entries.iter().any(|(at, _)| at.epoch() == position.epoch())
            || position.epoch() == self.floor.epoch();
        let reason = match position {
            _ if position < self.floor => Reason::Trimmed,
            _ if is_known => Reason::Ahead,
            _ => Reason::Reset,
        };
        after(0, self.floor, Some(reason))
    }
}

impl Process {
    fn state(&self) -> MutexGuard<'_, ProcessState> {
        self.state.lock().unwrap()
    }

    /// Delivers at most this many new entries to the hub.
    pub(crate) fn deliver(&self, entries: usize) {
        let mut state = self.state();
        if state.is_down {
            return;
        }
        let Some((feed, end)) = &mut state.feed else { return };
        let log = self.log.state();
        let limit = Limit { entries, ..feed.history() };
        let page = match *end {
            Some(end) => log.read(ReadFrom::After(end), limit),
            None => log.read(ReadFrom::Last(feed.history().entries), feed.history()),
        };
        *end = Some(page.end());
        feed.push(&page);
    }

    pub(crate) fn deliver_all(&self) {
        self.deliver(usize::MAX);
    }

    /// Makes the log unreachable, or reachable again.
    pub(crate) fn cut(&self, is_down: bool) {
        let mut state = self.state();
        state.is_down = is_down;
        if let (Some((feed, _)), true) = (&state.feed, is_down) {
            feed.fail(unreachable());
        }
    }

    /// Holds the answers to reads while this is on.
    pub(crate) fn hold_reads(&self, holds: bool) {
        self.state().holds_reads = holds;
    }

    pub(crate) fn reads(&self) -> usize {
        self.state().reads
    }

    pub(crate) fn follows(&self) -> bool {
        self.state().feed.as_ref().is_some_and(|(feed, _)| !feed.is_closed())
    }
}

pub(crate) fn unreachable() -> ReadError {
    ReadError::Unavailable(Arc::from(Box::<dyn std::error::Error + Send + Sync>::from("connection refused")))
}

impl Backplane for Process {
    fn append(&self, _: Arc<str>, entry: Entry) -> Boxed<Result<Position, PublishError>> {
        if self.state().is_down {
            return Box::pin(ready(Err(PublishError::Unavailable("connection refused".into()))));
        }
        Box::pin(ready(self.log.append(entry.record).ok_or(PublishError::Closed)))
    }

    fn read(&self, _: Arc<str>, from: ReadFrom, limit: Limit) -> Boxed<Result<Page, ReadError>> {
        self.state().reads += 1;
        let process = self.clone();
        Box::pin(poll_fn(move |_| {
            let state = process.state();
            match (state.holds_reads, state.is_down) {
                (true, _) => Poll::Pending,
                (_, true) => Poll::Ready(Err(unreachable())),
                _ => Poll::Ready(Ok(process.log.state().read(from, limit))),
            }
        }))
    }

    fn follow(&self, feed: Feed) {
        let mut state = self.state();
        if state.is_down {
            feed.fail(unreachable());
        }
        state.feed = Some((feed, None));
    }
}
