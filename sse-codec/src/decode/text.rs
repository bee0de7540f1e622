//! Bytes to text.
//!
//! > Streams must be decoded using the UTF-8 decode algorithm.
//!
//! Line ends, colons and names are ASCII, and no byte of a longer UTF-8 sequence is. So the result is the same whether
//! the stream is decoded or each value of it, and values that nobody sees need not be decoded.

use core::ops::Range;

use alloc::string::String;

use super::block::{OpenBlock, Place};
use crate::{EventRef, buffer::MAX_KEPT};

/// The values of a block as text.
pub(super) struct BlockText<'a> {
    /// The bytes in which the places are.
    pub(super) bytes: &'a [u8],
    /// As much of them as is known to be UTF-8.
    pub(super) valid: &'a str,
    /// Where that begins.
    pub(super) start: usize,
}

impl<'a> BlockText<'a> {
    /// Validates what is in a range of the bytes, and what makes it a multiple of 64: the validator takes longer for a
    /// rest than for several times 64 bytes.
    #[inline]
    pub(super) fn new(bytes: &'a [u8], range: Range<usize>) -> Self {
        let Range { start, end } = range;
        let rounded = start + (end - start).next_multiple_of(64);
        let is_within_character = bytes.get(rounded).is_some_and(|byte| matches!(byte, 0x80..0xC0));
        let with_more = if is_within_character { None } else { bytes.get(start..rounded).and_then(utf8) };
        let valid = with_more.or_else(|| utf8(&bytes[start..end]));
        Self { bytes, valid: valid.unwrap_or_default(), start }
    }

    /// The value at a place, if it is known to be UTF-8.
    #[inline(always)]
    fn get(&self, place: Place) -> Option<&'a str> {
        // A place that is not in the valid part becomes one beyond its end.
        let (start, end) = (place.start.wrapping_sub(self.start), place.end.wrapping_sub(self.start));
        self.valid.get(..end)?.get(start..)
    }

    /// Lends the block as an event, and commits its id.
    #[inline(always)]
    pub(super) fn event(
        &self,
        block: &OpenBlock,
        last_event_id: &'a mut String,
        lossy: &'a mut String,
    ) -> EventRef<'a> {
        self.commit_id(block, last_event_id);
        let get = |place: Option<Place>| place.map_or(Some(""), |place| self.get(place));
        let (data, event_type) = match (get(block.data), get(block.event_type)) {
            (Some(data), Some(event_type)) => (data, event_type),
            _ => self.lossy(block, lossy),
        };
        EventRef {
            data,
            // > If the event type buffer has a value other than the empty string, change the type of the newly created
            // > event to equal the value of the event type buffer.
            event_type: (!event_type.is_empty()).then_some(event_type),
            has_id: block.id.is_some(),
            last_event_id,
            retry: block.retry,
        }
    }

    /// > Set the last event ID string of the event source to the value of the last event ID buffer.
    #[inline(always)]
    pub(super) fn commit_id(&self, block: &OpenBlock, last_event_id: &mut String) {
        let Some(place) = block.id else { return };
        match self.get(place) {
            Some(id) => {
                last_event_id.clear();
                last_event_id.push_str(id);
            }
            None => replace(last_event_id, &self.bytes[place.range()]),
        }
    }

    /// Data and type, with U+FFFD for what is not UTF-8.
    #[cold]
    fn lossy(&self, block: &OpenBlock, lossy: &'a mut String) -> (&'a str, &'a str) {
        let bytes = |place: Option<Place>| place.map_or(&self.bytes[..0], |place| &self.bytes[place.range()]);
        lossy.clear();
        lossy.reserve_exact(lossy_len(bytes(block.data)) + lossy_len(bytes(block.event_type)));
        push_lossy(lossy, bytes(block.data));
        let data = lossy.len();
        push_lossy(lossy, bytes(block.event_type));
        lossy.split_at(data)
    }
}

/// Validating a few KiB at once costs far less than each small event by itself. A window of this size is still in the
/// cache when the events in it are read.
const MAX_WINDOW: usize = 16 * 1024;
/// The first window of a chunk, of which perhaps only one event is read.
const MIN_WINDOW: usize = 1024;

/// A part of a chunk that was validated at once.
#[derive(Debug, Default)]
pub(super) struct Window<'d> {
    text: &'d str,
    start: usize,
    /// How much was to be validated.
    size: usize,
}

impl<'d> Window<'d> {
    /// Where the validated part of the chunk ends.
    #[inline(always)]
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    #[inline(always)]
    pub(super) fn text(&self, chunk: &'d [u8]) -> BlockText<'d> {
        BlockText { bytes: chunk, valid: self.text, start: self.start }
    }

    /// Validates what is between these places, and after it as many lines as make a window.
    #[inline(never)]
    pub(super) fn move_to(&mut self, chunk: &'d [u8], start: usize, end: usize) {
        self.size = (2 * self.size).clamp(MIN_WINDOW, MAX_WINDOW);
        let most = chunk.len().min(start + self.size).max(end);
        // Up to a line end, so that the window does not end within a character.
        let lines = match chunk[end..most].last() {
            Some(b'\n' | b'\r') => most - end,
            _ => memchr::memrchr2(b'\n', b'\r', &chunk[end..most]).unwrap_or(0),
        };
        self.start = start;
        self.text = utf8(&chunk[start..end + lines]).unwrap_or_else(|| {
            // So that each event that is not UTF-8 does not cost as much as a large window.
            self.size = 0;
            valid_prefix(&chunk[start..end + lines])
        });
    }
}

/// As much of the bytes as is UTF-8.
#[cold]
fn valid_prefix(bytes: &[u8]) -> &str {
    bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid())
}

#[inline]
fn utf8(bytes: &[u8]) -> Option<&str> {
    simdutf8::basic::from_utf8(bytes).ok()
}

/// The text of these bytes, made in `buf` if they are not UTF-8.
pub(super) fn lossy<'a>(bytes: &'a [u8], buf: &'a mut String) -> &'a str {
    utf8(bytes).unwrap_or_else(|| {
        buf.clear();
        buf.reserve_exact(lossy_len(bytes));
        push_lossy(buf, bytes);
        buf
    })
}

/// Makes it the text of these bytes.
pub(super) fn replace(text: &mut String, bytes: &[u8]) {
    text.clear();
    push_lossy(text, bytes);
}

/// Empties the buffer of what was made here, and gives a large one back.
pub(super) fn clear(lossy: &mut String) {
    lossy.clear();
    if lossy.capacity() > MAX_KEPT {
        *lossy = String::new();
    }
}

/// Appends the text of these bytes, with U+FFFD for each maximal part of a sequence that is cut off, and for each other
/// byte that cannot be.
fn push_lossy(text: &mut String, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
}

/// How many bytes [`push_lossy`] appends.
fn lossy_len(bytes: &[u8]) -> usize {
    let lens = bytes.utf8_chunks().map(|chunk| {
        chunk.valid().len()
            + if chunk.invalid().is_empty() { 0 } else { char::REPLACEMENT_CHARACTER.len_utf8() }
    });
    lens.sum()
}
