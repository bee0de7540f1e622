//! The buffer for a block that is not whole in one chunk.
//!
//! It holds values of the block, each with a mark before it, and at its end the line that the last chunk cut. It is
//! empty exactly if the values of the block are in the chunk. Since a mark is one byte, and a name with a colon more,
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
    /// Whether there are other values between the lines of the data.
    has_gaps: bool,
}

/// Before a line of the data: the LF that joins it to the one before.
const DATA: u8 = b'\n';
/// Before any other value. No value has an LF or a CR in it.
const OTHER: u8 = b'\r';

impl Carry {
    /// Appends a part of a line that may become so long that there are `most` bytes.
    pub(super) fn extend(&mut self, part: &[u8], most: usize) {
        push(&mut self.bytes, part, most);
    }

    /// Takes the values of a block that are in `input`.
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

    /// Adds the value of the field whose line is the end of the buffer.
    pub(super) fn adopt(&mut self, block: &mut OpenBlock, name: Name, line: usize, value: usize) {
        if name == Name::Data && block.data.is_some() {
            self.bytes[line] = DATA;
            self.bytes.drain(line + 1..value);
        } else {
            self.bytes[line] = OTHER;
        }
        self.note(block, name, line, Place { start: value, end: self.bytes.len() });
    }

    /// Notes the value that was put at the end of the buffer; before it, the buffer ended at `end`.
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

    /// The bytes, with the data in one piece.
    #[inline]
    pub(super) fn joined(&mut self, block: &mut OpenBlock) -> &[u8] {
        if self.has_gaps {
            self.close_gaps(block);
        }
        // More bytes than a block has make its text faster to validate: see there.
        const MORE: [u8; 63] = [0; 63];
        if self.bytes.capacity() - self.bytes.len() >= MORE.len() {
            self.bytes.extend_from_slice(&MORE);
        }
        &self.bytes
    }

    /// Moves type and id from between the lines of the data, and the lines together. In place, so that nobody can make
    /// the buffer grow with an odd order of fields; and once for each event, so that it takes linear time.
    #[cold]
    fn close_gaps(&mut self, block: &mut OpenBlock) {
        self.has_gaps = false;
        let OpenBlock { data: Some(data), event_type, id, .. } = block else { return };
        let mut others = [event_type.as_mut(), id.as_mut()];
        // The last one first, since that moves what is after it.
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

        // Between the data and what follows, one mark is left.
        self.bytes[joined] = OTHER;
        self.bytes.drain(joined + 1..end);
        for place in others.into_iter().flatten().filter(|place| place.start >= end) {
            place.start -= end - joined - 1;
            place.end -= end - joined - 1;
        }
    }

    /// Lets go of the line that begins at `line`.
    pub(super) fn truncate(&mut self, line: usize) {
        match line {
            0 => self.clear(),
            _ => self.bytes.truncate(line),
        }
    }

    /// Lets go of the block.
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
