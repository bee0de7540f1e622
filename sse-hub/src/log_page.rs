//! Turns a page of the log into the events for one subscription. No lock, no I/O.

use sse_codec::{Batch, Encoded};

use crate::{Gap, OnGap, Position, Reason, gap::ready, log::Page, ring::block};

/// How a subscription reads a page of the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    /// The last position that the client has seen, if it has sent one.
    pub(crate) seen: Option<Position>,
    /// Why the events after `seen` are unavailable, if known before the read.
    pub(crate) reason: Option<Reason>,
    pub(crate) on_gap: OnGap,
    /// Nothing up to this position may be shown.
    pub(crate) least: Option<Position>,
}

/// A page as a subscription sends it.
#[derive(Debug)]
pub(crate) struct Read {
    /// The missing events, if any.
    pub(crate) gap: Option<Gap>,
    /// `ready` or `gap` if needed, then the events.
    pub(crate) events: Encoded,
    /// The position after these events.
    pub(crate) end: Position,
}

impl Reading {
    /// Reads a page; `now` is the position after which new events follow.
    pub(crate) fn read(&self, page: &Page, now: Position) -> Read {
        let reason = self.reason.or(page.gap);
        let begin = match self.on_gap {
            OnGap::Latest if reason.is_some() => now,
            _ => page.floor,
        };
        let begin = self.least.map_or(begin, |least| begin.max(least));
        let mut events = Batch::new();
        let gap = self.seen.zip(reason).map(|(seen, reason)| Gap::between(reason, seen, begin));
        if let Some(gap) = gap {
            events.push_encoded(&gap.encode(begin));
        } else if self.seen.is_none() {
            events.push_encoded(&ready(begin));
        }
        let mut end = begin;
        for (position, record) in page.entries.iter().filter(|(position, _)| *position > begin) {
            let id = (*position).into();
            // Skip markers: a client must not hold the position of one, which the log may lose.
            if let Some(block) = block(record, &id) {
                events.push(block);
                end = *position;
            }
        }
        // Only markers, and the log continues, perhaps with a hole: a read after `begin` would return this page again.
        if end == begin && page.end() < page.last {
            end = begin.max(page.end());
        }
        Read { gap, events: events.take(), end }
    }
}
