//! Complete blocks, with all their lines.

use core::fmt;

use alloc::vec::Vec;

use bytes::{BufMut, Bytes};

use super::Line;
use crate::{Encoded, bom::BOM};

/// A complete block of an event stream, with its comments, unknown fields, and bytes that are not UTF-8.
///
/// A proxy can read, edit and forward it. It comes from a [`BlockDecoder`](super::BlockDecoder) or a
/// [`BlockStream`](super::BlockStream), or is built line by line:
///
/// ```
/// use sse_codec::{
///     Encoded,
///     lines::{Field, Line, RawBlock},
/// };
///
/// let mut block = RawBlock::new();
/// block.push(Field::new("x-trace", "7")?);
/// block.push(Field::new("data", "hello")?);
/// assert_eq!(Encoded::from(&block).as_bytes(), "x-trace: 7\ndata: hello\n\n");
///
/// block.retain(|line| !matches!(line, Line::Field(field) if field.name() == b"x-trace"));
/// assert_eq!(Encoded::from(&block).as_bytes(), "data: hello\n\n");
/// # Ok::<(), sse_codec::error::ValueError>(())
/// ```
///
/// To replace a line, collect the others with it:
///
/// ```
/// use sse_codec::{
///     Encoded,
///     lines::{BlockDecoder, Field, Line, RawBlock},
/// };
///
/// let mut decoder = BlockDecoder::new();
/// let block = decoder.decode(b"event: tick\ndata: 1\n\n").next().unwrap()?;
///
/// let price = Field::new("event", "price")?;
/// let edited: RawBlock = block
///     .lines()
///     .map(|line| match line {
///         Line::Field(field) if field.name() == b"event" => price.into(),
///         line => line,
///     })
///     .collect();
/// assert_eq!(Encoded::from(edited).as_bytes(), "event: price\ndata: 1\n\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct RawBlock {
    /// The encoded lines, each with an LF.
    text: Vec<u8>,
}

impl RawBlock {
    /// Creates a block without lines, which is encoded as nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the lines, in order, none of which is blank.
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.text.split_inclusive(|&byte| byte == b'\n').map(|line| Line::parse(&line[..line.len() - 1]))
    }

    /// Returns the values of all fields with this name, in order.
    ///
    /// ```
    /// use sse_codec::lines::BlockDecoder;
    ///
    /// let mut decoder = BlockDecoder::new();
    /// let block = decoder.decode(b"data: 1\nx: 2\ndata: 3\n\n").next().unwrap()?;
    /// assert!(block.values("data").eq([b"1", b"3"]));
    /// # Ok::<(), sse_codec::error::DecodeError>(())
    /// ```
    pub fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.lines().filter_map(move |line| match line {
            Line::Field(field) if field.name() == name.as_bytes() => Some(field.value()),
            _ => None,
        })
    }

    /// Adds a line.
    ///
    /// A blank line is not added, since it would end the block.
    pub fn push<'a>(&mut self, line: impl Into<Line<'a>>) {
        let line = line.into();
        if line != Line::Blank {
            line.write(&mut self.text);
        }
    }

    /// Removes the lines for which `keep` returns false.
    pub fn retain(&mut self, mut keep: impl FnMut(Line<'_>) -> bool) {
        let mut kept = Self::new();
        for line in self.lines().filter(|line| keep(*line)) {
            kept.push(line);
        }
        *self = kept;
    }

    /// Returns whether there are no lines.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Returns whether it has a `data` field, so that a client dispatches an event.
    pub fn is_event(&self) -> bool {
        self.values("data").next().is_some()
    }

    /// Appends the block and its blank line to a buffer.
    ///
    /// # Panics
    ///
    /// If a buffer of fixed size has no room, as every write to a [`BufMut`]. `Vec<u8>` and `BytesMut` grow.
    pub fn encode<B: BufMut + ?Sized>(&self, buf: &mut B) {
        if self.is_empty() {
            return;
        }
        // The first line of a stream would lose its BOM.
        if self.text.starts_with(BOM) {
            buf.put_slice(b":\n");
        }
        buf.put_slice(&self.text);
        buf.put_u8(b'\n');
    }

    /// Returns how many bytes the lines have, with one for the end of each.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// Returns the last `id` that a client accepts.
    pub(super) fn id(&self) -> Option<&[u8]> {
        self.values("id").filter(|id| !id.contains(&0)).last()
    }
}

impl From<&RawBlock> for Encoded {
    fn from(block: &RawBlock) -> Self {
        let mut buf = Vec::with_capacity(block.len() + ":\n\n".len());
        block.encode(&mut buf);
        Self::joined(Bytes::from(buf), usize::from(block.is_event()))
    }
}

impl From<RawBlock> for Encoded {
    fn from(block: RawBlock) -> Self {
        Self::from(&block)
    }
}

impl<'a> Extend<Line<'a>> for RawBlock {
    fn extend<I: IntoIterator<Item = Line<'a>>>(&mut self, lines: I) {
        lines.into_iter().for_each(|line| self.push(line));
    }
}

impl<'a> FromIterator<Line<'a>> for RawBlock {
    fn from_iter<I: IntoIterator<Item = Line<'a>>>(lines: I) -> Self {
        let mut block = Self::new();
        block.extend(lines);
        block
    }
}

impl fmt::Debug for RawBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.lines()).finish()
    }
}
