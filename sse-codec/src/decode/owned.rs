//! Events that own their text.

use core::{ops::Range, time::Duration};

use alloc::sync::Arc;

use bytes::Bytes;

use super::{
    Decoder,
    interpret::{Cursor, Draft, Interpreter, Place, Step},
    text::{Window, owned},
    whole::WholeEvent,
};
use crate::{
    DecodeError, Event, EventId, EventType, Text,
    event::{Parts, Slices},
};

/// What comes of one chunk: an iterator over events that own their text.
///
/// Made by [`Decoder::decode_bytes`].
///
/// ```
/// use sse_codec::{Decoder, Event};
///
/// let mut decoder = Decoder::new();
/// let chunk = bytes::Bytes::from_static(b"data: 1\n\ndata: 2\n\n");
/// let events: Vec<Event> = decoder.decode_bytes(chunk).collect::<Result<_, _>>()?;
/// assert_eq!(events, [Event::new("1"), Event::new("2")]);
/// # Ok::<(), sse_codec::DecodeError>(())
/// ```
#[derive(Debug)]
pub struct OwnedEvents<'d> {
    decoder: &'d mut Decoder,
    chunk: Owned,
}

/// An event or a comment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Item {
    /// An event.
    Event(Event),
    /// A comment: all that is behind the first colon of its line. Only if
    /// [asked for](super::DecoderBuilder::comments).
    Comment(Text),
}

impl<'d> OwnedEvents<'d> {
    pub(super) fn new(decoder: &'d mut Decoder, chunk: Bytes) -> Self {
        let mut events = Self { decoder, chunk: Owned::default() };
        events.chunk.begin(events.decoder, chunk);
        events
    }

    /// The next event or comment of the chunk; nothing when the chunk is used up.
    ///
    /// # Errors
    ///
    /// When something passed its limit. Go on after it: the next event is not touched by it.
    pub fn next_item(&mut self) -> Option<Result<Item, DecodeError>> {
        self.chunk.next_item(self.decoder)
    }

    /// The last event ID as of what was given out so far.
    pub fn last_event_id(&self) -> &str {
        self.decoder.last_event_id()
    }

    /// The reconnection time as of what was given out so far.
    pub fn reconnection_time(&self) -> Option<Duration> {
        self.decoder.reconnection_time()
    }
}

impl Iterator for OwnedEvents<'_> {
    type Item = Result<Event, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.chunk.next_event(self.decoder)
    }
}

impl Drop for OwnedEvents<'_> {
    fn drop(&mut self) {
        self.chunk.end(self.decoder);
    }
}

/// A chunk that is being decoded, apart from the decoder: a stream holds both, and fills this again with each
/// chunk, since to make it elsewhere and move it costs more than a small chunk.
#[derive(Debug, Default)]
pub(crate) struct Owned {
    chunk: Bytes,
    cursor: Cursor,
    /// The text that events are slices of. It is a copy, so that an event never keeps more alive
    /// than this.
    window: Window<Option<Arc<str>>>,
    /// Between `begin` and `end` of a chunk that was not taken at once.
    is_open: bool,
}

impl Owned {
    /// Begins a chunk. The one before must have [ended](Self::end).
    #[inline]
    pub(crate) fn begin(&mut self, decoder: &mut Decoder, chunk: Bytes) {
        if let Some(pos) = decoder.interpreter.take_parts(&chunk) {
            self.open(decoder, chunk, pos);
        }
    }

    /// Begins with what was left unread of an earlier chunk.
    #[cfg(any(feature = "stream", feature = "tokio-codec"))]
    pub(crate) fn begin_unread(&mut self, decoder: &mut Decoder) {
        if !decoder.rest.is_empty() {
            self.open(decoder, Bytes::new(), 0);
        }
    }

    fn open(&mut self, decoder: &mut Decoder, chunk: Bytes, pos: usize) {
        self.chunk = chunk;
        if decoder.interpreter.was_left_in_text() {
            decoder.rest.clear();
        }
        if !decoder.rest.is_empty() {
            let mut rest = core::mem::take(&mut decoder.rest);
            rest.extend_from_slice(&self.chunk);
            self.chunk = rest.into();
        }
        self.cursor = decoder.interpreter.begin(&self.chunk, pos);
        self.is_open = true;
    }

    /// Gives back to the decoder what is unfinished or unread.
    #[inline]
    pub(crate) fn end(&mut self, decoder: &mut Decoder) {
        if !self.is_open {
            return;
        }
        decoder.interpreter.end(&self.cursor, &self.chunk);
        if self.cursor.pos < self.chunk.len() {
            decoder.rest = self.chunk[self.cursor.pos..].to_vec();
        }
        // Each by itself: a new one would be made elsewhere, and moved.
        self.chunk = Bytes::new();
        (self.cursor.pos, self.cursor.at_block_start) = (0, false);
        self.window = Window::default();
        self.is_open = false;
    }

    /// Whether there may be something to come of the chunk.
    #[cfg(feature = "stream")]
    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }

    /// The next event that does not lie whole in the chunk, or is none of the usual ones.
    #[inline(always)]
    pub(crate) fn next_event_in_steps(
        &mut self,
        decoder: &mut Decoder,
    ) -> Option<Result<Event, DecodeError>> {
        match self.step_to_event(decoder) {
            Step::Event => Some(Ok(self.event(decoder))),
            Step::Error => decoder.interpreter.error.take().map(Err),
            _ => None,
        }
    }

    #[inline(never)]
    fn step_to_event(&mut self, decoder: &mut Decoder) -> Step {
        loop {
            match self.step(decoder) {
                Step::Id => {
                    self.commit_id(decoder);
                    decoder.interpreter.draft = Draft::default();
                }
                Step::Comment => {}
                step => return step,
            }
        }
    }

    #[inline]
    pub(crate) fn next_event(&mut self, decoder: &mut Decoder) -> Option<Result<Event, DecodeError>> {
        if let Some(slices) = self.whole_event(decoder) {
            return Some(Ok(Event::from_slices(slices)));
        }
        self.next_event_in_steps(decoder)
    }

    #[inline]
    pub(crate) fn next_item(&mut self, decoder: &mut Decoder) -> Option<Result<Item, DecodeError>> {
        if let Some(slices) = self.whole_event(decoder) {
            return Some(Ok(Item::Event(Event::from_slices(slices))));
        }
        loop {
            match self.step(decoder) {
                Step::End => return None,
                Step::Event => return Some(Ok(Item::Event(self.event(decoder)))),
                Step::Comment => {
                    let Interpreter { comment, scratch, .. } = &decoder.interpreter;
                    let comment = comment.bytes(&self.chunk, &scratch.value);
                    return Some(Ok(Item::Comment(owned(comment.unwrap_or_default()))));
                }
                Step::Error => return decoder.interpreter.error.take().map(Err),
                Step::Id => {
                    self.commit_id(decoder);
                    decoder.interpreter.draft = Draft::default();
                }
            }
        }
    }

    #[inline]
    fn step(&mut self, decoder: &mut Decoder) -> Step {
        if self.cursor.pos == self.chunk.len() {
            return Step::End;
        }
        decoder.interpreter.step(&mut self.cursor, &self.chunk)
    }

    /// The next event, if it is a usual one that lies whole in the chunk.
    #[inline(always)]
    pub(crate) fn whole_event(&mut self, decoder: &mut Decoder) -> Option<Slices> {
        if !self.cursor.at_block_start {
            return None;
        }
        let interpreter = &mut decoder.interpreter;
        let event = match WholeEvent::next(&mut self.cursor, &self.chunk, interpreter.comments) {
            Ok(event) => event,
            Err(begun) => {
                interpreter.draft = begun.into();
                return None;
            }
        };
        let Some(slices) =
            self.window.over(&self.chunk, &event.lines, |text| Some(text.into())).slices(&event)
        else {
            self.cursor.go_back(&self.chunk, event.lines.start);
            return None;
        };
        if let Some(id) = slices.id() {
            decoder.commit_id(id);
        }
        Some(slices)
    }

    #[inline(never)]
    fn event(&mut self, decoder: &mut Decoder) -> Event {
        let id = self.commit_id(decoder);
        let Interpreter { draft, scratch, .. } = &mut decoder.interpreter;
        let text = |range: &Range<usize>| owned(&self.chunk[range.clone()]);
        let data = match &draft.data {
            Place::Absent => Text::default(),
            Place::Text(range) => text(range),
            Place::Scratch => scratch.data.take(),
        };
        let event_type = match &draft.event_type {
            Place::Absent => None,
            Place::Text(range) => Some(text(range)),
            Place::Scratch => Some(owned(&scratch.event_type)),
        };
        let retry = draft.retry;
        *draft = Draft::default();
        Event::from_parts(Parts { data, event_type: event_type.map(EventType::from_decoded), id }, retry)
    }

    /// > Set the last event ID string of the event source to the value of the last event ID buffer.
    fn commit_id(&mut self, decoder: &mut Decoder) -> Option<EventId> {
        let Interpreter { draft, scratch, .. } = &decoder.interpreter;
        let id = match &draft.id {
            Place::Absent => return None,
            Place::Text(range) => owned(&self.chunk[range.clone()]),
            Place::Scratch => owned(&scratch.id),
        };
        decoder.commit_id(&id);
        Some(EventId::from_decoded(id))
    }
}
