//! What a guard reads: a chunk, and before it what an earlier guard left unread.

use core::{mem, ops::Deref};

use bytes::{Buf, BytesMut};

/// The bytes that one guard reads.
#[derive(Debug)]
pub(super) enum Input<'d> {
    /// The chunk.
    Chunk(&'d [u8]),
    /// What was left unread, with the chunk after it.
    Unread(BytesMut),
}

impl<'d> Input<'d> {
    /// The input that begins with what is unread.
    ///
    /// Each byte is copied once, however often chunks are added: the buffer grows by doubling, and what was read of it
    /// is let go without a move.
    pub(super) fn new(unread: &mut BytesMut, chunk: &'d [u8]) -> Self {
        if unread.is_empty() {
            return Self::Chunk(chunk);
        }
        let mut joined = mem::take(unread);
        joined.extend_from_slice(chunk);
        Self::Unread(joined)
    }

    /// The rest from `pos` on. Leaves nothing here.
    pub(super) fn take_unread(&mut self, pos: usize) -> BytesMut {
        match mem::replace(self, Self::Chunk(&[])) {
            Self::Chunk(chunk) => chunk[pos..].into(),
            Self::Unread(mut bytes) => {
                bytes.advance(pos);
                bytes
            }
        }
    }
}

impl Deref for Input<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Chunk(chunk) => chunk,
            Self::Unread(bytes) => bytes,
        }
    }
}
