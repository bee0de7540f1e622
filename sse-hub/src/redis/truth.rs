//! Everything that was ever in the log, and the promises to its readers, which are checked against it.

use std::collections::{HashMap, HashSet};

use super::model::Message;
use crate::{
    Position,
    backplane::{Page, Record},
};

/// What a subscriber has read. Two entries without a gap between them must have been neighbours in the log.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) cursor: Position,
    /// All messages since the log was lost last.
    messages: HashSet<Message>,
    /// All positions of events.
    positions: HashSet<Position>,
    /// Since the last gap: lost events between two entries that came without a gap.
    pub(super) untold: Vec<Position>,
}

/// Everything that was ever in the log.
#[derive(Debug, Default)]
pub(super) struct Truth {
    /// Each position that was used, with the nonce and the record of its entry.
    used: HashMap<Position, (Vec<u8>, Record)>,
    /// The entry directly before each entry.
    before: HashMap<Position, Position>,
    /// All events, in the order in which they were appended.
    events: Vec<Position>,
    /// How many events were appended up to each entry.
    count: HashMap<Position, usize>,
    /// Whether a restart loses nothing.
    pub(super) keeps_all: bool,
    /// Whether a later life or epoch may have a lower number.
    pub(super) clock_goes_back: bool,
    /// The begin of each life of the topic.
    begins: HashSet<Position>,
    /// Whether there is a reason for a gap.
    pub(super) may_miss: bool,
    /// The positions of each nonce, except those that a restart has lost.
    pub(super) appended: HashMap<Vec<u8>, Vec<Position>>,
}

impl Truth {
    pub(super) fn new(keeps_all: bool) -> Self {
        Self { keeps_all, ..Self::default() }
    }

    /// Records the begin of the topic. Clients that start there have missed nothing.
    pub(super) fn lives(&mut self, begin: Position) {
        if self.begins.insert(begin) {
            self.count.insert(begin, self.events.len());
        }
    }

    pub(super) fn appended(&mut self, at: Position, before: Position, nonce: &[u8], record: Record) {
        let used = self.used.insert(at, (nonce.into(), record.clone()));
        assert_eq!(used, None, "{at} is used again");
        self.before.insert(at, before);
        if record != Record::Marker {
            self.events.push(at);
        }
        self.count.insert(at, self.events.len());
        if record != Record::Marker {
            self.appended.entry(nonce.into()).or_default().push(at);
        }
    }
}

impl Seen {
    pub(super) fn new(cursor: Position) -> Self {
        Self { cursor, messages: HashSet::new(), positions: HashSet::new(), untold: Vec::new() }
    }

    /// Reads a page. If it does not begin at the cursor, it has a gap.
    pub(super) fn page(&mut self, page: &Page, truth: &Truth) {
        if page.floor != self.cursor {
            assert!(truth.may_miss, "there is no reason for a gap");
            self.untold.clear();
            // Events may come again only if the log is another one than before, or has lost something.
            if page.floor < self.cursor || page.floor.seq() == 0 {
                self.messages.clear();
            }
            self.cursor = page.floor;
        }
        for (at, record) in &page.entries {
            let used = truth.used.get(at).map(|(_, record)| record);
            assert_eq!(used, Some(record), "it is what was appended there");
            assert_eq!(truth.before.get(at), Some(&self.cursor), "nothing was between");
            // Not even an entry that the log has lost.
            let count = |at| truth.count.get(at).copied().unwrap_or(0);
            let lost = &truth.events[count(&self.cursor)..count(at) - usize::from(*record != Record::Marker)];
            assert!(lost.is_empty() || truth.keeps_all, "{lost:?} were lost");
            if !truth.begins.contains(&self.cursor) {
                self.untold.extend(lost);
            }
            if let Record::Event(event) = record {
                let message = event.data().parse().expect("a number");
                assert!(self.messages.insert(message), "{message} came twice");
                // Not even after a gap.
                let is_new = self.positions.insert(*at);
                assert!(is_new || truth.clock_goes_back, "the event at {at} came twice");
            }
            self.cursor = *at;
        }
    }
}
