//! Where lines end.
//!
//! > *end-of-line = ( cr lf / cr / lf )*
//!
//! A text is searched in blocks of 64 bytes, each giving a mask with one bit for each CR or LF. So a
//! short line costs a few instructions on the mask instead of a search of its own. In a long line,
//! where block after block is empty, a search over all that is left is faster.

use wide::{u8x16, u8x64};

/// A block is as wide as the mask that describes it.
const BLOCK: usize = 64;

/// After so many bytes without a line end a line is long.
const LONG: usize = 4 * BLOCK;

/// The line ends of one text, in order.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LineEnds {
    /// The CRs and LFs of the current block that were not yet given out.
    mask: u64,
    /// Where the current block begins.
    block: usize,
    /// Where the next block begins.
    searched: usize,
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
        let mask = rest.first_chunk().map_or_else(|| find_in_tail(rest), find);
        Self { mask, block: pos, searched: pos + BLOCK }
    }

    /// Whether it is certain, without another search, that there is no line end to come.
    #[inline(always)]
    pub(super) fn are_used_up(&self, text: &[u8]) -> bool {
        self.mask == 0 && self.searched >= text.len()
    }

    /// The next line end. `text` must be the same each time.
    #[inline(always)]
    pub(crate) fn next(&mut self, text: &[u8]) -> Option<LineEnd> {
        let end = self.next_break(text)?;
        let mut next = end + 1;
        if text[end] == b'\r' && text.get(next) == Some(&b'\n') {
            self.pass_over(next);
            next += 1;
        }
        Some(LineEnd { end, next })
    }

    /// The next CR or LF.
    #[inline(always)]
    fn next_break(&mut self, text: &[u8]) -> Option<usize> {
        if self.mask == 0 {
            let Some((block, mask)) = next_block(text, self.searched) else {
                self.searched = text.len();
                return None;
            };
            *self = Self { mask, block, searched: block + BLOCK };
        }
        let at = self.block + self.mask.trailing_zeros() as usize;
        self.mask &= self.mask - 1;
        Some(at)
    }

    /// The LF of a CRLF is no line end: it is the next bit of the mask, or the next byte to be searched.
    #[inline(always)]
    fn pass_over(&mut self, lf: usize) {
        if lf < self.searched {
            self.mask &= self.mask - 1;
        } else {
            self.searched += 1;
        }
    }
}

/// The next block with a CR or LF in it, and its mask.
#[inline(always)]
fn next_block(text: &[u8], start: usize) -> Option<(usize, u64)> {
    let mut at = start;
    while let Some(block) = text.get(at..)?.first_chunk() {
        let mask = find(block);
        if mask != 0 {
            return Some((at, mask));
        }
        at += BLOCK;
        if at - start == LONG {
            at += memchr::memchr2(b'\n', b'\r', &text[at..])?;
        }
    }
    let mask = find_in_tail(&text[at..]);
    (mask != 0).then_some((at, mask))
}

/// One bit for each CR or LF.
#[inline(always)]
fn find(block: &[u8; BLOCK]) -> u64 {
    let block = u8x64::new(*block);
    (block.simd_eq(u8x64::splat(b'\n')) | block.simd_eq(u8x64::splat(b'\r'))).to_bitmask()
}

/// The same for what is left at the end of a text, less than a block.
#[inline(never)]
fn find_in_tail(rest: &[u8]) -> u64 {
    // Small chunks have nothing but this.
    if rest.len() <= 16 {
        let mut block = [0; 16];
        block[..rest.len()].copy_from_slice(rest);
        let block = u8x16::new(block);
        let found = block.simd_eq(u8x16::splat(b'\n')) | block.simd_eq(u8x16::splat(b'\r'));
        return found.to_bitmask().into();
    }
    let mut block = [0; BLOCK];
    block[..rest.len()].copy_from_slice(rest);
    find(&block)
}
