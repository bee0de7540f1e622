//! What the lines of a block have said so far, and how much more it may say.

use core::ops::Range;

use super::field::{Name, has_nul, split, split_beginning};
use crate::{error::DecodeErrorKind, limits::Limits};

/// The block that is being read: the standard's buffers, as places in the input that holds the block.
#[derive(Clone, Debug)]
pub(super) struct OpenBlock {
    pub(super) data: Option<Place>,
    pub(super) event_type: Option<Place>,
    pub(super) id: Option<Place>,
    pub(super) retry: Option<u64>,
    /// Where the last line ends that was a field, in the input.
    pub(super) end: usize,
    /// How many bytes of `data`, `event` and `id` lines may follow.
    room: usize,
    /// Whether the block passed its limit, or a part of it was lost. Then there are no places, and no room.
    is_dropped: bool,
}

/// Where a value is in the input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// What a decoder was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) limits: Limits,
    pub(super) comments: bool,
}

/// What is to be done with a line.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Nothing.
    Ignore,
    /// It is a field or a comment with a value, which begins this many bytes into the line.
    Field(Name, usize),
    /// Its name is not complete.
    Undecided,
    /// It passes a limit.
    TooLong(DecodeErrorKind),
}

impl OpenBlock {
    #[inline(always)]
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            data: None,
            event_type: None,
            id: None,
            retry: None,
            end: 0,
            room: limits.event(),
            is_dropped: false,
        }
    }

    /// Begins the next block.
    #[inline(always)]
    pub(super) fn reset(&mut self, limits: &Limits) {
        *self = Self::new(limits);
    }

    /// Judges a line that is whole, and counts it.
    #[inline(always)]
    pub(super) fn line(&mut self, line: &[u8], settings: &Settings) -> Verdict {
        let (name, value) = split(line);
        let verdict = self.check(name, value, line.len(), settings);
        if let Verdict::Field(Name::Data | Name::Event | Name::Id, _) = verdict {
            self.room -= line.len();
            // > If the field value does not contain U+0000 NULL, then set the last event ID buffer to the field value.
            // > Otherwise, ignore the field.
            if name == Name::Id && has_nul(&line[value..]) {
                return Verdict::Ignore;
            }
        }
        verdict
    }

    /// Judges the beginning of a line, of which there are `len` bytes so far.
    pub(super) fn beginning(&self, line: &[u8], len: usize, settings: &Settings) -> Verdict {
        match split_beginning(line) {
            Some((name, value)) => self.check(name, value, len, settings),
            None => Verdict::Undecided,
        }
    }

    /// Compares a line of `len` bytes with the limits.
    #[inline(always)]
    fn check(&self, name: Name, value: usize, len: usize, settings: &Settings) -> Verdict {
        let Settings { limits, comments } = settings;
        let is_too_long = match name {
            Name::Data | Name::Event if len > self.room => DecodeErrorKind::EventTooLarge,
            Name::Id if len - value > limits.id() => {
                // It counts up to the byte by which it is too long.
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
        // Of a dropped block nothing more is reported.
        match self.is_dropped && name != Name::Comment {
            true => Verdict::Ignore,
            false => Verdict::TooLong(is_too_long),
        }
    }

    /// How long a line with this name may become.
    pub(super) fn longest(&self, name: Name, settings: &Settings) -> usize {
        match name {
            Name::Comment => settings.limits.comment().saturating_add(1),
            Name::Id => settings.limits.id().saturating_add("id: ".len()).min(self.room),
            _ => self.room,
        }
    }

    /// How many bytes may follow.
    pub(super) fn room(&self) -> usize {
        self.room
    }

    /// From here to the next blank line the block means nothing.
    pub(super) fn drop_rest(&mut self) {
        *self =
            Self { data: None, event_type: None, id: None, retry: None, end: 0, room: 0, is_dropped: true };
    }

    pub(super) fn has_places(&self) -> bool {
        self.data.is_some() || self.event_type.is_some() || self.id.is_some()
    }

    /// Whether an event would be lost if the stream ended here.
    pub(super) fn is_begun(&self) -> bool {
        let has_type = self.event_type.is_some_and(|place| place.start < place.end);
        self.data.is_some() || has_type || self.id.is_some() || self.is_dropped
    }

    /// From the first byte of a value to the last.
    #[inline]
    pub(super) fn span(&self) -> Range<usize> {
        let mut span = self.data.map_or(0..0, Place::range);
        for place in [self.event_type, self.id].into_iter().flatten() {
            span = span.start.min(place.start)..span.end.max(place.end);
        }
        span
    }
}

impl Place {
    pub(super) fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

impl From<Range<usize>> for Place {
    fn from(range: Range<usize>) -> Self {
        Self { start: range.start, end: range.end }
    }
}
