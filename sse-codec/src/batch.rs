//! Joins several blocks.

use bytes::BytesMut;

use crate::{Block, Encoded};

/// A buffer of encoded blocks, to be sent at once.
///
/// A server that has a burst of events for many clients encodes it once:
///
/// ```
/// use sse_codec::{Batch, Block, Event};
///
/// let mut batch = Batch::new();
/// for n in 1..=2 {
///     batch.push(&Event::new(n.to_string()));
/// }
/// batch.push(Block::new().comment("end of the burst"));
///
/// let burst = batch.take();
/// assert_eq!(burst.as_bytes(), "data: 1\n\ndata: 2\n\n:end of the burst\n\n");
/// assert_eq!(burst.events(), 2);
/// assert!(batch.is_empty());
/// ```
#[derive(Debug, Default)]
pub struct Batch {
    buf: BytesMut,
    events: usize,
}

impl Batch {
    /// Creates an empty batch, which allocates nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates an empty batch with room for this many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { buf: BytesMut::with_capacity(bytes), events: 0 }
    }

    /// Adds a block, or an event as `&Event` or `EventRef`.
    pub fn push<'a>(&mut self, block: impl Into<Block<'a>>) {
        let block = block.into();
        block.encode(&mut self.buf);
        self.events += block.events();
    }

    /// Adds a block unless the batch would then have more than `max_len` bytes, and returns whether it was added.
    ///
    /// ```
    /// use sse_codec::{Batch, Event};
    ///
    /// let mut batch = Batch::new();
    /// assert!(batch.try_push(&Event::new("1"), 12));
    /// assert!(!batch.try_push(&Event::new("2"), 12));
    /// assert_eq!(batch.take().as_bytes(), "data: 1\n\n");
    /// ```
    #[inline]
    pub fn try_push<'a>(&mut self, block: impl Into<Block<'a>>, max_len: usize) -> bool {
        let block = block.into();
        let is_added = block.encode_within(max_len.saturating_sub(self.buf.len()), &mut self.buf);
        if is_added {
            self.events += block.events();
        }
        is_added
    }

    /// Adds a copy of blocks that are already encoded.
    pub fn push_encoded(&mut self, encoded: &Encoded) {
        self.buf.extend_from_slice(encoded.as_bytes());
        self.events += encoded.events();
    }

    /// Takes all blocks out of the batch, which is empty afterwards.
    ///
    /// The batch allocates again only if its buffer is full while earlier blocks in it are still in use.
    pub fn take(&mut self) -> Encoded {
        Encoded::joined(self.buf.split().freeze(), core::mem::take(&mut self.events))
    }

    /// Returns how many bytes were added.
    #[inline]
    pub fn len(&self) -> usize {
        self.buf.len()
    }

    /// Returns whether nothing was added.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.buf.is_empty()
    }

    /// Returns how many events were added: blocks with data, which clients dispatch.
    pub fn events(&self) -> usize {
        self.events
    }

    /// Returns how many bytes the batch can have before it allocates.
    #[inline]
    pub fn capacity(&self) -> usize {
        self.buf.capacity()
    }

    /// Makes room for `additional` more bytes, and allocates no more than needed.
    ///
    /// ```
    /// let mut batch = sse_codec::Batch::with_capacity(100);
    /// batch.push(&sse_codec::Event::new("1"));
    /// batch.reserve_exact(1_000);
    /// assert!(batch.capacity() >= batch.len() + 1_000);
    /// ```
    pub fn reserve_exact(&mut self, additional: usize) {
        if !self.buf.try_reclaim(additional) {
            let mut larger = BytesMut::with_capacity(self.buf.len() + additional);
            larger.extend_from_slice(&self.buf);
            self.buf = larger;
        }
    }
}
