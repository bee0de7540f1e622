//! How large the event is, and what becomes of one that is too large.
//!
//! Counted are the bytes on the wire, whatever becomes of them. Whether a limit is passed is decided in the
//! line in which it happens, so that it is the same in every chunking.

use alloc::{string::String, vec::Vec};

use super::{
    field::{IdCheck, Name},
    interpret::{Draft, Interpreter, Place, Scratch, Step},
    text::push_lossy,
};
use crate::{DecodeError, DecodeErrorKind, EventId};

impl Interpreter {
    /// A text that is shorter than this cannot make the event pass the limit.
    pub(super) fn distant_limit(&self) -> usize {
        // A type or id that is left in scratch counts too: it is enough to be on the safe side.
        let Scratch { data, event_type, id, value } = &self.scratch;
        let kept = data.len() + event_type.len() + id.len() + value.len() + self.line.len();
        self.limits.event().saturating_sub(kept)
    }

    /// The size of the event so far: its data lines with one byte each for the LF, its type, its id.
    pub(super) fn size(&self) -> usize {
        self.data_len() + self.type_len() + self.id_len()
    }

    fn data_len(&self) -> usize {
        match &self.draft.data {
            Place::Absent => 0,
            Place::Text(range) => range.len() + 1,
            Place::Scratch => self.scratch.data.len(),
        }
    }

    fn type_len(&self) -> usize {
        self.draft.event_type.len(&self.scratch.event_type)
    }

    fn id_len(&self) -> usize {
        self.draft.id.len(&self.scratch.id)
    }

    /// Whether the event may have a type of this length in place of the one it has.
    pub(super) fn type_fits(&self, len: usize) -> bool {
        self.data_len() + self.id_len() + len <= self.limits.event()
    }

    /// How long an id the event may have in place of the one it has, beyond `len` bytes of it.
    pub(super) fn room_for_id(&self, len: usize) -> usize {
        self.limits.event().saturating_sub(self.data_len() + self.type_len() + len)
    }

    /// Whether the event passes its limit with this value in place of the one it has, or with this line of
    /// data.
    pub(super) fn is_too_large_with(&self, name: Name, value: &[u8]) -> bool {
        match name {
            _ if self.draft.dropped => false,
            Name::Data => self.size() + value.len() + 1 > self.limits.event(),
            Name::Event => !self.type_fits(value.len()),
            Name::Id => IdCheck::of(value, self.room_for_id(0)) == IdCheck::TooLarge,
            Name::Retry | Name::Comment | Name::Other => false,
        }
    }

    #[cold]
    pub(super) fn drop_event(&mut self, text: &[u8]) -> Step {
        let event_id = self.draft.id.bytes(text, &self.scratch.id).map(|bytes| {
            let mut id = String::new();
            push_lossy(&mut id, bytes);
            EventId::from_decoded(id.into())
        });
        self.draft = Draft { dropped: true, ..Draft::default() };
        // What an attacker made grow is given back.
        self.scratch = Scratch::default();
        let (limit, offset) = (self.limits.event(), self.block_offset);
        self.error = Some(DecodeError { kind: DecodeErrorKind::EventTooLarge, limit, offset, event_id });
        Step::Error
    }

    #[cold]
    pub(super) fn comment_too_large(&mut self) -> Step {
        self.scratch.value = Vec::new();
        let (limit, offset) = (self.limits.comment(), self.line_offset);
        let kind = DecodeErrorKind::CommentTooLarge;
        self.error = Some(DecodeError { kind, limit, offset, event_id: None });
        Step::Error
    }
}
