//! The standard's buffers, for a block that is not complete in one chunk, has several data lines or is not UTF-8.

use core::mem;

use alloc::{string::String, vec::Vec};

use super::{
    block::OpenBlock,
    field::Name,
    text::{is_boundary, push_lossy, utf8},
};
use crate::{
    Event, EventRef,
    buffer::{MAX_KEPT, clear, clear_text, growth, push},
};

/// The values of the current block. As long as they are not needed here, they stay in the input.
#[derive(Clone, Debug, Default)]
pub(super) struct Carry {
    /// Whether the values are here.
    pub(super) is_used: bool,
    data: TextBuffer,
    event_type: TextBuffer,
    pub(super) id: String,
}

impl Carry {
    /// Copies the values of a block from `input`.
    #[inline(never)]
    pub(super) fn take_over(&mut self, block: &mut OpenBlock, input: &[u8]) {
        for name in [Name::Data, Name::Event, Name::Id] {
            if let Some(place) = block.place(name).take() {
                self.add(block, name, &input[place]);
            }
        }
    }

    /// Adds a field.
    #[inline(always)]
    pub(super) fn add(&mut self, block: &mut OpenBlock, name: Name, value: &[u8]) {
        self.is_used = true;
        match name {
            // > Append the field value to the data buffer, then append a single U+000A LINE FEED (LF) character to the
            // > data buffer.
            Name::Data if block.data.is_some() => {
                self.data.push(b"\n", block.room(), &mut self.event_type);
                return self.data.push(value, block.room(), &mut self.event_type);
            }
            Name::Data => {}
            Name::Event => self.event_type.clear(),
            _ => self.id.clear(),
        }
        *block.place(name) = Some(0..0);
        self.extend(block, name, value);
    }

    /// Appends a part to the value that was added last.
    #[inline(always)]
    pub(super) fn extend(&mut self, block: &mut OpenBlock, name: Name, part: &[u8]) {
        let Self { data, event_type, id, .. } = self;
        match name {
            Name::Data => data.push(part, block.room(), event_type),
            Name::Event => event_type.push(part, block.room(), data),
            _ => push_lossy(id, part),
        }
        if let Some(place) = block.place(name) {
            place.end += part.len();
        }
    }

    /// Returns the block as an event, and commits its id.
    #[inline]
    pub(super) fn event<'a>(&'a mut self, block: &OpenBlock, last_event_id: &'a mut String) -> EventRef<'a> {
        block.event(self.data.text(), self.event_type.text(), &self.id, last_event_id)
    }

    /// Whether the data is long. Then [`take_event`](Self::take_event) need not copy it.
    #[inline(always)]
    pub(super) fn has_long_data(&self) -> bool {
        !self.data.text.is_empty()
    }

    /// Returns the block as an owned event with long data, and commits its id.
    #[cold]
    pub(super) fn take_event(&mut self, block: &OpenBlock, last_event_id: &mut String) -> Event {
        push_lossy(&mut self.data.text, &self.data.bytes);
        self.data.bytes.clear();
        let data = mem::take(&mut self.data.text).into();
        Event { data, ..self.event(block, last_event_id).to_event() }
    }

    /// Empties the buffers, and frees them if they are large.
    pub(super) fn clear(&mut self) {
        self.is_used = false;
        self.data.clear();
        self.event_type.clear();
        if self.data.capacity() + self.event_type.capacity() + self.id.capacity() > MAX_KEPT {
            *self = Self::default();
        }
    }
}

/// Text that arrives in parts. Short text is decoded when it is complete. Long text is decoded as it arrives, while its
/// bytes are in the processor's cache, and can be moved to an owned event.
#[derive(Clone, Debug, Default)]
struct TextBuffer {
    /// The beginning of long text.
    text: String,
    /// The bytes after it. All bytes, if some are not UTF-8.
    bytes: Vec<u8>,
}

/// A part of this many bytes of long text is decoded at once. Smaller ones are collected.
const LARGE: usize = 1024;
/// After this many bytes, text is long.
const LONG: usize = 4 * 1024;

impl TextBuffer {
    /// Appends a part. At most `room` bytes will follow it, in this and in the other buffer.
    #[inline(always)]
    fn push(&mut self, part: &[u8], room: usize, other: &mut Self) {
        if self.bytes.capacity() - self.bytes.len() < part.len() || part.len() >= LARGE {
            self.push_large(part, room, other);
        } else {
            self.bytes.extend_from_slice(part);
        }
    }

    #[inline(never)]
    fn push_large(&mut self, part: &[u8], room: usize, other: &mut Self) {
        let len = self.bytes.len() + part.len();
        if self.bytes.len() <= LONG && (len > LONG || !self.text.is_empty()) {
            self.decode(part, room, other);
        } else if len <= LONG.max(self.bytes.capacity()) {
            push(&mut self.bytes, part, LONG);
        } else {
            push(&mut self.bytes, part, len.saturating_add(other.give_back(room)));
        }
    }

    /// Leaves half of the room to the other buffer, which is about to grow, and returns it: with half of the room each, both
    /// never have more than the limit.
    fn give_back(&mut self, room: usize) -> usize {
        let half = room / 2;
        self.text.shrink_to(self.text.len() + half);
        self.bytes.shrink_to(self.bytes.len() + half);
        half
    }

    /// Appends a part, and decodes everything but a character at the end, which can continue in the next part.
    fn decode(&mut self, part: &[u8], room: usize, other: &mut Self) {
        let continued = (0..3).take_while(|at| !is_boundary(part, *at)).count();
        let (end, part) = part.split_at(continued);
        self.bytes.extend_from_slice(end);
        let last = (0..part.len()).rev().take(4).find(|at| part[*at] >= 0xC0).unwrap_or(part.len());
        if let (Some(before), Some(more)) = (utf8(&self.bytes), utf8(&part[..last])) {
            let len = before.len() + more.len();
            if self.text.capacity() - self.text.len() < len {
                let most = (self.text.len() + len).saturating_add(other.give_back(room));
                self.text.reserve_exact(growth(self.text.len(), len, most));
            }
            self.text.push_str(before);
            self.text.push_str(more);
            self.bytes.clear();
            self.bytes.extend_from_slice(&part[last..]);
        } else {
            other.give_back(room);
            let mut bytes = mem::take(&mut self.text).into_bytes();
            bytes.reserve_exact(self.bytes.len() + part.len());
            bytes.append(&mut self.bytes);
            bytes.extend_from_slice(part);
            self.bytes = bytes;
        }
    }

    /// Returns the complete text, with U+FFFD for what is not UTF-8. It must be cleared next.
    #[inline]
    fn text(&mut self) -> &str {
        let Self { text, bytes } = self;
        let len = bytes.len();
        if len == 0 {
            return text;
        }
        if text.is_empty() {
            // Bytes after the text let the validator read a multiple of 64, which is faster.
            const MORE: [u8; 63] = [0; 63];
            if len >= 64 && bytes.capacity() - len >= MORE.len() {
                bytes.extend_from_slice(&MORE);
            }
            let rounded = bytes.len().min(len.next_multiple_of(64));
            if let Some(valid) = utf8(&bytes[..rounded]).and_then(|text| text.get(..len)) {
                return valid;
            }
        }
        push_lossy(text, &bytes[..len]);
        text
    }

    #[inline]
    fn clear(&mut self) {
        clear_text(&mut self.text);
        clear(&mut self.bytes);
    }

    fn capacity(&self) -> usize {
        self.text.capacity() + self.bytes.capacity()
    }
}
