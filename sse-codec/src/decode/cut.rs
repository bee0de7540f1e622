//! Lines that are cut by the end of a text.

use core::mem;

use super::{
    data::push,
    field::{Head, IdCheck, Name, RetryValue},
    interpret::{Cursor, Interpreter, Place, Scratch, Step},
    line_ends::{LineEnd, LineEnds, padded},
};

/// The start of a cut line, collected as it is: many lines end before it is full, and then they are read as
/// any other. In one word, since bytes that were just copied one behind the other cannot be loaded at once.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct LineStart {
    word: u128,
    len: usize,
}

impl LineStart {
    /// At least eight bytes, in which every name and the space behind it have their place.
    const FULL: usize = if cfg!(debug_assertions) { 8 } else { 16 };

    /// Takes as much of the part as there is room for, and gives the rest.
    #[inline]
    fn take<'a>(&mut self, part: &'a [u8]) -> &'a [u8] {
        let (head, rest) = part.split_at(part.len().min(Self::FULL - self.len));
        if !head.is_empty() {
            self.word |= u128::from_le_bytes(padded(head)) << (8 * self.len);
            self.len += head.len();
        }
        rest
    }

    fn is_comment(&self) -> bool {
        self.word as u8 == b':'
    }

    fn bytes(&self) -> [u8; 16] {
        self.word.to_le_bytes()
    }
}

/// How far a line is that is cut by the end of a text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Line {
    /// Nothing of it was seen.
    #[default]
    Start,
    /// This is all of it. It is no comment.
    Collected(LineStart),
    /// In the value of a field.
    Value(Field),
    /// The rest of it is ignored.
    Ignored,
}

/// The kinds of lines that matter.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Field {
    Data,
    Event,
    Id,
    Retry(RetryValue),
    Comment,
}

impl Line {
    /// How much of it is kept.
    pub(super) fn len(&self) -> usize {
        if let Self::Collected(start) = self { start.len } else { 0 }
    }

    pub(super) fn may_be_of_event(&self) -> bool {
        match self {
            Self::Collected(start) => {
                let bytes = &start.bytes()[..start.len];
                let may_be = |name: &&[u8]| bytes.starts_with(name) || name.starts_with(bytes);
                [&b"data:"[..], b"event:", b"id:"].iter().any(may_be)
            }
            Self::Value(field) => matches!(field, Field::Data | Field::Event | Field::Id),
            Self::Start | Self::Ignored => false,
        }
    }
}

impl Interpreter {
    /// Takes a text that is nothing but a part of a line. Small chunks of long lines are nothing but this,
    /// and then each instruction counts.
    #[inline]
    pub(super) fn take_within_line(&mut self, text: &[u8], ends: LineEnds) -> bool {
        if text.len() >= self.room || !ends.are_none(text) {
            return false;
        }
        match &mut self.line {
            Line::Value(Field::Data) => self.scratch.data.push(text, self.limits.event),
            Line::Collected(start) if start.len + text.len() < LineStart::FULL => {
                start.take(text);
            }
            Line::Ignored => {}
            _ => return false,
        }
        self.room -= text.len();
        self.text_offset += text.len() as u64;
        true
    }

    /// How many bytes of the line that was cut may come before the limit has to be looked at; 0 if they
    /// all have to be looked at.
    #[inline]
    pub(super) fn room_in_line(&self) -> usize {
        match self.line {
            Line::Value(Field::Data) | Line::Collected(_) => self.distant_limit(),
            Line::Ignored => usize::MAX,
            _ => 0,
        }
    }

    /// The last line of a text has no end: takes what there is of it.
    pub(super) fn cut_line(&mut self, cursor: &mut Cursor, text: &[u8]) -> Step {
        let part = cursor.pos..text.len();
        if part.is_empty() {
            return Step::End;
        }
        self.line_offset = self.text_offset + part.start as u64;
        cursor.pos = part.end;
        self.scratch.take_in(&mut self.draft, text, self.limits.event);
        self.line = Line::Collected(LineStart::default());
        self.take_part(cursor, &text[part]).unwrap_or(Step::End)
    }

    /// The first line of a text began in an earlier one: takes the rest of it.
    pub(super) fn finish_cut_line(&mut self, cursor: &mut Cursor, text: &[u8]) -> Option<Step> {
        let Some(LineEnd { end, next }) = cursor.ends.next(text) else {
            let part = cursor.pos..text.len();
            cursor.pos = text.len();
            return Some(self.take_part(cursor, &text[part]).unwrap_or(Step::End));
        };
        let part = &text[cursor.pos..end];
        let error = self.take_part(cursor, part);
        cursor.pos = next;
        cursor.block = next;
        let step = self.end_line(cursor);
        error.or(step)
    }

    /// Takes a part of a line, not its end.
    fn take_part(&mut self, cursor: &mut Cursor, mut part: &[u8]) -> Option<Step> {
        if let Line::Collected(start) = &mut self.line {
            if start.len == 0 && part.len() >= LineStart::FULL {
                return self.begin_value(cursor, part);
            }
            part = start.take(part);
            let start = *start;
            if start.len < LineStart::FULL && !start.is_comment() {
                return self.collected_too_much(cursor, &start);
            }
            let error = self.begin_value(cursor, &start.bytes()[..start.len]);
            if error.is_some() {
                return error;
            }
        }
        self.take_value(cursor, part)
    }

    /// An error comes as soon as the limit is passed, also if the line is not at its end.
    fn collected_too_much(&mut self, cursor: &mut Cursor, start: &LineStart) -> Option<Step> {
        let is_too_much = cursor.near_limit && {
            let line = start.bytes();
            let (name, value) = Head::of(&line, 0).field(0..start.len);
            self.is_too_large_with(name, &line[value])
        };
        is_too_much.then(|| self.drop_event_in_line(cursor))
    }

    /// Begins the value of a line that is too long to be collected.
    fn begin_value(&mut self, cursor: &mut Cursor, line: &[u8]) -> Option<Step> {
        let (name, value) = Head::of(line, 0).field(0..line.len());
        let field = match name {
            Name::Data if !self.draft.dropped => Field::Data,
            Name::Event if !self.draft.dropped => Field::Event,
            Name::Id if !self.draft.dropped => Field::Id,
            Name::Retry => Field::Retry(RetryValue::NEW),
            Name::Comment if self.comments => Field::Comment,
            _ => {
                self.line = Line::Ignored;
                return None;
            }
        };
        if field != Field::Data {
            self.scratch.value.clear();
        } else if self.draft.data == Place::Absent {
            self.scratch.data.clear();
            self.draft.data = Place::Scratch;
        }
        self.line = Line::Value(field);
        self.take_value(cursor, &line[value])
    }

    /// Takes a part of a value.
    fn take_value(&mut self, cursor: &mut Cursor, part: &[u8]) -> Option<Step> {
        let Line::Value(field) = &mut self.line else {
            return None;
        };
        let limit = self.limits.event;
        match field {
            Field::Data => {
                if cursor.near_limit && self.size() + part.len() + 1 > limit {
                    return Some(self.drop_event_in_line(cursor));
                }
                self.scratch.data.push(part, limit);
            }
            Field::Event => {
                if !self.type_fits(self.scratch.value.len() + part.len()) {
                    return Some(self.drop_event_in_line(cursor));
                }
                push(&mut self.scratch.value, part, limit);
            }
            Field::Id => match IdCheck::of(part, self.room_for_id(self.scratch.value.len())) {
                IdCheck::Ignored => self.line = Line::Ignored,
                IdCheck::TooLarge => return Some(self.drop_event_in_line(cursor)),
                IdCheck::Fits => push(&mut self.scratch.value, part, limit),
            },
            Field::Retry(retry) => retry.push(part),
            Field::Comment => {
                if self.scratch.value.len() + part.len() > self.limits.comment {
                    self.line = Line::Ignored;
                    return Some(self.comment_too_large());
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

    /// Ends a line that came in parts.
    fn end_line(&mut self, cursor: &mut Cursor) -> Option<Step> {
        let field = match mem::take(&mut self.line) {
            Line::Start | Line::Ignored => return None,
            Line::Collected(start) => return self.collected_line(cursor, &start),
            Line::Value(field) => field,
        };
        let Scratch { data, event_type, id, value, .. } = &mut self.scratch;
        match field {
            Field::Data => data.end_line(self.limits.event),
            Field::Event => {
                // It is not empty: the line was too long to be collected.
                mem::swap(event_type, value);
                self.draft.event_type = Place::Scratch;
            }
            Field::Id => {
                mem::swap(id, value);
                self.draft.id = Place::Scratch;
            }
            Field::Retry(retry) => return self.retry(&retry),
            Field::Comment => {
                self.comment = Place::Scratch;
                return Some(Step::Comment);
            }
        }
        None
    }

    /// Reads a line that was collected as if it stood in a text, and copies what is of use.
    fn collected_line(&mut self, cursor: &mut Cursor, start: &LineStart) -> Option<Step> {
        let line = start.bytes();
        let step = self.field(cursor, &line, 0..start.len);
        self.scratch.take_in(&mut self.draft, &line, self.limits.event);
        step
    }
}
