//! Usual events that lie whole in their text.

use core::ops::Range;

use super::{
    field::{Head, has_nul},
    interpret::{Cursor, Draft, Interpreter, Place},
    line_ends::{LineEnd, LineEnds},
};

/// Where the values of an event stand in the text. The range of one that is absent ends at 0; no other
/// does, since its name stands before it.
#[derive(Default)]
pub(super) struct WholeEvent {
    pub(super) data: Range<usize>,
    pub(super) event_type: Range<usize>,
    pub(super) id: Range<usize>,
    pub(super) lines: Range<usize>,
}

impl Interpreter {
    /// Reads on to the next event, as long as there is nothing but what most streams are made of: events
    /// with one data line, perhaps a type and an id, and comments that nobody asked for.
    ///
    /// At anything else, and at the end of the text, it hands over what it has read to the way for any
    /// line. All state is local and small, so that it stays in registers: that doubles the speed of
    /// small events.
    #[inline(always)]
    pub(super) fn whole_event(&mut self, cursor: &mut Cursor, text: &[u8]) -> Option<WholeEvent> {
        let (mut ends, mut pos) = (cursor.ends, cursor.pos);
        let mut event = WholeEvent { lines: pos..pos, ..WholeEvent::default() };
        while let Some(LineEnd { end, next }) = ends.next(text) {
            let line = pos..end;
            if line.is_empty() {
                if is_present(&event.data) {
                    event.lines.end = next;
                    (cursor.ends, cursor.pos, cursor.block) = (ends, next, next);
                    return Some(event);
                }
                if is_present(&event.id) {
                    ends = LineEnds::starting_at(text, pos);
                    break;
                }
                event = WholeEvent { lines: next..next, ..WholeEvent::default() };
                pos = next;
                continue;
            }
            let head = Head::of(text, pos);
            if let Some(value) = head.value_of(b"data:", &line)
                && !is_present(&event.data)
            {
                event.data = value;
            } else if let Some(value) = head.value_of(b"event:", &line) {
                event.event_type = value;
            } else if let Some(value) = head.value_of(b"id:", &line)
                && !has_nul(text, &value)
            {
                event.id = value;
            } else if !head.is(b":") || self.comments {
                ends = LineEnds::starting_at(text, pos);
                break;
            }
            pos = next;
        }
        (cursor.ends, cursor.pos, cursor.block) = (ends, pos, event.lines.start);
        self.draft = event.into();
        None
    }
}

#[inline(always)]
pub(super) fn is_present(value: &Range<usize>) -> bool {
    value.end != 0
}

impl From<WholeEvent> for Draft {
    fn from(event: WholeEvent) -> Self {
        let place = |value: Range<usize>| if is_present(&value) { Place::Text(value) } else { Place::Absent };
        Self {
            data: place(event.data),
            event_type: Place::unless_empty(event.event_type),
            id: place(event.id),
            ..Self::default()
        }
    }
}
