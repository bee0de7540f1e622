//! Joins lines to blocks.

use core::mem;

use alloc::string::String;

use super::{Line, LineDecoder, Lines, RawBlock};
use crate::{
    EventId,
    error::{DecodeError, DecodeErrorKind},
    limits::Limits,
};

/// Decodes an event stream to its blocks, with all their lines: for proxies that edit events.
///
/// Every line end becomes LF, every field gets a colon and one space after it, and a BOM and extra blank lines are
/// removed. All else stays as it was. A block is returned at its blank line, so a proxy that forwards blocks never joins
/// parts of two.
///
/// ```
/// use sse_codec::{Encoded, lines::BlockDecoder};
///
/// let mut decoder = BlockDecoder::new();
/// let mut client = Vec::new();
/// for chunk in [&b": hi\r\nx-trace:7\r"[..], b"\ndata: 1\r\n\r\nid: 2\r\n\r\ndata: cut"] {
///     for block in decoder.decode(chunk) {
///         block?.encode(&mut client);
///     }
/// }
/// assert_eq!(client, b": hi\nx-trace: 7\ndata: 1\n\nid: 2\n\n");
/// # Ok::<(), sse_codec::error::DecodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct BlockDecoder {
    lines: LineDecoder,
    limit: usize,
    block: RawBlock,
    /// The offset of the first byte of the block.
    offset: u64,
    /// Whether the block was too large, or a part of it was lost. None of its lines are kept.
    is_dropped: bool,
}

/// An iterator over the blocks of one chunk.
///
/// It is returned by [`BlockDecoder::decode`].
#[derive(Debug)]
pub struct Blocks<'d> {
    lines: Lines<'d>,
    open: Open<'d>,
}

/// The block that is being read.
#[derive(Debug)]
struct Open<'d> {
    limit: usize,
    block: &'d mut RawBlock,
    offset: &'d mut u64,
    is_dropped: &'d mut bool,
}

impl BlockDecoder {
    /// Creates a decoder with the default limit of 16 MiB for a block.
    pub fn new() -> Self {
        Self::with_limits(Limits::new())
    }

    /// Creates a decoder with another [limit of an event](Limits::with_event).
    ///
    /// Here the limit counts all lines of the block as they are encoded, with one byte for each line end.
    pub fn with_limits(limits: Limits) -> Self {
        Self {
            lines: LineDecoder::with_limits(limits.with_line(limits.event())),
            limit: limits.event(),
            block: RawBlock::new(),
            offset: 0,
            is_dropped: false,
        }
    }

    /// Decodes a chunk, and returns an iterator over its blocks.
    ///
    /// As with [`Decoder::decode`](crate::Decoder::decode), an iterator that is dropped early leaves the rest of its
    /// chunk for the next call. A leaked iterator loses its chunk and the block in which the chunk ended.
    pub fn decode<'d>(&'d mut self, chunk: &'d [u8]) -> Blocks<'d> {
        if self.lines.is_reading {
            // An iterator was leaked, and with it the rest of the block.
            self.block = RawBlock::new();
            self.is_dropped = true;
        }
        let Self { lines, limit, block, offset, is_dropped } = self;
        Blocks { lines: lines.decode(chunk), open: Open { limit: *limit, block, offset, is_dropped } }
    }

    /// Returns whether the stream is within a block.
    ///
    /// If it ends here, that block was cut off.
    ///
    /// ```
    /// let mut decoder = sse_codec::lines::BlockDecoder::new();
    /// assert!(decoder.decode(b"data: 1\n").next().is_none());
    /// assert!(decoder.is_mid_block());
    /// ```
    pub fn is_mid_block(&self) -> bool {
        !self.block.is_empty() || self.is_dropped || self.lines.is_mid_line()
    }

    /// Prepares for the stream of a new connection.
    ///
    /// An unfinished or unread block is dropped, and a BOM is expected again. Offsets in errors count from here.
    pub fn reconnect(&mut self) {
        *self = Self::with_limits(Limits::new().with_event(self.limit));
    }
}

impl Default for BlockDecoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Iterator for Blocks<'_> {
    type Item = Result<RawBlock, DecodeError>;

    /// Returns the next block of the chunk.
    ///
    /// # Errors
    ///
    /// If a block is larger than the limit. It is dropped, and the next one follows.
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (line, offset) = self.lines.next_line_at()?;
            match line {
                Ok(Line::Blank) => {
                    *self.open.is_dropped = false;
                    let block = mem::take(self.open.block);
                    if !block.is_empty() {
                        return Some(Ok(block));
                    }
                }
                Ok(line) => {
                    if let Err(error) = self.open.add(line, offset) {
                        return Some(Err(error));
                    }
                }
                Err(_too_long) => {
                    if let Err(error) = self.open.drop_block(offset) {
                        return Some(Err(error));
                    }
                }
            }
        }
    }
}

impl Open<'_> {
    fn add(&mut self, line: Line<'_>, offset: u64) -> Result<(), DecodeError> {
        if *self.is_dropped {
            return Ok(());
        }
        if self.block.is_empty() {
            *self.offset = offset;
        }
        if line.len() >= self.limit.saturating_sub(self.block.len()) {
            return self.drop_block(offset);
        }
        self.block.push(line);
        Ok(())
    }

    /// Drops the block, and reports it once.
    fn drop_block(&mut self, line_offset: u64) -> Result<(), DecodeError> {
        if mem::replace(self.is_dropped, true) {
            return Ok(());
        }
        let block = mem::take(self.block);
        Err(DecodeError {
            kind: DecodeErrorKind::EventTooLarge,
            limit: self.limit,
            offset: if block.is_empty() { line_offset } else { *self.offset },
            event_id: block.id().map(|id| EventId::from_decoded(String::from_utf8_lossy(id).into())),
        })
    }
}
