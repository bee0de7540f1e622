//! Decodes bytes to events, in chunks of any size.

// Each rule is in one place. Each file imports only files above it.
//
// | file | rules |
// | --- | --- |
// | `field.rs` | `split`: the name and the value of a line. `millis`: the digits of `retry` |
// | `block.rs` | `check`: the limits are compared. `line`: an id with NUL is ignored. `commit_id`: the last event ID |
// | `text.rs` | how bytes become text |
// | `carry.rs` | how values are kept from one chunk to the next. `add`: several data lines are joined |
// | `interpreter.rs` | `step_in`: the loop over the lines. `line`, `blank_line`, `cut_line`: what a line does |
// | `events.rs`, `owned.rs` | how a chunk is read: by a guard with borrowed events, or by an iterator |
//
// A line that the end of a chunk cuts is collected in a buffer by `cut_line` and `add_to_line`. When its end arrives,
// `buffered_line` reads it. Data and types go to the `Carry` part by part instead (`cut_line`, then `add_to_value`). If
// the line is ignored or too long, its rest is skipped (`Start::IgnoredLine`). If the stream ends first, it is discarded.

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
/// It behaves as browsers do, however the stream is cut into chunks. An event is returned at the blank line that ends
/// it. A CR ends a line at once, so no event waits for the next byte. Bytes that are not UTF-8 become U+FFFD, never an
/// error. The only errors are exceeded limits, which bound the memory: see [`Limits`].
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
    /// Creates a decoder with the default [`Limits`], without comments and with an empty last event ID.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Returns a builder for a decoder with other settings.
    pub fn builder() -> DecoderBuilder {
        DecoderBuilder::default()
    }

    /// Decodes a chunk, and returns a guard that yields its events.
    ///
    /// Pass each chunk once. An event is borrowed from the chunk if it is complete there, is valid UTF-8 and has one
    /// data line. Other events are borrowed from a buffer of the decoder.
    ///
    /// A guard that is dropped before it returned `None` loses nothing: the rest of its chunk is copied, and the next
    /// call reads it first. This copy is not bounded by the limits, so read each chunk to its end where you can. A
    /// leaked guard (`mem::forget`) loses its chunk and the rest of the block in which the chunk ended.
    #[inline]
    pub fn decode<'d>(&'d mut self, chunk: &'d [u8]) -> Events<'d> {
        Events::new(&mut self.interpreter, chunk)
    }

    /// Decodes a chunk into events that own their text.
    ///
    /// As with [`decode`](Self::decode), an iterator that is dropped early loses nothing, and a leaked one loses its
    /// chunk. No event keeps the chunk alive.
    // Not inlined, the call moves the iterator, which makes small events a third slower.
    #[inline(always)]
    pub fn decode_bytes(&mut self, chunk: Bytes) -> OwnedEvents<'_> {
        OwnedEvents::new(&mut self.interpreter, chunk)
    }

    /// Returns the last event ID.
    ///
    /// A client sends it as `Last-Event-ID` when it reconnects, unless it is empty. It changes at the blank line that
    /// ends a block.
    pub fn last_event_id(&self) -> &str {
        &self.interpreter.last_event_id
    }

    /// Returns the reconnection time, in whole milliseconds, if the stream has set one.
    ///
    /// A client waits this long before it reconnects. It changes at the end of the `retry` line.
    pub fn retry(&self) -> Option<Duration> {
        self.interpreter.retry()
    }

    /// Returns whether an event would be lost if the stream ended here: an unfinished or an unread one.
    pub fn is_mid_event(&self) -> bool {
        self.interpreter.is_mid_event()
    }

    /// Prepares for the stream of a new connection.
    ///
    /// The unfinished event with its id and all unread bytes are dropped, and a BOM is expected again. The last event
    /// ID and the reconnection time stay. Offsets in errors count from here.
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

/// Builds a [`Decoder`] with settings other than the defaults.
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
    /// Sets how large events, ids and comments may be.
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Sets whether comments are returned, as items between the events: by default they are skipped.
    ///
    /// It cannot change later, since skipped comments are not buffered.
    pub fn comments(self, comments: bool) -> Self {
        Self { comments, ..self }
    }

    /// Sets the initial last event ID, such as one that was saved in an earlier run.
    pub fn last_event_id(self, last_event_id: EventId) -> Self {
        Self { last_event_id, ..self }
    }

    /// Creates the decoder.
    ///
    /// Its buffers are allocated when they are needed.
    pub fn build(self) -> Decoder {
        let Self { limits, comments, last_event_id } = self;
        let last_event_id = String::from(last_event_id.as_str());
        Decoder { interpreter: Interpreter::new(Settings { limits, comments }, last_event_id) }
    }
}
