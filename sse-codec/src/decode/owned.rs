//! Events that own their text.

use core::time::Duration;

use bytes::Bytes;

use super::interpreter::{Cursor, Interpreter, Step};
use crate::{Event, Text, error::DecodeError};

/// The events of one chunk: an iterator over events that own their text.
///
/// Made by [`Decoder::decode_bytes`](crate::Decoder::decode_bytes).
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

/// An event or a comment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Item {
    /// An event.
    Event(Event),
    /// A comment: everything after the first colon of its line. Only if
    /// [asked for](crate::decode::DecoderBuilder::comments).
    Comment(Text),
}

impl<'d> OwnedEvents<'d> {
    #[inline(always)]
    pub(super) fn new(interpreter: &'d mut Interpreter, chunk: Bytes) -> Self {
        let mut events = Self { interpreter, chunk: OwnedChunk::default() };
        events.chunk.begin(events.interpreter, chunk);
        events
    }

    /// The same iterator, with the comments between the events. The decoder must have been
    /// [asked](super::DecoderBuilder::comments) for them.
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

    /// The last event ID as of what was returned so far.
    pub fn last_event_id(&self) -> &str {
        &self.interpreter.last_event_id
    }

    /// The reconnection time as of what was returned so far.
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

/// The events and comments of one chunk: an iterator over items that own their text. Made by [`OwnedEvents::items`].
#[derive(Debug)]
pub struct OwnedItems<'d> {
    events: OwnedEvents<'d>,
}

impl<'d> OwnedItems<'d> {
    /// The iterator over events alone. It may be asked in between.
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

    /// The last event ID as of what was returned so far.
    pub fn last_event_id(&self) -> &str {
        self.events.last_event_id()
    }

    /// The reconnection time as of what was returned so far.
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

/// A chunk that is being read, apart from the decoder: a stream holds both.
#[derive(Debug, Default)]
pub(crate) struct OwnedChunk {
    /// Empty if none is being read.
    bytes: Bytes,
    cursor: Cursor,
}

impl OwnedChunk {
    /// Begins a chunk, with what is unread before it. The one before must have [ended](Self::end).
    ///
    /// In place: a chunk that was made elsewhere and moved takes longer than many an event.
    #[inline(always)]
    pub(crate) fn begin(&mut self, interpreter: &mut Interpreter, bytes: Bytes) {
        self.bytes = bytes;
        let Cursor { ends, line } = interpreter.begin(&self.bytes);
        self.cursor.ends = ends;
        self.cursor.line = line;
    }

    /// Gives back to the decoder what is unfinished or unread.
    #[inline]
    pub(crate) fn end(&mut self, interpreter: &mut Interpreter) {
        interpreter.end(&self.cursor, &self.bytes);
        self.bytes = Bytes::new();
    }

    /// The next event; at the end of the chunk nothing, and then the chunk is ended.
    #[inline(always)]
    pub(crate) fn next_event<E: From<DecodeError>>(
        &mut self,
        interpreter: &mut Interpreter,
    ) -> Option<Result<Event, E>> {
        loop {
            match interpreter.step(&mut self.cursor, &self.bytes) {
                Step::Event => return Some(Ok(interpreter.event(&self.bytes).to_event())),
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
        match interpreter.step(&mut self.cursor, &self.bytes) {
            Step::Event => Some(Ok(Item::Event(interpreter.event(&self.bytes).to_event()))),
            Step::Comment => Some(Ok(Item::Comment(interpreter.comment(&self.bytes).into()))),
            Step::Error => interpreter.take_error().map(Err),
            Step::End => {
                self.end(interpreter);
                None
            }
        }
    }
}
