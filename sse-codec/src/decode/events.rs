//! Events that are lent.

use core::{ops::Range, time::Duration};

use super::{
    Decoder,
    interpret::{Cursor, Draft, Interpreter, Place, Step},
    text::{Window, lossy, replace},
    whole::{WholeEvent, WholeTexts},
};
use crate::{DecodeError, EventRef};

/// What comes of one chunk: a guard that lends one event after another.
///
/// Made by [`Decoder::decode`]. It is no `Iterator`, since each event is borrowed until the next one
/// is asked for; [`Decoder::decode_bytes`] gives one.
#[derive(Debug)]
pub struct Events<'d> {
    decoder: &'d mut Decoder,
    /// Nothing if all of the chunk was taken at once.
    reading: Option<Reading<'d>>,
}

/// A chunk that is being read.
#[derive(Debug)]
struct Reading<'d> {
    chunk: &'d [u8],
    /// There was an unread rest of earlier chunks. It has this chunk behind it now, and takes its place.
    in_rest: bool,
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
    #[inline]
    pub(super) fn new(decoder: &'d mut Decoder, chunk: &'d [u8]) -> Self {
        let Some(pos) = decoder.interpreter.take_parts(chunk) else {
            return Self { decoder, reading: None };
        };
        let reading = Some(Reading::new(decoder, chunk, pos));
        Self { decoder, reading }
    }

    /// The next event of the chunk; nothing when the chunk is used up. Comments are passed over.
    ///
    /// # Errors
    ///
    /// When something passed its limit. Go on after it: the next event is not touched by it.
    #[inline]
    pub fn next_event(&mut self) -> Option<Result<EventRef<'_>, DecodeError>> {
        let reading = self.reading.as_mut()?;
        if reading.cursor.at_block_start {
            reading.next_event_in_chunk(self.decoder)
        } else {
            reading.next_event_in_steps(self.decoder)
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
        self.reading.as_mut()?.next_item(self.decoder)
    }

    /// The last event ID as of what was given out so far.
    pub fn last_event_id(&self) -> &str {
        let in_chunk = self.reading.as_ref().and_then(|reading| reading.last_event_id);
        in_chunk.unwrap_or(&self.decoder.last_event_id)
    }

    /// The reconnection time as of what was given out so far.
    pub fn reconnection_time(&self) -> Option<Duration> {
        self.decoder.reconnection_time()
    }
}

impl Drop for Events<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(reading) = &mut self.reading {
            reading.end(self.decoder);
        }
    }
}

impl<'d> Reading<'d> {
    #[inline(never)]
    fn new(decoder: &mut Decoder, chunk: &'d [u8], pos: usize) -> Self {
        let Decoder { interpreter, rest, .. } = decoder;
        if interpreter.was_left_in_text() {
            rest.clear();
        }
        let in_rest = !rest.is_empty();
        let cursor = if in_rest {
            rest.extend_from_slice(chunk);
            let mut cursor = interpreter.begin(rest, 0);
            cursor.at_block_start = false;
            cursor
        } else {
            interpreter.begin(chunk, pos)
        };
        Self { chunk, in_rest, cursor, window: Window::default(), last_event_id: None }
    }

    #[inline(never)]
    fn next_event_in_chunk<'a>(
        &'a mut self,
        decoder: &'a mut Decoder,
    ) -> Option<Result<EventRef<'a>, DecodeError>> {
        match self.whole_event(decoder) {
            Some(event) => Some(Ok(self.lend_whole(decoder, event))),
            None => self.next_event_in_steps(decoder),
        }
    }

    #[inline(never)]
    fn next_event_in_steps<'a>(
        &'a mut self,
        decoder: &'a mut Decoder,
    ) -> Option<Result<EventRef<'a>, DecodeError>> {
        loop {
            match self.step(decoder) {
                Step::End => return None,
                Step::Event => return Some(Ok(self.lend(decoder))),
                Step::Error => return decoder.interpreter.error.take().map(Err),
                Step::Id => {
                    self.commit_id(decoder);
                    decoder.interpreter.draft = Draft::default();
                }
                Step::Comment => {}
            }
        }
    }

    fn next_item<'a>(&'a mut self, decoder: &'a mut Decoder) -> Option<Result<ItemRef<'a>, DecodeError>> {
        match self.whole_event(decoder) {
            Some(event) => Some(Ok(ItemRef::Event(self.lend_whole(decoder, event)))),
            None => self.next_item_in_steps(decoder),
        }
    }

    #[inline(never)]
    fn next_item_in_steps<'a>(
        &'a mut self,
        decoder: &'a mut Decoder,
    ) -> Option<Result<ItemRef<'a>, DecodeError>> {
        loop {
            match self.step(decoder) {
                Step::End => return None,
                Step::Event => return Some(Ok(ItemRef::Event(self.lend(decoder)))),
                Step::Comment => return Some(Ok(ItemRef::Comment(self.comment(decoder)))),
                Step::Error => return decoder.interpreter.error.take().map(Err),
                Step::Id => {
                    self.commit_id(decoder);
                    decoder.interpreter.draft = Draft::default();
                }
            }
        }
    }

    /// The next event, if it is a usual one that lies whole in the chunk.
    #[inline(always)]
    fn whole_event(&mut self, decoder: &mut Decoder) -> Option<WholeTexts<'d>> {
        if !self.cursor.at_block_start {
            return None;
        }
        let interpreter = &mut decoder.interpreter;
        match WholeEvent::next(&mut self.cursor, self.chunk, interpreter.comments) {
            Ok(event) => {
                let texts = self.window.over(self.chunk, &event.lines, |text| text).texts(&event);
                if texts.is_none() {
                    self.cursor.go_back(self.chunk, event.lines.start);
                }
                texts
            }
            Err(begun) => {
                interpreter.draft = begun.into();
                None
            }
        }
    }

    #[inline]
    fn step(&mut self, decoder: &mut Decoder) -> Step {
        if self.in_rest {
            return self.step_in_rest(decoder);
        }
        if self.cursor.pos == self.chunk.len() {
            return Step::End;
        }
        decoder.interpreter.step(&mut self.cursor, self.chunk)
    }

    /// The guard cannot lend from a buffer of its own, so all that stands there goes to scratch.
    #[cold]
    #[inline(never)]
    fn step_in_rest(&mut self, decoder: &mut Decoder) -> Step {
        let Decoder { interpreter, rest, .. } = decoder;
        let step = interpreter.step(&mut self.cursor, rest);
        self.cursor.at_block_start = false;
        let Interpreter { draft, scratch, limits, comment, .. } = interpreter;
        match step {
            Step::Event | Step::Id => scratch.take_in(draft, rest, limits.event),
            Step::Comment => {
                if let Place::Text(range) = comment {
                    scratch.value.clear();
                    scratch.value.extend_from_slice(&rest[range.clone()]);
                    *comment = Place::Scratch;
                }
            }
            Step::End | Step::Error => {}
        }
        step
    }

    /// > Set the last event ID string of the event source to the value of the last event ID buffer.
    fn commit_id(&mut self, decoder: &mut Decoder) {
        let Decoder { interpreter: Interpreter { draft, scratch, .. }, last_event_id, .. } = decoder;
        match &draft.id {
            Place::Absent => {}
            Place::Text(range) => {
                self.last_event_id = self.window.over(self.chunk, &draft.lines, |text| text).get(range);
                if self.last_event_id.is_none() {
                    replace(last_event_id, &self.chunk[range.clone()]);
                }
            }
            Place::Scratch => {
                self.last_event_id = None;
                replace(last_event_id, &scratch.id);
            }
        }
    }

    #[inline(never)]
    fn lend<'a>(&'a mut self, decoder: &'a mut Decoder) -> EventRef<'a> {
        self.commit_id(decoder);
        let Decoder { interpreter, last_event_id, lossy: buf, .. } = decoder;
        let Interpreter { draft, scratch, .. } = interpreter;
        let mut text = |range: &Range<usize>| {
            let text = self.window.over(self.chunk, &draft.lines, |text| text).get(range);
            text.ok_or_else(|| &self.chunk[range.clone()])
        };
        let data = match &draft.data {
            Place::Absent => "",
            Place::Text(range) => text(range).unwrap_or_else(|bytes| lossy(bytes, &mut buf.data)),
            Place::Scratch => scratch.data.finish(),
        };
        let event_type = match &draft.event_type {
            Place::Absent => None,
            Place::Text(range) => Some(text(range).unwrap_or_else(|bytes| lossy(bytes, &mut buf.event_type))),
            Place::Scratch => Some(lossy(&scratch.event_type, &mut buf.event_type)),
        };
        let last_event_id = self.last_event_id.unwrap_or(last_event_id);
        let (has_id, retry) = (draft.id != Place::Absent, draft.retry);
        *draft = Draft::default();
        EventRef { data, event_type, has_id, last_event_id, retry }
    }

    #[inline(always)]
    fn lend_whole<'a>(&'a mut self, decoder: &'a mut Decoder, event: WholeTexts<'d>) -> EventRef<'a> {
        if event.id.is_some() {
            self.last_event_id = event.id;
        }
        EventRef {
            data: event.data,
            event_type: event.event_type,
            has_id: event.id.is_some(),
            last_event_id: self.last_event_id.unwrap_or(&decoder.last_event_id),
            retry: None,
        }
    }

    fn comment<'a>(&'a mut self, decoder: &'a mut Decoder) -> &'a str {
        let Decoder { interpreter, lossy: buf, .. } = decoder;
        let bytes = interpreter.comment.bytes(self.chunk, &interpreter.scratch.value);
        lossy(bytes.unwrap_or_default(), &mut buf.data)
    }

    fn end(&mut self, decoder: &mut Decoder) {
        if let Some(id) = self.last_event_id {
            decoder.commit_id(id);
        }
        let Decoder { interpreter, rest, .. } = decoder;
        if self.in_rest {
            interpreter.end(&self.cursor, rest);
            *rest = rest.split_off(self.cursor.pos);
        } else {
            interpreter.end(&self.cursor, self.chunk);
            if self.cursor.pos < self.chunk.len() {
                rest.extend_from_slice(&self.chunk[self.cursor.pos..]);
            }
        }
    }
}
