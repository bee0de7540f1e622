//! Small events, gathered into one frame.

use std::mem;

use bytes::{Bytes, BytesMut};
use sse_codec::{Encoded, Outgoing};

/// What a frame holds at most, if it holds more than one event. It is what HTTP/2 sends in one of its own frames, and TLS
/// in one record.
const FRAME: usize = 16 * 1024;

/// A block of this size that is encoded is a frame of its own, and so much is not moved to make room for more: to copy it
/// would cost more than its frame.
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
    /// There was no pause since the last frame, so the next one will be full.
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
        if self.copies(&item) && item.encode_within(self.room(), &mut self.buf) {
            self.events += u64::from(item.is_event());
            return None;
        }
        let item = if is_large(&item) { Some(item) } else { self.add_elsewhere(item) };
        self.busy |= item.is_some();
        item
    }

    /// Whether an item is copied if there is room for it: not one that is encoded, if it may be a frame as it is.
    #[inline]
    fn copies(&self, item: &Outgoing) -> bool {
        match item {
            Outgoing::Encoded(_) => !self.buf.is_empty() && !is_large(item),
            _ => self.first.is_none(),
        }
    }

    /// How large an item may be that goes into the buffer as it is.
    #[inline]
    fn room(&self) -> usize {
        // The buffer may be longer than a frame, or shared with frames before this one.
        self.buf.capacity().min(self.most()).saturating_sub(self.buf.len())
    }

    /// How much the frame holds: of a stream that may pause at any time not more than is worth while to be moved.
    #[inline]
    fn most(&self) -> usize {
        if self.busy { FRAME } else { LARGE }
    }

    fn add_elsewhere(&mut self, item: Outgoing) -> Option<Outgoing> {
        let least = *item.encoded_len_range().start();
        match item {
            item if self.len() + least > self.most() => return Some(item),
            Outgoing::Encoded(block) if self.is_empty() => self.first = Some(block),
            item => {
                // What may stay the only event of its frame takes a buffer that it fills, and more will fill one.
                let room = self.most() - self.buf.len();
                let may_stay_alone = self.is_empty() && !self.busy;
                self.make_room(if may_stay_alone { item.encoded_len().min(room) } else { room });
                if let Some(first) = self.first.take() {
                    self.append(&first.into());
                }
                if !item.encode_within(self.room(), &mut self.buf) {
                    return Some(item);
                }
                self.events += u64::from(item.is_event());
            }
        }
        None
    }

    /// Whatever was gathered, unless that is nothing.
    pub(crate) fn take(&mut self) -> Option<Full> {
        if self.is_empty() {
            return None;
        }
        Some(match self.first.take() {
            Some(block) => Outgoing::from(block).into(),
            None => Full { bytes: self.buf.split().freeze(), events: mem::take(&mut self.events) },
        })
    }

    /// The same, as the stream pauses. That may be for long: it shall not hold the large buffer of a busy one meanwhile.
    pub(crate) fn take_last(&mut self) -> Option<Full> {
        let frame = self.take();
        if mem::take(&mut self.busy) {
            self.release();
        }
        frame
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
        let capacity = (self.buf.len() + len).max(FIRST);
        let gathered = mem::replace(&mut self.buf, BytesMut::with_capacity(capacity));
        self.buf.extend_from_slice(&gathered);
    }
}

/// Whether an item is a frame of its own.
#[inline]
fn is_large(item: &Outgoing) -> bool {
    matches!(item, Outgoing::Encoded(block) if block.as_bytes().len() >= LARGE)
}

impl From<Outgoing> for Full {
    /// An item as a frame of its own, uncopied if it is encoded.
    #[inline]
    fn from(item: Outgoing) -> Self {
        Self { events: u64::from(item.is_event()), bytes: item.into_bytes() }
    }
}
