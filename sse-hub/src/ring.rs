//! The latest events of a topic, encoded, with their positions. No lock, no I/O, no clock.

use std::collections::VecDeque;

use sse_codec::{Block, Encoded, Event, EventId, Segment};

use crate::{
    Position, gap,
    log::{Limit, Page, Record},
};

/// The limit for a segment of several events: the size of an HTTP/2 frame or a TLS record.
const MAX_SEGMENT: usize = 16 * 1024;

/// The latest part of the log of a topic.
#[derive(Debug)]
pub(crate) struct Ring {
    /// Oldest first. Only the last one is open.
    parts: VecDeque<Part>,
    /// The position before the oldest event that is kept. It may be within the first part, which is removed only as a
    /// whole.
    floor: Position,
    last: Position,
    is_ended: bool,
    kept: Limit,
    limit: Limit,
    /// Counts the restarts of the ring, from 1.
    generation: u64,
}

/// Events of one epoch, without a hole.
#[derive(Debug)]
struct Part {
    /// The position before the first one.
    floor: Position,
    segment: Segment,
}

impl Ring {
    /// An empty ring whose first event follows this position.
    pub(crate) fn new(floor: Position, limit: Limit) -> Self {
        let kept = Limit { entries: 0, bytes: 0 };
        Self { parts: VecDeque::new(), floor, last: floor, is_ended: false, kept, limit, generation: 1 }
    }

    /// The position after which everything is kept.
    pub(crate) fn floor(&self) -> Position {
        self.floor
    }

    /// The position of the last event, or that of the marker after it.
    pub(crate) fn last(&self) -> Position {
        self.last
    }

    /// The position after which new events follow. The end of a topic counts as new for everyone.
    pub(crate) fn now(&self) -> Position {
        if self.is_ended { self.last.minus(1).max(self.floor) } else { self.last }
    }

    /// The position before the last `events` events.
    pub(crate) fn before_last(&self, events: usize) -> Option<Position> {
        let end = usize::from(self.is_ended);
        let mut skip = (self.kept.entries - end).checked_sub(events)?;
        for part in &self.parts {
            let start = part.floor.max(self.floor);
            let len = part.after(start);
            if skip <= len {
                return Some(start.plus(skip as u64));
            }
            skip -= len;
        }
        Some(self.floor)
    }

    /// Whether the topic is finished.
    pub(crate) fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// The number of restarts of the ring, plus 1.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// The kept events, and their bytes.
    pub(crate) fn kept(&self) -> Limit {
        self.kept
    }

    /// Whether nothing was ever published, as far as this process knows.
    pub(crate) fn is_new(&self) -> bool {
        self.last.seq() == 0 && self.kept.entries == 0
    }

    /// Whether everything after this position is in the ring.
    pub(crate) fn covers(&self, position: Position) -> bool {
        self.is_end(position) || self.place_after(position).is_some()
    }

    /// Whether only markers follow this position.
    pub(crate) fn is_end(&self, position: Position) -> bool {
        position == self.last || position == self.parts.back().map_or(self.floor, Part::last)
    }

    /// A run of events after this position, and the position of its last one. `None` if the ring has none.
    pub(crate) fn read(&mut self, position: Position) -> Option<(Encoded, Position)> {
        let (part, index) = self.place_after(position)?;
        let Part { floor, segment } = &mut self.parts[part];
        let len = segment.len();
        Some((segment.run(index..len), floor.plus(len as u64)))
    }

    /// Where the event after this position is: the index of its part, and its index there.
    fn place_after(&self, position: Position) -> Option<(usize, usize)> {
        if position < self.floor {
            return None;
        }
        // Nearly always a subscription has seen all but the newest event.
        let at = match self.parts.back() {
            Some(newest) if newest.floor <= position && position < newest.last() => self.parts.len() - 1,
            _ => self.parts.partition_point(|part| part.last() <= position),
        };
        let part = self.parts.get(at)?;
        // The position is in this part, or directly before it. Any other position is not in this log.
        let index = match part.floor.events_until(position) {
            Some(index) => index as usize,
            None if position == self.floor => 0,
            None if at.checked_sub(1).is_some_and(|before| self.parts[before].last() == position) => 0,
            None => return None,
        };
        Some((at, index))
    }

    /// Appends an event or the end, with the next position.
    ///
    /// # Errors
    ///
    /// The size of the record in bytes, if that is more than `max`.
    pub(crate) fn append(&mut self, record: &Record, max: usize) -> Result<Position, usize> {
        let position = self.last.plus(1);
        let id = position.into();
        let block = block(record, &id);
        let len = block.map_or(0, |block| block.encoded_len());
        if len > max {
            return Err(len);
        }
        self.put(position, record);
        self.trim();
        Ok(position)
    }

    /// Adds a page of the log. If the page does not follow the ring, the ring restarts with it.
    pub(crate) fn take(&mut self, page: &Page) {
        if page.floor != self.last {
            self.begin_anew(page.floor);
        }
        for (position, record) in &page.entries {
            if !position.follows(self.last) {
                self.begin_anew(position.minus(1));
            }
            self.put(*position, record);
            self.trim();
        }
    }

    fn begin_anew(&mut self, floor: Position) {
        *self = Self { generation: self.generation + 1, ..Self::new(floor, self.limit) };
    }

    fn put(&mut self, position: Position, record: &Record) {
        let id = position.into();
        if let Some(block) = block(record, &id) {
            let most = MAX_SEGMENT.min(self.limit.bytes / 4);
            let open = self.parts.back_mut().filter(|part| part.last().plus(1) == position);
            if !open.is_some_and(|part| part.segment.try_push(block, most)) {
                self.begin_part(position.minus(1), block);
            }
            self.kept.entries += 1;
            self.kept.bytes += block.encoded_len();
        }
        self.last = position;
        self.is_ended |= matches!(record, Record::End);
    }

    /// A large event is the only one in its part.
    fn begin_part(&mut self, floor: Position, block: Block<'_>) {
        if let Some(part) = self.parts.back_mut() {
            part.segment.seal();
        }
        let mut segment = Segment::new();
        segment.try_push(block, usize::MAX);
        self.parts.push_back(Part { floor, segment });
    }

    /// Forgets the oldest events, but never the last one.
    fn trim(&mut self) {
        while let Some(part) = self.parts.front() {
            let len = part.after(self.floor.max(part.floor));
            let excess = self.kept.entries.saturating_sub(self.limit.entries.max(1));
            let is_too_large = self.kept.bytes > self.limit.bytes && self.parts.len() > 1;
            if excess < len && !is_too_large {
                if excess > 0 {
                    self.floor = self.floor.max(part.floor).plus(excess as u64);
                    self.kept.entries -= excess;
                }
                break;
            }
            self.floor = part.last();
            self.kept.entries -= len;
            self.kept.bytes -= part.segment.bytes();
            self.parts.pop_front();
        }
    }
}

impl Part {
    fn last(&self) -> Position {
        self.floor.plus(self.segment.len() as u64)
    }

    /// How many of its events come after this position, which must be in the part.
    fn after(&self, position: Position) -> usize {
        position.events_until(self.last()).map_or(0, |events| events as usize)
    }
}

/// The block for a record. `None` for a marker, which is not sent.
pub(crate) fn block<'a>(record: &'a Record, id: &'a EventId) -> Option<Block<'a>> {
    match record {
        Record::Event(event) => Some(event_block(event, id)),
        Record::End => Some(gap::end(id)),
        Record::Marker => None,
    }
}

fn event_block<'a>(event: &'a Event, id: &'a EventId) -> Block<'a> {
    event.as_block().id(id)
}
