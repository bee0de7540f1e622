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

use alloc::{string::String, vec::Vec};

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
    /// With all of this text the event could pass the limit. Mostly not, and then no line has to be
    /// measured.
    near_limit: bool,
    pub(super) comment: Place,
    pub(super) error: Option<DecodeError>,
}

/// The event under construction.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    pub(super) data: Place,
    pub(super) event_type: Place,
    pub(super) id: Place,
    pub(super) retry: Option<u64>,
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
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step {
    /// The text is used up.
    End,
    /// The draft is an event.
    Event,
    /// The draft is no event, but has an id to be committed.
    Id,
    /// There is a comment in the cursor.
    Comment,
    /// Something passed its limit: there is an error in the cursor.
    Error,
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
        let at_most = self.size(&draft).saturating_add(self.scratch.value.len() + text.len() + 1);
        Cursor {
            pos,
            block: pos,
            ends: LineEnds::starting_at(pos),
            draft,
            near_limit: at_most > self.limits.event,
            ..Cursor::default()
        }
    }

    /// Goes on to the next thing that somebody wants to see.
    pub(super) fn step(&mut self, cursor: &mut Cursor, text: &[u8]) -> Step {
        if cursor.dispatched {
            cursor.begin_block();
        }
        if !matches!(self.line, Line::Start)
            && let Some(step) = self.finish_cut_line(cursor, text)
        {
            return step;
        }
        while let Some(end) = cursor.ends.next(text) {
            let line = cursor.pos..end;
            cursor.pos = next_line(text, end);
            let head = Head::of(text, line.start);
            let step = if line.is_empty() {
                self.end_block(cursor)
            } else if let Some(value) = head.value_of(b"data:", &line) {
                self.data(cursor, text, value)
            } else if let Some(value) = head.value_of(b"event:", &line) {
                self.event(cursor, text, value)
            } else if let Some(value) = head.value_of(b"id:", &line) {
                self.id(cursor, text, value)
            } else if head.is(b":") {
                self.comment(cursor, line)
            } else if let Some(value) = head.value_of(b"retry:", &line) {
                let mut retry = RetryValue::NEW;
                retry.push(&text[value]);
                self.retry(&mut cursor.draft, &retry)
            } else {
                self.field_without_colon(cursor, text, line)
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
            cursor.begin_block();
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
        cursor.dispatched = true;
        // > If the data buffer is an empty string, set the data buffer and the event type buffer to
        // > the empty string and return.
        if cursor.draft.data != Place::Absent {
            Some(Step::Event)
        } else if cursor.draft.id != Place::Absent {
            Some(Step::Id)
        } else {
            cursor.begin_block();
            None
        }
    }

    /// > If the field name is "data": Append the field value to the data buffer, then append a single
    /// > U+000A LINE FEED (LF) character to the data buffer.
    #[inline(always)]
    fn data(&mut self, cursor: &mut Cursor, text: &[u8], value: Range<usize>) -> Option<Step> {
        if cursor.draft.dropped {
            return None;
        }
        if cursor.near_limit && self.size(&cursor.draft) + value.len() + 1 > self.limits.event {
            return Some(self.drop_event(cursor, text));
        }
        match &cursor.draft.data {
            Place::Absent => cursor.draft.data = Place::Text(value),
            first => {
                let data = &mut self.scratch.data;
                if let Place::Text(first) = first {
                    data.clear();
                    push_data_line(data, &text[first.clone()], self.limits.event);
                    cursor.draft.data = Place::Scratch;
                }
                push_data_line(data, &text[value], self.limits.event);
            }
        }
        None
    }

    /// > If the field name is "event": Set the event type buffer to field value.
    #[inline(always)]
    fn event(&mut self, cursor: &mut Cursor, text: &[u8], value: Range<usize>) -> Option<Step> {
        if cursor.draft.dropped {
            return None;
        }
        if cursor.near_limit && !self.type_fits(&cursor.draft, value.len()) {
            return Some(self.drop_event(cursor, text));
        }
        cursor.draft.event_type = if value.is_empty() { Place::Absent } else { Place::Text(value) };
        None
    }

    /// > If the field name is "id": If the field value does not contain U+0000 NULL, then set the last
    /// > event ID buffer to the field value. Otherwise, ignore the field.
    #[inline(always)]
    fn id(&mut self, cursor: &mut Cursor, text: &[u8], value: Range<usize>) -> Option<Step> {
        if cursor.draft.dropped {
            return None;
        }
        let room = if cursor.near_limit { self.room_for_id(&cursor.draft, 0) } else { usize::MAX };
        match IdCheck::of(&text[value.clone()], room) {
            IdCheck::Ignored => {}
            IdCheck::TooLarge => return Some(self.drop_event(cursor, text)),
            IdCheck::Fits => cursor.draft.id = Place::Text(value),
        }
        None
    }

    /// > If the field name is "retry": If the field value consists of only ASCII digits, then interpret
    /// > the field value as an integer in base ten, and set the event stream's reconnection time to
    /// > that integer. Otherwise, ignore the field.
    fn retry(&mut self, draft: &mut Draft, value: &RetryValue) -> Option<Step> {
        if let Some(millis) = value.millis() {
            self.reconnection_time = Some(millis);
            draft.retry = Some(millis);
        }
        None
    }

    /// > If the line starts with a U+003A COLON character (:): Ignore the line.
    ///
    /// Unless somebody asked for comments.
    #[inline(always)]
    fn comment(&mut self, cursor: &mut Cursor, line: Range<usize>) -> Option<Step> {
        if !self.comments {
            return None;
        }
        let comment = line.start + 1..line.end;
        if comment.len() > self.limits.comment {
            self.line_offset = self.text_offset + line.start as u64;
            return Some(self.comment_too_large(cursor));
        }
        cursor.comment = Place::Text(comment);
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

/// Limits.
impl Interpreter {
    /// The size of the event so far: its data lines with one byte each for the LF, its type, its id.
    fn size(&self, draft: &Draft) -> usize {
        self.data_len(draft) + self.type_len(draft) + self.id_len(draft)
    }

    fn data_len(&self, draft: &Draft) -> usize {
        draft.data.len(&self.scratch.data) + usize::from(matches!(draft.data, Place::Text(_)))
    }

    fn type_len(&self, draft: &Draft) -> usize {
        draft.event_type.len(&self.scratch.event_type)
    }

    fn id_len(&self, draft: &Draft) -> usize {
        draft.id.len(&self.scratch.id)
    }

    /// Whether the event may have a type of this length in place of the one it has.
    fn type_fits(&self, draft: &Draft, len: usize) -> bool {
        self.data_len(draft) + self.id_len(draft) + len <= self.limits.event
    }

    /// How long an id the event may have in place of the one it has, beyond `len` bytes of it.
    fn room_for_id(&self, draft: &Draft, len: usize) -> usize {
        self.limits.event.saturating_sub(self.data_len(draft) + self.type_len(draft) + len)
    }

    #[cold]
    fn drop_event(&mut self, cursor: &mut Cursor, text: &[u8]) -> Step {
        let event_id = cursor.draft.id.bytes(text, &self.scratch.id).map(|bytes| {
            let mut id = String::new();
            push_lossy(&mut id, bytes);
            EventId::from_decoded(id.into())
        });
        cursor.draft = Draft { dropped: true, ..Draft::default() };
        // What an attacker made grow is given back.
        self.scratch = Scratch::default();
        let (limit, offset) = (self.limits.event, self.block_offset);
        cursor.error = Some(DecodeError { kind: DecodeErrorKind::EventTooLarge, limit, offset, event_id });
        Step::Error
    }

    #[cold]
    fn comment_too_large(&mut self, cursor: &mut Cursor) -> Step {
        self.scratch.value = Vec::new();
        let (limit, offset) = (self.limits.comment, self.line_offset);
        let kind = DecodeErrorKind::CommentTooLarge;
        cursor.error = Some(DecodeError { kind, limit, offset, event_id: None });
        Step::Error
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
        self.take_part(cursor, &text[part]).unwrap_or(Step::End)
    }

    /// The first line of a text began in an earlier one: takes the rest of it.
    fn finish_cut_line(&mut self, cursor: &mut Cursor, text: &[u8]) -> Option<Step> {
        let end = cursor.ends.next(text);
        let part = cursor.pos..end.unwrap_or(text.len());
        let error = self.take_part(cursor, &text[part]);
        let Some(end) = end else {
            cursor.pos = text.len();
            return Some(error.unwrap_or(Step::End));
        };
        cursor.pos = next_line(text, end);
        cursor.block = cursor.pos;
        error.or(self.end_line(cursor))
    }

    /// Takes a part of a line, not its end.
    fn take_part(&mut self, cursor: &mut Cursor, mut part: &[u8]) -> Option<Step> {
        if let Some(error) = self.take_name(cursor, &mut part) {
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
        match field {
            Field::Data => {
                if self.size(&cursor.draft) + part.len() + 1 > self.limits.event {
                    return Some(self.drop_event_in_line(cursor));
                }
                push(&mut self.scratch.data, part, self.limits.event);
            }
            Field::Event => {
                if !self.type_fits(&cursor.draft, self.scratch.value.len() + part.len()) {
                    return Some(self.drop_event_in_line(cursor));
                }
                push(&mut self.scratch.value, part, self.limits.event);
            }
            Field::Id => match IdCheck::of(part, self.room_for_id(&cursor.draft, self.scratch.value.len())) {
                IdCheck::Ignored => self.line = Line::Ignored,
                IdCheck::TooLarge => return Some(self.drop_event_in_line(cursor)),
                IdCheck::Fits => push(&mut self.scratch.value, part, self.limits.event),
            },
            Field::Retry(retry) => retry.push(part),
            Field::Comment => {
                if self.scratch.value.len() + part.len() > self.limits.comment {
                    self.line = Line::Ignored;
                    return Some(self.comment_too_large(cursor));
                }
                push(&mut self.scratch.value, part, self.limits.comment);
            }
        }
        None
    }

    fn drop_event_in_line(&mut self, cursor: &mut Cursor) -> Step {
        self.line = Line::Ignored;
        // All of a cut line's event is in scratch.
        self.drop_event(cursor, &[])
    }

    /// Takes from the part what belongs to the name of the field.
    fn take_name(&mut self, cursor: &mut Cursor, part: &mut &[u8]) -> Option<Step> {
        let (field, seen) = match &self.line {
            Line::Start => (Field::with_first_byte(*part.first()?), 0),
            Line::Name { field, seen } => (Some(field.clone()), *seen),
            Line::Value { .. } | Line::Ignored => return None,
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
            return self.begin_value(cursor, field);
        }
        None
    }

    fn begin_value(&mut self, cursor: &mut Cursor, field: Field) -> Option<Step> {
        let ignored = match field {
            Field::Data | Field::Event | Field::Id => cursor.draft.dropped,
            Field::Retry(_) => false,
            Field::Comment => !self.comments,
        };
        if ignored {
            self.line = Line::Ignored;
            return None;
        }
        self.scratch.value.clear();
        if field == Field::Data {
            if self.size(&cursor.draft) + 1 > self.limits.event {
                return Some(self.drop_event_in_line(cursor));
            }
            if cursor.draft.data == Place::Absent {
                self.scratch.data.clear();
                cursor.draft.data = Place::Scratch;
            }
        }
        self.line = Line::Value { field, at_start: true };
        None
    }

    /// Ends a line that came in parts.
    fn end_line(&mut self, cursor: &mut Cursor) -> Option<Step> {
        // A name without a colon is a field with an empty value.
        if let Line::Name { field, seen } = &self.line
            && seen + 1 == field.name().len()
        {
            let field = field.clone();
            if let Some(error) = self.begin_value(cursor, field) {
                self.line = Line::Start;
                return Some(error);
            }
        }
        let Line::Value { field, .. } = core::mem::take(&mut self.line) else {
            return None;
        };
        let Scratch { data, event_type, id, value } = &mut self.scratch;
        let draft = &mut cursor.draft;
        match field {
            Field::Data => push(data, b"\n", self.limits.event),
            Field::Event => {
                core::mem::swap(event_type, value);
                draft.event_type = if event_type.is_empty() { Place::Absent } else { Place::Scratch };
            }
            Field::Id => {
                core::mem::swap(id, value);
                draft.id = Place::Scratch;
            }
            Field::Retry(retry) => return self.retry(draft, &retry),
            Field::Comment => {
                cursor.comment = Place::Scratch;
                return Some(Step::Comment);
            }
        }
        value.clear();
        None
    }
}

impl Cursor {
    fn begin_block(&mut self) {
        self.draft = Draft::default();
        self.dispatched = false;
        self.block = self.pos;
    }
}

impl Place {
    fn len(&self, scratch: &[u8]) -> usize {
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

/// Whether a value may become an event's id.
#[derive(Debug, PartialEq)]
enum IdCheck {
    Fits,
    TooLarge,
    Ignored,
}

impl IdCheck {
    /// Looks at a part of an id that may be so long.
    ///
    /// A NUL counts only if it comes before the limit is passed: what is behind may not have arrived,
    /// and the answer must be the same in every chunking.
    #[inline(always)]
    fn of(part: &[u8], room: usize) -> Self {
        let looked_at = &part[..part.len().min(room.saturating_add(1))];
        // For the few bytes of most ids a search of its own costs more than looking at each.
        let has_nul = if looked_at.len() <= 16 {
            looked_at.contains(&0)
        } else {
            memchr::memchr(0, looked_at).is_some()
        };
        if has_nul {
            Self::Ignored
        } else if part.len() > room {
            Self::TooLarge
        } else {
            Self::Fits
        }
    }
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

/// The first eight bytes of a line as one word, so that a name is one comparison. Behind the end of
/// the text there are zeros, and no name has a zero in it.
#[derive(Clone, Copy)]
struct Head(u64);

impl Head {
    #[inline(always)]
    fn of(text: &[u8], start: usize) -> Self {
        let rest = &text[start..];
        Self(match rest.first_chunk() {
            Some(bytes) => u64::from_le_bytes(*bytes),
            None => rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)),
        })
    }

    #[inline(always)]
    fn is<const N: usize>(self, name: &[u8; N]) -> bool {
        let unused = 64 - 8 * N;
        let word = name.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
        self.0 << unused == word << unused
    }

    /// Where the value stands, if this is the field with that name and its colon.
    ///
    /// > If value starts with a U+0020 SPACE character, remove it from value.
    #[inline(always)]
    fn value_of<const N: usize>(self, name: &[u8; N], line: &Range<usize>) -> Option<Range<usize>> {
        let space = usize::from((self.0 >> (8 * N)) as u8 == b' ');
        self.is(name).then(|| line.start + N + space..line.end)
    }
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
