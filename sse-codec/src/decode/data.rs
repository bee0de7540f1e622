//! The data buffer.

use core::{mem, ops::Range};

use alloc::{string::String, vec::Vec};

use super::text::{lossy, owned, push_text, utf8, without_cut_sequence};
use crate::{Text, text::push_pieces};

/// Parts smaller than this are collected before they are decoded: one validation of many bytes costs
/// less than many of few.
const STAGED: usize = 1024;

/// The standard's data buffer: each line's value and an LF, as far as it had to be copied.
///
/// Large data is decoded as it comes, while it is in the cache. From the first fault on it stays as it
/// came, up to the end of the event: U+FFFD takes three bytes for one, and the limit counts those on the
/// wire.
#[derive(Clone, Debug, Default)]
pub(super) struct DataBuffer {
    text: String,
    /// What comes behind `text`, not yet decoded.
    staged: Vec<u8>,
    /// There was a fault in large data, so that all of it is in `staged`.
    is_faulty: bool,
    /// Bytes on the wire, as the limit counts them.
    len: usize,
}

impl DataBuffer {
    /// How many bytes of the stream are in it, with one for the LF of each line.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.staged.clear();
        self.is_faulty = false;
        self.len = 0;
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
        self.len += part.len();
        if self.is_faulty {
            push(&mut self.staged, part, limit);
        } else if self.staged.len() + part.len() <= STAGED {
            push(&mut self.staged, part, STAGED.min(limit));
        } else {
            self.push_large(part, limit);
        }
    }

    /// The first bytes of a word.
    #[inline]
    pub(super) fn push_word(&mut self, word: u128, len: usize, limit: usize) {
        if self.is_faulty || self.staged.len() + size_of::<u128>() > STAGED {
            return self.push(&word.to_le_bytes()[..len], limit);
        }
        self.len += len;
        push_word(&mut self.staged, word, len);
    }

    #[inline(never)]
    fn push_large(&mut self, mut part: &[u8], limit: usize) {
        reserve(&mut self.text, self.staged.len() + part.len(), limit);
        if !self.staged.is_empty() {
            self.decode_staged();
        }
        // What is left is the start of a sequence: the part has the rest of it, or it is none.
        while let (Some(first), false, false) = (self.staged.first(), part.is_empty(), self.is_faulty) {
            let sequence_len = first.leading_ones() as usize;
            let (rest, behind) = part.split_at(part.len().min(sequence_len - self.staged.len()));
            self.staged.extend_from_slice(rest);
            self.decode_staged();
            part = behind;
        }
        if !self.is_faulty && part.len() > STAGED / 2 {
            match utf8(without_cut_sequence(part)) {
                Some(text) => {
                    push_pieces(&mut self.text, text);
                    part = &part[text.len()..];
                }
                None => self.is_faulty = true,
            }
        }
        if self.is_faulty {
            let mut bytes = mem::take(&mut self.text).into_bytes();
            push(&mut bytes, &self.staged, limit);
            self.staged = bytes;
        }
        push(&mut self.staged, part, limit);
    }

    /// Decodes what is staged, up to a sequence that is cut, unless there is a fault.
    fn decode_staged(&mut self) {
        match utf8(without_cut_sequence(&self.staged)) {
            Some(text) => {
                self.text.push_str(text);
                let len = text.len();
                self.staged.drain(..len);
            }
            None => self.is_faulty = true,
        }
    }

    /// The data of the event. To be called once for each.
    ///
    /// > If the data buffer's last character is a U+000A LINE FEED (LF) character, then remove the last
    /// > character from the data buffer.
    #[inline]
    pub(super) fn finish(&mut self) -> &str {
        if self.text.is_empty() {
            return lossy(without_last(&self.staged), &mut self.text);
        }
        self.decode_last();
        &self.text
    }

    /// The data of the event, to be kept. To be called once for each.
    #[inline]
    pub(super) fn take(&mut self) -> Text {
        if self.text.is_empty() {
            return owned(without_last(&self.staged));
        }
        self.decode_last();
        // A buffer that is mostly used becomes the event's own, and the next one begins as large.
        let len = self.text.len();
        if len >= self.text.capacity() / 2 {
            mem::replace(&mut self.text, String::with_capacity(len)).into()
        } else {
            self.text.as_str().into()
        }
    }

    fn decode_last(&mut self) {
        push_text(&mut self.text, without_last(&self.staged));
        if self.staged.is_empty() {
            self.text.pop();
        }
        self.staged.clear();
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

fn reserve(text: &mut String, more: usize, limit: usize) {
    if text.capacity() - text.len() < more {
        text.reserve_exact(room(text.len(), text.capacity(), more, limit));
    }
}

/// For how much more a buffer should make room.
#[cold]
fn room(len: usize, capacity: usize, more: usize, limit: usize) -> usize {
    // Tiny in tests, so that growing is always tried.
    let least = if cfg!(debug_assertions) { 1 } else { 256 };
    (capacity * 2).max(least).min(limit).max(len + more) - len
}
