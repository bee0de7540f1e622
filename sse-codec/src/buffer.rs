//! Growth and release of buffers that have a limit.

use alloc::vec::Vec;

/// The largest buffer that is kept for reuse, in bytes.
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

/// Grows by a factor, so that many small parts take linear time. The factor is larger for a large buffer, so that less
/// is copied: unused pages take no memory.
#[cold]
fn grow(buffer: &mut Vec<u8>, additional: usize, most: usize) {
    const LEAST: usize = 256;
    let needed = buffer.len() + additional;
    let grown = match needed <= MAX_KEPT {
        true => (2 * needed).clamp(LEAST, MAX_KEPT),
        false => needed.saturating_mul(4),
    };
    buffer.reserve_exact(grown.min(most).max(needed) - buffer.len());
}

/// Empties a buffer, and frees it if it is large.
#[inline]
pub(crate) fn clear(buffer: &mut Vec<u8>) {
    buffer.clear();
    if buffer.capacity() > MAX_KEPT {
        *buffer = Vec::new();
    }
}
