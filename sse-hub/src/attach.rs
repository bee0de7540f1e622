//! Where a subscription begins. No lock, no I/O.

use crate::{Gap, OnGap, Position, Reason, Seen, log::ReadFrom, log_page::Reading, ring::Ring};

/// Where a client that has seen nothing begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Start {
    /// With the events from now on.
    #[default]
    Now,
    /// With the oldest event that is kept.
    Oldest,
    /// With the last N events, or all that are kept. With a backplane it may be one less for each epoch that began
    /// between them.
    Last(usize),
}

/// The settings of a subscription.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    pub(crate) seen: Seen,
    pub(crate) start: Start,
    pub(crate) on_gap: OnGap,
    pub(crate) not_before: Option<Position>,
    pub(crate) closes_if_slow: bool,
    pub(crate) refuses_malformed: bool,
}

/// Where a subscription begins.
#[derive(Debug)]
pub(crate) enum Attach {
    /// After this position, with this event first.
    At(Position, News),
    /// The ring cannot tell: read this page of the log.
    AskLog(ReadFrom, Reading),
    /// The client has seen the end.
    Finished,
}

/// The first event for a client.
#[derive(Debug)]
pub(crate) enum News {
    /// None: the events that it missed follow.
    None,
    /// `ready` with the position, since the client has none.
    Ready,
    /// The events that are missing.
    Gap(Gap),
}

impl Options {
    /// Where to begin, as far as the ring can tell. If the ring is the whole log, it always can.
    pub(crate) fn attach(&self, topic: &str, ring: &Ring, is_whole_log: bool) -> Attach {
        let least = self.not_before.map(|position| least(position, topic, ring, is_whole_log));
        match self.seen {
            Seen::Nothing => self.begin(ring, is_whole_log, least),
            Seen::Malformed => {
                at_least(least, ring.now(), |_| News::Gap(Gap { reason: Reason::Malformed, missed: None }))
            }
            Seen::UpTo(position) if ring.is_ended() && position == ring.last() => Attach::Finished,
            Seen::UpTo(position) => self.resume(position, topic, ring, is_whole_log, least),
        }
    }

    /// Where a client without a last event ID begins.
    fn begin(&self, ring: &Ring, is_whole_log: bool, least: Option<Position>) -> Attach {
        let (position, from) = match self.start {
            Start::Now => (Some(ring.now()), ReadFrom::Oldest),
            Start::Oldest => (None, ReadFrom::Oldest),
            Start::Last(events) => (ring.before_last(events), ReadFrom::Last(events)),
        };
        match position {
            Some(position) => at_least(least, position, |_| News::Ready),
            None if is_whole_log => at_least(least, ring.floor(), |_| News::Ready),
            None => Attach::AskLog(from, Reading { seen: None, reason: None, on_gap: self.on_gap, least }),
        }
    }

    /// Where a client with a last event ID continues.
    fn resume(
        &self,
        seen: Position,
        topic: &str,
        ring: &Ring,
        is_whole_log: bool,
        least: Option<Position>,
    ) -> Attach {
        let ask_log = |from, reason| {
            Attach::AskLog(from, Reading { seen: Some(seen), reason, on_gap: self.on_gap, least })
        };
        let is_of_this_log = !is_whole_log || seen.epoch() == ring.last().epoch();
        let reason = match least {
            _ if !seen.is_of(topic) => Reason::Foreign,
            Some(least) if is_of_this_log && seen < least => Reason::Denied,
            _ if ring.covers(seen) => return Attach::At(seen, News::None),
            _ if is_whole_log => why_missing(seen, ring),
            _ => return ask_log(ReadFrom::After(seen), None),
        };
        let position = match (self.on_gap, least) {
            (OnGap::Latest, _) => ring.now(),
            (OnGap::Oldest, _) if is_whole_log => ring.floor(),
            (OnGap::Oldest, Some(least)) if ring.covers(least) => least,
            (OnGap::Oldest, Some(least)) if reason == Reason::Denied => {
                return ask_log(ReadFrom::After(least), Some(reason));
            }
            (OnGap::Oldest, _) => return ask_log(ReadFrom::Oldest, Some(reason)),
        };
        at_least(least, position, |position| News::Gap(Gap::between(reason, seen, position)))
    }
}

/// Begins after `position`, or after `least` if that is later.
fn at_least(least: Option<Position>, position: Position, news: impl FnOnce(Position) -> News) -> Attach {
    let position = least.map_or(position, |least| position.max(least));
    Attach::At(position, news(position))
}

/// Why a position of this topic is not in the ring, which is the whole log.
pub(crate) fn why_missing(position: Position, ring: &Ring) -> Reason {
    match position.events_until(ring.last()) {
        _ if position.epoch() != ring.last().epoch() => Reason::Reset,
        None => Reason::Ahead,
        Some(_) => Reason::Trimmed,
    }
}

/// The earliest cursor of a client that may see only `position` and later events.
fn least(position: Position, topic: &str, ring: &Ring, is_whole_log: bool) -> Position {
    match position {
        // The position of another topic says nothing about this one.
        _ if !position.is_of(topic) => ring.now(),
        // Epochs of a hub without a backplane are not ordered. Another epoch is that of an earlier process.
        _ if is_whole_log && position.epoch() != ring.last().epoch() => ring.floor(),
        _ => position.minus(1),
    }
}
