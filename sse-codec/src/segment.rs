//! Blocks of which any run is lent without copying it.

use core::{mem, ops::Range};

use alloc::vec::Vec;

use bytes::Bytes;

use crate::{Block, Encoded};

/// Blocks that are encoded one after another, of which many readers take what they have not seen yet.
///
/// It is what a history of events is made of. Whoever asks for a run of blocks first has it copied out, once, and all
/// others share that; once the segment is [sealed](Self::seal) nothing is copied at all. A run is always of whole blocks,
/// so that what comes out is as safe to send as what went in.
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
    /// What was lent last: from this block on, in one piece. Of a sealed segment, everything.
    lent: Bytes,
    lent_from: usize,
    is_sealed: bool,
}

/// What there is up to the end of a block.
#[derive(Clone, Copy, Debug, Default)]
struct End {
    bytes: usize,
    events: usize,
}

impl Segment {
    /// An empty segment, which allocates nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a block, unless the segment would have more than `max_len` bytes then, or is sealed. Returns whether it was
    /// added.
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

    /// The blocks of this range; of a range that is too long, those that there are.
    pub fn run(&mut self, blocks: Range<usize>) -> Encoded {
        let (first, after) = (blocks.start.min(self.len()), blocks.end.min(self.len()));
        let (start, end) = (self.end_of(first), self.end_of(after.max(first)));
        let mut base = self.end_of(self.lent_from).bytes;
        if start.bytes < base || base + self.lent.len() < end.bytes {
            // Usually everyone wants only what is new. If not, what is lent anew is for all who asked so far.
            let is_new = base + self.lent.len() <= start.bytes;
            self.lent_from = if is_new { first } else { first.min(self.lent_from) };
            base = self.end_of(self.lent_from).bytes;
            self.lent = Bytes::copy_from_slice(&self.open[base..]);
        }
        Encoded::joined(self.lent.slice(start.bytes - base..end.bytes - base), end.events - start.events)
    }

    /// Ends the segment: nothing can be added from now on, and no run is copied.
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

    /// How many blocks there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no block.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// How many bytes the blocks have.
    pub fn bytes(&self) -> usize {
        self.end_of(self.len()).bytes
    }

    /// What there is in this many blocks.
    fn end_of(&self, blocks: usize) -> End {
        blocks.checked_sub(1).and_then(|last| self.ends.get(last)).copied().unwrap_or_default()
    }
}
