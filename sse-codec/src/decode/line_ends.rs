//! Where lines end.
//!
//! > *end-of-line = ( cr lf / cr / lf )*
//!
//! A text is searched in blocks of 64 bytes, each giving a mask with one bit for each byte that ends
//! a line. So a short line costs a few instructions on the mask instead of a search of its own, and
//! no byte is looked at twice.

use wide::u8x64;

/// A block is as wide as the mask that describes it.
const BLOCK: usize = 64;

/// The line ends of one text, in order.
///
/// The LF of a CRLF is no line end: the CR before it is.
#[derive(Debug, Default)]
pub(super) struct LineEnds {
    /// The line ends of the current block that were not yet given out.
    mask: u64,
    /// Where the current block begins.
    block: usize,
    /// Up to where the text was searched.
    searched: usize,
    /// 1 if the last byte before `searched` is a CR: an LF there would belong to it.
    after_cr: u64,
}

impl LineEnds {
    /// Searches from here on.
    pub(super) fn starting_at(pos: usize) -> Self {
        Self { searched: pos, ..Self::default() }
    }

    /// The next line end. `text` must be the same each time.
    #[inline(always)]
    pub(super) fn next(&mut self, text: &[u8]) -> Option<usize> {
        while self.mask == 0 {
            if self.searched >= text.len() {
                return None;
            }
            self.search_block(text);
        }
        let end = self.block + self.mask.trailing_zeros() as usize;
        self.mask &= self.mask - 1;
        Some(end)
    }

    #[inline(always)]
    fn search_block(&mut self, text: &[u8]) {
        let rest = &text[self.searched..];
        self.block = self.searched;
        let (lf, cr) = match rest.first_chunk::<BLOCK>() {
            Some(block) => {
                self.searched += BLOCK;
                find(block)
            }
            None => {
                self.searched += rest.len();
                find_in_tail(rest)
            }
        };
        self.mask = cr | (lf & !(cr << 1 | self.after_cr));
        self.after_cr = cr >> (BLOCK - 1);
    }
}

/// One bit for each LF, and one for each CR.
#[inline(always)]
fn find(block: &[u8; BLOCK]) -> (u64, u64) {
    let block = u8x64::new(*block);
    let find = |byte| block.simd_eq(u8x64::splat(byte)).to_bitmask();
    (find(b'\n'), find(b'\r'))
}

/// The same for what is left at the end of a text, less than a block.
fn find_in_tail(rest: &[u8]) -> (u64, u64) {
    if rest.len() < 16 {
        let mask = |byte| rest.iter().rev().fold(0, |mask, &b| mask << 1 | u64::from(b == byte));
        return (mask(b'\n'), mask(b'\r'));
    }
    let mut block = [0; BLOCK];
    block[..rest.len()].copy_from_slice(rest);
    find(&block)
}

/// Where the line behind the line end at `end` begins.
#[inline(always)]
pub(super) fn next_line(text: &[u8], end: usize) -> usize {
    let crlf = text[end] == b'\r' && text.get(end + 1) == Some(&b'\n');
    end + 1 + usize::from(crlf)
}
