//! Reads an event stream line by line. This is the only loop over the lines.
//!
//! All values of the current block are in one place: in the [`Carry`] if the block began in an earlier input, has several
//! data lines or is not UTF-8, otherwise in the input. The input is the chunk; after a guard was dropped early, it is the
//! unread bytes and then the chunk. Lines are searched for in the input, and each is read once.
//!
//! A line that the end of the input cuts is collected in a buffer, and read when it is complete. Only data and types,
//! which can be long, go to the carry as they arrive.

use core::{mem, ops::Range, time::Duration};

use alloc::{string::String, vec::Vec};

use bytes::{Buf, BytesMut};

use super::{
    block::{OpenBlock, Settings, Verdict},
    carry::Carry,
    field::{MAX_NAME, Name, millis},
    text::{BlockText, Window, push_lossy},
};
use crate::{
    Event, EventId, EventRef,
    bom::{BOM, continue_bom},
    buffer::{clear, clear_text, push},
    error::{DecodeError, DecodeErrorKind},
    scan::{LineEnd, LineEnds},
    text::decimal,
};

/// The position in an input.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cursor {
    pub(super) ends: LineEnds,
    /// Where the next line begins.
    pub(super) line: usize,
}

/// The result of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step {
    Event,
    Comment,
    Error,
    /// The end of the input.
    End,
}

/// The state of a decoder between two inputs and between two steps.
#[derive(Clone, Debug)]
pub(crate) struct Interpreter {
    pub(super) settings: Settings,
    pub(super) last_event_id: String,
    reconnection_time: Option<u64>,
    /// The bytes that a guard did not read.
    unread: BytesMut,
    block: OpenBlock,
    pub(super) carry: Carry,
    /// The line that the end of the input cut.
    line: Vec<u8>,
    start: Start,
    given: Given,
    error: Option<DecodeError>,
    /// The comment that the last step found.
    pub(super) comment: String,
    /// The offset in the stream of the first byte of the input.
    offset: u64,
    /// The offset at which the next input begins.
    input_end: u64,
    /// Whether the input has unread bytes, and its guard has not been dropped.
    is_reading: bool,
    /// The offset of the block's first byte.
    block_offset: u64,
}

/// How the next input begins.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Start {
    /// With a line.
    #[default]
    Line,
    /// At the start of the stream, or after this many bytes of a BOM and nothing else.
    Bom(usize),
    /// After a CR. An LF belongs to it.
    AfterCr,
    /// In a line that is ignored.
    IgnoredLine,
    /// In a line that is in the buffer. It begins at this offset in the stream.
    CutLine(u64),
    /// In a value of data or type, which is in the carry.
    CutValue(Name),
}

/// The result of the last step, which the next step releases.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Given {
    Nothing,
    Event,
    Comment,
}

impl Cursor {
    #[inline(always)]
    fn at(input: &[u8], line: usize) -> Self {
        Self { ends: LineEnds::starting_at(input, line), line }
    }
}

impl Interpreter {
    pub(super) fn new(settings: Settings, last_event_id: String) -> Self {
        Self {
            settings,
            last_event_id,
            reconnection_time: None,
            unread: BytesMut::new(),
            block: OpenBlock::new(&settings.limits),
            carry: Carry::default(),
            line: Vec::new(),
            start: Start::Bom(0),
            given: Given::Nothing,
            error: None,
            comment: String::new(),
            offset: 0,
            input_end: 0,
            is_reading: false,
            block_offset: 0,
        }
    }

    /// Begins to read a chunk, after the unread bytes if there are any.
    #[inline(always)]
    pub(crate) fn begin(&mut self, chunk: &[u8]) -> Cursor {
        if self.is_reading {
            self.lose_input();
        }
        self.let_go((self.input_end - self.offset) as usize);
        if !self.unread.is_empty() {
            self.add_to_unread(chunk);
        }
        let input = if self.unread.is_empty() { chunk } else { &self.unread };
        self.offset = self.input_end;
        self.input_end += input.len() as u64;
        self.is_reading = !input.is_empty();
        Cursor::at(input, 0)
    }

    /// Each byte is copied once, however often chunks are added: the buffer grows by doubling, and bytes that were read
    /// are released without a move.
    #[cold]
    fn add_to_unread(&mut self, chunk: &[u8]) {
        if self.has_unread() {
            self.unread.extend_from_slice(chunk);
        } else {
            self.unread.clear();
        }
    }

    /// Handles a leaked guard. Where in a line it stopped is unknown, so the rest of the line and of its block is
    /// ignored.
    #[cold]
    fn lose_input(&mut self) {
        self.unread = BytesMut::new();
        self.given = Given::Nothing;
        clear_text(&mut self.comment);
        clear(&mut self.line);
        self.drop_block();
        self.start = Start::IgnoredLine;
    }

    /// Ends the input. The bytes from the cursor on are kept as unread. An event is released now if it is in a buffer,
    /// otherwise when the next input begins.
    #[inline(always)]
    pub(crate) fn end(&mut self, cursor: &Cursor, chunk: &[u8]) {
        let is_unread = self.is_reading || !self.unread.is_empty();
        if is_unread || self.given != Given::Nothing && (self.carry.is_used || self.given == Given::Comment) {
            self.release(cursor, chunk);
        }
    }

    #[inline(never)]
    fn release(&mut self, cursor: &Cursor, chunk: &[u8]) {
        self.let_go(cursor.line);
        if self.is_reading {
            self.leave_unread(cursor.line, chunk);
        } else if !self.unread.is_empty() {
            self.unread = BytesMut::new();
        }
    }

    #[cold]
    fn leave_unread(&mut self, line: usize, chunk: &[u8]) {
        self.is_reading = false;
        let mut unread = mem::take(&mut self.unread);
        if unread.is_empty() {
            self.carry_block(chunk);
            unread = chunk[line..].into();
        } else {
            self.carry_block(&unread);
            unread.advance(line);
        }
        self.unread = unread;
        self.offset += line as u64;
        self.input_end = self.offset;
    }

    /// Whether there are unread bytes and no guard reads them.
    fn has_unread(&self) -> bool {
        !self.unread.is_empty() && self.offset == self.input_end
    }

    /// Records that the whole input was read.
    #[inline(always)]
    fn close(&mut self, input: &[u8]) {
        self.is_reading = false;
        if self.given != Given::Event {
            self.carry_block(input);
        }
        if input.last() == Some(&b'\r') {
            self.start = Start::AfterCr;
        }
    }

    /// Reads up to the next event, comment or error, or to the end of the input.
    #[inline(always)]
    pub(super) fn step(&mut self, cursor: &mut Cursor, chunk: &[u8]) -> Step {
        if !self.is_reading {
            return Step::End;
        }
        if self.unread.is_empty() { self.step_in(cursor, chunk) } else { self.step_in_unread(cursor) }
    }

    #[cold]
    fn step_in_unread(&mut self, cursor: &mut Cursor) -> Step {
        let unread = mem::take(&mut self.unread);
        let step = self.step_in(cursor, &unread);
        if step == Step::Event {
            self.carry_block(&unread);
        }
        self.unread = unread;
        step
    }

    // Not inlined, it makes small events 4 % slower.
    #[inline(always)]
    fn step_in(&mut self, cursor: &mut Cursor, input: &[u8]) -> Step {
        self.let_go(cursor.line);
        if self.start != Start::Line {
            let step = self.start(cursor, input);
            if cursor.line == input.len() {
                self.close(input);
                return step.unwrap_or(Step::End);
            }
            if let Some(step) = step {
                return step;
            }
        }
        // A local copy can be in registers.
        let mut at = *cursor;
        let step = loop {
            let Some(LineEnd { end, next }) = at.ends.next(input) else {
                let line = mem::replace(&mut at.line, input.len());
                break self.cut_line(line, input);
            };
            let line = at.line..end;
            at.line = next;
            if let Some(step) = self.line(input, line, next) {
                break step;
            }
        };
        *cursor = at;
        if at.line == input.len() {
            self.close(input);
        }
        step
    }

    /// Reads a line that is complete in an input. `next` is where the next line begins.
    #[inline(always)]
    fn line(&mut self, input: &[u8], line: Range<usize>, next: usize) -> Option<Step> {
        if line.is_empty() {
            return self.blank_line(input, next);
        }
        let (name, value) = match self.block.line(&input[line.clone()], &self.settings) {
            Verdict::Field(name, value) => (name, line.start + value..line.end),
            Verdict::Ignore | Verdict::Undecided => return None,
            Verdict::TooLong(kind) => {
                return Some(self.too_long(kind, self.offset + line.start as u64, input));
            }
        };
        self.block.end = value.end;
        match name {
            // Data of several lines is always in the carry.
            Name::Data if self.block.data.is_some() => {
                self.carry_block(input);
                self.carry.add(&mut self.block, name, &input[value]);
            }
            Name::Data | Name::Event | Name::Id if self.carry.is_used => self.add(name, input, value),
            Name::Data => self.block.data = Some(value),
            Name::Event => self.block.event_type = Some(value),
            Name::Id => self.block.id = Some(value),
            Name::Retry => {
                let millis = millis(&input[value]);
                self.block.retry = millis.or(self.block.retry);
                self.reconnection_time = millis.or(self.reconnection_time);
            }
            Name::Comment => return Some(self.comment_line(&input[value])),
            Name::Other => {}
        }
        None
    }

    #[inline(never)]
    fn comment_line(&mut self, text: &[u8]) -> Step {
        push_lossy(&mut self.comment, text);
        self.given = Given::Comment;
        Step::Comment
    }

    /// Adds a value to a block that is in the carry.
    #[inline(never)]
    fn add(&mut self, name: Name, input: &[u8], value: Range<usize>) {
        self.carry.add(&mut self.block, name, &input[value]);
    }

    /// > If the line is empty (a blank line): Dispatch the event, as defined below.
    #[inline(always)]
    fn blank_line(&mut self, input: &[u8], next: usize) -> Option<Step> {
        // > If the data buffer is an empty string, set the data buffer and the event type buffer to the empty string and
        // > return.
        if self.block.data.is_none() {
            if self.block.id.is_some() {
                self.commit_id(input);
            }
            self.end_block(next);
            return None;
        }
        self.given = Given::Event;
        Some(Step::Event)
    }

    /// Commits the id of a block without data.
    #[inline(never)]
    fn commit_id(&mut self, input: &[u8]) {
        self.carry_block(input);
        self.block.commit_id(&self.carry.id, &mut self.last_event_id);
    }

    #[inline(always)]
    fn end_block(&mut self, next: usize) {
        if self.carry.is_used {
            self.carry.clear();
        }
        self.block = OpenBlock::new(&self.settings.limits);
        self.block_offset = self.offset + next as u64;
    }

    /// Releases the result of the last step. The next line begins at `line`.
    #[inline(always)]
    fn let_go(&mut self, line: usize) {
        if self.given == Given::Event {
            self.end_block(line);
        } else if self.given == Given::Comment {
            clear_text(&mut self.comment);
        }
        self.given = Given::Nothing;
    }

    /// Copies the values of the block to the carry, since the input will not be available later.
    #[inline]
    fn carry_block(&mut self, input: &[u8]) {
        if !self.carry.is_used && self.block.has_places() {
            self.carry.take_over(&mut self.block, input);
        }
    }

    /// Returns the event that the last step found.
    #[inline(always)]
    pub(super) fn event<'a>(&'a mut self, chunk: &'a [u8]) -> EventRef<'a> {
        if self.carry.is_used {
            return self.carried_event(chunk);
        }
        self.event_in(BlockText::new(chunk, self.block.span()))
    }

    /// The same, but validates the text of several events at once.
    #[inline(always)]
    pub(super) fn event_in_window<'a, 'd: 'a>(
        &'a mut self,
        chunk: &'d [u8],
        window: &mut Window<'d>,
    ) -> EventRef<'a> {
        if self.carry.is_used {
            return self.carried_event(chunk);
        }
        if window.end() < self.block.end {
            window.move_to(chunk, self.block.span());
        }
        self.event_in(window.text(chunk))
    }

    #[inline(always)]
    fn event_in<'a>(&'a mut self, text: BlockText<'a>) -> EventRef<'a> {
        let Some([data, event_type, id]) = text.values(&self.block) else {
            return self.carried_event(text.bytes);
        };
        self.block.event(data, event_type, id, &mut self.last_event_id)
    }

    /// Returns the event from the carry. It is moved there if it is not UTF-8.
    #[inline(always)]
    fn carried_event(&mut self, chunk: &[u8]) -> EventRef<'_> {
        let Self { block, carry, last_event_id, .. } = self;
        if !carry.is_used {
            carry.take_over(block, chunk);
        }
        carry.event(block, last_event_id)
    }

    /// Returns the event that the last step found, whose data [is long](Carry::has_long_data), as an owned event.
    #[inline(never)]
    pub(super) fn take_event(&mut self) -> Event {
        self.carry.take_event(&self.block, &mut self.last_event_id)
    }

    /// Returns the error that the last step found.
    #[cold]
    pub(super) fn take_error(&mut self) -> Option<DecodeError> {
        self.error.take()
    }

    /// Resets everything but the settings, the last event ID and the reconnection time.
    pub(super) fn reconnect(&mut self) {
        let last_event_id = mem::take(&mut self.last_event_id);
        let reconnection_time = self.reconnection_time;
        *self = Self { reconnection_time, ..Self::new(self.settings, last_event_id) };
    }

    /// Whether an event would be lost if the stream ended here.
    pub(super) fn is_mid_event(&self) -> bool {
        if self.has_unread() {
            // A copy reads the unread bytes, and then has the state that this one would have.
            return self.clone().reads_unread_event();
        }
        self.is_reading || self.given != Given::Event && (self.block.is_begun() || self.is_mid_line())
    }

    fn reads_unread_event(mut self) -> bool {
        let mut cursor = self.begin(&[]);
        loop {
            match self.step(&mut cursor, &[]) {
                Step::Event | Step::Error => return true,
                Step::Comment => {}
                Step::End => break,
            }
        }
        self.end(&cursor, &[]);
        self.is_mid_event()
    }

    /// Whether the cut line is a field of an event, or can become one.
    fn is_mid_line(&self) -> bool {
        let is_name = |name: &[u8]| self.line.iter().zip(name).all(|(a, b)| a == b);
        match self.start {
            Start::CutLine(_) => is_name(b"data:") || is_name(b"event:") || is_name(b"id:"),
            Start::CutValue(_) => true,
            _ => false,
        }
    }

    pub(super) fn retry(&self) -> Option<Duration> {
        self.reconnection_time.map(Duration::from_millis)
    }

    /// Reports a part of the stream that exceeds a limit.
    #[cold]
    fn too_long(&mut self, kind: DecodeErrorKind, line_offset: u64, input: &[u8]) -> Step {
        let limits = &self.settings.limits;
        let (limit, offset) = match kind {
            DecodeErrorKind::EventTooLarge => (limits.event(), self.block_offset),
            DecodeErrorKind::IdTooLong => (limits.id(), line_offset),
            _ => (limits.comment(), line_offset),
        };
        let mut event_id = None;
        if kind == DecodeErrorKind::EventTooLarge {
            // Only the id is needed.
            (self.block.data, self.block.event_type) = (None, None);
            self.carry_block(input);
            event_id = self.block.id.is_some().then(|| EventId::from_decoded((&self.carry.id).into()));
            self.drop_block();
        }
        self.error = Some(DecodeError { kind, limit, offset, event_id });
        Step::Error
    }

    fn drop_block(&mut self) {
        self.block.drop_rest();
        self.carry.clear();
    }
}

/// Lines that the end of an input cuts.
impl Interpreter {
    /// Begins the line that the end of the input cuts.
    fn cut_line(&mut self, line: usize, input: &[u8]) -> Step {
        if line == input.len() {
            return Step::End;
        }
        self.carry_block(input);
        let (part, offset) = (&input[line..], self.offset + line as u64);
        // The buffer is only for lines that are short or whose name is undecided.
        if part.len() >= MAX_NAME
            && let Verdict::Field(name @ (Name::Data | Name::Event), value) =
                self.block.beginning(part, part.len(), &self.settings)
        {
            self.block.count(name, value, part.len(), &self.settings);
            self.carry.add(&mut self.block, name, &part[value..]);
            self.start = Start::CutValue(name);
            return Step::End;
        }
        self.start = Start::CutLine(offset);
        self.add_to_line(offset, part).unwrap_or(Step::End)
    }

    /// Reads the beginning of an input that does not begin with a new line: see [`Start`].
    #[inline(never)]
    fn start(&mut self, cursor: &mut Cursor, input: &[u8]) -> Option<Step> {
        if input.is_empty() {
            return None;
        }
        let start = self.start;
        match start {
            Start::Line => {}
            Start::AfterCr => {
                self.start = Start::Line;
                if input[0] == b'\n' {
                    *cursor = Cursor::at(input, 1);
                    // The LF is not the first byte of a block.
                    if self.block_offset == self.offset {
                        self.block_offset += 1;
                    }
                }
            }
            Start::Bom(seen) => return self.start_of_stream(seen, cursor, input),
            Start::IgnoredLine | Start::CutLine(_) | Start::CutValue(_) => {
                let end = cursor.ends.next(input);
                let part = &input[..end.map_or(input.len(), |line| line.end)];
                cursor.line = end.map_or(input.len(), |line| line.next);
                if end.is_some() {
                    self.start = Start::Line;
                }
                return match start {
                    Start::CutLine(offset) => self.add_to_line(offset, part),
                    Start::CutValue(name) => self.add_to_value(name, part),
                    _ => None,
                };
            }
        }
        None
    }

    /// Skips a BOM, of which `seen` bytes were in earlier inputs.
    #[cold]
    fn start_of_stream(&mut self, seen: usize, cursor: &mut Cursor, input: &[u8]) -> Option<Step> {
        self.start = Start::Line;
        match continue_bom(seen, input) {
            Some(len) => {
                *cursor = Cursor::at(input, len);
                match seen + len == BOM.len() {
                    true => self.block_offset = BOM.len() as u64,
                    false => self.start = Start::Bom(seen + len),
                }
            }
            // These bytes are not a BOM, but the beginning of an unknown name.
            None if seen > 0 => {
                self.start = Start::IgnoredLine;
                return self.start(cursor, input);
            }
            None => {}
        }
        None
    }

    /// Adds a part to a value in the carry.
    #[inline(always)]
    fn add_to_value(&mut self, name: Name, part: &[u8]) -> Option<Step> {
        match self.block.count(name, 0, part.len(), &self.settings) {
            Verdict::Field(name, _) => {
                self.carry.extend(&mut self.block, name, part);
                None
            }
            verdict => self.ignore_rest(verdict, self.offset),
        }
    }

    /// Adds a part to the line in the buffer, as far as the limits allow. Reads the line if it is complete.
    #[inline(always)]
    fn add_to_line(&mut self, offset: u64, part: &[u8]) -> Option<Step> {
        let is_whole = self.start == Start::Line;
        let (name, rest) = part.split_at(part.len().min(MAX_NAME.saturating_sub(self.line.len())));
        push(&mut self.line, name, usize::MAX);
        match self.block.beginning(&self.line, self.line.len() + rest.len(), &self.settings) {
            Verdict::Undecided => {}
            // The digits are not buffered, since there may be any number of zeros.
            Verdict::Field(Name::Retry, value) if !is_whole => return self.add_to_retry(value, rest),
            Verdict::Field(name @ (Name::Data | Name::Event), _) if self.line.len() == MAX_NAME => {
                self.buffered_line(offset);
                if !is_whole {
                    self.start = Start::CutValue(name);
                }
                return self.add_to_value(name, rest);
            }
            Verdict::Field(name, _) => push(&mut self.line, rest, self.block.longest(name, &self.settings)),
            verdict => {
                clear(&mut self.line);
                return self.ignore_rest(verdict, offset);
            }
        }
        if is_whole { self.buffered_line(offset) } else { None }
    }

    /// Ignores the rest of a line, and reports it if it is too long.
    fn ignore_rest(&mut self, verdict: Verdict, offset: u64) -> Option<Step> {
        if self.start != Start::Line {
            self.start = Start::IgnoredLine;
        }
        let Verdict::TooLong(kind) = verdict else { return None };
        Some(self.too_long(kind, offset, &[]))
    }

    /// Adds a part to a `retry` line. The buffer has only the number so far.
    fn add_to_retry(&mut self, value: usize, rest: &[u8]) -> Option<Step> {
        match millis(self.line[value..].iter().chain(rest)) {
            Some(number) => {
                self.line.truncate(value);
                self.line.extend_from_slice(decimal(number).as_bytes());
            }
            // No digit has arrived.
            None if self.line.len() + rest.len() == value => {}
            None => {
                self.line.clear();
                self.start = Start::IgnoredLine;
            }
        }
        None
    }

    /// Reads the complete line in the buffer, as an input of its own.
    #[inline(never)]
    fn buffered_line(&mut self, offset: u64) -> Option<Step> {
        let mut line = mem::take(&mut self.line);
        let offset = mem::replace(&mut self.offset, offset);
        // Values go to the carry, not to places in the line.
        self.carry.is_used = true;
        let step = self.line(&line, 0..line.len(), line.len());
        self.offset = offset;
        clear(&mut line);
        self.line = line;
        step
    }
}
