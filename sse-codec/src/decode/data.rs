//! The data buffer.

use core::{mem, ops::Range};

use alloc::{string::String, vec::Vec};

use ascii::AsciiString;

use super::text::{lossy, owned};
use crate::{
    Text,
    text::{PIECE, piece},
};

/// Data of more bytes may be kept where it is.
const LARGE: usize = if cfg!(debug_assertions) { 32 } else { 1024 };

/// The standard's data buffer: each line's value and an LF, as far as it had to be copied.
///
/// It stays as it came up to the end of the event: one look at all of it takes less than many at parts, and
/// where it is not UTF-8, U+FFFD takes three bytes for one, while the limit counts those on the wire.
#[derive(Clone, Debug, Default)]
pub(super) struct DataBuffer {
    bytes: Vec<u8>,
    /// Large data was not ASCII, so that no more of it is tried: to fail, behind much ASCII, takes six times as long as to
    /// decode it.
    was_not_ascii: bool,
}

impl DataBuffer {
    /// How many bytes of the stream are in it, with one for the LF of each line.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    #[inline]
    pub(super) fn clear(&mut self) {
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
        if part.len() <= PIECE {
            push(&mut self.bytes, part, limit);
        } else {
            self.push_pieces(part, limit);
        }
    }

    #[inline(never)]
    fn push_pieces(&mut self, part: &[u8], limit: usize) {
        make_room(&mut self.bytes, part.len(), limit);
        let piece = piece(part, self.bytes.as_ptr().wrapping_add(self.bytes.len()));
        part.chunks(piece).for_each(|piece| self.bytes.extend_from_slice(piece));
    }

    /// The first bytes of a word.
    #[inline]
    pub(super) fn push_word(&mut self, word: u128, len: usize, limit: usize) {
        make_room(&mut self.bytes, size_of::<u128>(), limit);
        push_word(&mut self.bytes, word, len);
    }

    /// The data of the event, made in `buf` if it is not UTF-8.
    ///
    /// > If the data buffer's last character is a U+000A LINE FEED (LF) character, then remove the last
    /// > character from the data buffer.
    #[inline]
    pub(super) fn text<'a>(&'a self, buf: &'a mut String) -> &'a str {
        lossy(without_last(&self.bytes), buf)
    }

    /// The data of the event, to be kept. To be called once for each.
    #[inline]
    pub(super) fn take(&mut self) -> Text {
        let large = if self.bytes.len() > LARGE { self.take_ascii() } else { None };
        large.unwrap_or_else(|| owned(without_last(&self.bytes)))
    }

    /// A buffer that is mostly used becomes the event's own, and the next one begins as large. Only ASCII: of other bytes
    /// only the standard library makes a `String` where they are, which takes longer than to copy what was validated by
    /// other means.
    #[inline(never)]
    fn take_ascii(&mut self) -> Option<Text> {
        let len = self.bytes.len();
        if self.was_not_ascii || len < self.bytes.capacity() / 2 {
            return None;
        }
        match AsciiString::from_ascii(mem::take(&mut self.bytes)) {
            Ok(text) => {
                let mut text = String::from(text);
                text.pop();
                self.bytes = Vec::with_capacity(len + size_of::<u128>());
                Some(text.into())
            }
            Err(error) => {
                self.bytes = error.into_source();
                self.was_not_ascii = true;
                None
            }
        }
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
