//! Events that own their text.

use core::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;

use super::{
    Decoder,
    interpret::{Cursor, Place, Step},
    text::{Window, owned},
};
use crate::{DecodeError, Event, EventId, EventType};

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
    Comment(ByteString),
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
        if !decoder.rest.is_empty() {
            let mut rest = core::mem::take(&mut decoder.rest);
            rest.extend_from_slice(&chunk);
            chunk = rest.into();
        }
        let cursor = decoder.interpreter.begin(&chunk);
        Self { chunk, cursor, window: Window::default() }
    }

    #[inline]
    pub(crate) fn next_event(&mut self, decoder: &mut Decoder) -> Option<Result<Event, DecodeError>> {
        loop {
            match self.step(decoder) {
                Step::End => return None,
                Step::Event => return Some(Ok(self.event(decoder))),
                Step::Error => return self.cursor.error.take().map(Err),
                Step::Id | Step::Comment => {}
            }
        }
    }

    pub(crate) fn next_item(&mut self, decoder: &mut Decoder) -> Option<Result<Item, DecodeError>> {
        loop {
            match self.step(decoder) {
                Step::End => return None,
                Step::Event => return Some(Ok(Item::Event(self.event(decoder)))),
                Step::Comment => {
                    let scratch = &decoder.interpreter.scratch.value;
                    return Some(Ok(Item::Comment(self.text(&self.cursor.comment, scratch))));
                }
                Step::Error => return self.cursor.error.take().map(Err),
                Step::Id => {}
            }
        }
    }

    /// Gives back to the decoder what is unfinished or unread.
    pub(crate) fn end(&mut self, decoder: &mut Decoder) {
        decoder.interpreter.end(&mut self.cursor, &self.chunk);
        if self.cursor.pos < self.chunk.len() {
            decoder.rest = self.chunk[self.cursor.pos..].to_vec();
        }
    }

    #[inline(always)]
    fn step(&mut self, decoder: &mut Decoder) -> Step {
        let step = decoder.interpreter.step(&mut self.cursor, &self.chunk);
        if matches!(step, Step::Event | Step::Id) {
            self.window.cover(&self.chunk, self.cursor.block..self.cursor.pos);
            if self.cursor.draft.id != Place::Absent {
                let id = self.text(&self.cursor.draft.id, &decoder.interpreter.scratch.id);
                decoder.commit_id(&id);
            }
        }
        step
    }

    #[inline(always)]
    fn event(&self, decoder: &Decoder) -> Event {
        let draft = &self.cursor.draft;
        let scratch = &decoder.interpreter.scratch;
        let data = scratch.data.split_last().map_or(&[][..], |(_, data)| data);
        Event {
            data: self.text(&draft.data, data),
            event_type: (draft.event_type != Place::Absent)
                .then(|| EventType::from_decoded(self.text(&draft.event_type, &scratch.event_type))),
            id: (draft.id != Place::Absent).then(|| EventId::from_decoded(self.text(&draft.id, &scratch.id))),
            retry: draft.retry,
        }
    }

    #[inline(always)]
    fn text(&self, place: &Place, scratch: &[u8]) -> ByteString {
        match place {
            Place::Absent => ByteString::new(),
            Place::Text(range) => match self.window.slice(range) {
                Some(text) => text,
                None => owned(&self.chunk[range.clone()]),
            },
            Place::Scratch => owned(scratch),
        }
    }
}
