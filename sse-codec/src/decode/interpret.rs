//! Lines to fields to events: [9.2.6, interpreting an event stream][standard].
//!
//! The interpreter is given one text (a chunk) after another and stops at each thing that somebody
//! wants to see. It never holds a reference into the text: what it says of an event are *places*,
//! ranges in the text or "in the scratch buffer". So the borrowed, the owned and the stream level
//! run the same code and differ only in what they make of the places.
//!
//! For the next editor: a line that lies whole in its text goes through [`Interpreter::step`], in
//! place. A line that is cut by the end of a text goes through [`Interpreter::take_part`] and
//! [`Interpreter::end_line`] in as many parts as it comes in, and what it says is copied to scratch,
//! once. Both have to come to the same result; the tests try every chunking.
//!
//! [standard]: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation

use core::ops::Range;

use alloc::{boxed::Box, string::String, vec::Vec};

use super::{
    Limits,
    line_ends::{LineEnds, next_line},
    start::{Start, StreamStart},
    text::push_lossy,
};
use crate::{DecodeError, DecodeErrorKind, EventId};

/// What the interpreter keeps from one text to the next.
#[derive(Clone, Debug)]
pub(super) struct Interpreter {
    pub(super) limits: Limits,
    pub(super) comments: bool,
    pub(super) reconnection_time: Option<u64>,
    pub(super) scratch: Scratch,
    /// The event under construction, between two texts. All of it is in scratch then.
    draft: Draft,
    /// How far the line is that the last text ended in.
    line: Line,
    start: StreamStart,
    /// Offset in the stream of the first byte of the text.
    text_offset: u64,
    /// Offset in the stream of the first byte of the current block.
    block_offset: u64,
    /// Offset in the stream of the first byte of the line that was cut.
    line_offset: u64,
}

/// What was copied because a text ended, or because an event has several data lines.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    /// The standard's data buffer: each line's value and an LF.
    pub(super) data: Vec<u8>,
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
    ends: LineEnds,
    pub(super) draft: Draft,
    /// The draft was given out: the next step begins a new one.
    dispatched: bool,
}

/// The event under construction.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    pub(super) data: Place,
    pub(super) event_type: Place,
    pub(super) id: Place,
    pub(super) retry: Option<u64>,
    /// Its size as the limit counts it: the data lines with one byte each for the LF, the current
    /// type, the current id.
    data_len: usize,
    type_len: usize,
    id_len: usize,
    /// It passed the limit: its data, event and id lines are ignored.
    dropped: bool,
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
#[derive(Debug)]
pub(super) enum Step {
    /// The text is used up.
    End,
    /// The draft is an event.
    Event,
    /// The draft is no event, but has an id to be committed.
    Id,
    /// A comment.
    Comment(Place),
    /// Something passed its limit.
    Error(Box<DecodeError>),
}

/// How far a line is that is cut by the end of a text.
#[derive(Clone, Debug, Default, PartialEq)]
enum Line {
    /// Nothing of it was seen.
    #[default]
    Start,
    /// The first bytes are those of this field's name, up to `seen`.
    Name { field: Field, seen: usize },
    /// In the value of a field; `at_start` while one space would be removed.
    Value { field: Field, at_start: bool },
    /// The rest of it is ignored.
    Ignored,
}

/// The kinds of lines that matter. No two names begin with the same byte.
#[derive(Clone, Debug, PartialEq)]
enum Field {
    Data,
    Event,
    Id,
    Retry(RetryValue),
    Comment,
}

impl Field {
    fn with_first_byte(byte: u8) -> Option<Self> {
        match byte {
            b'd' => Some(Self::Data),
            b'e' => Some(Self::Event),
            b'i' => Some(Self::Id),
            b'r' => Some(Self::Retry(RetryValue::NEW)),
            b':' => Some(Self::Comment),
            _ => None,
        }
    }

    /// The name with its colon. A comment is a line with no name before its colon.
    fn name(&self) -> &'static [u8] {
        match self {
            Self::Data => b"data:",
            Self::Event => b"event:",
            Self::Id => b"id:",
            Self::Retry(_) => b"retry:",
            Self::Comment => b":",
        }
    }
}

impl Interpreter {
    pub(super) fn new(limits: Limits, comments: bool) -> Self {
        Self {
            limits,
            comments,
            reconnection_time: None,
            scratch: Scratch::default(),
            draft: Draft::default(),
            line: Line::Start,
            start: StreamStart::default(),
            text_offset: 0,
            block_offset: 0,
            line_offset: 0,
        }
    }

    /// The connection was lost: what is unfinished is dropped, and a BOM is expected again.
    pub(super) fn reconnect(&mut self) {
        self.draft = Draft::default();
        self.line = Line::Start;
        self.start = StreamStart::default();
        (self.text_offset, self.block_offset, self.line_offset) = (0, 0, 0);
    }

    /// Whether an event was begun and not finished.
    pub(super) fn is_mid_event(&self) -> bool {
        let in_line = match &self.line {
            Line::Name { .. } => true,
            Line::Value { field, .. } => matches!(field, Field::Data | Field::Event | Field::Id),
            Line::Start | Line::Ignored => false,
        };
        let Draft { data, event_type, id, dropped, .. } = &self.draft;
        in_line || *dropped || [data, event_type, id].into_iter().any(|place| *place != Place::Absent)
    }

    /// Begins a text.
    pub(super) fn begin(&mut self, text: &[u8]) -> Cursor {
        let block_begins_here = self.block_offset == self.text_offset;
        let pos = match self.start.begin(text) {
            Start::Skip(skipped) => {
                if block_begins_here {
                    self.block_offset += skipped as u64;
                }
                skipped
            }
            // No field that matters begins like a BOM.
            Start::NotABom(_) => {
                self.block_offset = 0;
                self.line = Line::Ignored;
                0
            }
        };
        let draft = core::mem::take(&mut self.draft);
        Cursor { pos, block: pos, ends: LineEnds::starting_at(pos), draft, dispatched: false }
    }

    /// Goes on to the next thing that somebody wants to see.
    pub(super) fn step(&mut self, cursor: &mut Cursor, text: &[u8]) -> Step {
        if cursor.dispatched {
            cursor.draft = Draft::default();
            cursor.dispatched = false;
            cursor.block = cursor.pos;
        }
        if self.line != Line::Start
            && let Some(step) = self.finish_cut_line(cursor, text)
        {
            return step;
        }
        while let Some(end) = cursor.ends.next(text) {
            let line = cursor.pos..end;
            cursor.pos = next_line(text, end);
            if line.is_empty() {
                if let Some(step) = self.end_block(cursor) {
                    return step;
                }
                continue;
            }
            let head = head(text, line.start);
            let step = if head.starts_with(b"data:") {
                self.data(cursor, text, value(text, line, 5))
            } else if head.starts_with(b"event:") {
                self.event(cursor, text, value(text, line, 6))
            } else if head.starts_with(b"id:") {
                self.id(cursor, text, value(text, line, 3))
            } else if head.starts_with(b":") {
                self.comment(line)
            } else if head.starts_with(b"retry:") {
                let mut retry = RetryValue::NEW;
                retry.push(&text[value(text, line, 6)]);
                self.retry(&mut cursor.draft, &retry);
                None
            } else {
                // > Otherwise, the string is not empty but does not contain a U+003A COLON
                // > character (:). Process the field using the whole line as the field name, and the
                // > empty string as the field value.
                let end = line.end;
                match &text[line] {
                    b"data" => self.data(cursor, text, end..end),
                    b"event" => self.event(cursor, text, end..end),
                    b"id" => self.id(cursor, text, end..end),
                    // > Otherwise: The field is ignored.
                    _ => None,
                }
            };
            if let Some(step) = step {
                return step;
            }
        }
        self.cut_line(cursor, text)
    }

    /// Keeps of a text what goes on in the next one. Called when the text is used up, or as far as it
    /// was read.
    pub(super) fn end(&mut self, cursor: &mut Cursor, text: &[u8]) {
        if cursor.dispatched {
            cursor.draft = Draft::default();
        }
        self.spill(&mut cursor.draft, text);
        self.draft = core::mem::take(&mut cursor.draft);
        self.start.end(&text[..cursor.pos]);
        self.text_offset += cursor.pos as u64;
    }

    /// Copies to scratch what stands in the text.
    pub(super) fn spill(&mut self, draft: &mut Draft, text: &[u8]) {
        let Scratch { data, event_type, id, .. } = &mut self.scratch;
        if let Place::Text(range) = &draft.data {
            data.clear();
            push_data_line(data, &text[range.clone()], self.limits.event);
        }
        for (place, buf) in [(&draft.event_type, event_type), (&draft.id, id)] {
            if let Place::Text(range) = place {
                buf.clear();
                push(buf, &text[range.clone()], self.limits.event);
            }
        }
        for place in [&mut draft.data, &mut draft.event_type, &mut draft.id] {
            if let Place::Text(_) = place {
                *place = Place::Scratch;
            }
        }
    }
}

/// Whole lines.
impl Interpreter {
    /// > If the line is empty (a blank line): Dispatch the event.
    #[inline(always)]
    fn end_block(&mut self, cursor: &mut Cursor) -> Option<Step> {
        self.block_offset = self.text_offset + cursor.pos as u64;
        let draft = &cursor.draft;
        // > If the data buffer is an empty string, set the data buffer and the event type buffer to
        // > the empty string and return.
        let step = if draft.data != Place::Absent {
            Step::Event
        } else if draft.id != Place::Absent {
            Step::Id
        } else {
            cursor.draft = Draft::default();
            cursor.block = cursor.pos;
            return None;
        };
        cursor.dispatched = true;
        Some(step)
    }

    /// > If the field name is "data": Append the field value to the data buffer, then append a single
    /// > U+000A LINE FEED (LF) character to the data buffer.
    #[inline(always)]
    fn data(&mut self, cursor: &mut Cursor, text: &[u8], value: Range<usize>) -> Option<Step> {
        let draft = &mut cursor.draft;
        if draft.dropped {
            return None;
        }
        draft.data_len += value.len() + 1;
        if draft.size() > self.limits.event {
            return Some(self.drop_event(&mut cursor.draft, text));
        }
        match &draft.data {
            Place::Absent => draft.data = Place::Text(value),
            first => {
                let data = &mut self.scratch.data;
                if let Place::Text(first) = first {
                    data.clear();
                    push_data_line(data, &text[first.clone()], self.limits.event);
                    draft.data = Place::Scratch;
                }
                push_data_line(data, &text[value], self.limits.event);
            }
        }
        None
    }

    /// > If the field name is "event": Set the event type buffer to field value.
    #[inline(always)]
    fn event(&mut self, cursor: &mut Cursor, text: &[u8], value: Range<usize>) -> Option<Step> {
        let draft = &mut cursor.draft;
        if draft.dropped {
            return None;
        }
        draft.type_len = value.len();
        if draft.size() > self.limits.event {
            return Some(self.drop_event(&mut cursor.draft, text));
        }
        draft.event_type = if value.is_empty() { Place::Absent } else { Place::Text(value) };
        None
    }

    /// > If the field name is "id": If the field value does not contain U+0000 NULL, then set the last
    /// > event ID buffer to the field value. Otherwise, ignore the field.
    #[inline(always)]
    fn id(&mut self, cursor: &mut Cursor, text: &[u8], value: Range<usize>) -> Option<Step> {
        let draft = &mut cursor.draft;
        if draft.dropped {
            return None;
        }
        match draft.check_id(0, &text[value.clone()], self.limits.event) {
            IdCheck::Ignored => None,
            IdCheck::TooLarge => Some(self.drop_event(&mut cursor.draft, text)),
            IdCheck::Fits => {
                draft.id_len = value.len();
                draft.id = Place::Text(value);
                None
            }
        }
    }

    /// > If the field name is "retry": If the field value consists of only ASCII digits, then interpret
    /// > the field value as an integer in base ten, and set the event stream's reconnection time to
    /// > that integer. Otherwise, ignore the field.
    fn retry(&mut self, draft: &mut Draft, value: &RetryValue) {
        if let Some(millis) = value.millis() {
            self.reconnection_time = Some(millis);
            draft.retry = Some(millis);
        }
    }

    /// > If the line starts with a U+003A COLON character (:): Ignore the line.
    ///
    /// Unless somebody asked for comments.
    #[inline(always)]
    fn comment(&mut self, line: Range<usize>) -> Option<Step> {
        if !self.comments {
            return None;
        }
        let comment = line.start + 1..line.end;
        if comment.len() > self.limits.comment {
            self.line_offset = self.text_offset + line.start as u64;
            return Some(self.comment_too_large());
        }
        Some(Step::Comment(Place::Text(comment)))
    }

    #[cold]
    fn drop_event(&mut self, draft: &mut Draft, text: &[u8]) -> Step {
        let id = match &draft.id {
            Place::Absent => None,
            Place::Text(range) => Some(&text[range.clone()]),
            Place::Scratch => Some(&self.scratch.id[..]),
        };
        let event_id = id.map(|bytes| {
            let mut id = String::new();
            push_lossy(&mut id, bytes);
            EventId::from_decoded(id.into())
        });
        *draft = Draft { dropped: true, ..Draft::default() };
        // What an attacker made grow is given back.
        self.scratch = Scratch::default();
        let (limit, offset) = (self.limits.event, self.block_offset);
        Step::Error(Box::new(DecodeError { kind: DecodeErrorKind::EventTooLarge, limit, offset, event_id }))
    }

    #[cold]
    fn comment_too_large(&mut self) -> Step {
        self.scratch.value = Vec::new();
        let (limit, offset) = (self.limits.comment, self.line_offset);
        let kind = DecodeErrorKind::CommentTooLarge;
        Step::Error(Box::new(DecodeError { kind, limit, offset, event_id: None }))
    }
}

/// Lines that are cut by the end of a text.
impl Interpreter {
    /// The last line of a text has no end: takes what there is of it.
    fn cut_line(&mut self, cursor: &mut Cursor, text: &[u8]) -> Step {
        let part = cursor.pos..text.len();
        if part.is_empty() {
            return Step::End;
        }
        self.line_offset = self.text_offset + part.start as u64;
        cursor.pos = part.end;
        self.spill(&mut cursor.draft, text);
        self.take_part(&mut cursor.draft, &text[part]).unwrap_or(Step::End)
    }

    /// The first line of a text began in an earlier one: takes the rest of it.
    fn finish_cut_line(&mut self, cursor: &mut Cursor, text: &[u8]) -> Option<Step> {
        let end = cursor.ends.next(text);
        let part = cursor.pos..end.unwrap_or(text.len());
        let error = self.take_part(&mut cursor.draft, &text[part]);
        let Some(end) = end else {
            cursor.pos = text.len();
            return Some(error.unwrap_or(Step::End));
        };
        cursor.pos = next_line(text, end);
        cursor.block = cursor.pos;
        let step = self.end_line(&mut cursor.draft);
        error.or(step)
    }

    /// Takes a part of a line, not its end.
    fn take_part(&mut self, draft: &mut Draft, mut part: &[u8]) -> Option<Step> {
        if let Some(error) = self.take_name(draft, &mut part) {
            return Some(error);
        }
        let Line::Value { field, at_start } = &mut self.line else {
            return None;
        };
        // > If value starts with a U+0020 SPACE character, remove it from value.
        if *at_start && !part.is_empty() {
            *at_start = false;
            if *field != Field::Comment {
                part = part.strip_prefix(b" ").unwrap_or(part);
            }
        }
        let Scratch { data, value, .. } = &mut self.scratch;
        let limit = self.limits.event;
        let fits = match field {
            Field::Data => {
                draft.data_len += part.len();
                draft.size() <= limit
            }
            Field::Event => draft.data_len + draft.id_len + value.len() + part.len() <= limit,
            Field::Id => match draft.check_id(value.len(), part, limit) {
                IdCheck::Ignored => {
                    self.line = Line::Ignored;
                    return None;
                }
                check => check == IdCheck::Fits,
            },
            Field::Retry(retry) => {
                retry.push(part);
                return None;
            }
            Field::Comment => value.len() + part.len() <= self.limits.comment,
        };
        if fits {
            match field {
                Field::Data => push(data, part, limit),
                Field::Comment => push(value, part, self.limits.comment),
                _ => push(value, part, limit),
            }
            return None;
        }
        let error = match field {
            Field::Comment => self.comment_too_large(),
            _ => self.drop_event(draft, &[]),
        };
        self.line = Line::Ignored;
        Some(error)
    }

    /// Takes from the part what belongs to the name of the field.
    fn take_name(&mut self, draft: &mut Draft, part: &mut &[u8]) -> Option<Step> {
        let (field, seen) = match core::mem::take(&mut self.line) {
            Line::Start => (Field::with_first_byte(*part.first()?), 0),
            Line::Name { field, seen } => (Some(field), seen),
            line => {
                self.line = line;
                return None;
            }
        };
        let Some(field) = field else {
            self.line = Line::Ignored;
            return None;
        };
        let name = &field.name()[seen..];
        let len = name.len().min(part.len());
        if name[..len] != part[..len] {
            self.line = Line::Ignored;
        } else if len < name.len() {
            self.line = Line::Name { field, seen: seen + len };
        } else {
            *part = &part[len..];
            return self.begin_value(draft, field);
        }
        None
    }

    fn begin_value(&mut self, draft: &mut Draft, field: Field) -> Option<Step> {
        let ignored = match field {
            Field::Data | Field::Event | Field::Id => draft.dropped,
            Field::Retry(_) => false,
            Field::Comment => !self.comments,
        };
        if ignored {
            self.line = Line::Ignored;
            return None;
        }
        if field == Field::Data {
            draft.data_len += 1;
            if draft.size() > self.limits.event {
                self.line = Line::Ignored;
                return Some(self.drop_event(draft, &[]));
            }
            if draft.data == Place::Absent {
                self.scratch.data.clear();
                draft.data = Place::Scratch;
            }
        } else {
            self.scratch.value.clear();
        }
        self.line = Line::Value { field, at_start: true };
        None
    }

    /// Ends a line that came in parts.
    fn end_line(&mut self, draft: &mut Draft) -> Option<Step> {
        // A name without a colon is a field with an empty value.
        if let Line::Name { field, seen } = &self.line
            && seen + 1 == field.name().len()
        {
            let field = field.clone();
            if let Some(error) = self.begin_value(draft, field) {
                self.line = Line::Start;
                return Some(error);
            }
        }
        let Line::Value { field, .. } = core::mem::take(&mut self.line) else {
            return None;
        };
        let Scratch { data, event_type, id, value } = &mut self.scratch;
        match field {
            Field::Data => push(data, b"\n", self.limits.event),
            Field::Event => {
                core::mem::swap(event_type, value);
                draft.type_len = event_type.len();
                draft.event_type = if event_type.is_empty() { Place::Absent } else { Place::Scratch };
            }
            Field::Id => {
                core::mem::swap(id, value);
                draft.id_len = id.len();
                draft.id = Place::Scratch;
            }
            Field::Retry(value) => self.retry(draft, &value),
            Field::Comment => return Some(Step::Comment(Place::Scratch)),
        }
        None
    }
}

impl Draft {
    fn size(&self) -> usize {
        self.data_len + self.type_len + self.id_len
    }

    /// Whether an id may become that of this event, when `before` bytes of it were seen and found
    /// good, and `part` comes now.
    ///
    /// A NUL counts only if it comes before the limit is passed: what is behind may not have arrived,
    /// and the answer must be the same in every chunking.
    #[inline(always)]
    fn check_id(&self, before: usize, part: &[u8], limit: usize) -> IdCheck {
        let room = limit.saturating_sub(self.data_len + self.type_len + before);
        let looked_at = &part[..part.len().min(room.saturating_add(1))];
        if memchr::memchr(0, looked_at).is_some() {
            IdCheck::Ignored
        } else if part.len() > room {
            IdCheck::TooLarge
        } else {
            IdCheck::Fits
        }
    }
}

#[derive(Debug, PartialEq)]
enum IdCheck {
    Fits,
    TooLarge,
    Ignored,
}

/// The value of a `retry` field, read in parts and never kept.
#[derive(Clone, Debug, PartialEq)]
struct RetryValue {
    is_empty: bool,
    /// What the digits say so far; nothing once there was something else, or more than fits.
    number: Option<u64>,
}

impl RetryValue {
    const NEW: Self = Self { is_empty: true, number: Some(0) };

    fn push(&mut self, part: &[u8]) {
        self.is_empty &= part.is_empty();
        for byte in part {
            let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'));
            self.number = self.number.zip(digit).and_then(|(n, digit)| n.checked_mul(10)?.checked_add(digit));
        }
    }

    fn millis(&self) -> Option<u64> {
        self.number.filter(|_| !self.is_empty)
    }
}

/// The first bytes of a line, and zeros behind the end of the text: no name has a zero in it.
#[inline(always)]
fn head(text: &[u8], start: usize) -> [u8; 8] {
    match text[start..].first_chunk() {
        Some(head) => *head,
        None => {
            let rest = &text[start..];
            core::array::from_fn(|i| rest.get(i).copied().unwrap_or(0))
        }
    }
}

/// The value of a line behind the name and the colon.
///
/// > If value starts with a U+0020 SPACE character, remove it from value.
#[inline(always)]
fn value(text: &[u8], line: Range<usize>, name: usize) -> Range<usize> {
    let start = line.start + name;
    // The line has an end in the text, so there is a byte even behind an empty value.
    start + usize::from(text[start] == b' ')..line.end
}

#[inline(always)]
fn push_data_line(data: &mut Vec<u8>, value: &[u8], limit: usize) {
    push(data, value, limit);
    push(data, b"\n", limit);
}

/// Appends, and never has more room than the limit allows for.
#[inline(always)]
fn push(buf: &mut Vec<u8>, bytes: &[u8], limit: usize) {
    if buf.capacity() - buf.len() < bytes.len() {
        grow(buf, bytes.len(), limit);
    }
    buf.extend_from_slice(bytes);
}

#[cold]
fn grow(buf: &mut Vec<u8>, more: usize, limit: usize) {
    // Tiny in tests, so that growing is always tried.
    let least = if cfg!(debug_assertions) { 1 } else { 256 };
    let needed = buf.len() + more;
    let wanted = (buf.capacity() * 2).max(least).min(limit).max(needed);
    buf.reserve_exact(wanted - buf.len());
}
