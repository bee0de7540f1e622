//! A topic in this process: the ring and the waiting subscriptions, under one lock.

use std::{
    sync::{
        Arc,
        atomic::Ordering::{Acquire, Relaxed, Release},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use sse_codec::Encoded;

use crate::{
    Gap, OnGap, Position,
    attach::{Attach, Options, why_missing},
    error::{PublishError, ReadError},
    keys::Keys,
    log::{Entry, Limit, Page},
    ring::Ring,
    stats::TopicStats,
    sync::{AtomicU64, Mutex, lock},
    wakers::{Slot, Wakers},
};

/// A topic of this process.
#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) name: Arc<str>,
    /// Whether the ring is the whole log: there is no backplane.
    is_whole_log: bool,
    /// Counts the changes that a subscription may wait for. Only written under the lock.
    changes: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    ring: Ring,
    wakers: Wakers,
    keys: Keys,
    feed: FeedState,
    /// When this process last published or subscribed.
    used: Instant,
    subscribers: usize,
    gaps: u64,
}

/// Whether the ring has its first page of the log.
#[derive(Debug)]
enum FeedState {
    Live,
    Starting,
    Failed(ReadError),
}

/// Where a subscription is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor {
    /// The last position that was seen.
    pub(crate) position: Position,
    /// The generation of the ring in which the log confirmed this position; 0 if it was not asked.
    pub(crate) confirmed: u64,
    /// The count of changes when the log last had nothing, or did not answer; else 0.
    pub(crate) in_vain: u64,
}

/// What comes next for a subscription.
#[derive(Debug)]
pub(crate) enum Next {
    Events(Encoded),
    /// Events are missing before the cursor, which has moved.
    Gap(Gap),
    /// The topic is finished, and everything was seen.
    Ended,
    /// The ring cannot tell; ask the log.
    AskLog(Asked),
}

/// The state of the ring when the log was asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) generation: u64,
    pub(crate) changes: u64,
}

impl Channel {
    /// A topic whose first event follows `floor`. If its ring is not the whole log, it waits for the first page.
    pub(crate) fn new(name: Arc<str>, floor: Position, history: Limit, is_whole_log: bool) -> Self {
        let state = State {
            ring: Ring::new(floor, history),
            wakers: Wakers::default(),
            keys: Keys::default(),
            feed: if is_whole_log { FeedState::Live } else { FeedState::Starting },
            used: Instant::now(),
            subscribers: 0,
            gaps: 0,
        };
        Self { name, is_whole_log, changes: AtomicU64::new(1), state: Mutex::new(state) }
    }

    /// Appends to the ring. Only for a ring that is the log.
    pub(crate) fn append(&self, entry: &Entry, max: usize) -> Result<Position, PublishError> {
        self.change(|state| {
            if let Some(position) = entry.key.as_ref().and_then(|key| state.keys.get(key)) {
                return (Ok(position), false);
            }
            if state.ring.is_ended() {
                return (Err(PublishError::Closed), false);
            }
            let position = match state.ring.append(&entry.record, max) {
                Ok(position) => position,
                Err(len) => return (Err(PublishError::TooLarge { len, max }), false),
            };
            state.keys.forget_up_to(state.ring.floor());
            if let Some(key) = &entry.key {
                state.keys.insert(key, position);
            }
            state.used = Instant::now();
            (Ok(position), true)
        })
    }

    /// Adds a page of the log to the ring.
    pub(crate) fn take(&self, page: &Page) {
        self.change(|state| {
            state.ring.take(page);
            state.feed = FeedState::Live;
            ((), true)
        });
    }

    /// Records that the log cannot be reached.
    pub(crate) fn fail(&self, error: ReadError) {
        self.change(|state| {
            let is_starting = !matches!(state.feed, FeedState::Live);
            if is_starting {
                state.feed = FeedState::Failed(error);
            }
            ((), is_starting)
        });
    }

    /// Changes something, and wakes all who wait if there is something for them.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> (T, bool)) -> T {
        let mut state = lock(&self.state);
        let (result, is_news) = change(&mut state);
        if !is_news {
            return result;
        }
        self.changes.store(self.changes() + 1, Release);
        let mut woken = state.wakers.take();
        drop(state);
        if woken.wake() {
            lock(&self.state).wakers.reuse(woken);
        }
        result
    }

    /// The count of changes, for those that have the lock.
    fn changes(&self) -> u64 {
        self.changes.load(Relaxed)
    }

    /// Waits for the first page of the log. Fails if `max_waiting` others wait already.
    pub(crate) fn poll_live(
        &self,
        max_waiting: usize,
        slot: &mut Option<Slot>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), ReadError>> {
        let mut state = lock(&self.state);
        match &state.feed {
            FeedState::Live => Poll::Ready(Ok(())),
            FeedState::Failed(error) => Poll::Ready(Err(error.clone())),
            FeedState::Starting if state.wakers.waiting() >= max_waiting => Poll::Ready(Err(ReadError::Busy)),
            FeedState::Starting => {
                let replaced = state.wakers.wait(slot, cx.waker(), self.changes());
                drop(state);
                drop(replaced);
                Poll::Pending
            }
        }
    }

    /// Where a subscription begins, as far as this process can tell.
    pub(crate) fn attach(&self, options: &Options) -> (Attach, Asked) {
        let mut state = lock(&self.state);
        state.used = Instant::now();
        (options.attach(&self.name, &state.ring, self.is_whole_log), state.asked(self.changes()))
    }

    /// Reads after the cursor and advances it. Stores the waker if nothing follows yet.
    pub(crate) fn poll_next(
        &self,
        cursor: &mut Cursor,
        on_gap: OnGap,
        slot: &mut Option<Slot>,
        cx: &mut Context<'_>,
    ) -> Poll<Next> {
        // The task is waiting, and there is no news.
        if slot.as_ref().is_some_and(|slot| slot.has(cx.waker(), self.changes.load(Acquire))) {
            return Poll::Pending;
        }
        let mut state = lock(&self.state);
        let changes = self.changes();
        let next = state.next(cursor, on_gap, self.is_whole_log, changes);
        // A task also waits from the last event on: a server polls twice more, which then needs no lock.
        let waits = next.is_none() || !state.ring.is_ended() && state.ring.is_end(cursor.position);
        let replaced = if waits { state.wakers.wait(slot, cx.waker(), changes) } else { None };
        drop(state);
        drop(replaced);
        next.map_or(Poll::Pending, Poll::Ready)
    }

    /// The position after which new events follow; `last` is the last position of the log.
    pub(crate) fn now(&self, last: Position) -> Position {
        let state = lock(&self.state);
        if last == state.ring.last() { state.ring.now() } else { last }
    }

    pub(crate) fn count_subscriber(&self) {
        lock(&self.state).subscribers += 1;
    }

    pub(crate) fn count_gap(&self) {
        lock(&self.state).gaps += 1;
    }

    /// Removes a subscription.
    pub(crate) fn leave(&self, slot: Option<Slot>, is_subscriber: bool) {
        let mut state = lock(&self.state);
        if is_subscriber {
            state.subscribers -= 1;
            state.used = Instant::now();
        }
        let waker = slot.and_then(|slot| state.wakers.free(slot));
        drop(state);
        drop(waker);
    }

    /// Whether an unused topic can be removed: nothing was published yet, or it was last used long ago.
    pub(crate) fn is_idle(&self, now: Instant, idle: Duration) -> bool {
        let state = lock(&self.state);
        state.ring.is_new() || now.saturating_duration_since(state.used) >= idle
    }

    /// Whether the only position of this topic that a client may have is its first one.
    pub(crate) fn is_new(&self) -> bool {
        lock(&self.state).ring.is_new()
    }

    pub(crate) fn stats(&self) -> TopicStats {
        let state = lock(&self.state);
        let Limit { entries, bytes } = state.ring.kept();
        TopicStats {
            subscribers: state.subscribers,
            events: entries,
            bytes,
            floor: state.ring.floor(),
            last: state.ring.last(),
            is_finished: state.ring.is_ended(),
            gaps: state.gaps,
        }
    }
}

impl State {
    /// Reads after the cursor. `None` if the caller has to wait.
    fn next(&mut self, cursor: &mut Cursor, on_gap: OnGap, is_whole_log: bool, changes: u64) -> Option<Next> {
        let seen = cursor.position;
        if self.ring.is_end(seen) {
            return self.ring.is_ended().then_some(Next::Ended);
        }
        if let Some((events, last)) = self.ring.read(seen) {
            cursor.position = last;
            return Some(Next::Events(events));
        }
        // The log is ahead of the ring, or `not_before` is in the future.
        if seen > self.ring.last() && cursor.confirmed == self.ring.generation() {
            return None;
        }
        if is_whole_log {
            let reason = why_missing(seen, &self.ring).while_reading();
            cursor.position = match on_gap {
                OnGap::Oldest => self.ring.floor(),
                OnGap::Latest => self.ring.now(),
            };
            return Some(Next::Gap(Gap::between(reason, seen, cursor.position)));
        }
        (cursor.in_vain != changes).then(|| Next::AskLog(self.asked(changes)))
    }

    fn asked(&self, changes: u64) -> Asked {
        Asked { generation: self.ring.generation(), changes }
    }
}
