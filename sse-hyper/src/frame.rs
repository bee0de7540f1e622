//! Small events, gathered into one frame.

use std::mem;

use bytes::{Bytes, BytesMut};
use sse_codec::{Encoded, Outgoing};

/// What a frame holds at most, if it holds more than one event. Larger buffers are slower: the server
/// keeps several frames, and memory that goes back and forth to the system costs page faults.
const FRAME: usize = 8 * 1024;

/// An event of this size is a frame of its own: copying it would cost more than its frame.
const LARGE: usize = 4 * 1024;

/// Enough for a few small events: what a stream that yields one event now and then holds.
const FIRST: usize = 512;

/// The frame that is being gathered, over a buffer that serves many frames.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// The first block of the frame, not in the buffer yet: if it stays alone it is the frame. With one
    /// event for many clients, that is every frame.
    first: Option<Encoded>,
    buf: BytesMut,
    events: u64,
    /// The last frame was full, so the next one will be.
    busy: bool,
}

/// One frame, and how many events are in it.
pub(crate) struct Full {
    pub(crate) bytes: Bytes,
    pub(crate) events: u64,
}

impl Gathered {
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds an item to the frame, or gives it back if it does not go into this one.
    #[inline]
    pub(crate) fn add(&mut self, item: Outgoing) -> Option<Outgoing> {
        let is_alone = matches!(item, Outgoing::Encoded(_)) && self.buf.is_empty();
        if !is_alone && self.first.is_none() && item.encode_within(self.room(), &mut self.buf) {
            self.events += u64::from(item.is_event());
            return None;
        }
        self.add_elsewhere(item)
    }

    /// How large an item may be that goes into the buffer as it is.
    #[inline]
    fn room(&self) -> usize {
        // The buffer may be longer than a frame, or shared with frames before this one.
        let room = self.buf.capacity().min(FRAME).saturating_sub(self.buf.len());
        room.min(LARGE - 1)
    }

    fn add_elsewhere(&mut self, item: Outgoing) -> Option<Outgoing> {
        if *item.encoded_len_range().start() >= LARGE {
            return Some(item);
        }
        let len = item.encoded_len();
        if len >= LARGE || self.len() + len > FRAME {
            return Some(item);
        }
        match item {
            Outgoing::Encoded(block) if self.is_empty() => self.first = Some(block),
            item => {
                if let Some(first) = self.first.take() {
                    self.make_room(first.as_bytes().len());
                    self.append(&first.into());
                }
                self.make_room(len);
                self.append(&item);
            }
        }
        None
    }

    /// Whatever was gathered, unless that is nothing.
    pub(crate) fn take(&mut self) -> Option<Full> {
        if self.is_empty() {
            return None;
        }
        self.busy = self.len() > FRAME - LARGE;
        Some(match self.first.take() {
            Some(block) => Outgoing::from(block).into(),
            None => Full { bytes: self.buf.split().freeze(), events: mem::take(&mut self.events) },
        })
    }

    /// Gives the buffer back: between two events that are far apart, a stream shall hold none.
    pub(crate) fn release(&mut self) {
        self.buf = BytesMut::new();
    }

    fn len(&self) -> usize {
        self.first.as_ref().map_or(0, |block| block.as_bytes().len()) + self.buf.len()
    }

    #[inline]
    fn append(&mut self, item: &Outgoing) {
        item.encode(&mut self.buf);
        self.events += u64::from(item.is_event());
    }

    /// Most often there is room, or there is again since the frames that used the buffer are gone.
    /// `BytesMut::reserve` would do, but it grows by doubling.
    fn make_room(&mut self, len: usize) {
        if self.buf.try_reclaim(len) {
            return;
        }
        let capacity = if self.buf.is_empty() && !self.busy { len.max(FIRST) } else { FRAME };
        let gathered = mem::replace(&mut self.buf, BytesMut::with_capacity(capacity));
        self.buf.extend_from_slice(&gathered);
    }
}

impl From<Outgoing> for Full {
    /// An item as a frame of its own, uncopied if it is encoded.
    fn from(item: Outgoing) -> Self {
        Self { events: u64::from(item.is_event()), bytes: item.into_bytes() }
    }
}
