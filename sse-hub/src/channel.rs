//! A topic as this process holds it: the ring and those who wait, under one lock.

use std::{
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use sse_codec::Encoded;

use crate::{
    Gap, OnGap, Position,
    attach::{Attach, Options, why_missing},
    backplane::{Backplane, Entry, Limit, Page},
    error::{PublishError, ReadError},
    keys::Keys,
    ring::Ring,
    stats::TopicStats,
    sync::{Mutex, lock},
    wakers::{Slot, Wakers},
};

/// A topic of this process.
#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) name: Arc<str>,
    /// The log, unless the ring is all there is.
    pub(crate) backplane: Option<Arc<dyn Backplane>>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    ring: Ring,
    wakers: Wakers,
    keys: Keys,
    feed: FeedState,
    /// Counts what those who wait may wait for.
    changes: u64,
    /// When this process last published or subscribed.
    used: Instant,
    subscribers: usize,
    gaps: u64,
}

/// Whether the ring shows the log.
#[derive(Debug)]
enum FeedState {
    Live,
    Starting,
    Failed(ReadError),
}

/// Where a subscription is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor {
    /// What was seen last.
    pub(crate) position: Position,
    /// The generation of the ring in which the log said that it has this position; 0 if it was not asked.
    pub(crate) confirmed: u64,
    /// The count of changes as the log was asked in vain, since it had nothing or did not answer; else 0.
    pub(crate) in_vain: u64,
}

/// What comes next for a subscription.
#[derive(Debug)]
pub(crate) enum Next {
    Events(Encoded),
    /// What is missing before the cursor, which was moved.
    Gap(Gap),
    /// The topic is finished, and all of it was seen.
    Ended,
    /// Only the log knows.
    AskLog(Asked),
}

/// When the log was asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) generation: u64,
    pub(crate) changes: u64,
}

impl Channel {
    /// A topic whose ring is its log, unless there is a backplane.
    pub(crate) fn new(
        name: Arc<str>,
        floor: Position,
        history: Limit,
        backplane: Option<Arc<dyn Backplane>>,
    ) -> Self {
        let state = State {
            ring: Ring::new(floor, history),
            wakers: Wakers::default(),
            keys: Keys::default(),
            feed: if backplane.is_some() { FeedState::Starting } else { FeedState::Live },
            changes: 1,
            used: Instant::now(),
            subscribers: 0,
            gaps: 0,
        };
        Self { name, backplane, state: Mutex::new(state) }
    }

    /// Appends to the ring, where that is the log.
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

    /// Takes a page of the log.
    pub(crate) fn take(&self, page: &Page) {
        self.change(|state| {
            state.ring.take(page);
            state.feed = FeedState::Live;
            ((), true)
        });
    }

    /// Takes note that the log cannot be reached.
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
        state.changes += 1;
        let mut woken = state.wakers.take();
        drop(state);
        if woken.wake() {
            lock(&self.state).wakers.reuse(woken);
        }
        result
    }

    /// Waits until the ring shows the log, unless this many do so already.
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
                let replaced = state.wakers.wait(slot, cx.waker());
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
        (options.attach(&self.name, &state.ring, self.backplane.is_none()), state.asked())
    }

    /// What comes after the cursor, which moves on. If there is nothing yet, the waker is kept.
    pub(crate) fn poll_next(
        &self,
        cursor: &mut Cursor,
        on_gap: OnGap,
        slot: &mut Option<Slot>,
        cx: &mut Context<'_>,
    ) -> Poll<Next> {
        let mut state = lock(&self.state);
        let Some(next) = state.next(cursor, on_gap, self.backplane.is_none()) else {
            let replaced = state.wakers.wait(slot, cx.waker());
            drop(state);
            drop(replaced);
            return Poll::Pending;
        };
        Poll::Ready(next)
    }

    /// The position after which what happens from now on follows, where the last one of the log is this.
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

    /// A subscription is gone.
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

    /// Whether nothing would be missed without this topic, if nobody uses it: nothing was published yet, or long ago.
    pub(crate) fn is_idle(&self, now: Instant, idle: Duration) -> bool {
        let state = lock(&self.state);
        state.ring.is_new() || now.saturating_duration_since(state.used) >= idle
    }

    /// Whether there are no positions of this topic that a client may have, other than that of its begin.
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
    /// What comes after the cursor. `None` if it has to be waited for.
    fn next(&mut self, cursor: &mut Cursor, on_gap: OnGap, is_whole_log: bool) -> Option<Next> {
        let seen = cursor.position;
        if let Some((events, last)) = self.ring.read(seen) {
            cursor.position = last;
            return Some(Next::Events(events));
        }
        if self.ring.is_end(seen) {
            return self.ring.is_ended().then_some(Next::Ended);
        }
        // The log is ahead of the ring, or a right begins later.
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
        (cursor.in_vain != self.changes).then(|| Next::AskLog(self.asked()))
    }

    fn asked(&self) -> Asked {
        Asked { generation: self.ring.generation(), changes: self.changes }
    }
}
