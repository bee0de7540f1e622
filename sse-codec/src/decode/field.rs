//! The parts of a field: name and value.

use core::ops::Range;

use wide::u8x16;

/// The first eight bytes of a line as two words, so that a name is two comparisons, and mostly one.
/// Behind the end of the text there are zeros, and no name has a zero in it.
#[derive(Clone, Copy)]
pub(super) struct Head {
    first: u32,
    second: u32,
}

/// The names of fields that matter, if a colon follows. A comment is a line with no name before its colon.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Name {
    Data,
    Event,
    Id,
    Retry,
    Comment,
    Other,
}

impl Head {
    #[inline(always)]
    pub(super) fn of(text: &[u8], start: usize) -> Self {
        let rest = &text[start..];
        let [a, b, c, d, e, f, g, h] = rest.first_chunk().map_or_else(|| padded(rest), |bytes| *bytes);
        Self { first: u32::from_le_bytes([a, b, c, d]), second: u32::from_le_bytes([e, f, g, h]) }
    }

    #[inline(always)]
    pub(super) fn of_word(word: u64) -> Self {
        Self { first: word as u32, second: (word >> 32) as u32 }
    }

    #[inline(always)]
    pub(super) fn name(self) -> Name {
        const DATA: u32 = u32::from_le_bytes(*b"data");
        const EVEN: u32 = u32::from_le_bytes(*b"even");
        const RETR: u32 = u32::from_le_bytes(*b"retr");
        match self.first {
            DATA if self.second as u8 == b':' => Name::Data,
            EVEN if self.second as u16 == u16::from_le_bytes(*b"t:") => Name::Event,
            first if first & 0xFF_FFFF == u32::from_le_bytes(*b"id:\0") => Name::Id,
            first if first as u8 == b':' => Name::Comment,
            RETR if self.second as u16 == u16::from_le_bytes(*b"y:") => Name::Retry,
            _ => Name::Other,
        }
    }

    /// Where the value stands behind that name.
    ///
    /// > If value starts with a U+0020 SPACE character, remove it from value.
    #[inline(always)]
    pub(super) fn value(self, name: Name, line: &Range<usize>) -> Range<usize> {
        let (len, byte) = match name {
            Name::Data => (5, self.second >> 8),
            Name::Event | Name::Retry => (6, self.second >> 16),
            Name::Id => (3, self.first >> 24),
            Name::Comment => (1, 0),
            Name::Other => (0, 0),
        };
        line.start + len + usize::from(byte as u8 == b' ')..line.end
    }

    /// The name, and where the value stands.
    #[inline]
    pub(super) fn field(self, line: Range<usize>) -> (Name, Range<usize>) {
        let name = self.name();
        (name, self.value(name, &line))
    }
}

/// At the end of a text there are less than eight bytes.
#[cold]
#[inline(never)]
fn padded(rest: &[u8]) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes[..rest.len()].copy_from_slice(rest);
    bytes
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
    // Most ids are short, and then a search costs more than to compare their bytes.
    if id.len() <= 16
        && let Some(bytes) = text[id.start..].first_chunk()
    {
        let nuls = u8x16::new(*bytes).simd_eq(u8x16::ZERO).to_bitmask();
        return (nuls.trailing_zeros() as usize) < id.len();
    }
    find_nul(&text[id.clone()])
}

#[inline(never)]
fn find_nul(id: &[u8]) -> bool {
    if id.len() <= 16 { id.contains(&0) } else { memchr::memchr(0, id).is_some() }
}

/// The value of a `retry` field, read in parts and never kept.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RetryValue {
    is_empty: bool,
    /// What the digits say so far; nothing once there was something else, or more than fits.
    number: Option<u64>,
}

impl Default for RetryValue {
    fn default() -> Self {
        Self::NEW
    }
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
