//! Lines that are cut by the end of a text.

use core::mem;

use super::{
    data::push,
    field::{IdCheck, RetryValue},
    interpret::{Cursor, Interpreter, Place, Scratch, Step},
    line_ends::LineEnd,
};

/// How far a line is that is cut by the end of a text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Line {
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
pub(super) enum Field {
    Data,
    Event,
    Id,
    Retry(RetryValue),
    Comment,
}

impl Line {
    pub(super) const IN_DATA: Self = Self::Value { field: Field::Data, at_start: false };

    pub(super) fn may_be_of_event(&self) -> bool {
        match self {
            Self::Name { .. } => true,
            Self::Value { field, .. } => matches!(field, Field::Data | Field::Event | Field::Id),
            Self::Start | Self::Ignored => false,
        }
    }
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
    /// The last line of a text has no end: takes what there is of it.
    pub(super) fn cut_line(&mut self, cursor: &mut Cursor, text: &[u8]) -> Step {
        let part = cursor.pos..text.len();
        if part.is_empty() {
            return Step::End;
        }
        self.line_offset = self.text_offset + part.start as u64;
        cursor.pos = part.end;
        self.scratch.take_in(&mut self.draft, text, self.limits.event);
        self.take_part(cursor, &text[part]).unwrap_or(Step::End)
    }

    /// The first line of a text began in an earlier one: takes the rest of it.
    #[inline]
    pub(super) fn finish_cut_line(&mut self, cursor: &mut Cursor, text: &[u8]) -> Option<Step> {
        let Some(LineEnd { end, next }) = cursor.ends.next(text) else {
            let part = cursor.pos..text.len();
            cursor.pos = text.len();
            return Some(self.take_part(cursor, &text[part]).unwrap_or(Step::End));
        };
        let error = self.take_part(cursor, &text[cursor.pos..end]);
        cursor.pos = next;
        cursor.block = next;
        let step = self.end_line(cursor);
        error.or(step)
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
            Field::Data | Field::Event | Field::Id => self.draft.dropped,
            Field::Retry(_) => false,
            Field::Comment => !self.comments,
        };
        if ignored {
            self.line = Line::Ignored;
            return None;
        }
        if field == Field::Data {
            if cursor.near_limit && self.size() + 1 > self.limits.event {
                return Some(self.drop_event_in_line(cursor));
            }
            if self.draft.data == Place::Absent {
                self.scratch.data.clear();
                self.draft.data = Place::Scratch;
            }
        } else {
            self.scratch.value.clear();
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
        let Line::Value { field, .. } = mem::take(&mut self.line) else {
            return None;
        };
        let Scratch { data, event_type, id, value } = &mut self.scratch;
        match field {
            Field::Data => data.end_line(self.limits.event),
            Field::Event => {
                mem::swap(event_type, value);
                self.draft.event_type = if event_type.is_empty() { Place::Absent } else { Place::Scratch };
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
}
