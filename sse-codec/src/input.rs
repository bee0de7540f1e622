//! What a guard reads: a chunk, and what an earlier guard left unread.

use core::{mem, ops::Deref};

use bytes::{Buf, Bytes, BytesMut};

/// The bytes that one guard reads.
#[derive(Debug)]
pub(crate) enum Input<'d> {
    /// The chunk.
    Chunk(&'d [u8]),
    /// What was left unread, with the chunk after it.
    Unread(Bytes),
}

impl<'d> Input<'d> {
    /// The input that begins with what is unread.
    #[inline]
    pub(crate) fn new(unread: &mut Bytes, chunk: &'d [u8]) -> Self {
        if unread.is_empty() { Self::Chunk(chunk) } else { Self::Unread(join(mem::take(unread), chunk)) }
    }

    /// What is left from `pos` on, to be read later. Leaves nothing here.
    pub(crate) fn take_unread(&mut self, pos: usize) -> Bytes {
        match mem::replace(self, Self::Chunk(&[])) {
            Self::Chunk(chunk) => Bytes::copy_from_slice(&chunk[pos..]),
            Self::Unread(mut bytes) => {
                bytes.advance(pos);
                bytes
            }
        }
    }
}

impl Deref for Input<'_> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Self::Chunk(chunk) => chunk,
            Self::Unread(bytes) => bytes,
        }
    }
}

/// Appends a chunk to what is unread. Each byte is copied once, however often that happens: the buffer grows by
/// doubling, and what was read of it is let go without a move.
pub(crate) fn join(unread: Bytes, chunk: &[u8]) -> Bytes {
    if chunk.is_empty() {
        return unread;
    }
    let mut joined = BytesMut::from(unread);
    joined.extend_from_slice(chunk);
    joined.freeze()
}
