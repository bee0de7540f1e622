//! Bytes to events, in whatever chunks they come.
//!
//! The way through: [`line_ends`] finds the lines of a text, [`interpret`] makes of them what the
//! standard says, [`cut`] takes those that come in parts, [`limits`] watches how much that becomes, [`text`]
//! turns bytes into text. [`events`] lends what comes out of it, [`owned`] copies it. [`whole`] is the short cut for
//! whole events, [`rest`] gathers blocks that come in small chunks, and [`small`] takes such chunks of large blocks;
//! [`lines`] is the way for those who want to see each line.

mod cut;
mod data;
mod events;
mod field;
mod interpret;
mod limits;
pub(crate) mod line_ends;
mod lines;
mod owned;
mod rest;
mod small;
mod start;
mod text;
mod whole;

use core::time::Duration;

use alloc::string::String;

use bytes::Bytes;

pub use events::{Events, ItemRef};
pub use lines::{Comment, Field, Line, LineDecoder, Lines};
#[cfg(any(feature = "stream", feature = "tokio-codec"))]
pub(crate) use owned::Owned;
pub use owned::{Item, OwnedEvents};

use crate::{EventId, Limits};
use interpret::Interpreter;
use rest::Rest;

/// Decodes an event stream, chunk by chunk.
///
/// It does what browsers do, in every chunking alike: an event is given out at the blank line that
/// ends it, and a CR is a line end at once, so no event waits for the byte behind it. Bytes that are
/// not UTF-8 become U+FFFD, never an error. The only errors are limits, so memory is bounded:
/// see [`Limits`].
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
/// # Ok::<(), sse_codec::DecodeError>(())
/// ```
///
/// Standard: [9.2.5 and 9.2.6](https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream).
#[derive(Clone, Debug)]
pub struct Decoder {
    interpreter: Interpreter,
    last_event_id: String,
    rest: Rest,
    /// Where the block of a small event is lent from.
    short: text::ShortBuf,
    /// What events that own their text have a share in.
    shared: text::SharedBuf,
    lossy: Lossy,
}

/// Where text is made of bytes that are not UTF-8, so that it can be lent.
#[derive(Clone, Debug, Default)]
struct Lossy {
    data: String,
    event_type: String,
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

    /// Decodes a chunk; what comes of it is asked for from the guard that is returned.
    ///
    /// Feed each chunk once. Dropping the guard keeps what is unfinished, and what was not read; the
    /// unread rest is read first the next time (it is not bounded by the limits, and is copied, so
    /// read a chunk to its end where you can). An event that lies whole in the chunk is borrowed from
    /// it, the others from a buffer that is used again and again. If the guard is leaked
    /// (`mem::forget`), what it had not given out is lost.
    #[inline]
    pub fn decode<'d>(&'d mut self, chunk: &'d [u8]) -> Events<'d> {
        Events::new(self, chunk)
    }

    /// Decodes a chunk into events that own their text.
    ///
    /// The same rules as for [`decode`](Self::decode) hold. The text is copied to a buffer of up to 16 KiB, which the
    /// decoder keeps and fills again unless an event of the last chunk is kept. The data of larger events is a slice of
    /// the chunk where that may be: see [`Event`](crate::Event).
    #[inline]
    pub fn decode_bytes(&mut self, chunk: Bytes) -> OwnedEvents<'_> {
        OwnedEvents::new(self, chunk)
    }

    /// The last event ID: what a client sends as `Last-Event-ID` when it reconnects, unless it is
    /// empty. It is committed at the blank line that ends a block.
    pub fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// How long a client waits before it reconnects, if the stream said so. It is set at the end of
    /// the `retry` line. Whole milliseconds.
    pub fn reconnection_time(&self) -> Option<Duration> {
        self.interpreter.reconnection_time.map(Duration::from_millis)
    }

    /// Whether the stream stands within an event. Where it ends here, an event was cut off.
    pub fn is_mid_event(&self) -> bool {
        self.interpreter.is_mid_event_with(self.rest.bytes())
    }

    /// Prepares for the stream of a new connection: the unfinished event with its uncommitted id is
    /// dropped, also what was left unread, and a BOM is expected again. The last event ID and the
    /// reconnection time stay. Offsets in errors count from here.
    pub fn reconnect(&mut self) {
        self.rest.clear();
        self.interpreter.reconnect();
    }

    fn commit_id(&mut self, id: &str) {
        self.last_event_id.clear();
        self.last_event_id.push_str(id);
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
/// use sse_codec::{Decoder, EventId, Limits};
///
/// let decoder = Decoder::builder()
///     .limits(Limits::new().with_event(64 * 1024))
///     .comments(true)
///     .last_event_id(EventId::new("42")?)
///     .build();
/// assert_eq!(decoder.last_event_id(), "42");
/// # Ok::<(), sse_codec::ValueError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct DecoderBuilder {
    limits: Limits,
    comments: bool,
    last_event_id: EventId,
}

impl DecoderBuilder {
    /// How large events and comments may be.
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Whether comments are given out, as items between the events. A setting, since a comment that
    /// is half read cannot be asked for later.
    pub fn comments(self, comments: bool) -> Self {
        Self { comments, ..self }
    }

    /// The last event ID to begin with: what the client kept from an earlier run.
    pub fn last_event_id(self, last_event_id: EventId) -> Self {
        Self { last_event_id, ..self }
    }

    /// Makes the decoder. It allocates when there is something to keep.
    pub fn build(self) -> Decoder {
        Decoder {
            interpreter: Interpreter::new(self.limits, self.comments),
            last_event_id: String::from(self.last_event_id.as_str()),
            rest: Rest::default(),
            short: [0; _],
            shared: text::SharedBuf::default(),
            lossy: Lossy::default(),
        }
    }
}
