//! The error types.
//!
//! | error | when |
//! | --- | --- |
//! | [`ValueError`] | a text cannot be an event type, an id, a field or a comment |
//! | [`DecodeError`] | a part of a stream exceeded a limit; decoding goes on after it |
//! | [`StreamError`] | the same, or the source of a stream failed |
#![cfg_attr(
    all(feature = "json", feature = "stream"),
    doc = "| [`JsonError`] | the same, or the data is not the JSON that was expected |"
)]

use core::fmt;

use thiserror::Error;

use crate::EventId;
pub use crate::value::ValueError;

/// A part of the event stream that was dropped because it exceeded a limit.
///
/// It is reported once, as soon as the limit is exceeded. Nothing else is lost: the events before it
/// were returned, and decoding goes on after the dropped part.
///
/// ```
/// use sse_codec::{Decoder, error::DecodeErrorKind, limits::Limits};
///
/// let mut decoder = Decoder::builder().limits(Limits::new().with_event(20)).build();
/// let mut events = decoder.decode(b"id: 7\ndata: longer than that\n\ndata: short\n\n");
///
/// let error = events.next_event().unwrap().unwrap_err();
/// assert_eq!(error.kind(), DecodeErrorKind::EventTooLarge);
/// assert_eq!((error.limit(), error.offset()), (20, 0));
/// assert_eq!(error.event_id().unwrap(), "7");
///
/// assert_eq!(events.next_event().unwrap().unwrap().data(), "short");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    pub(crate) kind: DecodeErrorKind,
    pub(crate) limit: usize,
    pub(crate) offset: u64,
    pub(crate) event_id: Option<EventId>,
}

/// The limit that was exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// An event is larger than [`Limits::event`](crate::limits::Limits::with_event). Its whole block is dropped,
    /// and its id does not become the last event ID.
    EventTooLarge,
    /// An id is longer than [`Limits::id`](crate::limits::Limits::with_id). Only that field is ignored; its event
    /// arrives without the id.
    IdTooLong,
    /// A comment is longer than [`Limits::comment`](crate::limits::Limits::with_comment). Only that comment is
    /// dropped, not the event around it.
    CommentTooLarge,
    /// A line of a [`LineDecoder`](crate::lines::LineDecoder) is longer than
    /// [`Limits::line`](crate::limits::Limits::with_line). Only that line is dropped.
    LineTooLong,
}

impl DecodeError {
    /// Returns which limit was exceeded.
    pub fn kind(&self) -> DecodeErrorKind {
        self.kind
    }

    /// Returns the limit, in bytes.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Returns where the dropped part begins, in bytes since the start of the connection.
    ///
    /// This is the offset of the first byte of the dropped block, or of the line of a dropped id, comment or line.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns the id of the dropped event, if its `id` field came before the limit was exceeded.
    ///
    /// It is not the last event ID, so a server would send this event again after the next
    /// reconnection. To go on after this event, pass the id to the next decoder
    /// ([`DecoderBuilder::last_event_id`](crate::decode::DecoderBuilder::last_event_id)).
    ///
    /// ```
    /// use sse_codec::{Decoder, limits::Limits};
    ///
    /// let mut decoder = Decoder::builder().limits(Limits::new().with_event(8)).build();
    /// let error = decoder.decode(b"id: 7\ndata: far too long\n\n").next_event().unwrap().unwrap_err();
    /// assert_eq!(decoder.last_event_id(), "");
    ///
    /// let id = error.event_id().cloned().unwrap_or_default();
    /// let after_it = Decoder::builder().last_event_id(id).build();
    /// assert_eq!(after_it.last_event_id(), "7");
    /// ```
    pub fn event_id(&self) -> Option<&EventId> {
        self.event_id.as_ref()
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, setting) = match self.kind {
            DecodeErrorKind::EventTooLarge => ("event", "Limits::with_event"),
            DecodeErrorKind::IdTooLong => ("id", "Limits::with_id"),
            DecodeErrorKind::CommentTooLarge => ("comment", "Limits::with_comment"),
            DecodeErrorKind::LineTooLong => ("line", "Limits::with_line"),
        };
        write!(
            f,
            "the {what} at byte {} is larger than the limit of {} bytes and was dropped; raise {setting} if it is legitimate",
            self.offset, self.limit
        )
    }
}

impl core::error::Error for DecodeError {}

/// Why a stream or a reader has no event to return.
///
/// No error ends it: poll or read it again for the next event.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StreamError<E> {
    /// A part of the event stream was dropped. The next event follows.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The source of the bytes failed, usually the connection.
    ///
    /// A GET request can be sent again, with the last event ID. For other methods only the sender can know.
    #[error("the source of the event stream failed")]
    Source(#[source] E),
}

/// Why a [stream of JSON](crate::EventStream::json) has no value to return.
///
/// No error ends it: poll it again for the next value.
#[cfg(all(feature = "json", feature = "stream"))]
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum JsonError<E> {
    /// A part of the event stream was dropped. The next event follows.
    #[error(transparent)]
    Decode(DecodeError),
    /// The source of the bytes failed, usually the connection.
    #[error("the source of the event stream failed")]
    Source(#[source] E),
    /// The data is not JSON, or not of the expected type. It may be an error message of the service.
    #[error("the data of the `{}` event is not the expected JSON: {}", event.event_type().escape_debug(), Excerpt(event.data()))]
    Json {
        /// The event.
        event: crate::Event,
        /// Why its data could not be read.
        #[source]
        error: serde_json::Error,
    },
}

/// The beginning of a text, escaped: an error is one line of a log, and no control characters reach a terminal.
#[cfg(all(feature = "json", feature = "stream"))]
struct Excerpt<'a>(&'a str);

#[cfg(all(feature = "json", feature = "stream"))]
impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MAX_CHARS: usize = 200;
        let mut chars = self.0.chars();
        for char in chars.by_ref().take(MAX_CHARS) {
            match char {
                char if char.is_control() => write!(f, "{}", char.escape_debug())?,
                char => fmt::Write::write_char(f, char)?,
            }
        }
        if chars.next().is_some() { f.write_str("…") } else { Ok(()) }
    }
}
