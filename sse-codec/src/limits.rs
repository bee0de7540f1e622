//! How much a decoder collects.

use crate::EventId;

/// How large the parts of an event stream may be, in bytes on the wire.
///
/// What passes a limit is dropped and gives one [`DecodeError`](crate::error::DecodeError); everything else arrives. A
/// decoder never buffers more than its limits and a small constant. Unknown fields, `retry` fields and comments that
/// were not asked for are skipped without being buffered.
///
/// ```
/// use sse_codec::{Decoder, limits::Limits};
///
/// let limits = Limits::new().with_event(64 * 1024);
/// assert_eq!((limits.event(), limits.id()), (64 * 1024, 8 * 1024));
/// let decoder = Decoder::builder().limits(limits).build();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    event: usize,
    id: usize,
    comment: usize,
    line: usize,
}

impl Limits {
    /// The defaults: events of 16 MiB, ids of 8 KiB, comments of 64 KiB, and lines of 16 MiB.
    pub const fn new() -> Self {
        Self { event: 16 * 1024 * 1024, id: EventId::MAX_LEN, comment: 64 * 1024, line: 16 * 1024 * 1024 }
    }

    /// The largest event: the sum of the bytes of its block's `data`, `event` and `id` lines.
    ///
    /// Names, colons and spaces count, line ends do not. An event of exactly this size passes. A larger one is dropped
    /// with all of its block, also its id.
    #[must_use]
    pub const fn with_event(self, bytes: usize) -> Self {
        Self { event: bytes, ..self }
    }

    /// The longest id: the bytes of the value of an `id` field.
    ///
    /// A longer one is ignored; its event arrives without it. 8 KiB is what servers commonly accept in a header, and
    /// clients send the id back as one.
    #[must_use]
    pub const fn with_id(self, bytes: usize) -> Self {
        Self { id: bytes, ..self }
    }

    /// The longest comment: the bytes after its colon. It applies only if comments are
    /// [asked for](crate::decode::DecoderBuilder::comments).
    #[must_use]
    pub const fn with_comment(self, bytes: usize) -> Self {
        Self { comment: bytes, ..self }
    }

    /// The longest line of a [`LineDecoder`](crate::lines::LineDecoder), without its line end. A
    /// [`Decoder`](crate::Decoder) has no such limit.
    #[must_use]
    pub const fn with_line(self, bytes: usize) -> Self {
        Self { line: bytes, ..self }
    }

    /// The largest event, in bytes.
    pub const fn event(&self) -> usize {
        self.event
    }

    /// The longest id, in bytes.
    pub const fn id(&self) -> usize {
        self.id
    }

    /// The longest comment, in bytes.
    pub const fn comment(&self) -> usize {
        self.comment
    }

    /// The longest line of a [`LineDecoder`](crate::lines::LineDecoder), in bytes.
    pub const fn line(&self) -> usize {
        self.line
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
