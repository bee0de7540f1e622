//! The fields of the current block, and how many more bytes it may have.

use core::ops::Range;

use alloc::string::String;

use super::field::{Name, has_nul, split, split_beginning};
use crate::{EventRef, error::DecodeErrorKind, limits::Limits};

/// The current block: the standard's buffers, as places in the input, or in the [`Carry`](super::carry::Carry).
#[derive(Clone, Debug, Default)]
pub(super) struct OpenBlock {
    pub(super) data: Option<Range<usize>>,
    pub(super) event_type: Option<Range<usize>>,
    pub(super) id: Option<Range<usize>>,
    pub(super) retry: Option<u64>,
    /// The end of the last field or comment in the input.
    pub(super) end: usize,
    /// How many more bytes of `data`, `event` and `id` lines are within the limit.
    room: usize,
    /// Whether the block exceeded its limit, or a part of it was lost. It then has no places and no room.
    is_dropped: bool,
}

/// The settings of a decoder.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) limits: Limits,
    pub(super) comments: bool,
}

/// How to treat a line.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Ignore the line.
    Ignore,
    /// Use this field or comment. Its value begins this many bytes into the line.
    Field(Name, usize),
    /// Read on: the name is not complete.
    Undecided,
    /// Drop what exceeds this limit, and report it.
    TooLong(DecodeErrorKind),
}

impl OpenBlock {
    #[inline(always)]
    pub(super) fn new(limits: &Limits) -> Self {
        Self { room: limits.event(), ..Self::default() }
    }

    /// Decides how to treat a complete line, and counts it.
    #[inline(always)]
    pub(super) fn line(&mut self, line: &[u8], settings: &Settings) -> Verdict {
        let (name, value) = split(line);
        match self.count(name, value, line.len(), settings) {
            // > If the field value does not contain U+0000 NULL, then set the last event ID buffer to the field value.
            // > Otherwise, ignore the field.
            Verdict::Field(Name::Id, _) if has_nul(&line[value..]) => Verdict::Ignore,
            verdict => verdict,
        }
    }

    /// Decides how to treat a line from its beginning. The line has `len` bytes so far.
    #[inline]
    pub(super) fn beginning(&self, line: &[u8], len: usize, settings: &Settings) -> Verdict {
        match split_beginning(line) {
            Some((name, value)) => self.check(name, value, len, settings),
            None => Verdict::Undecided,
        }
    }

    /// Decides how to treat a part of a line, and counts it towards the limit of the event.
    #[inline(always)]
    pub(super) fn count(&mut self, name: Name, value: usize, len: usize, settings: &Settings) -> Verdict {
        let verdict = self.check(name, value, len, settings);
        if let Verdict::Field(Name::Data | Name::Event | Name::Id, _) = verdict {
            self.room -= len;
        }
        verdict
    }

    /// Compares a line, or a part of it, of `len` bytes with the limits. No other function does.
    #[inline(always)]
    fn check(&self, name: Name, value: usize, len: usize, settings: &Settings) -> Verdict {
        let Settings { limits, comments } = settings;
        let is_too_long = match name {
            Name::Data | Name::Event if len > self.room => DecodeErrorKind::EventTooLarge,
            Name::Id if len - value > limits.id() => {
                // Bytes up to the first one that exceeds the id limit count towards the event limit.
                let counted = value.saturating_add(limits.id()).saturating_add(1);
                if counted > self.room { DecodeErrorKind::EventTooLarge } else { DecodeErrorKind::IdTooLong }
            }
            Name::Id if len > self.room => DecodeErrorKind::EventTooLarge,
            Name::Comment if !comments => return Verdict::Ignore,
            Name::Comment if len - value > limits.comment() => DecodeErrorKind::CommentTooLarge,
            Name::Other => return Verdict::Ignore,
            Name::Data | Name::Event | Name::Id | Name::Retry | Name::Comment => {
                return Verdict::Field(name, value);
            }
        };
        // A dropped block is reported once.
        match self.is_dropped && name != Name::Comment {
            true => Verdict::Ignore,
            false => Verdict::TooLong(is_too_long),
        }
    }

    /// How many bytes of a comment or an id line are buffered.
    pub(super) fn longest(&self, name: Name, settings: &Settings) -> usize {
        match name {
            Name::Comment => settings.limits.comment().saturating_add(1),
            _ => settings.limits.id().saturating_add("id: ".len()).min(self.room),
        }
    }

    /// How many more bytes of the block are within the limit.
    pub(super) fn room(&self) -> usize {
        self.room
    }

    /// Drops the block: everything up to the next blank line is ignored.
    pub(super) fn drop_rest(&mut self) {
        *self = Self { is_dropped: true, ..Self::default() };
    }

    /// The place of the value of a field that the block keeps.
    #[inline(always)]
    pub(super) fn place(&mut self, name: Name) -> &mut Option<Range<usize>> {
        match name {
            Name::Data => &mut self.data,
            Name::Event => &mut self.event_type,
            _ => &mut self.id,
        }
    }

    /// Returns the block as an event with these texts, and commits its id.
    #[inline(always)]
    pub(super) fn event<'a>(
        &self,
        data: &'a str,
        event_type: &'a str,
        id: &str,
        last_event_id: &'a mut String,
    ) -> EventRef<'a> {
        self.commit_id(id, last_event_id);
        EventRef {
            data,
            // > If the event type buffer has a value other than the empty string, change the type of the newly created
            // > event to equal the value of the event type buffer.
            event_type: (!event_type.is_empty()).then_some(event_type),
            has_id: self.id.is_some(),
            last_event_id,
            retry: self.retry,
        }
    }

    /// > Set the last event ID string of the event source to the value of the last event ID buffer.
    #[inline(always)]
    pub(super) fn commit_id(&self, id: &str, last_event_id: &mut String) {
        if self.id.is_some() {
            last_event_id.clear();
            last_event_id.push_str(id);
        }
    }

    pub(super) fn has_places(&self) -> bool {
        self.data.is_some() || self.event_type.is_some() || self.id.is_some()
    }

    /// Whether an event would be lost if the stream ended here.
    pub(super) fn is_begun(&self) -> bool {
        let has_type = self.event_type.as_ref().is_some_and(|place| !place.is_empty());
        self.data.is_some() || has_type || self.id.is_some() || self.is_dropped
    }

    /// The range from the first byte of all values to the last.
    #[inline]
    pub(super) fn span(&self) -> Range<usize> {
        let mut span = self.data.clone().unwrap_or(0..0);
        for place in [&self.event_type, &self.id].into_iter().flatten() {
            span = span.start.min(place.start)..span.end.max(place.end);
        }
        span
    }
}
