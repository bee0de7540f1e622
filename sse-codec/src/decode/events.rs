//! Events that are lent.

use core::{mem, ops::Range, time::Duration};

use alloc::string::String;

use super::{
    Decoder, Lossy,
    interpret::{Cursor, Draft, Interpreter, Place, Step},
    rest::{Rest, Taken},
    text::{ShortBuf, Window, lossy, push_lossy, replace, utf8},
    whole::{WholeEvent, WholeTexts, is_present},
};
use crate::{DecodeError, EventRef};

/// What comes of one chunk: a guard that lends one event after another.
///
/// Made by [`Decoder::decode`]. It is no `Iterator`, since each event is borrowed until the next one
/// is asked for; [`Decoder::decode_bytes`] gives one.
#[derive(Debug)]
pub struct Events<'d> {
    decoder: &'d mut Decoder,
    /// What of the chunk is behind the rest.
    chunk: &'d [u8],
    reading: Reading<'d>,
}

/// What is being read. With a tag of its own, which takes less to tell than one within what it holds.
#[derive(Debug)]
#[repr(u8)]
enum Reading<'d> {
    Nothing,
    /// An event that was found. Its block is the rest, or this if there is no rest.
    Event {
        block: &'d [u8],
        room: usize,
        is_lent: bool,
    },
    /// The rest, line by line.
    Rest(Cursor),
    Chunk(Chunk<'d>),
}

#[derive(Debug)]
struct Chunk<'d> {
    text: &'d [u8],
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
        match decoder.take(chunk) {
            Taken::All => Self { decoder, chunk: &[], reading: Reading::Nothing },
            Taken::Event(end) => {
                let reading = Reading::event(decoder, &chunk[..end]);
                Self { decoder, chunk: &chunk[end..], reading }
            }
            Taken::Part(taken) => {
                let (chunk, reading) = Reading::part(decoder, &chunk[taken..]);
                Self { decoder, chunk, reading }
            }
        }
    }

    /// The next event of the chunk; nothing when the chunk is used up. Comments are passed over.
    ///
    /// # Errors
    ///
    /// When something passed its limit. Go on after it: the next event is not touched by it.
    #[inline]
    pub fn next_event(&mut self) -> Option<Result<EventRef<'_>, DecodeError>> {
        match self.reading {
            Reading::Nothing => None,
            Reading::Event { .. } => self.next_found_event(),
            Reading::Rest(_) => self.next_event_in_rest(),
            Reading::Chunk(ref mut chunk) => {
                if chunk.cursor.at_block_start {
                    chunk.next_event(self.decoder)
                } else {
                    chunk.next_event_in_steps(self.decoder)
                }
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
            if let Some(block) = self.find_event() {
                return Some(Ok(ItemRef::Event(self.lend_event(block))));
            }
            let Some(step) = self.step_in_rest() else { break };
            match step {
                Step::Event => return Some(Ok(ItemRef::Event(self.lend_rest()))),
                Step::Comment => return Some(Ok(ItemRef::Comment(self.lend_comment()))),
                Step::Error => return self.decoder.interpreter.error.take().map(Err),
                Step::Id | Step::End => {}
            }
        }
        match &mut self.reading {
            Reading::Chunk(chunk) => chunk.next_item(self.decoder),
            _ => None,
        }
    }

    /// The last event ID as of what was given out so far.
    pub fn last_event_id(&self) -> &str {
        let in_chunk = if let Reading::Chunk(chunk) = &self.reading { chunk.last_event_id } else { None };
        in_chunk.unwrap_or(&self.decoder.last_event_id)
    }

    /// The reconnection time as of what was given out so far.
    pub fn reconnection_time(&self) -> Option<Duration> {
        self.decoder.reconnection_time()
    }
}

/// Events that were found.
impl<'d> Events<'d> {
    #[inline(never)]
    fn next_found_event(&mut self) -> Option<Result<EventRef<'_>, DecodeError>> {
        match self.find_event() {
            Some(block) => Some(Ok(self.lend_event(block))),
            None => self.next_event(),
        }
    }

    /// Goes on to the next event that was found, behind those that were lent; gives what its block is if there is no rest.
    #[inline(always)]
    fn find_event(&mut self) -> Option<&'d [u8]> {
        while let Reading::Event { block, is_lent, .. } = &mut self.reading {
            if !mem::replace(is_lent, true) {
                return Some(block);
            }
            self.end_event();
            self.go_on();
        }
        None
    }

    #[inline(always)]
    fn lend_event(&mut self, block: &'d [u8]) -> EventRef<'_> {
        if self.decoder.rest.has_more_data() {
            return self.lend_event_with_more_data(block);
        }
        let Decoder { rest, last_event_id, short, lossy, .. } = &mut *self.decoder;
        rest.lend(block, last_event_id, short, lossy)
    }

    #[inline(never)]
    fn lend_event_with_more_data(&mut self, block: &'d [u8]) -> EventRef<'_> {
        let Decoder { interpreter, rest, last_event_id, lossy, .. } = &mut *self.decoder;
        rest.make_draft(block, interpreter);
        lend_from(rest.or(block), interpreter, last_event_id, lossy)
    }

    /// Ends an event that was lent.
    #[inline(always)]
    fn end_event(&mut self) {
        if let Reading::Event { room, is_lent: true, .. } = self.reading {
            let Decoder { interpreter, rest, .. } = &mut *self.decoder;
            interpreter.pass_over(rest.event().lines.end);
            interpreter.release(room);
            rest.clear();
        }
    }

    /// Goes on behind what was read. The same as in `new`, but in place: to make what is read in one function for both and
    /// move it costs 10 % of small events.
    #[inline(always)]
    fn go_on(&mut self) {
        let chunk = mem::take(&mut self.chunk);
        self.reading = Reading::Nothing;
        if chunk.is_empty() {
            return;
        }
        match self.decoder.take_behind(chunk) {
            Taken::All => {}
            Taken::Event(end) => {
                self.reading = Reading::event(self.decoder, &chunk[..end]);
                self.chunk = &chunk[end..];
            }
            Taken::Part(taken) => {
                (self.chunk, self.reading) = Reading::part(self.decoder, &chunk[taken..]);
            }
        }
    }
}

/// The rest.
impl Events<'_> {
    #[inline(never)]
    fn next_event_in_rest(&mut self) -> Option<Result<EventRef<'_>, DecodeError>> {
        while let Some(step) = self.step_in_rest() {
            match step {
                Step::Event => return Some(Ok(self.lend_rest())),
                Step::Error => return self.decoder.interpreter.error.take().map(Err),
                Step::Id | Step::Comment | Step::End => {}
            }
        }
        self.next_event()
    }

    /// Goes on in the rest, and at its end to what is behind it.
    #[inline]
    fn step_in_rest(&mut self) -> Option<Step> {
        let Reading::Rest(cursor) = &mut self.reading else { return None };
        let Decoder { interpreter, rest, last_event_id, .. } = &mut *self.decoder;
        let step = interpreter.step(cursor, rest.bytes());
        match step {
            Step::Id => {
                commit_id(interpreter, rest.bytes(), last_event_id);
                interpreter.draft = Draft::default();
            }
            Step::End => {
                self.end_rest();
                self.go_on();
            }
            Step::Event | Step::Comment | Step::Error => {}
        }
        Some(step)
    }

    fn lend_rest(&mut self) -> EventRef<'_> {
        let Decoder { interpreter, rest, last_event_id, lossy, .. } = &mut *self.decoder;
        lend_from(rest.bytes(), interpreter, last_event_id, lossy)
    }

    fn lend_comment(&mut self) -> &str {
        let Decoder { interpreter, rest, lossy: buf, .. } = &mut *self.decoder;
        let comment = interpreter.comment.bytes(rest.bytes(), &interpreter.scratch.value);
        lossy(comment.unwrap_or_default(), &mut buf.data)
    }

    #[inline(never)]
    fn leave(&mut self) {
        match self.reading {
            Reading::Event { is_lent: true, .. } => self.end_event(),
            Reading::Event { block, .. } => self.decoder.leave(block),
            _ => self.end_rest(),
        }
        if !self.chunk.is_empty() {
            self.decoder.leave(self.chunk);
        }
    }

    /// Ends the reading of the rest, as far as it went.
    fn end_rest(&mut self) {
        if let Reading::Rest(cursor) = &self.reading {
            let Decoder { interpreter, rest, .. } = &mut *self.decoder;
            rest.note_kept(cursor, &interpreter.draft);
            interpreter.end(cursor, rest.bytes());
            rest.forget(cursor.pos);
        }
    }
}

impl Drop for Events<'_> {
    #[inline]
    fn drop(&mut self) {
        match &mut self.reading {
            Reading::Nothing => {}
            Reading::Chunk(chunk) => chunk.end(self.decoder),
            Reading::Event { .. } | Reading::Rest(_) => self.leave(),
        }
    }
}

impl<'d> Reading<'d> {
    /// Begins an event that was found, and whose block ends with these bytes.
    #[inline]
    fn event(decoder: &mut Decoder, bytes: &'d [u8]) -> Self {
        let Decoder { interpreter, rest, .. } = decoder;
        let start = if rest.is_empty() { bytes.len() - rest.event().lines.end } else { bytes.len() };
        Self::Event { block: &bytes[start..], room: interpreter.hold(), is_lent: false }
    }

    /// Begins to read the rest, if there is one, or else the chunk; and gives what of the chunk is behind it.
    #[inline(never)]
    fn part(decoder: &mut Decoder, chunk: &'d [u8]) -> (&'d [u8], Self) {
        let Decoder { interpreter, rest, .. } = decoder;
        if interpreter.was_left_in_text() {
            rest.clear();
        }
        if rest.is_empty() {
            (&[], Self::Chunk(Chunk::new(interpreter, chunk)))
        } else {
            (chunk, Self::Rest(interpreter.begin(rest.bytes(), chunk.is_empty())))
        }
    }
}

impl<'d> Chunk<'d> {
    #[inline(always)]
    fn new(interpreter: &mut Interpreter, text: &'d [u8]) -> Self {
        let cursor = interpreter.begin(text, true);
        Self { text, cursor, window: Window::default(), last_event_id: None }
    }

    #[inline(never)]
    fn next_event<'a>(&'a mut self, decoder: &'a mut Decoder) -> Option<Result<EventRef<'a>, DecodeError>> {
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
        match WholeEvent::next(&mut self.cursor, self.text, interpreter.comments) {
            Ok(event) => {
                let texts = self.window.over(self.text, &event.lines).texts(&event);
                if texts.is_none() {
                    self.cursor.go_back(self.text, event.lines.start);
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
        if self.cursor.is_at_end(self.text) {
            return Step::End;
        }
        decoder.interpreter.step(&mut self.cursor, self.text)
    }

    /// > Set the last event ID string of the event source to the value of the last event ID buffer.
    fn commit_id(&mut self, decoder: &mut Decoder) {
        let Decoder { interpreter: Interpreter { draft, scratch, .. }, last_event_id, .. } = decoder;
        match &draft.id {
            Place::Absent => {}
            Place::Text(range) => {
                self.last_event_id = self.window.over(self.text, &draft.lines).get(range);
                if self.last_event_id.is_none() {
                    replace(last_event_id, &self.text[range.clone()]);
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
        let Decoder { interpreter, last_event_id, lossy, .. } = decoder;
        let lines = interpreter.draft.lines.clone();
        let text = |range: &Range<usize>| {
            let text = self.window.over(self.text, &lines).get(range);
            text.ok_or_else(|| &self.text[range.clone()])
        };
        lend(interpreter, text, self.last_event_id.unwrap_or(last_event_id), lossy)
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
        let bytes = interpreter.comment.bytes(self.text, &interpreter.scratch.value);
        lossy(bytes.unwrap_or_default(), &mut buf.data)
    }

    fn end(&mut self, decoder: &mut Decoder) {
        if let Some(id) = self.last_event_id {
            decoder.commit_id(id);
        }
        let Decoder { interpreter, rest, .. } = decoder;
        if self.cursor.pos < self.text.len() {
            rest.keep(&self.text[self.cursor.pos..]);
            rest.note_kept(&self.cursor, &interpreter.draft);
        }
        interpreter.end(&self.cursor, self.text);
    }
}

/// > Set the last event ID string of the event source to the value of the last event ID buffer.
#[inline]
fn commit_id(interpreter: &Interpreter, text: &[u8], last_event_id: &mut String) {
    if let Some(id) = interpreter.draft.id.bytes(text, &interpreter.scratch.id) {
        replace(last_event_id, id);
    }
}

/// Lends the draft of a text that no window was moved over.
fn lend_from<'a>(
    bytes: &'a [u8],
    interpreter: &'a mut Interpreter,
    last_event_id: &'a mut String,
    buf: &'a mut Lossy,
) -> EventRef<'a> {
    commit_id(interpreter, bytes, last_event_id);
    let text = |range: &Range<usize>| {
        let bytes = &bytes[range.clone()];
        utf8(bytes).ok_or(bytes)
    };
    lend(interpreter, text, last_event_id, buf)
}

/// Lends the draft. `text` gives what stands in the text that is read, or its bytes if it is not UTF-8.
#[inline]
fn lend<'a>(
    interpreter: &'a mut Interpreter,
    mut text: impl FnMut(&Range<usize>) -> Result<&'a str, &'a [u8]>,
    last_event_id: &'a str,
    buf: &'a mut Lossy,
) -> EventRef<'a> {
    let Interpreter { draft, scratch, .. } = interpreter;
    let data = match &draft.data {
        Place::Absent => "",
        Place::Text(range) => text(range).unwrap_or_else(|bytes| lossy(bytes, &mut buf.data)),
        Place::Scratch => scratch.data.text(&mut buf.data),
    };
    let event_type = match &draft.event_type {
        Place::Absent => None,
        Place::Text(range) => Some(text(range).unwrap_or_else(|bytes| lossy(bytes, &mut buf.event_type))),
        Place::Scratch => Some(lossy(&scratch.event_type, &mut buf.event_type)),
    };
    let (has_id, retry) = (draft.id != Place::Absent, draft.retry);
    *draft = Draft::default();
    EventRef { data, event_type, has_id, last_event_id, retry }
}

impl Rest {
    /// Lends the event that was found, whose block is this if there is no rest.
    #[inline(always)]
    fn lend<'a>(
        &'a mut self,
        block: &'a [u8],
        last_event_id: &'a mut String,
        short: &'a mut ShortBuf,
        buf: &'a mut Lossy,
    ) -> EventRef<'a> {
        self.pad();
        let (event, bytes) = (self.event(), self.or(block));
        let valid = self.event_text(block, short).unwrap_or_default();
        let text = |range: &Range<usize>| valid.get(range.clone()).ok_or_else(|| &bytes[range.clone()]);
        let has_id = is_present(&event.id);
        if has_id {
            last_event_id.clear();
            match text(&event.id) {
                Ok(id) => last_event_id.push_str(id),
                Err(bytes) => push_lossy(last_event_id, bytes),
            }
        }
        let data = text(&event.data).unwrap_or_else(|bytes| lossy(bytes, &mut buf.data));
        let event_type = match event.event_type.is_empty() {
            true => None,
            false => Some(text(&event.event_type).unwrap_or_else(|bytes| lossy(bytes, &mut buf.event_type))),
        };
        EventRef { data, event_type, has_id, last_event_id, retry: None }
    }
}
