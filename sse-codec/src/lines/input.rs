//! The input of a guard: a chunk, after the bytes that an earlier guard left unread.

use core::{mem, ops::Deref};

use bytes::{Buf, BytesMut};

/// The bytes that one guard reads.
#[derive(Debug)]
pub(super) enum Input<'d> {
    /// The chunk.
    Chunk(&'d [u8]),
    /// The unread bytes, and the chunk after them.
    Unread(BytesMut),
}

impl<'d> Input<'d> {
    /// Creates the input, which begins with the unread bytes.
    ///
    /// Each byte is copied once, however often chunks are added: the buffer grows by doubling, and bytes that were read
    /// are released without a move.
    pub(super) fn new(unread: &mut BytesMut, chunk: &'d [u8]) -> Self {
        if unread.is_empty() {
            return Self::Chunk(chunk);
        }
        let mut joined = mem::take(unread);
        joined.extend_from_slice(chunk);
        Self::Unread(joined)
    }

    /// Takes the rest from `pos` on, and leaves the input empty.
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
