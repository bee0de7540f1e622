//! Events that are lent.

use core::time::Duration;

use alloc::vec::Vec;

use super::{
    Decoder,
    interpret::{Cursor, Place, Step},
    text::{Window, lossy},
};
use crate::{DecodeError, EventRef};

/// What comes of one chunk: a guard that lends one event after another.
///
/// Made by [`Decoder::decode`]. It is no `Iterator`, since each event is borrowed until the next one
/// is asked for; [`Decoder::decode_bytes`] gives one.
#[derive(Debug)]
pub struct Events<'d> {
    decoder: &'d mut Decoder,
    chunk: &'d [u8],
    /// An unread rest of earlier chunks with this chunk behind it, which then takes its place.
    rest: Vec<u8>,
    cursor: Cursor,
    window: Window<&'d str>,
    /// The last event ID, while it stands in the chunk: it is copied when the guard is dropped.
    last_event_id: Option<&'d str>,
}

/// An event or a comment, borrowed from the decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ItemRef<'a> {
    /// An event.
    Event(EventRef<'a>),
    /// A comment: all that is behind the first colon of its line. Only if
    /// [asked for](super::DecoderBuilder::comments).
    Comment(&'a str),
}

impl<'d> Events<'d> {
    pub(super) fn new(decoder: &'d mut Decoder, chunk: &'d [u8]) -> Self {
        let mut rest = core::mem::take(&mut decoder.rest);
        if !rest.is_empty() {
            rest.extend_from_slice(chunk);
        }
        let cursor = decoder.interpreter.begin(if rest.is_empty() { chunk } else { &rest });
        Self { decoder, chunk, rest, cursor, window: Window::default(), last_event_id: None }
    }

    /// The next event of the chunk; nothing when the chunk is used up. Comments are passed over.
    ///
    /// # Errors
    ///
    /// When something passed its limit. Go on after it: the next event is not touched by it.
    pub fn next_event(&mut self) -> Option<Result<EventRef<'_>, DecodeError>> {
        loop {
            match self.step() {
                Step::End => return None,
                Step::Event => return Some(Ok(self.event())),
                Step::Error => return self.cursor.error.take().map(Err),
                Step::Id | Step::Comment => {}
            }
        }
    }

    /// The next event or comment of the chunk; nothing when the chunk is used up.
    ///
    /// # Errors
    ///
    /// As [`next_event`](Self::next_event).
    ///
    /// ```
    /// use sse_codec::{Decoder, ItemRef};
    ///
    /// let mut decoder = Decoder::builder().comments(true).build();
    /// let mut events = decoder.decode(b": still here\ndata: 1\n\n");
    /// assert_eq!(events.next_item().unwrap()?, ItemRef::Comment(" still here"));
    /// assert!(matches!(events.next_item().unwrap()?, ItemRef::Event(event) if event.data() == "1"));
    /// # Ok::<(), sse_codec::DecodeError>(())
    /// ```
    pub fn next_item(&mut self) -> Option<Result<ItemRef<'_>, DecodeError>> {
        loop {
            match self.step() {
                Step::End => return None,
                Step::Event => return Some(Ok(ItemRef::Event(self.event()))),
                Step::Comment => return Some(Ok(ItemRef::Comment(self.comment()))),
                Step::Error => return self.cursor.error.take().map(Err),
                Step::Id => {}
            }
        }
    }

    /// The last event ID as of what was given out so far.
    pub fn last_event_id(&self) -> &str {
        self.last_event_id.unwrap_or(&self.decoder.last_event_id)
    }

    /// The reconnection time as of what was given out so far.
    pub fn reconnection_time(&self) -> Option<Duration> {
        self.decoder.reconnection_time()
    }

    #[inline(always)]
    fn step(&mut self) -> Step {
        if !self.rest.is_empty() {
            return self.step_in_rest();
        }
        let step = self.decoder.interpreter.step(&mut self.cursor, self.chunk);
        if matches!(step, Step::Event | Step::Id) {
            self.window.cover(self.chunk, self.cursor.block..self.cursor.pos);
            self.commit_id();
        }
        step
    }

    /// The guard cannot lend from a buffer of its own, so all that stands there goes to scratch.
    #[cold]
    fn step_in_rest(&mut self) -> Step {
        let interpreter = &mut self.decoder.interpreter;
        let step = interpreter.step(&mut self.cursor, &self.rest);
        interpreter.spill(&mut self.cursor.draft, &self.rest);
        if let Place::Text(range) = &self.cursor.comment {
            let value = &mut interpreter.scratch.value;
            value.clear();
            value.extend_from_slice(&self.rest[range.clone()]);
            self.cursor.comment = Place::Scratch;
        }
        if matches!(step, Step::Event | Step::Id) {
            self.commit_id();
        }
        step
    }

    /// > Set the last event ID string of the event source to the value of the last event ID buffer.
    #[inline(always)]
    fn commit_id(&mut self) {
        match &self.cursor.draft.id {
            Place::Absent => {}
            Place::Text(range) => match self.window.get(range) {
                Some(id) => self.last_event_id = Some(id),
                None => {
                    self.last_event_id = None;
                    self.decoder.commit_id_bytes(&self.chunk[range.clone()]);
                }
            },
            Place::Scratch => {
                self.last_event_id = None;
                let id = core::mem::take(&mut self.decoder.interpreter.scratch.id);
                self.decoder.commit_id_bytes(&id);
                self.decoder.interpreter.scratch.id = id;
            }
        }
    }

    #[inline(always)]
    fn event(&mut self) -> EventRef<'_> {
        let Decoder { interpreter, last_event_id, lossy: buf, .. } = &mut *self.decoder;
        let draft = &self.cursor.draft;
        let data = match &draft.data {
            Place::Absent => "",
            Place::Text(range) => match self.window.get(range) {
                Some(text) => text,
                None => lossy(&self.chunk[range.clone()], &mut buf.data),
            },
            // > If the data buffer's last character is a U+000A LINE FEED (LF) character, then remove
            // > the last character from the data buffer.
            Place::Scratch => match interpreter.scratch.data.split_last() {
                Some((_, data)) => lossy(data, &mut buf.data),
                None => "",
            },
        };
        let event_type = match &draft.event_type {
            Place::Absent => None,
            Place::Text(range) => Some(match self.window.get(range) {
                Some(text) => text,
                None => lossy(&self.chunk[range.clone()], &mut buf.event_type),
            }),
            Place::Scratch => Some(lossy(&interpreter.scratch.event_type, &mut buf.event_type)),
        };
        let last_event_id = self.last_event_id.unwrap_or(last_event_id);
        let has_id = draft.id != Place::Absent;
        EventRef { data, event_type, has_id, last_event_id, retry: draft.retry }
    }

    fn comment(&mut self) -> &str {
        let Decoder { interpreter, lossy: buf, .. } = &mut *self.decoder;
        let bytes = self.cursor.comment.bytes(self.chunk, &interpreter.scratch.value);
        lossy(bytes.unwrap_or_default(), &mut buf.data)
    }
}

impl Drop for Events<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.last_event_id {
            self.decoder.commit_id(id);
        }
        let text = if self.rest.is_empty() { self.chunk } else { &self.rest };
        self.decoder.interpreter.end(&mut self.cursor, text);
        if self.cursor.pos < text.len() {
            self.decoder.rest = text[self.cursor.pos..].to_vec();
        }
    }
}
