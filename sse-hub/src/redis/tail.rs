//! The rules for following a log entry by entry, without I/O.
//!
//! `XREAD` returns the entries after a position. It does not report that entries were trimmed before it could read
//! them, or that the log is another one. Both show in how the first entry follows. A log that was made again with lower
//! positions does not show, since `XREAD` waits. So the last position of the log is checked from time to time.

use crate::{
    Position,
    backplane::Page,
    redis::log::{Follows, Last, Logged},
};

/// How far a topic was followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tail {
    position: Position,
}

impl Tail {
    pub(super) fn new(position: Position) -> Self {
        Self { position }
    }

    /// The position to read on after.
    pub(super) fn position(self) -> Position {
        self.position
    }

    /// Turns entries after [`position`](Self::position) into one page, and one more for each hole. The floor of a page
    /// is the end of the one before, unless there is a hole between them.
    pub(super) fn read(&mut self, entries: Vec<Logged>) -> Vec<Page> {
        let mut pages: Vec<Page> = Vec::new();
        for entry in entries {
            // From the answer to an older command.
            if entry.at <= self.position {
                continue;
            }
            let follows = entry.follows(self.position);
            let floor = match follows {
                Follows::Directly => self.position,
                Follows::AfterHole(reason) => entry.floor_after(reason),
            };
            if pages.is_empty() || follows != Follows::Directly {
                pages.push(Page { gap: None, floor, entries: Vec::new(), last: entry.at });
            }
            self.position = entry.at;
            if let Some(page) = pages.last_mut() {
                page.last = entry.at;
                if entry.at > page.floor {
                    page.entries.push((entry.at, entry.record));
                }
            }
        }
        pages
    }

    /// Checks the last position of the log, which was read after all entries. If it is lower than the tail, or there is
    /// no log, the log has changed: returns a page that continues after `last`.
    pub(super) fn check(&mut self, last: Last) -> Option<Page> {
        let Last { at: last, is_begin } = last;
        if last == self.position || last > self.position && !is_begin {
            return None;
        }
        self.position = last;
        Some(Page { gap: None, floor: last, entries: Vec::new(), last })
    }
}
