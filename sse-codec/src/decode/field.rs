//! The parts of a field: name and value.

use core::ops::Range;

use wide::u8x16;

/// The first eight bytes of a line as one word, so that a name is one comparison. Behind the end of
/// the text there are zeros, and no name has a zero in it.
#[derive(Clone, Copy)]
pub(super) struct Head(u64);

impl Head {
    #[inline(always)]
    pub(super) fn of(text: &[u8], start: usize) -> Self {
        let rest = &text[start..];
        Self(match rest.first_chunk() {
            Some(bytes) => u64::from_le_bytes(*bytes),
            None => rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)),
        })
    }

    #[inline(always)]
    pub(super) fn is<const N: usize>(self, name: &[u8; N]) -> bool {
        let unused = 64 - 8 * N;
        let word = name.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
        self.0 << unused == word << unused
    }

    /// Where the value stands, if this is the field with that name and its colon.
    ///
    /// > If value starts with a U+0020 SPACE character, remove it from value.
    #[inline(always)]
    pub(super) fn value_of<const N: usize>(
        self,
        name: &[u8; N],
        line: &Range<usize>,
    ) -> Option<Range<usize>> {
        let space = usize::from((self.0 >> (8 * N)) as u8 == b' ');
        self.is(name).then(|| line.start + N + space..line.end)
    }
}

/// Whether a value may become an event's id.
#[derive(Debug, PartialEq)]
pub(super) enum IdCheck {
    Fits,
    TooLarge,
    Ignored,
}

impl IdCheck {
    /// Looks at a part of an id that may be so long.
    ///
    /// A NUL counts only if it comes before the limit is passed: what is behind may not have arrived,
    /// and the answer must be the same in every chunking.
    pub(super) fn of(part: &[u8], room: usize) -> Self {
        let len = part.len().min(room.saturating_add(1));
        if has_nul(part, &(0..len)) {
            Self::Ignored
        } else if part.len() > room {
            Self::TooLarge
        } else {
            Self::Fits
        }
    }
}

#[inline(always)]
pub(super) fn has_nul(text: &[u8], id: &Range<usize>) -> bool {
    // Most ids are short, and a search costs more than to compare all their bytes at once.
    if id.len() <= 16
        && let Some(bytes) = text[id.start..].first_chunk()
    {
        let nuls = u8x16::new(*bytes).simd_eq(u8x16::ZERO).to_bitmask();
        return nuls & ((1 << id.len()) - 1) != 0;
    }
    memchr::memchr(0, &text[id.clone()]).is_some()
}

/// The value of a `retry` field, read in parts and never kept.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RetryValue {
    is_empty: bool,
    /// What the digits say so far; nothing once there was something else, or more than fits.
    number: Option<u64>,
}

impl RetryValue {
    pub(super) const NEW: Self = Self { is_empty: true, number: Some(0) };

    pub(super) fn push(&mut self, part: &[u8]) {
        self.is_empty &= part.is_empty();
        for byte in part {
            let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'));
            self.number = self.number.zip(digit).and_then(|(n, digit)| n.checked_mul(10)?.checked_add(digit));
        }
    }

    pub(super) fn millis(&self) -> Option<u64> {
        self.number.filter(|_| !self.is_empty)
    }
}
