//! Owned events.

use core::time::Duration;

use bytes::Bytes;

use super::interpreter::{Cursor, Interpreter, Step};
use crate::{Event, Text, error::DecodeError};

/// An iterator over the owned events of one chunk.
///
/// It is returned by [`Decoder::decode_bytes`](crate::Decoder::decode_bytes).
///
/// ```
/// use sse_codec::{Decoder, Event};
///
/// let mut decoder = Decoder::new();
/// let chunk = bytes::Bytes::from_static(b"data: 1\n\ndata: 2\n\n");
/// let events: Vec<Event> = decoder.decode_bytes(chunk).collect::<Result<_, _>>()?;
/// assert_eq!(events, [Event::new("1"), Event::new("2")]);
/// # Ok::<(), sse_codec::error::DecodeError>(())
/// ```
#[derive(Debug)]
pub struct OwnedEvents<'d> {
    interpreter: &'d mut Interpreter,
    chunk: OwnedChunk,
}

/// An event or a comment, with its own text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Item {
    /// An event.
    Event(Event),
    /// A comment: everything after the first colon of its line. It is returned only if comments are
    /// [enabled](crate::decode::DecoderBuilder::comments).
    Comment(Text),
}

impl<'d> OwnedEvents<'d> {
    #[inline(always)]
    pub(super) fn new(interpreter: &'d mut Interpreter, chunk: Bytes) -> Self {
        let mut events = Self { interpreter, chunk: OwnedChunk::default() };
        events.chunk.begin(events.interpreter, chunk);
        events
    }

    /// Returns an iterator that also yields the comments between the events, if they are
    /// [enabled](super::DecoderBuilder::comments).
    ///
    /// ```
    /// use sse_codec::{Decoder, Event, decode::Item};
    ///
    /// let mut decoder = Decoder::builder().comments(true).build();
    /// let chunk = bytes::Bytes::from_static(b": still here\ndata: 1\n\n");
    /// let items: Vec<Item> = decoder.decode_bytes(chunk).items().collect::<Result<_, _>>()?;
    /// assert_eq!(items, [Item::Comment(" still here".into()), Item::Event(Event::new("1"))]);
    /// # Ok::<(), sse_codec::error::DecodeError>(())
    /// ```
    pub fn items(self) -> OwnedItems<'d> {
        OwnedItems { events: self }
    }

    /// Returns the last event ID at this point of the stream.
    pub fn last_event_id(&self) -> &str {
        &self.interpreter.last_event_id
    }

    /// Returns the reconnection time at this point of the stream.
    pub fn retry(&self) -> Option<Duration> {
        self.interpreter.retry()
    }
}

impl Iterator for OwnedEvents<'_> {
    type Item = Result<Event, DecodeError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.chunk.next_event(self.interpreter)
    }
}

impl Drop for OwnedEvents<'_> {
    #[inline]
    fn drop(&mut self) {
        self.chunk.end(self.interpreter);
    }
}

/// An iterator over the events and comments of one chunk.
///
/// It is returned by [`OwnedEvents::items`].
#[derive(Debug)]
pub struct OwnedItems<'d> {
    events: OwnedEvents<'d>,
}

impl<'d> OwnedItems<'d> {
    /// Returns the iterator over events alone.
    ///
    /// Both iterators can be used interleaved.
    ///
    /// ```
    /// use sse_codec::{Decoder, Event};
    ///
    /// let mut decoder = Decoder::builder().comments(true).build();
    /// let mut items = decoder.decode_bytes(bytes::Bytes::from_static(b":1\n:2\ndata: 3\n\n")).items();
    /// assert_eq!(items.get_mut().next().unwrap()?, Event::new("3")); // the comments are skipped
    /// # Ok::<(), sse_codec::error::DecodeError>(())
    /// ```
    pub fn get_mut(&mut self) -> &mut OwnedEvents<'d> {
        &mut self.events
    }

    /// Returns the last event ID at this point of the stream.
    pub fn last_event_id(&self) -> &str {
        self.events.last_event_id()
    }

    /// Returns the reconnection time at this point of the stream.
    pub fn retry(&self) -> Option<Duration> {
        self.events.retry()
    }
}

impl Iterator for OwnedItems<'_> {
    type Item = Result<Item, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.events.chunk.next_item(self.events.interpreter)
    }
}

/// A chunk that is being read. It does not borrow the decoder, so that a stream can hold both.
#[derive(Debug, Default)]
pub(crate) struct OwnedChunk {
    /// `None` if no chunk is being read. An empty `Bytes` instead would take a call to drop.
    bytes: Option<Bytes>,
    cursor: Cursor,
}

impl OwnedChunk {
    /// Begins a chunk, preceded by the unread bytes. The previous chunk must have [ended](Self::end).
    ///
    /// It works in place, since moving a new `OwnedChunk` here takes longer than decoding a small event.
    #[inline(always)]
    pub(crate) fn begin(&mut self, interpreter: &mut Interpreter, bytes: Bytes) {
        let Cursor { ends, line } = interpreter.begin(&bytes);
        self.bytes = Some(bytes);
        self.cursor.ends = ends;
        self.cursor.line = line;
    }

    /// Ends the chunk. The decoder keeps the unfinished event and the unread bytes.
    #[inline]
    pub(crate) fn end(&mut self, interpreter: &mut Interpreter) {
        let bytes = self.bytes.as_deref().unwrap_or_default();
        interpreter.end(&self.cursor, bytes);
        self.bytes = None;
    }

    /// Returns the next event. At the end of the chunk it ends the chunk and returns `None`.
    #[inline(always)]
    pub(crate) fn next_event<E: From<DecodeError>>(
        &mut self,
        interpreter: &mut Interpreter,
    ) -> Option<Result<Event, E>> {
        loop {
            let bytes = self.bytes.as_deref().unwrap_or_default();
            match interpreter.step(&mut self.cursor, bytes) {
                Step::Event if interpreter.carry.has_long_data() => {
                    return Some(Ok(interpreter.take_event()));
                }
                Step::Event => return Some(Ok(interpreter.event(bytes).to_event())),
                Step::Comment => {}
                Step::Error => return interpreter.take_error().map(|error| Err(error.into())),
                Step::End => {
                    self.end(interpreter);
                    return None;
                }
            }
        }
    }

    /// The same for events and comments.
    #[inline]
    pub(crate) fn next_item(&mut self, interpreter: &mut Interpreter) -> Option<Result<Item, DecodeError>> {
        let bytes = self.bytes.as_deref().unwrap_or_default();
        match interpreter.step(&mut self.cursor, bytes) {
            Step::Event if interpreter.carry.has_long_data() => {
                Some(Ok(Item::Event(interpreter.take_event())))
            }
            Step::Event => Some(Ok(Item::Event(interpreter.event(bytes).to_event()))),
            Step::Comment => Some(Ok(Item::Comment(Text::from(&interpreter.comment)))),
            Step::Error => interpreter.take_error().map(Err),
            Step::End => {
                self.end(interpreter);
                None
            }
        }
    }
}
