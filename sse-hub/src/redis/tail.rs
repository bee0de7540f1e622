//! Following a log entry by entry: the rules, without I/O.
//!
//! `XREAD` gives what comes after a position and does not say what was trimmed before it could be read, nor that the log
//! is another one. Both show in how the first entry follows. What never shows is a log that was made anew with lower
//! positions: `XREAD` waits. So from time to time the last position of the log is asked for.

use crate::{
    Position,
    backplane::Page,
    redis::log::{Follows, Logged},
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

    /// Read on after this position.
    pub(super) fn position(self) -> Position {
        self.position
    }

    /// Takes what came after [`position`](Self::position): one page, and one more for each hole. The floor of a page
    /// is the end of the one before, unless there is a hole between them.
    pub(super) fn read(&mut self, entries: Vec<Logged>) -> Vec<Page> {
        let mut pages: Vec<Page> = Vec::new();
        for entry in entries {
            // An answer to an older question.
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

    /// Takes the last position of the log, which was asked for after all that was read. If the log is not as far, it is
    /// not the one that was followed: go on after that position, as this page says.
    pub(super) fn check(&mut self, last: Position) -> Option<Page> {
        if last >= self.position {
            return None;
        }
        self.position = last;
        Some(Page { gap: None, floor: last, entries: Vec::new(), last })
    }
}
