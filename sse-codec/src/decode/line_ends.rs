//! Where lines end.
//!
//! > *end-of-line = ( cr lf / cr / lf )*
//!
//! A text is searched in blocks of 64 bytes, each giving a mask with one bit for each CR or LF. So a
//! short line costs a few instructions on the mask instead of a search of its own. In a long line most
//! blocks have nothing for which a mask is worth while: one look at the smallest of their bytes tells.

use wide::{u8x16, u8x64};

/// A block is as wide as the mask that describes it.
pub(super) const BLOCK: usize = 64;

/// The line ends of one text, in order.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LineEnds {
    /// The CRs and LFs of the current block that were not yet given out.
    mask: u64,
    /// Where the current block begins, and the next one `BLOCK` bytes behind it.
    block: usize,
    /// Not 0 if there is a CR in the current block. Most streams have none, and then no byte is looked at
    /// again. A word like the others, since copying the gap behind a `bool` costs 3 % of a small event.
    has_cr: u64,
}

/// A line end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LineEnd {
    /// Where the line ends.
    pub(crate) end: usize,
    /// Where the next line begins.
    pub(crate) next: usize,
}

impl LineEnds {
    /// Searches from here on.
    #[inline(always)]
    pub(crate) fn starting_at(text: &[u8], pos: usize) -> Self {
        let rest = &text[pos..];
        let (mask, has_cr) = rest.first_chunk().map_or_else(|| find_in_tail(rest), find);
        Self { mask, block: pos, has_cr }
    }

    /// The line ends of a text of up to 16 bytes.
    #[inline(always)]
    pub(super) fn of_word(word: u128) -> Self {
        let (mask, has_cr) = find_in_part(u8x16::new(word.to_le_bytes()));
        Self { mask, block: 0, has_cr: has_cr.into() }
    }

    /// Whether there are none. Only to be asked before the first one is.
    #[inline(always)]
    pub(super) fn are_none(&self, text: &[u8]) -> bool {
        self.mask == 0 && (text.len() <= BLOCK || end_of_line(&text[BLOCK..]).is_none())
    }

    /// The next line end. `text` must be the same each time.
    #[inline(always)]
    pub(crate) fn next(&mut self, text: &[u8]) -> Option<LineEnd> {
        if self.mask == 0 {
            let Some(block) = next_block(text, self.block + BLOCK) else {
                self.block = text.len();
                return None;
            };
            *self = block;
        }
        self.next_in_block(text)
    }

    /// Those that are behind this place, seen from there; nothing if not all of the text was searched.
    #[inline(always)]
    pub(super) fn behind(&self, text: &[u8], pos: usize) -> Option<Self> {
        (text.len() <= BLOCK).then(|| Self { mask: self.mask.unbounded_shr(pos as u32), ..*self })
    }

    /// Whether there may be two more of them: no event has less.
    #[inline]
    pub(super) fn may_be_two(&self, text: &[u8]) -> bool {
        self.mask & self.mask.wrapping_sub(1) != 0 || self.block + BLOCK < text.len()
    }

    /// The next line end in the current block.
    #[inline(always)]
    pub(super) fn next_in_block(&mut self, text: &[u8]) -> Option<LineEnd> {
        if self.mask == 0 {
            return None;
        }
        let end = self.block + self.mask.trailing_zeros() as usize;
        self.mask &= self.mask - 1;
        let mut next = end + 1;
        if self.has_cr != 0 && text[end] == b'\r' && text.get(next) == Some(&b'\n') {
            self.pass_over(next);
            next += 1;
        }
        Some(LineEnd { end, next })
    }

    /// The LF of a CRLF is no line end: it is the next bit of the mask, or the next byte to be searched.
    #[inline(always)]
    fn pass_over(&mut self, lf: usize) {
        if lf < self.block + BLOCK {
            self.mask &= self.mask - 1;
        } else {
            self.block += 1;
        }
    }
}

/// The next block with a CR or LF in it.
#[inline(always)]
fn next_block(text: &[u8], start: usize) -> Option<LineEnds> {
    if start >= text.len() {
        return None;
    }
    let (mut blocks, tail) = text[start..].as_chunks();
    let mut at = start;
    while let Some((block, behind)) = blocks.split_first() {
        let (mask, has_cr) = find(block);
        if mask != 0 {
            return Some(LineEnds { mask, block: at, has_cr });
        }
        // This one was in the midst of a line, so that the next ones may be as well.
        let in_line = behind.iter().position(may_have_break).unwrap_or(behind.len());
        at += (1 + in_line) * BLOCK;
        blocks = &behind[in_line..];
    }
    let (mask, has_cr) = find_in_tail(tail);
    (mask != 0).then_some(LineEnds { mask, block: at, has_cr })
}

/// The first CR or LF. Of a part of a long line this is all that is asked, and then a search which finds out what the
/// processor has is worth its call.
#[inline]
pub(super) fn end_of_line(text: &[u8]) -> Option<usize> {
    memchr::memchr2(b'\n', b'\r', text)
}

/// One bit for each CR or LF, and whether there is a CR.
#[inline(always)]
fn find(block: &[u8; BLOCK]) -> (u64, u64) {
    let block = u8x64::new(*block);
    let crs = block.simd_eq(u8x64::splat(b'\r'));
    ((block.simd_eq(u8x64::splat(b'\n')) | crs).to_bitmask(), crs.any().into())
}

/// Whether there is a byte as small as a CR: this takes half the instructions, and few texts have other
/// control characters.
#[inline(always)]
fn may_have_break(block: &[u8; BLOCK]) -> bool {
    let part = |at: usize| block[at..].first_chunk().map_or(u8x16::ZERO, |part| u8x16::new(*part));
    let least = part(0).min(part(16)).min(part(32).min(part(48)));
    least.min(u8x16::splat(b'\r')).simd_eq(least).any()
}

/// The same as [`find`] for what is left at the end of a text, less than a block. Small chunks have
/// nothing but this.
#[inline(never)]
fn find_in_tail(rest: &[u8]) -> (u64, u64) {
    let Some(last) = rest.last_chunk() else {
        let (mask, has_cr) = find_in_part(u8x16::new(padded(rest).to_le_bytes()));
        return (mask, has_cr.into());
    };
    // The last part may overlap the one before it.
    let (mask, mut has_cr) = find_in_part(u8x16::new(*last));
    let mut mask = mask << (rest.len() - last.len());
    for (n, part) in rest.as_chunks().0.iter().enumerate() {
        let (found, is_found) = find_in_part(u8x16::new(*part));
        mask |= found << (n * part.len());
        has_cr |= is_found;
    }
    (mask, has_cr.into())
}

#[inline(always)]
fn find_in_part(part: u8x16) -> (u64, bool) {
    let crs = part.simd_eq(u8x16::splat(b'\r'));
    ((part.simd_eq(u8x16::splat(b'\n')) | crs).to_bitmask().into(), crs.any())
}

/// Up to 16 bytes as a word, with zeros behind them: put together of words that may overlap, since a word can
/// be loaded far faster than bytes that were just copied.
#[inline(always)]
pub(super) fn padded(bytes: &[u8]) -> u128 {
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let last = u128::from(u64::from_le_bytes(*last)) << (8 * (bytes.len() - 8));
        u128::from(u64::from_le_bytes(*first)) | last
    } else if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let last = u64::from(u32::from_le_bytes(*last)) << (8 * (bytes.len() - 4));
        (u64::from(u32::from_le_bytes(*first)) | last).into()
    } else {
        up_to_three(bytes).into()
    }
}

/// Not in the midst of what is done for each small chunk: that costs 5 % of long lines.
#[inline(never)]
fn up_to_three(bytes: &[u8]) -> u32 {
    match *bytes {
        [a, b, c] => u32::from_le_bytes([a, b, c, 0]),
        [a, b] => u32::from_le_bytes([a, b, 0, 0]),
        [a] => a.into(),
        _ => 0,
    }
}
