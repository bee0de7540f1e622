//! Gathers small events into one frame.

use std::mem;

use sse_codec::{Batch, Encoded};

use crate::stream_item::Outgoing;

/// The maximum size of a frame with more than one event: the default maximum of an HTTP/2 frame, and that of a TLS
/// record.
const FRAME: usize = 16 * 1024;

/// An encoded block of this size becomes its own frame, since a copy would cost more than a frame. For the same reason
/// a buffer of this size is not moved to make room.
const LARGE: usize = 4 * 1024;

/// The smallest buffer, for a few small events. A stream that rarely yields an event holds this much.
const FIRST: usize = 512;

/// The frame that is being gathered, in a buffer that serves many frames.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// The first block of the frame, not copied to the buffer yet: if no other follows, it is the frame. If each
    /// event is encoded once for many clients, that is every frame.
    first: Option<Encoded>,
    batch: Batch,
    /// The stream has not paused since the last frame, so the next one will probably be full.
    busy: bool,
}

impl Gathered {
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds an item to the frame, or returns it if it does not belong in this one.
    #[inline]
    pub(crate) fn add(&mut self, item: Outgoing) -> Option<Outgoing> {
        if self.copies(&item) && self.try_push(&item) {
            return None;
        }
        let item = if is_large(&item) { Some(item) } else { self.add_elsewhere(item) };
        self.busy |= item.is_some();
        item
    }

    /// Whether to copy an item if there is room. An encoded item that could be its own frame is not copied.
    #[inline]
    fn copies(&self, item: &Outgoing) -> bool {
        match item {
            Outgoing::Encoded(_) => !self.batch.is_empty() && !is_large(item),
            _ => self.first.is_none(),
        }
    }

    /// Adds an item to the buffer, if it has room.
    #[inline]
    fn try_push(&mut self, item: &Outgoing) -> bool {
        // The buffer may be longer than a frame, or shared with earlier frames.
        let max_len = self.batch.capacity().min(self.most());
        item.try_push_to(&mut self.batch, max_len)
    }

    /// The maximum size of this frame. If the stream may pause at any time, this is only as much as is worth moving.
    #[inline]
    fn most(&self) -> usize {
        if self.busy { FRAME } else { LARGE }
    }

    fn add_elsewhere(&mut self, item: Outgoing) -> Option<Outgoing> {
        match item {
            item if self.len() + item.least_len() > self.most() => return Some(item),
            Outgoing::Encoded(block) if self.is_empty() => self.first = Some(block),
            item => {
                // An event that may stay alone gets a buffer that fits. Otherwise a full frame is expected.
                let room = self.most() - self.batch.len();
                let may_stay_alone = self.is_empty() && !self.busy;
                self.make_room(if may_stay_alone { item.encoded_len().min(room) } else { room });
                if let Some(first) = self.first.take() {
                    self.batch.push_encoded(&first);
                }
                if !self.try_push(&item) {
                    return Some(item);
                }
            }
        }
        None
    }

    /// The frame, or `None` if it is empty.
    #[inline]
    pub(crate) fn take(&mut self) -> Option<Encoded> {
        if self.is_empty() {
            return None;
        }
        self.first.take().or_else(|| Some(self.batch.take()))
    }

    /// Like `take`, when the stream pauses. The pause may be long, so the large buffer of a busy stream is released.
    #[inline]
    pub(crate) fn take_last(&mut self) -> Option<Encoded> {
        let frame = self.take();
        if mem::take(&mut self.busy) {
            self.release();
        }
        frame
    }

    /// Frees the buffer, so that a stream holds none during a long pause.
    pub(crate) fn release(&mut self) {
        self.batch = Batch::new();
    }

    #[inline]
    fn len(&self) -> usize {
        self.first.as_ref().map_or(0, |block| block.as_bytes().len()) + self.batch.len()
    }

    /// Usually this allocates nothing: there is room, or it can be reclaimed because earlier frames were dropped.
    fn make_room(&mut self, len: usize) {
        self.batch.reserve_exact(len.max(FIRST.saturating_sub(self.batch.len())));
    }
}

/// Whether an item becomes its own frame.
#[inline]
fn is_large(item: &Outgoing) -> bool {
    matches!(item, Outgoing::Encoded(block) if block.as_bytes().len() >= LARGE)
}
