//! Bytes to text.
//!
//! > Streams must be decoded using the UTF-8 decode algorithm.
//!
//! Line ends, colons and names are ASCII, and no byte of a longer UTF-8 sequence is. So it comes to
//! the same whether the stream is decoded or each value of it, and values that nobody sees need not
//! be looked at.

use core::ops::Range;

use alloc::string::String;

use ascii::AsciiStr;
use bytes::Bytes;
use bytestring::ByteString;

use crate::{Text, event::SharedText, text::push_pieces};

/// Validating a few KiB at once costs far less than each small event by itself. It is little enough
/// to be still in the cache when the events in it are read.
const WINDOW: usize = 16 * 1024;

/// Larger text may be a slice of its chunk, and is copied in windows. Little in tests, so that both ways are tried.
const LARGE: usize = if cfg!(debug_assertions) { 100 } else { WINDOW };

/// It is none of a chunk that is more times as large: an event of 128 bytes keeps no less with its window.
const SHARE: usize = 128;

/// A part of a chunk that is known to be UTF-8.
#[derive(Debug, Default)]
pub(super) struct Window<T> {
    pub(super) text: T,
    range: Range<usize>,
}

impl<T> Window<T> {
    /// Whether the window reaches over these lines, moved there if need be. `fill` gives how many bytes it then has.
    #[inline(always)]
    fn move_over(&mut self, lines: &Range<usize>, fill: impl FnOnce(&mut T) -> usize) -> bool {
        if self.range.end < lines.end {
            let len = fill(&mut self.text);
            self.range = lines.start..lines.start + len;
            return len >= lines.len();
        }
        true
    }

    /// Where the text begins in the chunk.
    #[inline(always)]
    pub(super) fn start(&self) -> usize {
        self.range.start
    }

    /// Where a range of the chunk stands in the text.
    #[inline(always)]
    pub(super) fn inside(&self, range: &Range<usize>) -> Range<usize> {
        // What is before the window comes out beyond its end.
        range.start.wrapping_sub(self.range.start)..range.end.wrapping_sub(self.range.start)
    }
}

/// Where text is copied to that events share: the same place again, unless an event is kept.
#[derive(Clone, Debug, Default)]
pub(super) struct SharedBuf(Option<SharedText>);

impl SharedBuf {
    /// Makes it this text.
    #[inline(never)]
    pub(super) fn fill(&mut self, text: &str) -> &SharedText {
        let shared = self.0.get_or_insert_default();
        match shared.get_mut() {
            Some(buf) => refill(buf, text),
            None => {
                let mut buf = String::new();
                refill(&mut buf, text);
                *shared = buf.into();
            }
        }
        shared
    }

    /// Makes it the text of a window, unless its lines are large: then they are not copied.
    #[inline(never)]
    fn fill_at(&mut self, chunk: &[u8], lines: Range<usize>) -> usize {
        let text = if lines.len() > LARGE { "" } else { window_at(chunk, lines) };
        self.fill(text);
        text.len()
    }

    /// What it was filled with last.
    #[inline(always)]
    pub(super) fn text(&self) -> Option<&SharedText> {
        self.0.as_ref()
    }
}

/// Fills a buffer. What is put there is never larger than a window: no event keeps more alive.
fn refill(buf: &mut String, text: &str) {
    buf.clear();
    buf.reserve_exact(text.len());
    push_pieces(buf, text);
}

impl<'d> Window<&'d str> {
    /// The window, moved so that it reaches over these lines, as far as they are UTF-8.
    #[inline(always)]
    pub(super) fn over(&mut self, chunk: &'d [u8], lines: &Range<usize>) -> &Self {
        self.move_over(lines, |text| {
            *text = window_at(chunk, lines.clone());
            text.len()
        });
        self
    }

    /// The text at a range of the chunk, if it is UTF-8.
    #[inline(always)]
    pub(super) fn get(&self, range: &Range<usize>) -> Option<&'d str> {
        self.text.get(self.inside(range))
    }
}

impl Window<()> {
    /// The window, if it reaches over these lines, since they are UTF-8 and not large.
    #[inline(always)]
    pub(super) fn over(&mut self, chunk: &[u8], lines: &Range<usize>, buf: &mut SharedBuf) -> Option<&Self> {
        self.move_over(lines, |()| buf.fill_at(chunk, lines.clone())).then_some(self)
    }
}

#[inline(never)]
fn window_at(chunk: &[u8], lines: Range<usize>) -> &str {
    valid_prefix(&chunk[lines.start..lines.end.max(chunk.len().min(lines.start + WINDOW))])
}

/// As much of the bytes as is UTF-8.
fn valid_prefix(bytes: &[u8]) -> &str {
    // A sequence that the end of the bytes cuts off is no reason to look for the fault twice.
    let whole = without_cut_sequence(bytes);
    // Not the `basic` check, which goes on behind a fault: each event that is not UTF-8 would cost as
    // much as a window.
    match simdutf8::compat::from_utf8(whole) {
        Ok(text) => text,
        Err(error) => utf8(&whole[..error.valid_up_to()]).unwrap_or_default(),
    }
}

/// The bytes without a sequence that their end cuts off, as far as its first byte tells.
#[inline]
pub(super) fn without_cut_sequence(bytes: &[u8]) -> &[u8] {
    for len in 1..=bytes.len().min(3) {
        let (whole, last) = bytes.split_at(bytes.len() - len);
        match last[0] {
            0x80..0xC0 => {}
            first if first.leading_ones() as usize > len => return whole,
            _ => break,
        }
    }
    bytes
}

/// The text of these bytes, if they are UTF-8.
#[inline]
pub(super) fn utf8(bytes: &[u8]) -> Option<&str> {
    simdutf8::basic::from_utf8(bytes).ok()
}

/// Where few bytes are validated.
pub(super) type ShortBuf = [u8; 64];

/// The text of these bytes, if they are UTF-8: copied to `buf` if they are few and not ASCII. Fewer than 64 are validated
/// nearly one by one; with zeros behind them they are a block, which takes a ninth of the instructions. But what was just
/// copied cannot be loaded at once, and to see whether they are ASCII needs no copy.
#[inline]
pub(super) fn utf8_in<'a>(bytes: &'a [u8], buf: &'a mut ShortBuf) -> Option<&'a str> {
    if bytes.len() >= buf.len() {
        return utf8(bytes);
    }
    if let Ok(text) = AsciiStr::from_ascii(bytes) {
        return Some(text.as_str());
    }
    *buf = [0; _];
    buf[..bytes.len()].copy_from_slice(bytes);
    utf8(buf)?.get(..bytes.len())
}

/// The text of these bytes, made in `buf` if they are not UTF-8 as they are.
#[inline]
pub(super) fn lossy<'a>(bytes: &'a [u8], buf: &'a mut String) -> &'a str {
    match utf8(bytes) {
        Some(text) => text,
        None => {
            buf.clear();
            push_lossy(buf, bytes);
            buf
        }
    }
}

/// Makes it the text of these bytes.
pub(super) fn replace(text: &mut String, bytes: &[u8]) {
    text.clear();
    match utf8(bytes) {
        Some(valid) => text.push_str(valid),
        None => push_lossy(text, bytes),
    }
}

/// The text of these bytes, copied.
#[inline]
pub(super) fn owned(bytes: &[u8]) -> Text {
    if bytes.len() > LARGE {
        return owned_in_windows(bytes);
    }
    utf8(bytes).map_or_else(|| with_lossy(String::new(), bytes), Text::from)
}

/// The same, in windows, each of which is still in the cache when it is copied.
#[inline(never)]
fn owned_in_windows(bytes: &[u8]) -> Text {
    let mut text = String::with_capacity(bytes.len());
    let rest = push_valid(&mut text, bytes);
    with_lossy(text, rest)
}

/// Appends as much of the bytes as is UTF-8 and gives the rest, in windows, as above. There must be room for it.
pub(super) fn push_valid<'a>(text: &mut String, mut bytes: &'a [u8]) -> &'a [u8] {
    while let Some(valid) = utf8(without_cut_sequence(&bytes[..bytes.len().min(LARGE)]))
        && !valid.is_empty()
    {
        push_pieces(text, valid);
        bytes = &bytes[valid.len()..];
    }
    bytes
}

fn with_lossy(mut text: String, bytes: &[u8]) -> Text {
    push_lossy(&mut text, bytes);
    text.into()
}

/// The text at this range of a chunk: a slice of it if it is large and seems to be ASCII, otherwise copied.
pub(super) fn sliced(chunk: &Bytes, range: &Range<usize>) -> Text {
    let bytes = &chunk[range.clone()];
    if bytes.len() > LARGE
        && bytes.len() >= chunk.len() / SHARE
        && seems_ascii(bytes)
        && let Ok(text) = ByteString::try_from(chunk.slice(range.clone()))
    {
        return text.into();
    }
    owned(bytes)
}

/// Whether some of the bytes are ASCII, here and there. Only the standard library can validate a slice, and it takes longer
/// for other text than it takes to validate that by other means and to copy it.
fn seems_ascii(bytes: &[u8]) -> bool {
    bytes.chunks(bytes.len().div_ceil(8)).all(|part| part.iter().take(32).all(u8::is_ascii))
}

/// Appends the text of these bytes, with U+FFFD for each maximal part of a sequence that is cut off,
/// and for each other byte that cannot be.
pub(super) fn push_lossy(text: &mut String, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
}
