//! Buffers that stay within their limit.

use alloc::vec::Vec;

/// The largest buffer that is kept after what needed it.
pub(crate) const MAX_KEPT: usize = 16 * 1024;

/// Appends bytes to a buffer that will have at most `most` bytes.
#[inline]
pub(crate) fn push(buffer: &mut Vec<u8>, bytes: &[u8], most: usize) {
    reserve(buffer, bytes.len(), most);
    buffer.extend_from_slice(bytes);
}

/// Makes room for more bytes in a buffer that will have at most `most`.
#[inline]
pub(crate) fn reserve(buffer: &mut Vec<u8>, additional: usize, most: usize) {
    if buffer.capacity() - buffer.len() < additional {
        grow(buffer, additional, most);
    }
}

/// Many small parts take linear time, since the buffer grows by a factor. It is large, so that little is copied: what is
/// not used of a large buffer takes no memory.
#[cold]
fn grow(buffer: &mut Vec<u8>, additional: usize, most: usize) {
    const LEAST: usize = 256;
    let needed = buffer.len() + additional;
    let grown = needed.saturating_mul(4).max(LEAST).min(most);
    buffer.reserve_exact(grown.max(needed) - buffer.len());
}

/// Empties a buffer, and gives a large one back.
#[inline]
pub(crate) fn clear(buffer: &mut Vec<u8>) {
    buffer.clear();
    if buffer.capacity() > MAX_KEPT {
        *buffer = Vec::new();
    }
}
