//! The rules for pages of the log and their gaps, without I/O.

use std::cmp::Ordering;

use crate::{
    Position, Reason,
    backplane::{Limit, Page},
    redis::log::{Follows, Last, Logged},
};

/// The page of the entries after `cursor`. `last` is the last position of the log, which was read before `entries`.
pub(super) fn after(cursor: Position, entries: Vec<Logged>, last: Last, limit: Limit) -> Page {
    let Last { at: last, is_begin } = last;
    let Some(first) = entries.first() else {
        let gap = match cursor.cmp(&last) {
            // Even if all entries are trimmed: the next entry will follow this position.
            Ordering::Equal => None,
            // There is no log, and the position is from another life or from a log that was deleted.
            _ if is_begin => Some(Reason::Reset),
            Ordering::Less => Some(Reason::Trimmed),
            // The log lost its end. The client has seen the entries that remain, since epochs grow.
            Ordering::Greater if cursor.epoch() == last.epoch() => Some(Reason::Ahead),
            Ordering::Greater => Some(Reason::Reset),
        };
        return Page { gap, floor: last, entries: Vec::new(), last };
    };
    match first.follows(cursor) {
        Follows::Directly => page(None, cursor, entries, last, limit),
        Follows::AfterHole(reason) => page(Some(reason), first.floor_after(reason), entries, last, limit),
    }
}

/// The page of the oldest entries.
pub(super) fn oldest(gap: Option<Reason>, entries: Vec<Logged>, last: Position, limit: Limit) -> Page {
    // If all entries are trimmed, it continues after the last one.
    let floor = entries.first().map_or(last, Logged::floor);
    page(gap, floor, entries, last, limit)
}

/// Takes entries up to the limit or to a hole; the next page begins with the hole. The first entry follows the floor.
fn page(gap: Option<Reason>, floor: Position, entries: Vec<Logged>, last: Position, limit: Limit) -> Page {
    let mut page = Page { gap, floor, entries: Vec::new(), last };
    let mut bytes = 0;
    for entry in entries.into_iter().skip_while(|entry| entry.at <= floor) {
        let is_full = page.entries.len() >= limit.entries.max(1) || bytes >= limit.bytes.max(1);
        if is_full || entry.follows(page.end()) != Follows::Directly {
            break;
        }
        bytes += entry.size();
        page.entries.push((entry.at, entry.record));
    }
    // Entries may have been appended since `last` was read.
    page.last = page.last.max(page.end());
    page
}

/// The page of the last entries, as many as fit. `latest` has the latest entry first.
pub(super) fn latest(latest: Vec<Logged>, last: Position, limit: Limit) -> Page {
    let mut entries: Vec<Logged> = Vec::new();
    let mut bytes = 0;
    for entry in latest {
        let is_full = entries.len() >= limit.entries || bytes >= limit.bytes;
        if is_full || entries.last().is_some_and(|later| later.follows(entry.at) != Follows::Directly) {
            break;
        }
        bytes += entry.size();
        entries.push(entry);
    }
    let floor = entries.last().map_or(last, Logged::floor);
    let entries = entries.into_iter().rev().filter(|entry| entry.at > floor);
    let entries: Vec<_> = entries.map(|entry| (entry.at, entry.record)).collect();
    let last = entries.last().map_or(last.max(floor), |(at, _)| last.max(*at));
    Page { gap: None, floor, entries, last }
}
