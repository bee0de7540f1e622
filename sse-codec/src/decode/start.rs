//! The bytes at a seam: a BOM at the start of the stream, and an LF behind a CR that ended a text.

pub(super) const BOM: &[u8; 3] = b"\xEF\xBB\xBF";

/// What is left to be skipped at the start of the next text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum StreamStart {
    /// So much of a BOM was seen, and nothing else.
    Bom(usize),
    /// The last text ended with a CR: an LF now belongs to it.
    AfterCr,
    /// Nothing.
    Inside,
}

/// How a text begins.
#[derive(Debug, PartialEq)]
pub(super) enum Start {
    /// So many bytes are to be skipped.
    Skip(usize),
    /// These bytes from earlier texts looked like a BOM, but belong to the first line.
    NotABom(&'static [u8]),
}

impl Default for StreamStart {
    fn default() -> Self {
        Self::Bom(0)
    }
}

impl StreamStart {
    /// > The UTF-8 decode algorithm strips one leading UTF-8 Byte Order Mark (BOM), if any.
    pub(super) fn begin(&mut self, text: &[u8]) -> Start {
        if text.is_empty() {
            return Start::Skip(0);
        }
        match core::mem::replace(self, Self::Inside) {
            Self::Inside => Start::Skip(0),
            Self::AfterCr => Start::Skip(usize::from(text[0] == b'\n')),
            Self::Bom(seen) => {
                let expected = &BOM[seen..];
                let len = expected.len().min(text.len());
                if text[..len] != expected[..len] {
                    return if seen == 0 { Start::Skip(0) } else { Start::NotABom(&BOM[..seen]) };
                }
                if len < expected.len() {
                    *self = Self::Bom(seen + len);
                }
                Start::Skip(len)
            }
        }
    }

    /// Notes how the part of a text ended that was read.
    #[inline]
    pub(super) fn end(&mut self, read: &[u8]) {
        if read.last() == Some(&b'\r') {
            *self = Self::AfterCr;
        }
    }
}
