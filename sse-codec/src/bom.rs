//! The byte order mark.
//!
//! > The UTF-8 decode algorithm strips one leading UTF-8 Byte Order Mark (BOM), if any.

/// U+FEFF in UTF-8.
pub(crate) const BOM: &[u8; 3] = b"\xEF\xBB\xBF";

/// Returns how many bytes of `text` continue a BOM after its first `seen` bytes, or `None` if it is not a BOM.
pub(crate) fn continue_bom(seen: usize, text: &[u8]) -> Option<usize> {
    let expected = &BOM[seen..];
    let len = expected.len().min(text.len());
    (text[..len] == expected[..len]).then_some(len)
}
