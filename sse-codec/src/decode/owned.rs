//! Events that own their text.

use core::{ops::Range, time::Duration};

use bytes::{Buf, Bytes};

use super::{
    Decoder,
    interpret::{Cursor, Draft, Interpreter, Place, Step},
    rest::{Rest, Taken},
    text::{Window, owned, sliced},
    whole::WholeEvent,
};
use crate::{
    DecodeError, Event, EventId, EventType, Text,
    event::{Parts, ShortText},
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
    #[inline]
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

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.chunk.next_event(self.decoder)
    }
}

impl Drop for OwnedEvents<'_> {
    #[inline]
    fn drop(&mut self) {
        self.chunk.end(self.decoder);
    }
}

/// A chunk that is being decoded, apart from the decoder: a stream holds both, and fills this again with each
/// chunk, since to make it elsewhere and move it costs more than a small chunk.
#[derive(Debug, Default)]
pub(crate) struct Owned {
    /// What of the chunk is behind the rest.
    chunk: Bytes,
    reading: Reading,
    cursor: Cursor,
    /// Where the decoder's shared text stands in the chunk.
    window: Window<()>,
}

/// What is being read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Reading {
    #[default]
    Nothing,
    /// An event that was found. Its block is the rest, or the first bytes of the chunk.
    Event {
        in_chunk: usize,
        room: usize,
    },
    /// The rest, line by line.
    Rest,
    /// The rest is read, and the chunk comes behind it.
    Behind {
        room: usize,
    },
    Chunk,
    /// An event that lies whole in the chunk, but not in a window: it is large, or not UTF-8. The draft is made of it.
    Draft,
}

impl Reading {
    /// What is read, of a chunk that is behind the rest.
    fn text<'a>(self, rest: &'a Rest, chunk: &'a [u8]) -> &'a [u8] {
        match self {
            Self::Nothing | Self::Behind { .. } => &[],
            Self::Event { in_chunk, .. } => rest.or(&chunk[..in_chunk]),
            Self::Rest => rest.bytes(),
            Self::Chunk | Self::Draft => chunk,
        }
    }
}

impl Owned {
    /// Begins a chunk. The one before must have been read, or have [ended](Self::end).
    #[inline]
    pub(crate) fn begin(&mut self, decoder: &mut Decoder, chunk: Bytes) {
        let taken = decoder.take(&chunk);
        if taken != Taken::All {
            self.chunk = chunk;
            self.open(decoder, taken);
        }
    }

    /// Begins with what was left unread of an earlier chunk.
    #[cfg(any(feature = "stream", feature = "tokio-codec"))]
    pub(crate) fn begin_unread(&mut self, decoder: &mut Decoder) {
        if !decoder.rest.is_empty() {
            self.open(decoder, Taken::Part(0));
        }
    }

    #[inline]
    fn open(&mut self, decoder: &mut Decoder, taken: Taken) {
        let Decoder { interpreter, rest, .. } = decoder;
        match taken {
            Taken::All => {
                self.chunk = Bytes::new();
                self.reading = Reading::Nothing;
            }
            Taken::Event(end) => {
                let in_chunk = if rest.is_empty() { rest.event().lines.end } else { 0 };
                self.chunk.advance(end - in_chunk);
                self.reading = Reading::Event { in_chunk, room: interpreter.hold() };
            }
            Taken::Part(len) => self.open_part(decoder, len),
        }
    }

    #[inline(never)]
    fn open_part(&mut self, decoder: &mut Decoder, taken: usize) {
        let Decoder { interpreter, rest, .. } = decoder;
        self.chunk.advance(taken);
        if interpreter.was_left_in_text() {
            rest.clear();
        }
        if rest.is_empty() {
            self.cursor = interpreter.begin(&self.chunk, true);
            self.reading = Reading::Chunk;
        } else {
            self.cursor = interpreter.begin(rest.bytes(), self.chunk.is_empty());
            self.cursor.at_block_start = false;
            self.reading = Reading::Rest;
        }
    }

    /// Gives back to the decoder what is unfinished or unread.
    #[inline]
    pub(crate) fn end(&mut self, decoder: &mut Decoder) {
        if self.reading != Reading::Nothing {
            self.leave(decoder);
        }
    }

    #[inline(never)]
    fn leave(&mut self, decoder: &mut Decoder) {
        if let Reading::Rest | Reading::Chunk = self.reading {
            self.end_text(decoder);
        }
        if self.reading != Reading::Nothing {
            decoder.leave(&self.chunk);
            self.chunk = Bytes::new();
            self.reading = Reading::Nothing;
        }
    }

    /// Ends the text that is read, as far as it was read.
    #[inline(never)]
    fn end_text(&mut self, decoder: &mut Decoder) {
        let Decoder { interpreter, rest, .. } = decoder;
        let pos = self.cursor.pos;
        // Each by itself: a new one would be made elsewhere, and moved.
        self.window = Window::default();
        self.cursor.at_block_start = false;
        if self.reading == Reading::Chunk {
            if pos < self.chunk.len() {
                rest.keep(&self.chunk[pos..]);
                rest.note_kept(&self.cursor, &interpreter.draft);
            }
            interpreter.end(&self.cursor, &self.chunk);
            self.chunk = Bytes::new();
        } else {
            rest.note_kept(&self.cursor, &interpreter.draft);
            interpreter.end(&self.cursor, rest.bytes());
            rest.forget(pos);
        }
        // What is behind the rest would be lost with this, so that the decoder must know.
        self.reading = match self.chunk.is_empty() {
            true => Reading::Nothing,
            false => Reading::Behind { room: interpreter.hold() },
        };
    }

    /// Ends an event that was found.
    #[inline]
    fn end_event(&mut self, decoder: &mut Decoder, in_chunk: usize, room: usize) {
        let Decoder { interpreter, rest, .. } = decoder;
        interpreter.pass_over(rest.event().lines.end);
        self.chunk.advance(in_chunk);
        rest.clear();
        self.reading = Reading::Behind { room };
        if self.chunk.is_empty() {
            interpreter.release(room);
            self.reading = Reading::Nothing;
        }
    }

    /// Goes on behind what was read.
    #[inline(never)]
    fn go_on(&mut self, decoder: &mut Decoder) {
        let Reading::Behind { room } = self.reading else { return };
        decoder.interpreter.release(room);
        let taken = decoder.take_behind(&self.chunk);
        self.open(decoder, taken);
    }

    /// Whether there is something to be read.
    #[cfg(feature = "stream")]
    pub(crate) fn is_open(&self) -> bool {
        self.reading != Reading::Nothing
    }

    #[inline(always)]
    pub(crate) fn next_event<E: From<DecodeError>>(
        &mut self,
        decoder: &mut Decoder,
    ) -> Option<Result<Event, E>> {
        loop {
            if let Some(event) = self.whole_event(decoder) {
                return Some(Ok(event));
            }
            match self.reading {
                Reading::Nothing => return None,
                Reading::Behind { .. } => self.go_on(decoder),
                _ => {
                    if let Some(event) = self.found_event(decoder) {
                        return Some(Ok(event));
                    }
                    if let Some(event) = self.next_event_in_steps(decoder) {
                        return Some(event.map_err(E::from));
                    }
                }
            }
        }
    }

    /// The next event that does not lie whole in the chunk, or is none of the usual ones. Nothing at the end of what
    /// is read.
    #[inline(always)]
    fn next_event_in_steps(&mut self, decoder: &mut Decoder) -> Option<Result<Event, DecodeError>> {
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
    pub(crate) fn next_item(&mut self, decoder: &mut Decoder) -> Option<Result<Item, DecodeError>> {
        loop {
            if let Some(event) = self.whole_event(decoder) {
                return Some(Ok(Item::Event(event)));
            }
            if let Some(event) = self.found_event(decoder) {
                return Some(Ok(Item::Event(event)));
            }
            match self.step(decoder) {
                Step::Event => return Some(Ok(Item::Event(self.event(decoder)))),
                Step::Comment => {
                    let Interpreter { comment, scratch, .. } = &decoder.interpreter;
                    let text = self.reading.text(&decoder.rest, &self.chunk);
                    let comment = comment.bytes(text, &scratch.value);
                    return Some(Ok(Item::Comment(owned(comment.unwrap_or_default()))));
                }
                Step::Error => return decoder.interpreter.error.take().map(Err),
                Step::Id => {
                    self.commit_id(decoder);
                    decoder.interpreter.draft = Draft::default();
                }
                Step::End if self.reading == Reading::Nothing => return None,
                Step::End => self.go_on(decoder),
            }
        }
    }

    #[inline]
    fn step(&mut self, decoder: &mut Decoder) -> Step {
        match self.reading {
            Reading::Nothing | Reading::Behind { .. } => Step::End,
            Reading::Event { .. } => Step::Event,
            Reading::Rest | Reading::Chunk => self.step_in_text(decoder),
            Reading::Draft => {
                self.reading = Reading::Chunk;
                Step::Event
            }
        }
    }

    #[inline(never)]
    fn step_in_text(&mut self, decoder: &mut Decoder) -> Step {
        let text = self.reading.text(&decoder.rest, &self.chunk);
        if !self.cursor.is_at_end(text) {
            let step = decoder.interpreter.step(&mut self.cursor, text);
            // What is in the rest is odd, or was left unread.
            self.cursor.at_block_start &= self.reading == Reading::Chunk;
            if step != Step::End {
                return step;
            }
        }
        self.end_text(decoder);
        Step::End
    }

    #[inline(always)]
    fn whole_event(&mut self, decoder: &mut Decoder) -> Option<Event> {
        if !self.cursor.at_block_start {
            return None;
        }
        let Decoder { interpreter, shared, last_event_id, .. } = decoder;
        let event = match WholeEvent::next(&mut self.cursor, &self.chunk, interpreter.comments) {
            Ok(event) => event,
            Err(begun) => {
                interpreter.draft = begun.into();
                return None;
            }
        };
        let window = self.window.over(&self.chunk, &event.lines, shared);
        let (Some(window), Some(text)) = (window, shared.text()) else {
            interpreter.draft = event.into();
            self.reading = Reading::Draft;
            return None;
        };
        event.commit_id(text, window.start(), last_event_id);
        Some(window.event(&event, text))
    }

    /// The event that was found, unless one of its texts is not UTF-8: then the draft is made of it.
    #[inline(always)]
    fn found_event(&mut self, decoder: &mut Decoder) -> Option<Event> {
        let Reading::Event { in_chunk, room } = self.reading else { return None };
        let Decoder { interpreter, rest, last_event_id, short, shared, .. } = &mut *decoder;
        if rest.has_more_data() {
            rest.make_draft(&self.chunk[..in_chunk], interpreter);
            return None;
        }
        rest.pad();
        let event = rest.event();
        let Some(text) = rest.event_text(&self.chunk[..in_chunk], short) else {
            rest.make_draft(&self.chunk[..in_chunk], interpreter);
            return None;
        };
        event.commit_id(text, 0, last_event_id);
        let event = match ShortText::from(text) {
            Ok(text) => Event::from_short(event.slices(text, 0)),
            Err(_) => Event::from_slices(event.slices(shared.fill(text).clone(), 0)),
        };
        self.end_event(decoder, in_chunk, room);
        Some(event)
    }

    #[inline(never)]
    fn event(&mut self, decoder: &mut Decoder) -> Event {
        let id = self.commit_id(decoder);
        let Decoder { interpreter: Interpreter { draft, scratch, .. }, rest, .. } = decoder;
        let bytes = self.reading.text(rest, &self.chunk);
        let text = |range: &Range<usize>| match self.reading {
            Reading::Chunk => sliced(&self.chunk, range),
            _ => owned(&bytes[range.clone()]),
        };
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
        if let Reading::Event { in_chunk, room } = self.reading {
            self.end_event(decoder, in_chunk, room);
        }
        Event::from_parts(Parts { data, event_type: event_type.map(EventType::from_decoded), id }, retry)
    }

    /// > Set the last event ID string of the event source to the value of the last event ID buffer.
    fn commit_id(&mut self, decoder: &mut Decoder) -> Option<EventId> {
        let Decoder { interpreter: Interpreter { draft, scratch, .. }, rest, .. } = &*decoder;
        let text = self.reading.text(rest, &self.chunk);
        let id = match &draft.id {
            Place::Absent => return None,
            Place::Text(range) => owned(&text[range.clone()]),
            Place::Scratch => owned(&scratch.id),
        };
        decoder.commit_id(&id);
        Some(EventId::from_decoded(id))
    }
}
