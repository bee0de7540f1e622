//! The standard's buffers, for a block that is not complete in one chunk, has several data lines or is not UTF-8.

use core::mem;

use alloc::{string::String, vec::Vec};

use ascii::AsciiString;

use super::{
    block::OpenBlock,
    field::Name,
    text::{push_lossy, utf8},
};
use crate::{
    Event, EventRef,
    buffer::{MAX_KEPT, clear, push},
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
            Name::Event => clear(&mut self.event_type.bytes),
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

    /// Whether the data is long: its buffer would not be kept, so [`take_event`](Self::take_event) may take it.
    #[inline(always)]
    pub(super) fn has_long_data(&self) -> bool {
        self.data.bytes.len() > MAX_KEPT
    }

    /// Returns the block as an owned event with long data, and commits its id. If the data is ASCII, its buffer becomes
    /// the text. Other text is copied, since that takes less time than the standard library's validation.
    #[cold]
    pub(super) fn take_event(&mut self, block: &OpenBlock, last_event_id: &mut String) -> Event {
        match AsciiString::from_ascii(mem::take(&mut self.data.bytes)) {
            Ok(data) => {
                let data = String::from(data).into();
                Event { data, ..self.event(block, last_event_id).to_event() }
            }
            Err(error) => {
                self.data.bytes = error.into_source();
                self.event(block, last_event_id).to_event()
            }
        }
    }

    /// Empties the buffers, and gives back what is large.
    pub(super) fn clear(&mut self) {
        self.is_used = false;
        self.data.clear();
        self.event_type.clear();
        if self.data.capacity() + self.event_type.capacity() + self.id.capacity() > MAX_KEPT {
            // The allocator has the space after a buffer that was shrunk. The next large event often grows into it
            // without a copy. Half of what may be kept is left to the other buffers.
            let mut bytes = mem::take(&mut self.data.bytes);
            bytes.shrink_to(MAX_KEPT / 2);
            *self = Self::default();
            self.data.bytes = bytes;
        }
    }
}

/// Text that arrives in parts. It is decoded when it is complete.
#[derive(Clone, Debug, Default)]
struct TextBuffer {
    bytes: Vec<u8>,
    /// The decoded text, if the bytes are not UTF-8.
    lossy: String,
}

impl TextBuffer {
    /// Appends a part. At most `room` bytes will follow it, in this and in the other buffer.
    #[inline(always)]
    fn push(&mut self, part: &[u8], room: usize, other: &mut Self) {
        if self.bytes.capacity() - self.bytes.len() < part.len() {
            self.push_growing(part, room, other);
        } else {
            self.bytes.extend_from_slice(part);
        }
    }

    /// Leaves half of the room to the other buffer: with half of the room each, both never have more than the limit.
    #[inline(never)]
    fn push_growing(&mut self, part: &[u8], room: usize, other: &mut Self) {
        other.bytes.shrink_to(other.bytes.len() + room / 2);
        let most = self.bytes.len() + part.len() + room / 2;
        push(&mut self.bytes, part, most);
    }

    /// Returns the complete text, with U+FFFD for what is not UTF-8. It must be cleared next.
    #[inline]
    fn text(&mut self) -> &str {
        let Self { bytes, lossy } = self;
        let len = bytes.len();
        if len == 0 {
            return "";
        }
        // Bytes after the text let the validator read a multiple of 64, which is faster.
        const MORE: [u8; 63] = [0; 63];
        if len >= 64 && bytes.capacity() - len >= MORE.len() {
            bytes.extend_from_slice(&MORE);
        }
        let rounded = bytes.len().min(len.next_multiple_of(64));
        if let Some(valid) = utf8(&bytes[..rounded]).and_then(|text| text.get(..len)) {
            return valid;
        }
        push_lossy(lossy, &bytes[..len]);
        lossy
    }

    #[inline]
    fn clear(&mut self) {
        self.bytes.clear();
        self.lossy.clear();
    }

    fn capacity(&self) -> usize {
        self.bytes.capacity() + self.lossy.capacity()
    }
}
