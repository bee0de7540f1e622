//! What a guard reads: a chunk, and before it what an earlier guard left unread.

use core::{mem, ops::Deref};

use bytes::{Buf, Bytes, BytesMut};

/// The bytes that one guard reads.
#[derive(Debug)]
pub(crate) enum Input<'d> {
    /// A chunk.
    Chunk(&'d [u8]),
    /// A chunk that is owned.
    Owned(Bytes),
    /// What was left unread, with the chunk after it.
    Unread(BytesMut),
}

impl<'d> Input<'d> {
    /// The input that begins with what is unread, if there is anything.
    ///
    /// Each byte is copied once, however often chunks are added: the buffer grows by doubling, and what was read of it
    /// is let go without a move.
    #[inline(always)]
    pub(crate) fn after(unread: &mut BytesMut, chunk: Self) -> Self {
        if unread.is_empty() { chunk } else { Self::join(unread, &chunk) }
    }

    #[cold]
    fn join(unread: &mut BytesMut, chunk: &[u8]) -> Self {
        let mut joined = mem::take(unread);
        joined.extend_from_slice(chunk);
        Self::Unread(joined)
    }

    /// What is left from `pos` on. Leaves nothing here.
    #[cold]
    pub(crate) fn take_unread(&mut self, pos: usize) -> BytesMut {
        match mem::take(self) {
            Self::Chunk(chunk) => chunk[pos..].into(),
            Self::Owned(mut bytes) => {
                bytes.advance(pos);
                bytes.into()
            }
            Self::Unread(mut bytes) => {
                bytes.advance(pos);
                bytes
            }
        }
    }
}

impl Default for Input<'_> {
    fn default() -> Self {
        Self::Chunk(&[])
    }
}

impl Deref for Input<'_> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Self::Chunk(chunk) => chunk,
            Self::Owned(bytes) => bytes,
            Self::Unread(bytes) => bytes,
        }
    }
}
