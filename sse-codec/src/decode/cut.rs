//! Lines that come in parts, since the end of a text cuts them.
//!
//! A short line is collected in one word, and read in it when it ends. Of a longer one the value is copied to
//! scratch as it comes.

use core::mem;

use super::{
    data::{push, push_word},
    field::{Head, IdCheck, Name, RetryValue, has_nul},
    interpret::{Cursor, Interpreter, Place, Scratch, Step},
    line_ends::{LineEnd, padded},
};

/// How far a line is that comes in parts.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    pub(super) kind: Kind,
    pub(super) start: LineStart,
    retry: RetryValue,
}

/// What a line turned out to be.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Kind {
    /// All of it that was seen is in its start. It is no comment.
    #[default]
    Collected,
    /// In the value of a field.
    Data,
    Event,
    Id,
    Retry,
    Comment,
    /// The rest of it is ignored.
    Ignored,
}

/// The start of a line, collected as it is: many lines end before it is full, and then they are read at once.
/// In one word, since bytes that were just copied one behind the other cannot be loaded at once.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LineStart {
    word: u128,
    len: usize,
}

impl LineStart {
    /// At least eight bytes, in which every name and the space behind it have their place.
    const FULL: usize = if cfg!(debug_assertions) { 8 } else { 16 };

    pub(super) fn room(&self) -> usize {
        Self::FULL - self.len
    }

    /// Takes a part that there is room for.
    #[inline(always)]
    pub(super) fn push(&mut self, part: &[u8]) {
        if !part.is_empty() {
            self.push_word(padded(part), part.len());
        }
    }

    /// The same, of a part that is a word.
    #[inline(always)]
    pub(super) fn push_word(&mut self, word: u128, len: usize) {
        self.word |= word << (8 * self.len);
        self.len += len;
    }

    fn is_comment(&self) -> bool {
        self.word as u8 == b':'
    }

    fn bytes(&self) -> [u8; 16] {
        self.word.to_le_bytes()
    }

    /// The name, and the value as the first bytes of a word.
    #[inline]
    fn field(self) -> (Name, u128, usize) {
        let (name, value) = Head::of_word(self.word as u64).field(0..self.len);
        (name, self.word >> (8 * value.start), value.len())
    }
}

impl Line {
    pub(super) fn ignored() -> Self {
        Self { kind: Kind::Ignored, ..Self::default() }
    }

    /// Whether nothing of it was seen.
    #[inline]
    pub(super) fn is_at_start(&self) -> bool {
        self.kind == Kind::Collected && self.start.len == 0
    }

    /// How much of it is kept.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.start.len
    }

    pub(super) fn may_be_of_event(&self) -> bool {
        match self.kind {
            Kind::Collected => {
                let bytes = &self.start.bytes()[..self.start.len];
                let may_be = |name: &&[u8]| bytes.starts_with(name) || name.starts_with(bytes);
                !bytes.is_empty() && [&b"data:"[..], b"event:", b"id:"].iter().any(may_be)
            }
            Kind::Data | Kind::Event | Kind::Id => true,
            Kind::Retry | Kind::Comment | Kind::Ignored => false,
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
        self.block_offset = self.block_offset(cursor);
        cursor.pos = part.end;
        self.scratch.take_in(&mut self.draft, text, self.limits.event());
        self.take_part(&text[part], cursor.near_limit).unwrap_or(Step::End)
    }

    /// The first line of a text began in an earlier one: takes the rest of it.
    pub(super) fn finish_cut_line(&mut self, cursor: &mut Cursor, text: &[u8]) -> Option<Step> {
        let Some(LineEnd { end, next }) = cursor.ends.next(text) else {
            let part = cursor.pos..text.len();
            cursor.pos = text.len();
            return Some(self.take_part(&text[part], cursor.near_limit).unwrap_or(Step::End));
        };
        let part = &text[cursor.pos..end];
        let error = self.take_part(part, cursor.near_limit);
        cursor.pos = next;
        cursor.block = next;
        let step = self.end_line(cursor.near_limit);
        error.or(step)
    }

    /// Takes a part of a line, not its end.
    #[inline(always)]
    pub(super) fn take_part(&mut self, part: &[u8], near_limit: bool) -> Option<Step> {
        match self.line.kind {
            Kind::Collected if part.len() < self.line.start.room() => {
                self.line.start.push(part);
                if self.line.start.is_comment() {
                    return self.begin_value(near_limit);
                }
                if near_limit { self.collected_too_much() } else { None }
            }
            Kind::Collected => {
                let (head, rest) = part.split_at(self.line.start.room());
                self.line.start.push(head);
                let error = self.begin_value(near_limit);
                error.or_else(|| self.take_value(rest, near_limit))
            }
            _ => self.take_value(part, near_limit),
        }
    }

    /// An error comes as soon as the limit is passed, also if the line is not at its end.
    #[cold]
    fn collected_too_much(&mut self) -> Option<Step> {
        let (name, value, len) = self.line.start.field();
        self.is_too_large_with(name, &value.to_le_bytes()[..len]).then(|| self.drop_event_in_line())
    }

    /// Begins the value of a line that is too long to be collected.
    #[inline]
    fn begin_value(&mut self, near_limit: bool) -> Option<Step> {
        let (name, value, len) = mem::take(&mut self.line.start).field();
        self.line.kind = match name {
            Name::Data if !self.draft.dropped => Kind::Data,
            Name::Event if !self.draft.dropped => Kind::Event,
            Name::Id if !self.draft.dropped => Kind::Id,
            Name::Retry => Kind::Retry,
            Name::Comment if self.comments => Kind::Comment,
            _ => Kind::Ignored,
        };
        match self.line.kind {
            Kind::Ignored => return None,
            Kind::Data => {
                self.begin_data();
                if !near_limit {
                    self.scratch.data.push_word(value, len, self.limits.event());
                    return None;
                }
            }
            _ => self.scratch.value.clear(),
        }
        self.take_looking(&value.to_le_bytes()[..len])
    }

    /// Begins the data of an event in scratch, if it has none yet.
    #[inline]
    fn begin_data(&mut self) {
        if self.draft.data == Place::Absent {
            self.scratch.data.clear();
            self.draft.data = Place::Scratch;
        }
    }

    /// Takes a part of a value.
    #[inline]
    fn take_value(&mut self, part: &[u8], near_limit: bool) -> Option<Step> {
        match self.line.kind {
            Kind::Ignored => None,
            Kind::Data if !near_limit => {
                self.scratch.data.push(part, self.limits.event());
                None
            }
            _ => self.take_looking(part),
        }
    }

    /// Takes a part of a value, and looks whether it passes a limit.
    #[inline(never)]
    fn take_looking(&mut self, part: &[u8]) -> Option<Step> {
        let limit = self.limits.event();
        match self.line.kind {
            Kind::Data => {
                if self.size() + part.len() + 1 > limit {
                    return Some(self.drop_event_in_line());
                }
                self.scratch.data.push(part, limit);
            }
            Kind::Event => {
                if !self.type_fits(self.scratch.value.len() + part.len()) {
                    return Some(self.drop_event_in_line());
                }
                push(&mut self.scratch.value, part, limit);
            }
            Kind::Id => match IdCheck::of(part, self.room_for_id(self.scratch.value.len())) {
                IdCheck::Ignored => self.line.kind = Kind::Ignored,
                IdCheck::TooLarge => return Some(self.drop_event_in_line()),
                IdCheck::Fits => push(&mut self.scratch.value, part, limit),
            },
            Kind::Retry => self.line.retry.push(part),
            Kind::Comment => {
                if self.scratch.value.len() + part.len() > self.limits.comment() {
                    self.line.kind = Kind::Ignored;
                    return Some(self.comment_too_large());
                }
                push(&mut self.scratch.value, part, self.limits.comment());
            }
            Kind::Collected | Kind::Ignored => {}
        }
        None
    }

    fn drop_event_in_line(&mut self) -> Step {
        self.line = Line::ignored();
        // All of a cut line's event is in scratch.
        self.drop_event(&[])
    }

    /// Ends a line that came in parts.
    #[inline]
    pub(super) fn end_line(&mut self, near_limit: bool) -> Option<Step> {
        match mem::take(&mut self.line.kind) {
            Kind::Collected => self.end_collected(near_limit),
            Kind::Data => {
                self.scratch.data.end_line(self.limits.event());
                None
            }
            Kind::Ignored => None,
            kind => self.end_value(kind),
        }
    }

    #[inline(never)]
    fn end_value(&mut self, kind: Kind) -> Option<Step> {
        let Scratch { event_type, id, value, .. } = &mut self.scratch;
        match kind {
            Kind::Event => {
                // It is not empty: the line was too long to be collected.
                mem::swap(event_type, value);
                self.draft.event_type = Place::Scratch;
            }
            Kind::Id => {
                mem::swap(id, value);
                self.draft.id = Place::Scratch;
            }
            Kind::Retry => {
                let retry = mem::take(&mut self.line.retry);
                return self.retry(&retry);
            }
            Kind::Comment => {
                self.comment = Place::Scratch;
                return Some(Step::Comment);
            }
            Kind::Collected | Kind::Data | Kind::Ignored => {}
        }
        None
    }

    /// Ends a line that was collected: reads it as any other, but in a word.
    fn end_collected(&mut self, near_limit: bool) -> Option<Step> {
        let (name, value, len) = mem::take(&mut self.line.start).field();
        match name {
            Name::Retry => {
                let mut retry = RetryValue::NEW;
                retry.push(&value.to_le_bytes()[..len]);
                self.retry(&retry);
            }
            _ if self.draft.dropped => {}
            Name::Data => self.collected_data(value, len),
            Name::Event => self.collected_type(value, len),
            Name::Id => self.collected_id(value, len),
            Name::Other => return self.collected_name(&value.to_le_bytes()[..len], near_limit),
            Name::Comment => {}
        }
        None
    }

    #[inline]
    fn collected_data(&mut self, value: u128, len: usize) {
        self.begin_data();
        let line = value | u128::from(b'\n') << (8 * len);
        self.scratch.data.push_word(line, len + 1, self.limits.event());
    }

    #[inline]
    fn collected_type(&mut self, value: u128, len: usize) {
        self.draft.event_type = if len == 0 { Place::Absent } else { Place::Scratch };
        self.scratch.event_type.clear();
        push_word(&mut self.scratch.event_type, value, len);
    }

    #[inline]
    fn collected_id(&mut self, value: u128, len: usize) {
        if !has_nul(&value.to_le_bytes(), &(0..len)) {
            self.draft.id = Place::Scratch;
            self.scratch.id.clear();
            push_word(&mut self.scratch.id, value, len);
        }
    }

    /// A line without a colon. Those with one were looked at before, if the limit is near.
    #[inline(never)]
    fn collected_name(&mut self, name: &[u8], near_limit: bool) -> Option<Step> {
        match name {
            b"data" if near_limit && self.is_too_large_with(Name::Data, b"") => {
                return Some(self.drop_event(&[]));
            }
            b"data" => self.collected_data(0, 0),
            b"event" => self.collected_type(0, 0),
            b"id" => self.collected_id(0, 0),
            _ => {}
        }
        None
    }
}
