//! What was not given out yet.
//!
//! A small chunk is often nothing but a part of a block. Such a block is gathered here until it is whole, its lines
//! noted as they end; then it is given out like one that came at once. So is a usual one that a large chunk cuts. Only
//! a large block is read as it comes, since less of it may have to be kept than came: see [`small`](super::small).

use core::{iter, ops::Range};

use alloc::vec::Vec;

use super::{
    Decoder,
    data::{make_room, push, push_word},
    field::{Head, Name, has_nul},
    interpret::{Cursor, Draft, Interpreter, Place, Scratch},
    line_ends::{BLOCK, LineEnd, LineEnds, padded},
    text::{ShortBuf, utf8_in},
    whole::{WholeEvent, is_present},
};

/// Blocks of less bytes are gathered. Few in tests, so that both ways are tried.
pub(super) const ROOM: usize = if cfg!(debug_assertions) { 32 } else { 1024 };

/// A chunk that is larger is read where it is, but for the start of it that makes a block whole.
pub(super) const SMALL: usize = 256;

/// Of so many data lines behind the first it is noted where they are. If a block has more, it is read again.
const MORE_DATA: usize = if cfg!(debug_assertions) { 2 } else { 32 };

/// The block that the last chunk ended in, or what a guard left unread.
#[derive(Clone, Debug, Default)]
pub(super) struct Rest {
    bytes: Vec<u8>,
    /// Where the line begins that a gathered block ends in.
    line: usize,
    /// What the lines before it say.
    said: Said,
    /// The line ends of the chunk behind the event that was found last; nothing if not all of the chunk was searched, or
    /// something else was read since.
    behind: Option<LineEnds>,
}

/// What the lines of a block say, as far as they are those of a usual event.
#[derive(Clone, Debug, Default)]
struct Said {
    event: WholeEvent,
    /// Where the values of its other data lines stand.
    more_data: Vec<Range<usize>>,
    /// They say something else besides.
    is_odd: bool,
}

/// What there is to be read, behind which the chunk goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Taken {
    /// Nothing: all was taken.
    All,
    /// An [event](Rest::event), whose block ends there in the chunk. The block is the rest, or stands in the chunk
    /// if there is no rest.
    Event(usize),
    /// The rest, or if there is none, the chunk from there on.
    Part(usize),
}

impl Decoder {
    /// Takes a chunk, as far as it belongs to the rest.
    #[inline]
    pub(super) fn take(&mut self, chunk: &[u8]) -> Taken {
        let Self { interpreter, rest, .. } = self;
        if rest.len() + chunk.len() >= interpreter.room {
            rest.take_start(chunk, interpreter)
        } else if interpreter.is_between_blocks() {
            rest.take(chunk, interpreter)
        } else {
            interpreter.take(chunk)
        }
    }

    /// Takes the chunk behind what was read of it, or of the rest: behind an event that was found in a small chunk without
    /// a search, since the chunk was searched for that.
    #[inline(always)]
    pub(super) fn take_behind(&mut self, chunk: &[u8]) -> Taken {
        let Self { interpreter, rest, .. } = self;
        match rest.behind {
            Some(ends) if !ends.are_none(chunk) => rest.take_lines(chunk, ends, false, interpreter),
            Some(_) => {
                rest.append(chunk);
                Taken::All
            }
            None => self.take(chunk),
        }
    }

    /// Leaves a chunk unread, behind a rest that was not read to its end or not at all.
    pub(super) fn leave(&mut self, chunk: &[u8]) {
        self.rest.keep(chunk);
        self.interpreter.release(0);
    }
}

impl Rest {
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The rest, or if there is none, this.
    #[inline]
    pub(super) fn or<'a>(&'a self, block: &'a [u8]) -> &'a [u8] {
        if self.is_empty() { block } else { &self.bytes }
    }

    /// The event that was [found](Taken::Event), as places in its block.
    #[inline]
    pub(super) fn event(&self) -> &WholeEvent {
        &self.said.event
    }

    /// Whether the event has several data lines.
    #[inline]
    pub(super) fn has_more_data(&self) -> bool {
        !self.said.more_data.is_empty()
    }

    /// Makes the draft of the event that was found.
    #[inline(never)]
    pub(super) fn make_draft(&self, block: &[u8], interpreter: &mut Interpreter) {
        let Said { event, more_data, .. } = &self.said;
        let Interpreter { draft, scratch: Scratch { data, .. }, limits, .. } = interpreter;
        *draft = event.clone().into();
        if !more_data.is_empty() {
            data.clear();
            for value in iter::once(&event.data).chain(more_data) {
                data.push_line(self.or(block), value.clone(), limits.event());
            }
            draft.data = Place::Scratch;
        }
    }

    /// Puts zeros behind the event that was found if it is no short one, so that it is validated in whole blocks: the part
    /// of one that is left takes longer than several others.
    #[inline]
    pub(super) fn pad(&mut self) {
        if self.len() > BLOCK {
            let len = self.len().next_multiple_of(BLOCK);
            make_room(&mut self.bytes, BLOCK, ROOM);
            self.bytes.extend_from_slice(&[0; BLOCK]);
            self.bytes.truncate(len);
        }
    }

    /// Its text, if that is UTF-8. Found out faster if the rest was [padded](Self::pad).
    #[inline]
    pub(super) fn event_text<'a>(&'a self, block: &'a [u8], buf: &'a mut ShortBuf) -> Option<&'a str> {
        utf8_in(self.or(block), buf)?.get(..self.said.event.lines.end)
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    #[inline]
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.line = 0;
        self.said.clear();
    }

    /// Keeps what of a chunk was not read, however much it is.
    pub(super) fn keep(&mut self, unread: &[u8]) {
        self.bytes.extend_from_slice(unread);
    }

    /// Forgets what was read of the rest itself.
    pub(super) fn forget(&mut self, read: usize) {
        self.behind = None;
        self.bytes.drain(..read);
        // What a guard left unread can be large.
        self.bytes.shrink_to(4 * ROOM);
    }

    /// Notes of a block that is kept where its last line begins, and what the others say.
    #[inline]
    pub(super) fn note_kept(&mut self, cursor: &Cursor, draft: &Draft) {
        let event = cursor.kept.map(|_| WholeEvent::from_draft(draft, cursor.block));
        self.line = cursor.kept.unwrap_or_default();
        self.said.more_data.clear();
        self.said.is_odd = matches!(event, Some(None));
        self.said.event = event.flatten().unwrap_or_default();
    }

    /// Takes the start of a large chunk, if it makes a block whole that is not large itself.
    #[inline(never)]
    fn take_start(&mut self, chunk: &[u8], interpreter: &mut Interpreter) -> Taken {
        if self.is_empty() || !self.said.is_usual() {
            return Taken::Part(0);
        }
        // There is no room where something was left unread.
        let room = interpreter.room.saturating_sub(self.len());
        let start = &chunk[..room.min(chunk.len())];
        self.take_lines(start, LineEnds::starting_at(start, 0), true, interpreter)
    }

    /// Takes a small chunk, or as much of it as makes the block whole.
    #[inline]
    fn take(&mut self, chunk: &[u8], interpreter: &mut Interpreter) -> Taken {
        if chunk.len() > BLOCK && (chunk.len() > SMALL || self.is_empty()) {
            return self.take_start(chunk, interpreter);
        }
        if chunk.len() > size_of::<u128>() {
            let ends = LineEnds::starting_at(chunk, 0);
            if !ends.are_none(chunk) {
                return self.take_lines(chunk, ends, false, interpreter);
            }
            self.append(chunk);
        } else {
            let word = padded(chunk);
            let ends = LineEnds::of_word(word);
            if !ends.are_none(chunk) {
                return self.take_lines(chunk, ends, false, interpreter);
            }
            make_room(&mut self.bytes, size_of::<u128>(), ROOM);
            push_word(&mut self.bytes, word, chunk.len());
        }
        Taken::All
    }

    #[inline]
    fn append(&mut self, part: &[u8]) {
        push(&mut self.bytes, part, ROOM);
    }

    /// Takes lines, up to the end of the block. Of the start of a large chunk only whole ones, and only as long as the
    /// event is a usual one: any other is read in the chunk.
    ///
    /// What nobody will see is forgotten at once: blank lines, and blocks of which nothing comes.
    #[inline(never)]
    fn take_lines(
        &mut self,
        chunk: &[u8],
        mut ends: LineEnds,
        is_start: bool,
        interpreter: &mut Interpreter,
    ) -> Taken {
        // What is to be added to a place in the chunk to have it in the block; and how much is in the rest.
        let (mut shift, mut copied) = (self.len(), 0);
        if self.line < self.len() {
            let Some(LineEnd { end, next }) = ends.next(chunk) else {
                return self.take_rest_of(chunk, copied, is_start);
            };
            // All at once, since mostly the block goes on.
            copied = if is_start { next } else { chunk.len() };
            self.append(&chunk[..copied]);
            let line = self.line..end + shift;
            self.line = next + shift;
            if !self.said.read_line(&self.bytes, line, 0, interpreter) {
                self.bytes.truncate(self.line);
                return Taken::Part(next);
            }
        } else if chunk.first() == Some(&b'\n') && self.bytes.last() == Some(&b'\r') {
            ends.next(chunk);
            self.line += 1;
        }
        // The others are read where they are: what was just copied could not be loaded at once.
        let mut pos = self.line - shift;
        while let Some(LineEnd { end, next }) = ends.next(chunk) {
            let line = pos..end;
            let is_blank = line.is_empty();
            (pos, self.line) = (next, next.wrapping_add(shift));
            if is_blank && self.said.is_nothing() {
                interpreter.pass_over(self.line);
                self.clear();
                if is_start {
                    return Taken::Part(next);
                }
                (shift, copied) = (next.wrapping_neg(), next);
                continue;
            }
            if !is_blank && self.said.read_line(chunk, line, shift, interpreter) {
                if is_start && !self.said.is_usual() {
                    return Taken::Part(copied);
                }
                continue;
            }
            if !self.is_empty() {
                if copied > next {
                    // What is behind the block came with its first line.
                    self.bytes.truncate(self.line);
                } else {
                    self.append(&chunk[copied..next]);
                }
                copied = next;
            }
            if is_blank && self.said.is_event() {
                self.said.event.lines = 0..self.line;
                self.behind = if is_start { None } else { ends.behind(chunk, next) };
                return Taken::Event(next);
            }
            if self.is_empty() {
                // What was noted is still in the chunk, and is read there.
                self.clear();
            }
            return Taken::Part(copied);
        }
        self.take_rest_of(chunk, copied, is_start)
    }

    /// The block goes on behind the chunk, or behind its start, which is then read where it is.
    #[inline]
    fn take_rest_of(&mut self, chunk: &[u8], copied: usize, is_start: bool) -> Taken {
        if is_start {
            return Taken::Part(copied);
        }
        self.append(&chunk[copied..]);
        Taken::All
    }
}

impl Said {
    /// Notes what a line says, whose place in its block is so far behind that in the text; whether nothing comes of it by
    /// itself.
    #[inline(always)]
    fn read_line(
        &mut self,
        text: &[u8],
        line: Range<usize>,
        shift: usize,
        interpreter: &mut Interpreter,
    ) -> bool {
        let (name, value) = Head::of(text, line.start).field(line);
        let in_block = value.start.wrapping_add(shift)..value.end.wrapping_add(shift);
        match name {
            Name::Data if !is_present(&self.event.data) => self.event.data = in_block,
            Name::Event => self.event.event_type = if value.is_empty() { 0..0 } else { in_block },
            Name::Id if has_nul(text, &value) => {}
            Name::Id => self.event.id = in_block,
            Name::Comment => return !interpreter.comments,
            Name::Retry => {
                interpreter.set_reconnection_time(&text[value]);
                self.is_odd = true;
            }
            Name::Data if self.more_data.len() < MORE_DATA => self.more_data.push(in_block),
            Name::Data | Name::Other => self.is_odd = true,
        }
        true
    }

    #[inline]
    fn clear(&mut self) {
        (self.event, self.is_odd) = (WholeEvent::default(), false);
        self.more_data.clear();
    }

    /// Whether they say no more than a usual event does.
    #[inline]
    fn is_usual(&self) -> bool {
        !self.is_odd && self.more_data.is_empty()
    }

    /// Whether nothing comes of the block.
    fn is_nothing(&self) -> bool {
        !(self.is_odd || is_present(&self.event.data) || is_present(&self.event.id))
    }

    fn is_event(&self) -> bool {
        !self.is_odd && is_present(&self.event.data)
    }
}
