//! The buffer for a block that is not complete in one chunk, or whose data has several lines.
//!
//! It holds the values of the block, each after a mark, and at its end the line that the last chunk cut. It is empty
//! exactly if the values of the block are in the chunk. A mark is one byte, which is less than a name and a colon, so
//! the buffer never has more bytes than the lines on the wire, which the limit counts.

use core::{cmp::Reverse, ops::Deref};

use alloc::vec::Vec;

use super::{
    block::{OpenBlock, Place},
    field::Name,
};
use crate::buffer::{clear, push, reserve};

#[derive(Clone, Debug, Default)]
pub(super) struct Carry {
    bytes: Vec<u8>,
    /// Whether other values are between the lines of the data.
    has_gaps: bool,
}

/// The mark before a line of the data: the LF that joins it to the previous line.
const DATA: u8 = b'\n';
/// The mark before any other value. No value contains an LF or a CR.
const OTHER: u8 = b'\r';

impl Carry {
    /// Appends a part of a line. The buffer will have at most `most` bytes when the line is complete.
    pub(super) fn extend(&mut self, part: &[u8], most: usize) {
        push(&mut self.bytes, part, most);
    }

    /// Copies the values of a block from `input`.
    pub(super) fn take_over(&mut self, block: &mut OpenBlock, input: &[u8]) {
        let room = block.room();
        let mut take = |mark, place: &mut Option<Place>| {
            *place = place.map(|place| self.append(mark, &input[place.range()], room));
        };
        // The data comes last, so that more of it can follow.
        take(OTHER, &mut block.event_type);
        take(OTHER, &mut block.id);
        take(DATA, &mut block.data);
    }

    /// Adds the value of a field.
    #[inline(always)]
    pub(super) fn add(&mut self, block: &mut OpenBlock, name: Name, value: &[u8]) {
        let end = self.bytes.len();
        let place = self.append(if name == Name::Data { DATA } else { OTHER }, value, block.room());
        self.note(block, name, end, place);
    }

    /// Records the value of the field whose line is already at the end of the buffer.
    pub(super) fn adopt(&mut self, block: &mut OpenBlock, name: Name, line: usize, value: usize) {
        if name == Name::Data && block.data.is_some() {
            self.bytes[line] = DATA;
            self.bytes.drain(line + 1..value);
        } else {
            self.bytes[line] = OTHER;
        }
        self.note(block, name, line, Place { start: value, end: self.bytes.len() });
    }

    /// Records the value that was appended to the buffer. `end` is where the buffer ended before.
    #[inline(always)]
    fn note(&mut self, block: &mut OpenBlock, name: Name, end: usize, place: Place) {
        match (name, &mut block.data) {
            // > Append the field value to the data buffer, then append a single U+000A LINE FEED (LF) character to the
            // > data buffer.
            (Name::Data, Some(data)) => {
                self.has_gaps |= data.end != end;
                data.end = place.end;
            }
            (Name::Data, data) => *data = Some(place),
            (Name::Event, _) => block.event_type = Some(place),
            _ => block.id = Some(place),
        }
    }

    #[inline]
    fn append(&mut self, mark: u8, value: &[u8], room: usize) -> Place {
        let most = (self.bytes.len() + 1 + value.len()).saturating_add(room);
        reserve(&mut self.bytes, 1 + value.len(), most);
        self.bytes.push(mark);
        self.bytes.extend_from_slice(value);
        Place { start: self.bytes.len() - value.len(), end: self.bytes.len() }
    }

    /// Returns the bytes, with the data in one piece.
    #[inline]
    pub(super) fn joined(&mut self, block: &mut OpenBlock) -> &[u8] {
        if self.has_gaps {
            self.close_gaps(block);
        }
        // Bytes after the block let `BlockText::new` validate a multiple of 64, which is faster.
        const MORE: [u8; 63] = [0; 63];
        if self.bytes.capacity() - self.bytes.len() >= MORE.len() {
            self.bytes.extend_from_slice(&MORE);
        }
        &self.bytes
    }

    /// Moves type and id after the data, and joins the data lines. It works in place, so that no order of fields can
    /// make the buffer grow, and once per event, so that it takes linear time.
    #[cold]
    fn close_gaps(&mut self, block: &mut OpenBlock) {
        self.has_gaps = false;
        let OpenBlock { data: Some(data), event_type, id, .. } = block else { return };
        let mut others = [event_type.as_mut(), id.as_mut()];
        // The last one first, since each rotation moves the bytes after the value.
        others.sort_by_key(|place| Reverse(place.as_ref().map(|place| place.start)));
        let mut end = self.bytes.len();
        for place in others.iter_mut().flatten().filter(|place| place.start > data.start) {
            let len = place.end - place.start;
            self.bytes[place.start..end].rotate_left(len);
            if place.start < data.end {
                data.end -= len;
            }
            **place = Place { start: end - len, end };
            end -= len;
        }

        let (mut joined, mut line) = (data.start, data.start);
        while line < data.end {
            let find = |mark, from| {
                memchr::memchr(mark, &self.bytes[from..data.end]).map_or(data.end, |at| from + at)
            };
            let gap = find(OTHER, line);
            let next = find(DATA, gap);
            self.bytes.copy_within(line..gap, joined);
            joined += gap - line;
            line = next;
        }
        data.end = joined;

        // One mark stays between the data and the next value.
        self.bytes[joined] = OTHER;
        self.bytes.drain(joined + 1..end);
        for place in others.into_iter().flatten().filter(|place| place.start >= end) {
            place.start -= end - joined - 1;
            place.end -= end - joined - 1;
        }
    }

    /// Removes the line that begins at `line`.
    pub(super) fn truncate(&mut self, line: usize) {
        match line {
            0 => self.clear(),
            _ => self.bytes.truncate(line),
        }
    }

    /// Removes everything.
    #[inline]
    pub(super) fn clear(&mut self) {
        clear(&mut self.bytes);
        self.has_gaps = false;
    }
}

impl Deref for Carry {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}
