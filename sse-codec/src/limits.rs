//! Limits on what a decoder buffers.

use crate::EventId;

/// The largest sizes of the parts of an event stream, in bytes on the wire.
///
/// A part that exceeds its limit is dropped and reported by one [`DecodeError`](crate::error::DecodeError). Everything
/// else arrives. A decoder buffers no more than its limits and a small constant, with two exceptions: the rest of a
/// chunk whose guard was dropped early, and the text of bytes that are not UTF-8, which is up to three times as large.
/// Unknown fields, `retry` fields and, unless enabled, comments are skipped without being buffered.
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
    /// Returns the defaults: events of 16 MiB, ids of 8 KiB, comments of 64 KiB, and lines of 16 MiB.
    pub const fn new() -> Self {
        Self { event: 16 * 1024 * 1024, id: EventId::MAX_LEN, comment: 64 * 1024, line: 16 * 1024 * 1024 }
    }

    /// Sets the largest event: the sum of the bytes of its `data`, `event` and `id` lines.
    ///
    /// Names, colons and spaces count, line ends do not. An event of exactly this size passes. A larger one is dropped
    /// with its whole block, including the id.
    #[must_use]
    pub const fn with_event(self, bytes: usize) -> Self {
        Self { event: bytes, ..self }
    }

    /// Sets the longest id: the bytes of the value of an `id` field.
    ///
    /// A longer id is ignored, and its event arrives without it. Clients send the id back in a header, and servers
    /// commonly accept headers of 8 KiB.
    #[must_use]
    pub const fn with_id(self, bytes: usize) -> Self {
        Self { id: bytes, ..self }
    }

    /// Sets the longest comment: the bytes after its colon.
    ///
    /// It applies only if comments are [enabled](crate::decode::DecoderBuilder::comments).
    #[must_use]
    pub const fn with_comment(self, bytes: usize) -> Self {
        Self { comment: bytes, ..self }
    }

    /// Sets the longest line of a [`LineDecoder`](crate::lines::LineDecoder), without its line end.
    ///
    /// A [`Decoder`](crate::Decoder) has no such limit.
    #[must_use]
    pub const fn with_line(self, bytes: usize) -> Self {
        Self { line: bytes, ..self }
    }

    /// Returns the largest event, in bytes.
    pub const fn event(&self) -> usize {
        self.event
    }

    /// Returns the longest id, in bytes.
    pub const fn id(&self) -> usize {
        self.id
    }

    /// Returns the longest comment, in bytes.
    pub const fn comment(&self) -> usize {
        self.comment
    }

    /// Returns the longest line of a [`LineDecoder`](crate::lines::LineDecoder), in bytes.
    pub const fn line(&self) -> usize {
        self.line
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
