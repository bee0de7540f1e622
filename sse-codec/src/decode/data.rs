//! The data buffer.

use core::{mem, ops::Range};

use alloc::{string::String, vec::Vec};

use ascii::AsciiString;

use super::text::{lossy, owned, push_valid, utf8};
use crate::{
    Text,
    text::{PIECE, piece},
};

/// Data of more bytes may be kept where it is.
const LARGE: usize = if cfg!(debug_assertions) { 32 } else { 1024 };

/// A part of so many bytes is validated as it comes, while it is in the cache. Longer lines are taken in such parts.
pub(super) const PART: usize = if cfg!(debug_assertions) { 32 } else { 4 * 1024 };

/// Parts of less bytes are copied at once.
const SMALL: usize = if cfg!(debug_assertions) { 16 } else { PIECE };

/// The standard's data buffer: each line's value and an LF, as far as it had to be copied.
///
/// What comes in small parts stays as it came up to the end of the event: one look at all of it takes less than many at
/// parts, and where it is not UTF-8, U+FFFD takes three bytes for one, while the limit counts those on the wire.
#[derive(Clone, Debug, Default)]
pub(super) struct DataBuffer {
    /// The start of it, once a large part came, as far as that is known to be UTF-8.
    text: String,
    /// What is behind it, as it came.
    bytes: Vec<u8>,
    /// Large data was not ASCII, so that no more of it is tried: to fail, behind much ASCII, takes six times as long as to
    /// decode it.
    was_not_ascii: bool,
    /// How much room the next event gets at once, since the last one took its buffer with it. Not before it comes: where
    /// that one is gone by then, it mostly gets the same place, which is still in the cache.
    expected: usize,
}

impl DataBuffer {
    /// How many bytes of the stream are in it, with one for the LF of each line.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.text.len() + self.bytes.len()
    }

    #[inline]
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.bytes.clear();
    }

    /// > Append the field value to the data buffer, then append a single U+000A LINE FEED (LF)
    /// > character to the data buffer.
    #[inline]
    pub(super) fn push_line(&mut self, text: &[u8], value: Range<usize>, limit: usize) {
        if text.get(value.end) == Some(&b'\n') {
            self.push(&text[value.start..=value.end], limit);
        } else {
            self.push(&text[value], limit);
            self.end_line(limit);
        }
    }

    #[inline]
    pub(super) fn end_line(&mut self, limit: usize) {
        self.push_word(b'\n'.into(), 1, limit);
    }

    #[inline]
    pub(super) fn push(&mut self, part: &[u8], limit: usize) {
        if part.len() < SMALL {
            self.make_room(part.len(), limit);
            self.bytes.extend_from_slice(part);
        } else {
            self.push_large(part, limit);
        }
    }

    #[inline(never)]
    fn push_large(&mut self, part: &[u8], limit: usize) {
        let is_text = part.len() >= PART || !self.text.is_empty();
        let rest = if is_text { self.push_text(part, limit) } else { part };
        self.make_room(rest.len(), limit);
        let piece = piece(rest, self.bytes.as_ptr().wrapping_add(self.bytes.len()));
        rest.chunks(piece).for_each(|piece| self.bytes.extend_from_slice(piece));
    }

    /// Appends as much of a part as is UTF-8, if what is before it is so as well, and gives the rest.
    fn push_text<'a>(&mut self, part: &'a [u8], limit: usize) -> &'a [u8] {
        let is_continuation = |byte: &&u8| matches!(byte, 0x80..0xC0);
        let (end_of_sequence, part) = part.split_at(part.iter().take(3).take_while(is_continuation).count());
        push(&mut self.bytes, end_of_sequence, limit);
        // What is no text is not looked at more often than as much comes behind it.
        if self.bytes.len() > part.len() || !self.make_text(limit) {
            return part;
        }
        self.make_room_for_text(part.len(), limit);
        push_valid(&mut self.text, part)
    }

    /// Makes all of it text; or bytes again, if it is not UTF-8.
    #[inline(never)]
    fn make_text(&mut self, limit: usize) -> bool {
        if self.text.is_empty() && self.text.capacity().max(self.expected) < self.bytes.capacity() {
            // The larger buffer is for the text, since that is what grows from now on.
            let bytes = self.bytes.clone();
            self.bytes.clear();
            self.text = String::from_utf8(mem::replace(&mut self.bytes, bytes)).unwrap_or_default();
        }
        self.make_room_for_text(self.bytes.len(), limit);
        if let Some(text) = utf8(&self.bytes) {
            self.text.push_str(text);
            self.bytes.clear();
            return true;
        }
        let mut bytes = mem::take(&mut self.text).into_bytes();
        push(&mut bytes, &self.bytes, limit);
        self.bytes = bytes;
        false
    }

    /// The first bytes of a word.
    #[inline]
    pub(super) fn push_word(&mut self, word: u128, len: usize, limit: usize) {
        self.make_room(size_of::<u128>(), limit);
        push_word(&mut self.bytes, word, len);
    }

    #[inline]
    fn make_room(&mut self, more: usize, limit: usize) {
        if self.bytes.capacity() - self.bytes.len() < more {
            self.grow(more, limit);
        }
    }

    /// Only one of the buffers may become large, so that both stay under the limit.
    #[cold]
    fn grow(&mut self, more: usize, limit: usize) {
        if !self.text.is_empty() && self.make_text(limit) {
            return make_room(&mut self.bytes, more, SMALL);
        }
        if self.text.capacity() > self.bytes.capacity() {
            let mut bytes = mem::take(&mut self.text).into_bytes();
            bytes.extend_from_slice(&self.bytes);
            self.bytes = bytes;
        }
        let expected = mem::take(&mut self.expected).saturating_sub(self.bytes.len());
        make_room(&mut self.bytes, more.max(expected), limit);
    }

    fn make_room_for_text(&mut self, more: usize, limit: usize) {
        let Self { text, expected, .. } = self;
        if text.capacity() - text.len() < more {
            let more = more.max(mem::take(expected));
            text.reserve_exact(room(text.len(), text.capacity(), more, limit));
        }
    }

    /// The data of the event, made in `buf` if it is not UTF-8.
    ///
    /// > If the data buffer's last character is a U+000A LINE FEED (LF) character, then remove the last
    /// > character from the data buffer.
    #[inline]
    pub(super) fn text<'a>(&'a mut self, buf: &'a mut String) -> &'a str {
        if !self.text.is_empty() && self.make_text(0) {
            self.text.pop();
            return &self.text;
        }
        lossy(without_last(&self.bytes), buf)
    }

    /// The data of the event, to be kept. To be called once for each.
    #[inline]
    pub(super) fn take(&mut self) -> Text {
        let is_large = !self.text.is_empty() || self.bytes.len() > LARGE;
        let large = if is_large { self.take_large() } else { None };
        large.unwrap_or_else(|| owned(without_last(&self.bytes)))
    }

    /// A buffer that is mostly used becomes the event's own. Of what is no text yet only ASCII: of other bytes only the
    /// standard library makes a `String` where they are, which takes longer than to copy what was validated by other means.
    #[inline(never)]
    fn take_large(&mut self) -> Option<Text> {
        let is_text = if self.text.is_empty() { self.take_ascii() } else { self.make_text(0) };
        if !is_text {
            return None;
        }
        self.text.pop();
        let len = self.text.len();
        if len < self.text.capacity() / 2 {
            return Some(self.text.as_str().into());
        }
        self.expected = len + size_of::<u128>();
        Some(mem::take(&mut self.text).into())
    }

    fn take_ascii(&mut self) -> bool {
        if self.was_not_ascii || self.bytes.len() < self.bytes.capacity() / 2 {
            return false;
        }
        match AsciiString::from_ascii(mem::take(&mut self.bytes)) {
            Ok(text) => self.text = text.into(),
            Err(error) => {
                self.bytes = error.into_source();
                self.was_not_ascii = true;
            }
        }
        !self.was_not_ascii
    }
}

fn without_last(bytes: &[u8]) -> &[u8] {
    bytes.split_last().map_or(&[], |(_, rest)| rest)
}

/// Appends, and never has more room than the limit allows for.
#[inline]
pub(super) fn push(buf: &mut Vec<u8>, bytes: &[u8], limit: usize) {
    make_room(buf, bytes.len(), limit);
    buf.extend_from_slice(bytes);
}

#[inline]
pub(super) fn make_room(buf: &mut Vec<u8>, more: usize, limit: usize) {
    if buf.capacity() - buf.len() < more {
        buf.reserve_exact(room(buf.len(), buf.capacity(), more, limit));
    }
}

/// Appends the first bytes of a word: to copy all of it and forget the rest costs less than to copy so many.
#[inline]
pub(super) fn push_word(buf: &mut Vec<u8>, word: u128, len: usize) {
    let end = buf.len() + len;
    buf.extend_from_slice(&word.to_le_bytes());
    buf.truncate(end);
}

/// For how much more a buffer should make room.
#[cold]
fn room(len: usize, capacity: usize, more: usize, limit: usize) -> usize {
    // Tiny in tests, so that growing is always tried.
    let least = if cfg!(debug_assertions) { 1 } else { 256 };
    (capacity * 2).max(least).min(limit).max(len + more) - len
}
