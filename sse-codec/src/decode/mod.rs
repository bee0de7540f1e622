//! Bytes to events, in whatever chunks they come.
//!
//! | file | what is decided there |
//! | --- | --- |
//! | `field.rs` | how a line is split into name and value; what the digits of `retry` mean |
//! | `block.rs` | whether a line passes a limit; whether an id has a NUL; what the lines of a block have said |
//! | `carry.rs` | how values are kept from one chunk to the next, and how several data lines are joined |
//! | `text.rs` | how bytes become text, and a block an event; when the last event ID changes |
//! | `interpreter.rs` | the loop over the lines: what a line, a blank line and a cut line do |
//! | `events.rs`, `owned.rs` | how a chunk is read: by a guard that lends events, or by an iterator |
//!
//! Each file imports only files above it.

mod block;
mod carry;
mod events;
mod field;
mod interpreter;
mod owned;
mod text;

use core::time::Duration;

use alloc::string::String;

use bytes::Bytes;

pub use events::{Events, ItemRef};
#[cfg(any(feature = "std", feature = "stream"))]
pub(crate) use owned::OwnedChunk;
pub use owned::{Item, OwnedEvents, OwnedItems};

use crate::{EventId, limits::Limits};
use block::Settings;
use interpreter::Interpreter;

/// Decodes an event stream, chunk by chunk.
///
/// It does what browsers do, in every chunking alike: an event is returned at the blank line that ends it, and a CR is a
/// line end at once, so no event waits for the byte after it. Bytes that are not UTF-8 become U+FFFD, never an error.
/// The only errors are limits, so memory is bounded: see [`Limits`].
///
/// ```
/// use sse_codec::Decoder;
///
/// let mut decoder = Decoder::new();
/// let mut seen = Vec::new();
/// for chunk in ["id: 1\nda", "ta: hello\n\nevent: ping\r", "\ndata\r\n\r\ndata: cut off"] {
///     let mut events = decoder.decode(chunk.as_bytes());
///     while let Some(event) = events.next_event() {
///         let event = event?;
///         seen.push((event.event_type().to_owned(), event.data().to_owned()));
///     }
/// }
/// assert_eq!(seen, [("message".into(), "hello".into()), ("ping".into(), "".into())]);
/// assert_eq!(decoder.last_event_id(), "1");
/// assert!(decoder.is_mid_event());
/// # Ok::<(), sse_codec::error::DecodeError>(())
/// ```
///
/// Standard: [9.2.5 and 9.2.6](https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream).
#[derive(Clone, Debug)]
pub struct Decoder {
    interpreter: Interpreter,
}

impl Decoder {
    /// A decoder with the default [`Limits`], which skips comments and knows no last event ID.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A decoder with other settings.
    pub fn builder() -> DecoderBuilder {
        DecoderBuilder::default()
    }

    /// Decodes a chunk; its events are asked for from the guard that is returned.
    ///
    /// Pass each chunk once. An event that is whole in the chunk is borrowed from it, others from a buffer of the
    /// decoder.
    ///
    /// A guard that is dropped before it returned `None` loses nothing: the rest of its chunk is copied, and read first
    /// the next time. This copy is not bounded by the limits, so read a chunk to its end where you can. A guard that is
    /// leaked (`mem::forget`) loses its chunk and the rest of the block in which the chunk ended.
    #[inline]
    pub fn decode<'d>(&'d mut self, chunk: &'d [u8]) -> Events<'d> {
        Events::new(&mut self.interpreter, chunk)
    }

    /// Decodes a chunk into events that own their text.
    ///
    /// As for [`decode`](Self::decode), an iterator that is dropped early loses nothing, and one that is leaked loses its
    /// chunk. No event keeps the chunk alive.
    // As a call it would move the iterator, which makes small events a third slower.
    #[inline(always)]
    pub fn decode_bytes(&mut self, chunk: Bytes) -> OwnedEvents<'_> {
        OwnedEvents::new(&mut self.interpreter, chunk)
    }

    /// The last event ID: what a client sends as `Last-Event-ID` when it reconnects, unless it is empty. It changes at
    /// the blank line that ends a block.
    pub fn last_event_id(&self) -> &str {
        &self.interpreter.last_event_id
    }

    /// How long a client waits before it reconnects, if the stream said so. It changes at the end of the `retry` line.
    /// Whole milliseconds.
    pub fn retry(&self) -> Option<Duration> {
        self.interpreter.retry()
    }

    /// Whether an event would be lost if the stream ended here: an unfinished one, or one that was not read.
    pub fn is_mid_event(&self) -> bool {
        self.interpreter.is_mid_event()
    }

    /// Prepares for the stream of a new connection: the unfinished event with its id and what was not read are dropped,
    /// and a BOM is expected again. The last event ID and the reconnection time stay. Offsets in errors count from here.
    pub fn reconnect(&mut self) {
        self.interpreter.reconnect();
    }

    #[cfg(any(feature = "std", feature = "stream"))]
    pub(crate) fn interpreter(&mut self) -> &mut Interpreter {
        &mut self.interpreter
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

/// Settings of a [`Decoder`].
///
/// ```
/// use sse_codec::{Decoder, EventId, limits::Limits};
///
/// let decoder = Decoder::builder()
///     .limits(Limits::new().with_event(64 * 1024))
///     .comments(true)
///     .last_event_id(EventId::new("42")?)
///     .build();
/// assert_eq!(decoder.last_event_id(), "42");
/// # Ok::<(), sse_codec::error::ValueError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct DecoderBuilder {
    limits: Limits,
    comments: bool,
    last_event_id: EventId,
}

impl DecoderBuilder {
    /// How large events, ids and comments may be.
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Whether comments are returned, as items between the events. This is a setting, since a comment that is half read
    /// cannot be asked for later.
    pub fn comments(self, comments: bool) -> Self {
        Self { comments, ..self }
    }

    /// The last event ID to begin with: what the client kept from an earlier run.
    pub fn last_event_id(self, last_event_id: EventId) -> Self {
        Self { last_event_id, ..self }
    }

    /// Makes the decoder. Its buffers are allocated when they are needed.
    pub fn build(self) -> Decoder {
        let Self { limits, comments, last_event_id } = self;
        let last_event_id = String::from(last_event_id.as_str());
        Decoder { interpreter: Interpreter::new(Settings { limits, comments }, last_event_id) }
    }
}
