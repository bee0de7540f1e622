//! Events that own their text.

use core::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;

use super::{
    Decoder,
    interpret::{Cursor, Draft, Interpreter, Place, Step},
    text::{Window, owned},
    whole::is_present,
};
use crate::{DecodeError, Event, EventId, EventType, Text};

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
        let chunk = Owned::new(decoder, chunk);
        Self { decoder, chunk }
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

/// A chunk that is being decoded, apart from the decoder: a stream holds both.
#[derive(Debug)]
pub(crate) struct Owned {
    chunk: Bytes,
    cursor: Cursor,
    /// The text that events are slices of. It is a copy, so that an event never keeps more alive
    /// than this.
    window: Window<ByteString>,
}

impl Owned {
    pub(crate) fn new(decoder: &mut Decoder, mut chunk: Bytes) -> Self {
        if decoder.interpreter.was_left_in_text() {
            decoder.rest.clear();
        }
        if !decoder.rest.is_empty() {
            let mut rest = core::mem::take(&mut decoder.rest);
            rest.extend_from_slice(&chunk);
            chunk = rest.into();
        }
        let cursor = decoder.interpreter.begin(&chunk);
        Self { chunk, cursor, window: Window::default() }
    }

    /// What was left unread of an earlier chunk.
    #[cfg(any(feature = "stream", feature = "tokio-codec"))]
    pub(crate) fn unread(decoder: &mut Decoder) -> Option<Self> {
        (!decoder.rest.is_empty()).then(|| Self::new(decoder, Bytes::new()))
    }

    #[inline]
    pub(crate) fn next_event(&mut self, decoder: &mut Decoder) -> Option<Result<Event, DecodeError>> {
        if let Some(event) = self.whole_event(decoder) {
            return Some(Ok(event));
        }
        loop {
            match self.step(decoder) {
                Step::End => return None,
                Step::Event => return Some(Ok(self.event(decoder))),
                Step::Error => return decoder.interpreter.error.take().map(Err),
                Step::Id => self.commit_draft_id(decoder),
                Step::Comment => {}
            }
        }
    }

    pub(crate) fn next_item(&mut self, decoder: &mut Decoder) -> Option<Result<Item, DecodeError>> {
        if let Some(event) = self.whole_event(decoder) {
            return Some(Ok(Item::Event(event)));
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
                Step::Id => self.commit_draft_id(decoder),
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

    /// Gives back to the decoder what is unfinished or unread.
    pub(crate) fn end(&mut self, decoder: &mut Decoder) {
        decoder.interpreter.end(&self.cursor, &self.chunk);
        if self.cursor.pos < self.chunk.len() {
            decoder.rest = self.chunk[self.cursor.pos..].to_vec();
        }
    }

    /// The next event, if it is a usual one that lies whole in the chunk.
    #[inline(always)]
    fn whole_event(&mut self, decoder: &mut Decoder) -> Option<Event> {
        if !self.cursor.at_block_start {
            return None;
        }
        let event = decoder.interpreter.whole_event(&mut self.cursor, &self.chunk);
        self.cursor.at_block_start = event.is_some();
        let event = event?;
        let mut text = |range| self.window.slice(&self.chunk, range, &event.lines);
        let id = is_present(&event.id).then(|| text(&event.id));
        if let Some(id) = &id {
            decoder.commit_id(id);
        }
        let event_type =
            (!event.event_type.is_empty()).then(|| EventType::from_decoded(text(&event.event_type)));
        Some(Event { data: text(&event.data), event_type, id: id.map(EventId::from_decoded), retry: None })
    }

    fn event(&mut self, decoder: &mut Decoder) -> Event {
        let draft = decoder.interpreter.take_draft();
        let id = self.commit_id(decoder, &draft);
        let scratch = &mut decoder.interpreter.scratch;
        let mut text = |range| self.window.slice(&self.chunk, range, &draft.lines);
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
        Event { data, event_type: event_type.map(EventType::from_decoded), id, retry: draft.retry }
    }

    fn commit_draft_id(&mut self, decoder: &mut Decoder) {
        let draft = decoder.interpreter.take_draft();
        self.commit_id(decoder, &draft);
    }

    /// > Set the last event ID string of the event source to the value of the last event ID buffer.
    fn commit_id(&mut self, decoder: &mut Decoder, draft: &Draft) -> Option<EventId> {
        let id = match &draft.id {
            Place::Absent => return None,
            Place::Text(range) => self.window.slice(&self.chunk, range, &draft.lines),
            Place::Scratch => owned(&decoder.interpreter.scratch.id),
        };
        decoder.commit_id(&id);
        Some(EventId::from_decoded(id))
    }
}
