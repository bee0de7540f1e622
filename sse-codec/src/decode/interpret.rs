//! Lines to fields to events: [9.2.6, interpreting an event stream][standard].
//!
//! The interpreter is given one text (a chunk) after another and stops at each thing that somebody
//! wants to see. It never holds a reference into the text: what it says of an event are *places*,
//! ranges in the text or "in the scratch buffer". So the borrowed, the owned and the stream level
//! run the same code and differ only in what they make of the places.
//!
//! For the next editor: the same field can be read in five ways, and all must come to the same; the
//! tests try every chunking.
//!
//! 1. [`whole`](super::whole): a usual event that lies whole in its text. This is where the time goes.
//! 2. Here: any other line that lies whole in its text.
//! 3. [`rest`](super::rest): a line of a block that is gathered, since chunks cut it.
//! 4. [`cut`](super::cut): a long line that comes in parts.
//! 5. There too: a short line that comes in parts, read in the word that it was collected in.
//!
//! The last two are for blocks that are too large to be gathered, or have several data lines that large chunks cut.
//!
//! [standard]: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation

use core::{mem, ops::Range};

use alloc::vec::Vec;

use super::{
    Limits,
    cut::Line,
    data::DataBuffer,
    field::{Head, Name, RetryValue, has_nul},
    line_ends::{LineEnd, LineEnds},
    rest::{ROOM, SMALL},
    start::{Start, StreamStart},
};
use crate::DecodeError;

/// What the interpreter keeps from one text to the next.
#[derive(Clone, Debug)]
pub(super) struct Interpreter {
    pub(super) limits: Limits,
    pub(super) comments: bool,
    pub(super) reconnection_time: Option<u64>,
    pub(super) scratch: Scratch,
    /// The event under construction. Between two texts all of it is in scratch. Made use of where it is: to
    /// move it just after it was written costs more than to write it anew.
    pub(super) draft: Draft,
    /// The comment that is to be given out.
    pub(super) comment: Place,
    /// The error that is to be given out.
    pub(super) error: Option<DecodeError>,
    /// How far the line is that the last text ended in.
    pub(super) line: Line,
    pub(super) start: StreamStart,
    /// How many bytes may come before a limit has to be looked at.
    pub(super) room: usize,
    /// Between [`begin`](Self::begin) and [`end`](Self::end) of a text.
    in_text: bool,
    /// Offset in the stream of the first byte of the text.
    pub(super) text_offset: u64,
    /// Offset in the stream of the first byte of the current block, if that began in an earlier text.
    pub(super) block_offset: u64,
    /// Offset in the stream of the first byte of the line that was cut.
    pub(super) line_offset: u64,
}

/// What was copied because a text ended, or because an event has several data lines.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    pub(super) data: DataBuffer,
    pub(super) event_type: Vec<u8>,
    pub(super) id: Vec<u8>,
    /// The value of a cut `event`, `id` or comment line. It takes its place when its line ends, since
    /// an id may still turn out to be one that is ignored.
    pub(super) value: Vec<u8>,
}

/// How far the interpreter is in one text.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    /// Where the next line begins, or goes on.
    pub(super) pos: usize,
    /// Where the lines begin that lie whole in the text and belong to the current block.
    pub(super) block: usize,
    pub(super) ends: LineEnds,
    /// The block began in this text.
    began_here: bool,
    /// The last step ended a block, and no limit is near.
    pub(super) at_block_start: bool,
    /// With all of this text the event could pass the limit. Mostly not, and then no line has to be
    /// measured.
    pub(super) near_limit: bool,
    /// A block that is not whole at the end is kept, to be read again, if it has less bytes.
    keeps: usize,
    /// The text ended in a block that is kept, and its last line begins so many bytes behind its start.
    pub(super) kept: Option<usize>,
}

impl Cursor {
    /// Whether all of the text was read, and no block is left that may have to be kept.
    #[inline]
    pub(super) fn is_at_end(&self, text: &[u8]) -> bool {
        // A block that is kept was read as far as it goes: to step once more would take all of it for one line.
        self.block == text.len() || self.kept.is_some()
    }

    /// Goes back to the start of a block that has to be read line by line.
    #[cold]
    pub(super) fn go_back(&mut self, text: &[u8], block: usize) {
        self.ends = LineEnds::starting_at(text, block);
        (self.pos, self.block, self.at_block_start) = (block, block, false);
    }
}

/// The event under construction.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    pub(super) data: Place,
    pub(super) event_type: Place,
    pub(super) id: Place,
    pub(super) retry: Option<u64>,
    /// It passed the limit: its data, event and id lines are ignored.
    pub(super) dropped: bool,
    /// Where those of its lines stand that lie whole in the text.
    pub(super) lines: Range<usize>,
}

/// Where a value stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Place {
    /// There is none.
    #[default]
    Absent,
    /// In the text.
    Text(Range<usize>),
    /// In the scratch buffer.
    Scratch,
}

/// Why the interpreter stopped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step {
    /// The text is used up.
    End,
    /// The draft is an event.
    Event,
    /// The draft is no event, but has an id to be committed.
    Id,
    /// There is a comment.
    Comment,
    /// Something passed its limit: there is an error.
    Error,
}

impl Interpreter {
    pub(super) fn new(limits: Limits, comments: bool) -> Self {
        Self {
            limits,
            comments,
            reconnection_time: None,
            scratch: Scratch::default(),
            draft: Draft::default(),
            comment: Place::Absent,
            error: None,
            line: Line::default(),
            start: StreamStart::default(),
            room: 0,
            in_text: false,
            text_offset: 0,
            block_offset: 0,
            line_offset: 0,
        }
    }

    /// The connection was lost: what is unfinished is dropped, and a BOM is expected again.
    pub(super) fn reconnect(&mut self) {
        self.draft = Draft::default();
        self.line = Line::default();
        self.start = StreamStart::default();
        (self.room, self.in_text) = (0, false);
        (self.text_offset, self.block_offset, self.line_offset) = (0, 0, 0);
    }

    /// Whether an event was begun and not finished.
    pub(super) fn is_mid_event(&self) -> bool {
        self.line.may_be_of_event() || self.draft.dropped || !self.draft.is_empty()
    }

    /// Whether an event was begun and not finished, or not given out, with this rest.
    pub(super) fn is_mid_event_with(&self, rest: &[u8]) -> bool {
        if rest.is_empty() || self.in_text {
            return self.is_mid_event();
        }
        let mut reader = self.clone();
        let mut cursor = reader.begin(rest, false);
        loop {
            match reader.step(&mut cursor, rest) {
                Step::Event | Step::Error => return true,
                Step::Id => reader.draft = Draft::default(),
                Step::Comment => {}
                Step::End => return reader.is_mid_event(),
            }
        }
    }

    /// Whether the last text was never ended, since its guard was leaked.
    pub(super) fn was_left_in_text(&self) -> bool {
        self.in_text
    }

    /// Begins a text. If it is the last one that is there, a block that it ends in may be kept.
    #[inline]
    pub(super) fn begin(&mut self, text: &[u8], is_last: bool) -> Cursor {
        if self.in_text {
            // What points into the last text points to nothing now.
            self.draft = Draft { dropped: true, ..Draft::default() };
            self.line = Line::ignored();
        }
        (self.room, self.in_text) = (0, true);
        let pos = if self.start == StreamStart::Inside { 0 } else { self.begin_at_seam(text) };
        let ends = LineEnds::starting_at(text, pos);
        let near_limit = text.len() >= self.distant_limit();
        let began_here = self.block_offset == self.text_offset + pos as u64 && self.line.is_at_start();
        let at_block_start = began_here && !near_limit && !self.draft.dropped;
        let keeps = if is_last && !near_limit { self.gathers() } else { 0 };
        Cursor { pos, block: pos, ends, began_here, at_block_start, near_limit, keeps, kept: None }
    }

    /// Skips what belongs to no line.
    pub(super) fn begin_at_seam(&mut self, text: &[u8]) -> usize {
        match self.start.begin(text) {
            Start::Skip(skipped) => {
                if self.block_offset == self.text_offset {
                    self.block_offset += skipped as u64;
                }
                skipped
            }
            // No field that matters begins like a BOM.
            Start::NotABom(_) => {
                self.block_offset = 0;
                self.line = Line::ignored();
                0
            }
        }
    }

    /// Goes on to the next thing that somebody wants to see.
    pub(super) fn step(&mut self, cursor: &mut Cursor, text: &[u8]) -> Step {
        cursor.at_block_start = false;
        if !self.line.is_at_start()
            && let Some(step) = self.finish_cut_line(cursor, text)
        {
            return step;
        }
        while let Some(LineEnd { end, next }) = cursor.ends.next(text) {
            let line = cursor.pos..end;
            cursor.pos = next;
            if let Some(step) = self.whole_line(cursor, text, line) {
                return step;
            }
            if self.draft.data == Place::Scratch && !cursor.near_limit {
                self.more_data(cursor, text);
            }
        }
        if cursor.began_here && text.len() - cursor.block < cursor.keeps && self.is_gathered(cursor, text) {
            cursor.kept.get_or_insert(cursor.pos - cursor.block);
            cursor.pos = cursor.block;
            return Step::End;
        }
        self.cut_line(cursor, text)
    }

    /// Whether the block that the text ends in is gathered. Of a large text not if it has several data lines, which would
    /// be read twice.
    fn is_gathered(&self, cursor: &Cursor, text: &[u8]) -> bool {
        text.len() <= SMALL
            || match self.draft.data {
                Place::Absent => true,
                Place::Text(_) => Head::of(text, cursor.pos).name() != Name::Data,
                Place::Scratch => false,
            }
    }

    /// Keeps of a text what goes on in the next one. Called when the text is used up, or as far as it
    /// was read.
    #[inline]
    pub(super) fn end(&mut self, cursor: &Cursor, text: &[u8]) {
        self.block_offset = self.block_offset(cursor);
        if cursor.kept.is_some() {
            self.draft = Draft::default();
        }
        self.scratch.take_in(&mut self.draft, text, self.limits.event());
        if self.draft.data == Place::Absent {
            self.scratch.data.clear();
        }
        self.text_offset += cursor.pos as u64;
        self.in_text = false;
        let is_read = cursor.pos == text.len();
        if is_read {
            self.start.end(text);
        }
        if (is_read || cursor.kept.is_some()) && self.start == StreamStart::Inside {
            self.room = self.room();
        }
    }

    /// Something is read elsewhere: until it is released, a guard that is leaked is found out. Gives the room that there
    /// is behind it.
    #[inline]
    pub(super) fn hold(&mut self) -> usize {
        self.in_text = true;
        mem::take(&mut self.room)
    }

    /// It was read. With no room for what is behind it if something was left unread.
    #[inline]
    pub(super) fn release(&mut self, room: usize) {
        (self.in_text, self.room) = (false, room);
    }

    /// How many bytes may come before a limit has to be looked at, or a block is too large to be gathered.
    #[inline]
    fn room(&self) -> usize {
        let room = if self.is_between_blocks() {
            self.gathers()
        } else {
            self.comment_limit().saturating_sub(self.scratch.value.len())
        };
        room.min(self.distant_limit())
    }

    /// Blocks of less bytes are gathered.
    fn gathers(&self) -> usize {
        ROOM.min(self.comment_limit())
    }

    /// Comments that nobody asked for have none.
    fn comment_limit(&self) -> usize {
        if self.comments { self.limits.comment() } else { usize::MAX }
    }

    /// Whether the next text begins with a block, if it begins with anything.
    #[inline]
    pub(super) fn is_between_blocks(&self) -> bool {
        self.block_offset == self.text_offset
    }

    /// Passes over a block that was read elsewhere. If it ends with a CR, an LF behind it may count as a blank line:
    /// nothing comes of that between two blocks.
    pub(super) fn pass_over(&mut self, len: usize) {
        self.text_offset += len as u64;
        self.block_offset = self.text_offset;
    }

    /// Offset in the stream of the first byte of the current block.
    pub(super) fn block_offset(&self, cursor: &Cursor) -> u64 {
        if cursor.began_here { self.text_offset + cursor.block as u64 } else { self.block_offset }
    }
}

/// Whole lines.
impl Interpreter {
    #[inline(always)]
    fn whole_line(&mut self, cursor: &mut Cursor, text: &[u8], line: Range<usize>) -> Option<Step> {
        if line.is_empty() { self.end_block(cursor, text) } else { self.field(cursor, text, line) }
    }

    /// Process the field.
    #[inline(always)]
    pub(super) fn field(&mut self, cursor: &mut Cursor, text: &[u8], line: Range<usize>) -> Option<Step> {
        let (name, value) = Head::of(text, line.start).field(line);
        match name {
            Name::Data => self.data(cursor, text, value),
            Name::Event => self.event(cursor, text, value),
            Name::Id => self.id(cursor, text, value),
            Name::Comment => self.comment(cursor, value),
            Name::Retry => {
                let mut retry = RetryValue::NEW;
                retry.push(&text[value]);
                self.retry(&retry)
            }
            Name::Other => self.field_without_colon(cursor, text, value),
        }
    }

    /// > If the line is empty (a blank line): Dispatch the event.
    pub(super) fn end_block(&mut self, cursor: &mut Cursor, text: &[u8]) -> Option<Step> {
        self.draft.lines = cursor.block..cursor.pos;
        cursor.block = cursor.pos;
        cursor.began_here = true;
        // > If the data buffer is an empty string, set the data buffer and the event type buffer to
        // > the empty string and return.
        let step = if self.draft.data != Place::Absent {
            Step::Event
        } else if self.draft.id != Place::Absent {
            Step::Id
        } else {
            self.draft = Draft::default();
            return None;
        };
        cursor.at_block_start = !cursor.near_limit && cursor.ends.may_be_two(text);
        Some(step)
    }

    /// > If the field name is "data": Append the field value to the data buffer, then append a single
    /// > U+000A LINE FEED (LF) character to the data buffer.
    fn data(&mut self, cursor: &mut Cursor, text: &[u8], value: Range<usize>) -> Option<Step> {
        if self.draft.dropped {
            return None;
        }
        let limit = self.limits.event();
        if cursor.near_limit && self.is_too_large_with(Name::Data, &text[value.clone()]) {
            return Some(self.drop_whole_line(cursor, text));
        }
        let data = &mut self.scratch.data;
        match &self.draft.data {
            Place::Absent => {
                self.draft.data = Place::Text(value);
                return None;
            }
            Place::Text(first) => {
                data.clear();
                data.push_line(text, first.clone(), limit);
            }
            Place::Scratch => {}
        }
        data.push_line(text, value, limit);
        self.draft.data = Place::Scratch;
        None
    }

    /// One data line mostly follows another, and far from the limit there is nothing to ask in between.
    fn more_data(&mut self, cursor: &mut Cursor, text: &[u8]) {
        let (mut ends, mut pos) = (cursor.ends, cursor.pos);
        loop {
            let head = Head::of(text, pos);
            if head.name() != Name::Data {
                break;
            }
            let Some(LineEnd { end, next }) = ends.next(text) else { break };
            self.scratch.data.push_line(text, head.value(Name::Data, &(pos..end)), self.limits.event());
            pos = next;
            (cursor.ends, cursor.pos) = (ends, pos);
        }
    }

    /// Drops the event, whose block may have begun in this text.
    #[cold]
    fn drop_whole_line(&mut self, cursor: &Cursor, text: &[u8]) -> Step {
        self.block_offset = self.block_offset(cursor);
        self.drop_event(text)
    }

    /// > If the field name is "event": Set the event type buffer to field value.
    fn event(&mut self, cursor: &mut Cursor, text: &[u8], value: Range<usize>) -> Option<Step> {
        if self.draft.dropped {
            return None;
        }
        if cursor.near_limit && self.is_too_large_with(Name::Event, &text[value.clone()]) {
            return Some(self.drop_whole_line(cursor, text));
        }
        self.draft.event_type = Place::unless_empty(value);
        None
    }

    /// > If the field name is "id": If the field value does not contain U+0000 NULL, then set the last
    /// > event ID buffer to the field value. Otherwise, ignore the field.
    fn id(&mut self, cursor: &mut Cursor, text: &[u8], value: Range<usize>) -> Option<Step> {
        if self.draft.dropped {
            return None;
        }
        if cursor.near_limit && self.is_too_large_with(Name::Id, &text[value.clone()]) {
            return Some(self.drop_whole_line(cursor, text));
        }
        if !has_nul(text, &value) {
            self.draft.id = Place::Text(value);
        }
        None
    }

    /// > If the field name is "retry": If the field value consists of only ASCII digits, then interpret
    /// > the field value as an integer in base ten, and set the event stream's reconnection time to
    /// > that integer. Otherwise, ignore the field.
    pub(super) fn retry(&mut self, value: &RetryValue) -> Option<Step> {
        if let Some(millis) = value.millis() {
            self.reconnection_time = Some(millis);
            self.draft.retry = Some(millis);
        }
        None
    }

    /// The same, of a line that is read again when its block is whole.
    pub(super) fn set_reconnection_time(&mut self, value: &[u8]) {
        let mut retry = RetryValue::NEW;
        retry.push(value);
        self.reconnection_time = retry.millis().or(self.reconnection_time);
    }

    /// > If the line starts with a U+003A COLON character (:): Ignore the line.
    ///
    /// Unless somebody asked for comments.
    fn comment(&mut self, cursor: &mut Cursor, comment: Range<usize>) -> Option<Step> {
        if !self.comments {
            return None;
        }
        // What is given out must not be read again.
        self.block_offset = self.block_offset(cursor);
        cursor.began_here = false;
        if comment.len() > self.limits.comment() {
            self.line_offset = self.text_offset + comment.start as u64 - 1;
            return Some(self.comment_too_large());
        }
        self.comment = Place::Text(comment);
        Some(Step::Comment)
    }

    /// > Otherwise, the string is not empty but does not contain a U+003A COLON character (:). Process
    /// > the field using the whole line as the field name, and the empty string as the field value.
    fn field_without_colon(&mut self, cursor: &mut Cursor, text: &[u8], line: Range<usize>) -> Option<Step> {
        let nothing = line.end..line.end;
        match &text[line] {
            b"data" => self.data(cursor, text, nothing),
            b"event" => self.event(cursor, text, nothing),
            b"id" => self.id(cursor, text, nothing),
            // > Otherwise: The field is ignored.
            _ => None,
        }
    }
}

impl Scratch {
    /// Copies what stands in the text.
    #[inline]
    pub(super) fn take_in(&mut self, draft: &mut Draft, text: &[u8], limit: usize) {
        if let Place::Text(range) = &draft.data {
            self.data.clear();
            self.data.push_line(text, range.clone(), limit);
            draft.data = Place::Scratch;
        }
        copy(&mut draft.event_type, &mut self.event_type, text);
        copy(&mut draft.id, &mut self.id, text);
    }
}

#[inline]
fn copy(place: &mut Place, buf: &mut Vec<u8>, text: &[u8]) {
    if let Place::Text(range) = place {
        buf.clear();
        buf.extend_from_slice(&text[range.clone()]);
        *place = Place::Scratch;
    }
}

impl Draft {
    pub(super) fn is_empty(&self) -> bool {
        [&self.data, &self.event_type, &self.id].into_iter().all(|place| *place == Place::Absent)
    }
}

impl Place {
    pub(super) fn unless_empty(range: Range<usize>) -> Self {
        if range.is_empty() { Self::Absent } else { Self::Text(range) }
    }

    pub(super) fn len(&self, scratch: &[u8]) -> usize {
        match self {
            Self::Absent => 0,
            Self::Text(range) => range.len(),
            Self::Scratch => scratch.len(),
        }
    }

    /// What stands here; nothing if there is nothing.
    pub(super) fn bytes<'a>(&self, text: &'a [u8], scratch: &'a [u8]) -> Option<&'a [u8]> {
        match self {
            Self::Absent => None,
            Self::Text(range) => Some(&text[range.clone()]),
            Self::Scratch => Some(scratch),
        }
    }
}
