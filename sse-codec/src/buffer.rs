//! Growth and release of buffers that have a limit.

use alloc::{string::String, vec::Vec};

/// The largest buffer that is kept for reuse, in bytes.
pub(crate) const MAX_KEPT: usize = 16 * 1024;

/// Appends bytes to a buffer that will have at most `most` bytes.
#[inline]
pub(crate) fn push(buffer: &mut Vec<u8>, bytes: &[u8], most: usize) {
    if buffer.capacity() - buffer.len() < bytes.len() {
        buffer.reserve_exact(growth(buffer.len(), bytes.len(), most));
    }
    buffer.extend_from_slice(bytes);
}

/// Returns how many bytes to reserve in a buffer that needs `additional` bytes.
///
/// It grows by a factor, so that many small parts take linear time. The factor is larger for a large buffer, so that less
/// is copied: unused pages take no memory.
#[cold]
pub(crate) fn growth(len: usize, additional: usize, most: usize) -> usize {
    const LEAST: usize = 256;
    let needed = len + additional;
    let grown = match needed <= MAX_KEPT {
        true => (2 * needed).clamp(LEAST, MAX_KEPT),
        false => needed.saturating_mul(4),
    };
    grown.min(most).max(needed) - len
}

/// Empties a buffer, and frees it if it is large.
#[inline]
pub(crate) fn clear(buffer: &mut Vec<u8>) {
    buffer.clear();
    if buffer.capacity() > MAX_KEPT {
        *buffer = Vec::new();
    }
}

/// The same for text.
#[inline]
pub(crate) fn clear_text(text: &mut String) {
    text.clear();
    if text.capacity() > MAX_KEPT {
        *text = String::new();
    }
}
