//! Searches for line ends, for encoding and decoding.
//!
//! > *end-of-line = ( cr lf / cr / lf )*
//!
//! 64 bytes at a time, a window, become a mask with one bit for each CR and LF. A short line then takes a few
//! instructions on the mask and no separate search. Windows without a line end are skipped without a mask, and in a long
//! line four at a time.

use wide::{u8x16, u8x32, u8x64};

/// Finds the line ends of one text, in order.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LineEnds {
    /// One bit for each CR and LF of the window that [`next`](Self::next) has not returned yet.
    mask: u64,
    /// Where the window of 64 bytes begins.
    window: usize,
}

const WINDOW: usize = 64;

/// After this many bytes, a line is searched in larger steps.
const LONG: usize = 8 * WINDOW;

/// A line end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LineEnd {
    /// Where the line ends.
    pub(crate) end: usize,
    /// Where the next line begins.
    pub(crate) next: usize,
}

impl LineEnds {
    /// Starts a search in `text` at `pos`.
    #[inline(always)]
    pub(crate) fn starting_at(text: &[u8], pos: usize) -> Self {
        let mask = match text[pos..].first_chunk() {
            Some(window) => mask_of(window),
            None => mask_of_tail(text, pos),
        };
        Self { mask, window: pos }
    }

    /// Returns the next line end. `text` must be the same each time.
    #[inline(always)]
    pub(crate) fn next(&mut self, text: &[u8]) -> Option<LineEnd> {
        if self.mask == 0 {
            *self = self.search(text)?;
        }
        let end = self.window + self.mask.trailing_zeros() as usize;
        self.mask &= self.mask - 1;
        let mut next = end + 1;
        if *text.get(end)? == b'\r' && text.get(next) == Some(&b'\n') {
            self.skip(next);
            next += 1;
        }
        Some(LineEnd { end, next })
    }

    /// Returns the next window with a line end.
    #[inline(always)]
    fn search(&self, text: &[u8]) -> Option<Self> {
        let mut window = self.window + WINDOW;
        loop {
            let near = &text[..text.len().min(window + LONG)];
            while let Some(bytes) = near.get(window..)?.first_chunk() {
                if may_have_line_end(bytes) {
                    let mask = mask_of(bytes);
                    if mask != 0 {
                        return Some(Self { mask, window });
                    }
                }
                window += WINDOW;
            }
            if near.len() == text.len() {
                break;
            }
            window += len_without_line_end(&text[window..]);
        }
        let mask = mask_of_tail(text, window);
        (mask != 0).then_some(Self { mask, window })
    }

    /// Skips the LF of a CRLF: it is the next bit of the mask, or the first byte after the window.
    #[inline(always)]
    fn skip(&mut self, lf: usize) {
        if lf < self.window + WINDOW {
            self.mask &= self.mask - 1;
        } else {
            self.window += 1;
        }
    }
}

/// Returns the mask of a window.
#[inline(always)]
fn mask_of(window: &[u8; WINDOW]) -> u64 {
    let window = u8x64::new(*window);
    (window.simd_eq(u8x64::splat(b'\n')) | window.simd_eq(u8x64::splat(b'\r'))).to_bitmask()
}

/// Whether a byte is CR or smaller, as line ends are, but also tabs. The smallest byte of a window takes fewer
/// instructions than its mask.
#[inline(always)]
fn may_have_line_end<const N: usize>(window: &[u8; N]) -> bool {
    let parts = window.as_chunks().0.iter().map(|part| u8x16::new(*part));
    let least = parts.reduce(u8x16::min).unwrap_or_default();
    least.min(u8x16::splat(b'\r')).simd_eq(least).any()
}

/// Returns how many bytes have no line end, as a multiple of 256.
#[inline(never)]
fn len_without_line_end(text: &[u8]) -> usize {
    let blocks: &[[u8; 256]] = text.as_chunks().0;
    let clear = blocks.iter().position(may_have_line_end).unwrap_or(blocks.len());
    clear * 256
}

/// Returns the mask of the last window, which has fewer than 64 bytes.
#[inline(never)]
fn mask_of_tail(text: &[u8], window: usize) -> u64 {
    match text.last_chunk() {
        // It begins before the window.
        Some(last) => mask_of(last).unbounded_shr((window + WINDOW - text.len()) as u32),
        None => mask_of_short(&text[window..]),
    }
}

/// Returns the mask of fewer than 64 bytes. The two parts may overlap.
#[inline(always)]
fn mask_of_short(text: &[u8]) -> u64 {
    macro_rules! mask {
        ($vector:ty, $part:expr) => {{
            let part = <$vector>::new($part);
            let ends = part.simd_eq(<$vector>::splat(b'\n')) | part.simd_eq(<$vector>::splat(b'\r'));
            u64::from(ends.to_bitmask())
        }};
    }
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        mask!(u8x32, *first) | mask!(u8x32, *last) << (text.len() - 32)
    } else if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        mask!(u8x16, *first) | mask!(u8x16, *last) << (text.len() - 16)
    } else {
        mask!(u8x16, padded(text).to_le_bytes())
    }
}

/// Pads fewer than 16 bytes with zeros. It loads words that may overlap, since loading bytes that were just copied is
/// slow.
#[inline]
fn padded(bytes: &[u8]) -> u128 {
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        u128::from(u64::from_le_bytes(*first))
            | u128::from(u64::from_le_bytes(*last)) << (8 * (bytes.len() - 8))
    } else if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        u128::from(u32::from_le_bytes(*first))
            | u128::from(u32::from_le_bytes(*last)) << (8 * (bytes.len() - 4))
    } else {
        bytes.iter().rev().fold(0, |word, byte| word << 8 | u128::from(*byte))
    }
}

/// Returns false if a text has a CR, an LF or, in some cases, another control character.
///
/// Finding the smallest byte takes fewer instructions than finding two bytes, and few texts have other control
/// characters. Two vectors, which may overlap, cover any text of up to twice their size. Short texts therefore need no
/// loop, whose end the processor would mispredict.
#[inline(always)]
pub(crate) fn is_one_line(text: &[u8]) -> bool {
    macro_rules! ends_are_clear {
        ($vector:ty) => {
            match (text.first_chunk(), text.last_chunk()) {
                (Some(first), Some(last)) => {
                    let least = <$vector>::new(*first).min(<$vector>::new(*last));
                    !least.min(<$vector>::splat(b'\r')).simd_eq(least).any()
                }
                _ => false,
            }
        };
    }
    match text.len() {
        0..8 => text.iter().all(|&byte| byte > b'\r'),
        8..=16 => is_short_and_clear(text),
        17..=32 => ends_are_clear!(u8x16),
        33..=64 => ends_are_clear!(u8x32),
        _ => {
            let (vectors, _) = text.as_chunks();
            let Some(last) = text.last_chunk() else { return false };
            let are_clear = |vectors: &[[u8; 64]]| {
                let least =
                    vectors.iter().fold(u8x64::new(*last), |least, vector| least.min(u8x64::new(*vector)));
                !least.min(u8x64::splat(b'\r')).simd_eq(least).any()
            };
            // Most long texts of several lines have a line end in the first 128 bytes.
            (vectors.len() < 8 || are_clear(&vectors[..2])) && are_clear(vectors)
        }
    }
}

/// Whether a text has 8 to 16 bytes, and no control character.
#[inline(always)]
pub(crate) fn is_short_and_clear(text: &[u8]) -> bool {
    match (text.first_chunk(), text.last_chunk()) {
        (Some(first), Some(last)) => text.len() <= 16 && is_clear(*first) && is_clear(*last),
        _ => false,
    }
}

/// Whether no byte is below 16.
#[inline(always)]
fn is_clear(bytes: [u8; 8]) -> bool {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let word = u64::from_ne_bytes(bytes);
    word.wrapping_sub(EACH * 16) & !word & (EACH * 128) == 0
}
