//! A sequence of encoded blocks, of which any run can be shared.

use core::{mem, ops::Range};

use alloc::vec::Vec;

use bytes::Bytes;

use crate::{Block, Encoded};

/// A sequence of encoded blocks, from which many readers take the blocks that they have not seen yet.
///
/// A history of events is made of segments. The first request for a run of blocks copies it, and later requests share
/// this copy. Once the segment is [sealed](Self::seal), nothing is copied. A run always consists of complete blocks, so
/// it is as safe to send as the blocks that were added.
///
/// ```
/// use sse_codec::{Event, Segment};
///
/// let mut segment = Segment::new();
/// for n in 1..=3 {
///     assert!(segment.try_push(&Event::new(n.to_string()), 100));
/// }
/// assert_eq!(segment.run(1..3).as_bytes(), "data: 2\n\ndata: 3\n\n");
/// assert_eq!(segment.run(2..3).as_bytes(), "data: 3\n\n"); // the same bytes, shared
/// ```
#[derive(Debug, Default)]
pub struct Segment {
    /// The bytes of all blocks, until the segment is sealed.
    open: Vec<u8>,
    ends: Vec<End>,
    /// The last copy: the blocks from `lent_from` on. In a sealed segment, all blocks.
    lent: Bytes,
    lent_from: usize,
    is_sealed: bool,
}

/// How many bytes and events there are up to the end of a block.
#[derive(Clone, Copy, Debug, Default)]
struct End {
    bytes: usize,
    events: usize,
}

impl Segment {
    /// Creates an empty segment, which allocates nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a block, and returns whether it was added.
    ///
    /// It is not added if the segment is sealed, or would then have more than `max_len` bytes.
    pub fn try_push<'a>(&mut self, block: impl Into<Block<'a>>, max_len: usize) -> bool {
        let block = block.into();
        let end = self.end_of(self.len());
        let is_added =
            !self.is_sealed && block.encode_within(max_len.saturating_sub(end.bytes), &mut self.open);
        if is_added {
            self.ends.push(End { bytes: self.open.len(), events: end.events + block.events() });
        }
        is_added
    }

    /// Returns the blocks of a range.
    ///
    /// Positions beyond the last block are ignored.
    pub fn run(&mut self, blocks: Range<usize>) -> Encoded {
        let (first, after) = (blocks.start.min(self.len()), blocks.end.min(self.len()));
        let (start, end) = (self.end_of(first), self.end_of(after.max(first)));
        let mut base = self.end_of(self.lent_from).bytes;
        if start.bytes < base || base + self.lent.len() < end.bytes {
            // Usually readers want only new blocks. Otherwise the new copy also covers the earlier requests.
            let is_new = base + self.lent.len() <= start.bytes;
            self.lent_from = if is_new { first } else { first.min(self.lent_from) };
            base = self.end_of(self.lent_from).bytes;
            self.lent = Bytes::copy_from_slice(&self.open[base..]);
        }
        Encoded::joined(self.lent.slice(start.bytes - base..end.bytes - base), end.events - start.events)
    }

    /// Seals the segment: no block can be added any more, and no run is copied.
    ///
    /// ```
    /// let mut segment = sse_codec::Segment::new();
    /// assert!(segment.try_push(&sse_codec::Event::new("1"), 100));
    /// segment.seal();
    /// assert!(!segment.try_push(&sse_codec::Event::new("2"), 100));
    /// assert_eq!(segment.run(0..1).as_bytes(), "data: 1\n\n");
    /// ```
    pub fn seal(&mut self) {
        if !mem::replace(&mut self.is_sealed, true) {
            self.open.shrink_to_fit();
            self.ends.shrink_to_fit();
            self.lent = mem::take(&mut self.open).into();
            self.lent_from = 0;
        }
    }

    /// Returns how many blocks there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns whether there are no blocks.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Returns how many bytes the blocks have.
    pub fn bytes(&self) -> usize {
        self.end_of(self.len()).bytes
    }

    /// Returns how much is in the first `blocks` blocks.
    fn end_of(&self, blocks: usize) -> End {
        blocks.checked_sub(1).and_then(|last| self.ends.get(last)).copied().unwrap_or_default()
    }
}
