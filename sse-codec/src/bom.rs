//! The byte order mark.
//!
//! > The UTF-8 decode algorithm strips one leading UTF-8 Byte Order Mark (BOM), if any.

/// U+FEFF in UTF-8.
pub(crate) const BOM: &[u8; 3] = b"\xEF\xBB\xBF";

/// How many bytes at the start of `text` go on with a BOM of which `seen` bytes came before; nothing if it is none.
pub(crate) fn continue_bom(seen: usize, text: &[u8]) -> Option<usize> {
    let expected = &BOM[seen..];
    let len = expected.len().min(text.len());
    (text[..len] == expected[..len]).then_some(len)
}
