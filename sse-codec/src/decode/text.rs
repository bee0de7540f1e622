//! Decodes values to text.
//!
//! > Streams must be decoded using the UTF-8 decode algorithm.
//!
//! Line ends, colons and names are ASCII, and no byte of a longer UTF-8 sequence is. Decoding each value gives the same
//! result as decoding the stream, and ignored values need not be decoded.

use core::ops::Range;

use alloc::string::String;

use super::block::OpenBlock;

/// The values of a block as text.
pub(super) struct BlockText<'a> {
    /// The bytes that the places refer to.
    pub(super) bytes: &'a [u8],
    /// The part of them that was validated as UTF-8.
    valid: &'a str,
    /// Where the validated part begins.
    start: usize,
}

impl<'a> BlockText<'a> {
    /// Validates a range of the bytes, or more bytes where that is faster.
    #[inline]
    pub(super) fn new(bytes: &'a [u8], range: Range<usize>) -> Self {
        let Range { start, end } = range;
        // The validator takes longer for a remainder than for several times 64 bytes.
        let rounded = start + (end - start).next_multiple_of(64);
        if let Some(with_more) = bytes.get(start..rounded)
            && is_boundary(bytes, rounded)
            && let Some(valid) = utf8(with_more)
        {
            return Self { bytes, valid, start };
        }
        let start = earlier_start(bytes, start, end);
        Self { bytes, valid: utf8(&bytes[start..end]).unwrap_or_default(), start }
    }

    /// Returns the value at a place, if it is in the validated part.
    #[inline(always)]
    fn get(&self, place: &Range<usize>) -> Option<&'a str> {
        // A place before the valid part wraps to a range beyond its end.
        let (start, end) = (place.start.wrapping_sub(self.start), place.end.wrapping_sub(self.start));
        self.valid.get(..end)?.get(start..)
    }

    /// Returns data, type and id of a block, if they are in the validated part.
    #[inline(always)]
    pub(super) fn values(&self, block: &OpenBlock) -> Option<[&'a str; 3]> {
        let get = |place: &Option<Range<usize>>| place.as_ref().map_or(Some(""), |place| self.get(place));
        Some([get(&block.data)?, get(&block.event_type)?, get(&block.id)?])
    }
}

/// Validating a few KiB at once is far faster than validating each small event. A window of this size is still in the
/// cache when its events are read.
const MAX_WINDOW: usize = 16 * 1024;
/// The size of the first window after bytes that are not UTF-8.
const MIN_WINDOW: usize = 1024;

/// A part of a chunk that was validated in one call.
#[derive(Debug)]
pub(super) struct Window<'d> {
    text: &'d str,
    start: usize,
    /// The intended size of the next window, in bytes.
    size: usize,
}

impl<'d> Window<'d> {
    /// Creates an empty window at the start of a chunk.
    #[inline(always)]
    pub(super) fn new() -> Self {
        Self { text: "", start: 0, size: MAX_WINDOW }
    }

    /// Where the validated part of the chunk ends.
    #[inline(always)]
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    #[inline(always)]
    pub(super) fn text(&self, chunk: &'d [u8]) -> BlockText<'d> {
        BlockText { bytes: chunk, valid: self.text, start: self.start }
    }

    /// Validates a range of the chunk, and as many lines after it as fit into a window.
    #[inline(always)]
    pub(super) fn move_to(&mut self, chunk: &'d [u8], range: Range<usize>) {
        let Range { start, end } = range;
        let most = chunk.len().min(start + self.size).max(end);
        self.size = MAX_WINDOW.min(2 * self.size);
        // The window ends at a line end, so that it does not split a character.
        let lines = match chunk[end..most].last() {
            Some(b'\n' | b'\r') => most - end,
            _ => memchr::memrchr2(b'\n', b'\r', &chunk[end..most]).unwrap_or(0),
        };
        let end = end + lines;
        self.start = earlier_start(chunk, start, end);
        self.text = utf8(&chunk[self.start..end]).unwrap_or_else(|| {
            // Start again with a small window, or each event that is not UTF-8 takes as long as a large window.
            self.size = MIN_WINDOW;
            valid_prefix(&chunk[self.start..end])
        });
    }
}

/// Returns a start up to seven bytes earlier, where the range to `end` has a multiple of 8 bytes: the validator copies
/// a remainder one byte at a time. Before the first value of a block, its name takes most of these bytes.
#[inline(always)]
fn earlier_start(bytes: &[u8], start: usize, end: usize) -> usize {
    match start.checked_sub(start.wrapping_sub(end) % 8) {
        Some(earlier) if end - start > 64 && is_boundary(bytes, earlier) => earlier,
        _ => start,
    }
}

/// Whether no character continues at this place.
#[inline(always)]
fn is_boundary(bytes: &[u8], place: usize) -> bool {
    !matches!(bytes.get(place), Some(0x80..0xC0))
}

/// Returns the longest prefix that is UTF-8.
#[cold]
fn valid_prefix(bytes: &[u8]) -> &str {
    bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid())
}

#[inline]
pub(super) fn utf8(bytes: &[u8]) -> Option<&str> {
    // simdutf8 leaves less than 64 bytes to the standard library, which takes more than twice as long for ASCII.
    if bytes.len() < 64
        && let Ok(text) = ascii::AsciiStr::from_ascii(bytes)
    {
        return Some(text.as_str());
    }
    simdutf8::basic::from_utf8(bytes).ok()
}

/// Appends the text of these bytes, with U+FFFD for each maximal subpart of an invalid sequence.
pub(super) fn push_lossy(text: &mut String, bytes: &[u8]) {
    if let Some(valid) = utf8(bytes) {
        text.reserve_exact(valid.len());
        return text.push_str(valid);
    }
    let parts = || {
        bytes.utf8_chunks().flat_map(|chunk| {
            let replacement = if chunk.invalid().is_empty() { "" } else { "\u{FFFD}" };
            [chunk.valid(), replacement]
        })
    };
    text.reserve_exact(parts().map(str::len).sum());
    text.extend(parts());
}
