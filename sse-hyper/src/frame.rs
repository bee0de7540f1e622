//! Small events, gathered into one frame.

use std::mem;

use sse_codec::{Batch, Encoded};

use crate::stream_item::Outgoing;

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
    batch: Batch,
    /// There was no pause since the last frame, so the next one will be full.
    busy: bool,
}

impl Gathered {
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds an item to the frame, or gives it back if it does not go into this one.
    #[inline]
    pub(crate) fn add(&mut self, item: Outgoing) -> Option<Outgoing> {
        if self.copies(&item) && self.try_push(&item) {
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
            Outgoing::Encoded(_) => !self.batch.is_empty() && !is_large(item),
            _ => self.first.is_none(),
        }
    }

    /// Adds an item to the buffer, if it has room.
    #[inline]
    fn try_push(&mut self, item: &Outgoing) -> bool {
        // The buffer may be longer than a frame, or shared with frames before this one.
        let max_len = self.batch.capacity().min(self.most());
        item.try_push_to(&mut self.batch, max_len)
    }

    /// How much the frame holds: of a stream that may pause at any time not more than is worth while to be moved.
    #[inline]
    fn most(&self) -> usize {
        if self.busy { FRAME } else { LARGE }
    }

    fn add_elsewhere(&mut self, item: Outgoing) -> Option<Outgoing> {
        match item {
            item if self.len() + item.least_len() > self.most() => return Some(item),
            Outgoing::Encoded(block) if self.is_empty() => self.first = Some(block),
            item => {
                // What may stay the only event of its frame takes a buffer that it fills, and more will fill one.
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

    /// Whatever was gathered, unless that is nothing.
    pub(crate) fn take(&mut self) -> Option<Encoded> {
        if self.is_empty() {
            return None;
        }
        self.first.take().or_else(|| Some(self.batch.take()))
    }

    /// The same, as the stream pauses. That may be for long: it must not hold the large buffer of a busy one meanwhile.
    pub(crate) fn take_last(&mut self) -> Option<Encoded> {
        let frame = self.take();
        if mem::take(&mut self.busy) {
            self.release();
        }
        frame
    }

    /// Gives the buffer back: between two events that are far apart, a stream holds none.
    pub(crate) fn release(&mut self) {
        self.batch = Batch::new();
    }

    fn len(&self) -> usize {
        self.first.as_ref().map_or(0, |block| block.as_bytes().len()) + self.batch.len()
    }

    /// Most often there is room, or there is again since the frames that used the buffer are gone.
    fn make_room(&mut self, len: usize) {
        self.batch.reserve_exact(len.max(FIRST.saturating_sub(self.batch.len())));
    }
}

/// Whether an item is a frame of its own.
#[inline]
fn is_large(item: &Outgoing) -> bool {
    matches!(item, Outgoing::Encoded(block) if block.as_bytes().len() >= LARGE)
}
