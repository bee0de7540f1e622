//! Usual events that lie whole in their text.

use core::ops::Range;

use alloc::string::String;

use super::{
    field::{Head, Name, has_nul},
    interpret::{Cursor, Draft, Place},
    line_ends::{LineEnd, LineEnds},
    text::Window,
};
use crate::{
    Event,
    event::{SHORT, SharedText, ShortText, Slices},
};

/// Where the values of an event stand in the text. The range of one that is absent ends at 0; no other
/// does, since its name stands before it.
#[derive(Clone, Debug, Default)]
pub(super) struct WholeEvent {
    pub(super) data: Range<usize>,
    pub(super) event_type: Range<usize>,
    pub(super) id: Range<usize>,
    pub(super) lines: Range<usize>,
}

/// The values of such an event.
pub(super) struct WholeTexts<'d> {
    pub(super) data: &'d str,
    pub(super) event_type: Option<&'d str>,
    pub(super) id: Option<&'d str>,
}

impl WholeEvent {
    /// Reads on to the next event, as long as there is nothing but what most streams are made of: events
    /// with one data line, perhaps a type and an id, and comments that nobody asked for.
    ///
    /// At anything else, and at the end of the text, the cursor stands before the line that is not
    /// understood here, and what was read before it is left. All state is local and small, so that it
    /// stays in registers: that doubles the speed of small events.
    #[inline(always)]
    pub(super) fn next(cursor: &mut Cursor, text: &[u8], comments: bool) -> Result<Self, Self> {
        let (mut ends, mut pos) = (cursor.ends, cursor.pos);
        let mut event = Self { lines: pos..pos, ..Self::default() };
        let is_end = loop {
            let Some(LineEnd { end, next }) = ends.next(text) else { break true };
            let line = pos..end;
            if line.is_empty() {
                if is_present(&event.data) {
                    event.lines.end = next;
                    (cursor.ends, cursor.pos, cursor.block) = (ends, next, next);
                    return Ok(event);
                }
                if is_present(&event.id) {
                    break false;
                }
                event = Self { lines: next..next, ..Self::default() };
                pos = next;
                continue;
            }
            let head = Head::of(text, pos);
            match head.name() {
                Name::Data if !is_present(&event.data) => event.data = head.value(Name::Data, &line),
                Name::Event => event.event_type = head.value(Name::Event, &line),
                Name::Id => {
                    let id = head.value(Name::Id, &line);
                    if has_nul(text, &id) {
                        break false;
                    }
                    event.id = id;
                }
                Name::Comment if !comments => {}
                _ => break false,
            }
            pos = next;
        };
        cursor.ends = if is_end { ends } else { LineEnds::starting_at(text, pos) };
        (cursor.pos, cursor.block, cursor.at_block_start) = (pos, event.lines.start, false);
        Err(event)
    }
}

impl<'d> Window<&'d str> {
    /// The values of an event in the window, unless one of them is not UTF-8.
    #[inline(always)]
    pub(super) fn texts(&self, event: &WholeEvent) -> Option<WholeTexts<'d>> {
        let data = self.get(&event.data)?;
        let event_type = match event.event_type.is_empty() {
            true => None,
            false => Some(self.get(&event.event_type)?),
        };
        let id = match is_present(&event.id) {
            true => Some(self.get(&event.id)?),
            false => None,
        };
        Some(WholeTexts { data, event_type, id })
    }
}

impl Window<()> {
    /// An event that it reaches over, and whose text this is. A short one stands in place: to copy it, always as many
    /// bytes, takes no longer than to count one more reference to the text, and one less when the event is dropped.
    #[inline(always)]
    pub(super) fn event(&self, event: &WholeEvent, text: &SharedText) -> Event {
        let start = self.inside(&event.lines).start;
        if event.lines.len() <= SHORT
            && let Some(short) = text.get(start..start + SHORT)
            && let Ok(short) = ShortText::from(short)
        {
            return Event::from_short(event.slices(short, event.lines.start));
        }
        Event::from_slices(event.slices(text.clone(), self.start()))
    }
}

impl WholeEvent {
    /// > Set the last event ID string of the event source to the value of the last event ID buffer.
    ///
    /// The id stands in a text that begins there.
    #[inline(always)]
    pub(super) fn commit_id(&self, text: &str, start: usize, last_event_id: &mut String) {
        if is_present(&self.id) {
            last_event_id.clear();
            last_event_id.push_str(text.get(self.id.start - start..self.id.end - start).unwrap_or_default());
        }
    }

    /// The values, in a text that begins there.
    #[inline(always)]
    pub(super) fn slices<T>(&self, text: T, start: usize) -> Slices<T> {
        // The range of one that is absent is still 0..0.
        let place = |range: &Range<usize>| range.start.saturating_sub(start)..range.end.saturating_sub(start);
        let event_type = if self.event_type.is_empty() { &(0..0) } else { &self.event_type };
        Slices { text, data: place(&self.data), event_type: place(event_type), id: place(&self.id) }
    }
}

#[inline(always)]
pub(super) fn is_present(value: &Range<usize>) -> bool {
    value.end != 0
}

impl From<WholeEvent> for Draft {
    #[inline]
    fn from(event: WholeEvent) -> Self {
        let place = |value: Range<usize>| if is_present(&value) { Place::Text(value) } else { Place::Absent };
        Self {
            data: place(event.data),
            event_type: Place::unless_empty(event.event_type),
            id: place(event.id),
            lines: event.lines,
            ..Self::default()
        }
    }
}

impl WholeEvent {
    /// What a draft has in the lines from `start` on; nothing if it has what is no usual event's.
    #[inline]
    pub(super) fn from_draft(draft: &Draft, start: usize) -> Option<Self> {
        let range = |place: &Place| match place {
            Place::Absent => Some(0..0),
            Place::Text(range) => Some(range.start - start..range.end - start),
            Place::Scratch => None,
        };
        let (data, event_type, id) = (range(&draft.data)?, range(&draft.event_type)?, range(&draft.id)?);
        draft.retry.is_none().then_some(Self { data, event_type, id, lines: 0..0 })
    }
}
