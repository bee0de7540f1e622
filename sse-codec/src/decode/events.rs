//! Borrowed events.

use core::time::Duration;

use super::{
    interpreter::{Cursor, Interpreter, Step},
    text::Window,
};
use crate::{EventRef, error::DecodeError};

/// A guard that returns the events of one chunk, one at a time.
///
/// It is returned by [`Decoder::decode`](crate::Decoder::decode). It is not an `Iterator`, since each event is borrowed
/// until the next call. [`Decoder::decode_bytes`](crate::Decoder::decode_bytes) returns an iterator.
#[derive(Debug)]
pub struct Events<'d> {
    interpreter: &'d mut Interpreter,
    chunk: &'d [u8],
    cursor: Cursor,
    window: Window<'d>,
}

/// An event or a comment, borrowed from the decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ItemRef<'a> {
    /// An event.
    Event(EventRef<'a>),
    /// A comment: everything after the first colon of its line. It is returned only if comments are
    /// [enabled](crate::decode::DecoderBuilder::comments).
    Comment(&'a str),
}

impl<'d> Events<'d> {
    #[inline(always)]
    pub(super) fn new(interpreter: &'d mut Interpreter, chunk: &'d [u8]) -> Self {
        let cursor = interpreter.begin(chunk);
        Self { interpreter, chunk, cursor, window: Window::new() }
    }

    /// Returns the next event of the chunk, or `None` at its end.
    ///
    /// Comments are skipped.
    ///
    /// # Errors
    ///
    /// If a part of the stream exceeds its limit. Call it again after an error: other events are not affected.
    #[inline]
    pub fn next_event(&mut self) -> Option<Result<EventRef<'_>, DecodeError>> {
        loop {
            match self.step() {
                Step::Event => return Some(Ok(self.event())),
                Step::Comment => {}
                Step::Error => return self.interpreter.take_error().map(Err),
                Step::End => return None,
            }
        }
    }

    /// Returns the next event or comment of the chunk, or `None` at its end.
    ///
    /// # Errors
    ///
    /// Those of [`next_event`](Self::next_event).
    ///
    /// ```
    /// use sse_codec::{Decoder, decode::ItemRef};
    ///
    /// let mut decoder = Decoder::builder().comments(true).build();
    /// let mut events = decoder.decode(b": still here\ndata: 1\n\n");
    /// assert_eq!(events.next_item().unwrap()?, ItemRef::Comment(" still here"));
    /// assert!(matches!(events.next_item().unwrap()?, ItemRef::Event(event) if event.data() == "1"));
    /// # Ok::<(), sse_codec::error::DecodeError>(())
    /// ```
    #[inline]
    pub fn next_item(&mut self) -> Option<Result<ItemRef<'_>, DecodeError>> {
        match self.step() {
            Step::Event => Some(Ok(ItemRef::Event(self.event()))),
            Step::Comment => Some(Ok(ItemRef::Comment(&self.interpreter.comment))),
            Step::Error => self.interpreter.take_error().map(Err),
            Step::End => None,
        }
    }

    /// Returns the last event ID at this point of the stream.
    pub fn last_event_id(&self) -> &str {
        &self.interpreter.last_event_id
    }

    /// Returns the reconnection time at this point of the stream.
    pub fn retry(&self) -> Option<Duration> {
        self.interpreter.retry()
    }

    #[inline(always)]
    fn step(&mut self) -> Step {
        self.interpreter.step(&mut self.cursor, self.chunk)
    }

    #[inline(always)]
    fn event(&mut self) -> EventRef<'_> {
        self.interpreter.event_in_window(self.chunk, &mut self.window)
    }
}

impl Drop for Events<'_> {
    #[inline]
    fn drop(&mut self) {
        self.interpreter.end(&self.cursor, self.chunk);
    }
}
