//! What a page of the log is for one subscription. No lock, no I/O.

use sse_codec::{Batch, Encoded};

use crate::{Gap, OnGap, Position, Reason, backplane::Page, gap::ready, ring::block};

/// What a subscription knows as it reads a page of the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    /// What the client has seen, if it said so.
    pub(crate) seen: Option<Position>,
    /// Why the page is not what the client asked for, if it never could be.
    pub(crate) reason: Option<Reason>,
    pub(crate) on_gap: OnGap,
    /// Nothing up to this position may be shown.
    pub(crate) least: Option<Position>,
}

/// What is made of a page.
#[derive(Debug)]
pub(crate) struct Read {
    /// What is missing.
    pub(crate) gap: Option<Gap>,
    /// Where it begins, or what is missing, and the events.
    pub(crate) events: Encoded,
    /// The position up to which that is.
    pub(crate) end: Position,
}

impl Reading {
    /// Reads a page; `now` is the position after which what happens from now on follows.
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
            // A client never sees the position of a marker, so it must not be missed if the log loses it.
            if let Some(block) = block(record, &id) {
                events.push(block);
                end = *position;
            }
        }
        Read { gap, events: events.take(), end }
    }
}
