//! Decodes events from a reader, without a runtime.

use std::{
    fmt,
    io::{self, ErrorKind, Read},
};

use bytes::BytesMut;

use crate::{
    Decoder, Event,
    decode::{Item, OwnedChunk},
    error::StreamError,
};

/// How many bytes are read at once, at most.
const CHUNK: usize = 16 * 1024;

/// An iterator over the events of an [`io::Read`]: a file, a pipe, the body of a blocking HTTP client.
///
/// It reads up to 16 KiB at once, so the source needs no separate buffer, and it returns an event as soon as it was
/// read. An error does not end the iterator: after a [`StreamError::Decode`] the next event follows, and after a
/// [`StreamError::Source`] the source is read again. Stop if the source fails each time. An unfinished event at the end
/// is discarded, as the standard says; [`Decoder::is_mid_event`] reports it.
///
/// ```
/// use sse_codec::EventReader;
///
/// let stream = &b"data: 1\n\ndata: 2\n\n"[..];
/// for event in EventReader::new(stream) {
///     println!("{}", event?.data());
/// }
/// # Ok::<(), sse_codec::error::StreamError<std::io::Error>>(())
/// ```
pub struct EventReader<R> {
    source: R,
    decoder: Decoder,
    chunk: OwnedChunk,
    buf: BytesMut,
    is_done: bool,
}

impl<R> EventReader<R> {
    /// Decodes `source` with the default settings.
    pub fn new(source: R) -> Self {
        Self::with_decoder(source, Decoder::new())
    }

    /// Decodes `source` with an existing decoder: with its limits, its last event ID and other state.
    ///
    /// Bytes that the decoder has not read yet come first.
    pub fn with_decoder(source: R, mut decoder: Decoder) -> Self {
        let mut chunk = OwnedChunk::default();
        chunk.begin(decoder.interpreter(), bytes::Bytes::new());
        Self { source, decoder, chunk, buf: BytesMut::new(), is_done: false }
    }

    /// Returns the decoder, which has the last event ID and the reconnection time as of the last returned event.
    pub fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    /// Returns the source.
    pub fn get_ref(&self) -> &R {
        &self.source
    }

    /// Returns the source.
    ///
    /// Bytes that are read directly from it are not decoded.
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.source
    }

    /// Returns the source, and the decoder with the unread bytes.
    ///
    /// ```
    /// use sse_codec::EventReader;
    ///
    /// let mut events = EventReader::new(&b"id: 7\ndata: 1\n\ndata: 2\n\n"[..]);
    /// assert_eq!(events.next().unwrap()?.data(), "1");
    ///
    /// let (source, mut decoder) = events.into_parts();
    /// assert!(source.is_empty()); // all of it was read
    /// assert_eq!(decoder.last_event_id(), "7");
    /// assert_eq!(decoder.decode(b"").next_event().unwrap()?.data(), "2");
    /// # Ok::<(), sse_codec::error::StreamError<std::io::Error>>(())
    /// ```
    pub fn into_parts(mut self) -> (R, Decoder) {
        self.chunk.end(self.decoder.interpreter());
        (self.source, self.decoder)
    }

    /// Returns an iterator that also yields the comments between the events, if they are
    /// [enabled](crate::decode::DecoderBuilder::comments) in the decoder.
    ///
    /// ```
    /// use sse_codec::{Decoder, Event, EventReader, decode::Item};
    ///
    /// let decoder = Decoder::builder().comments(true).build();
    /// let mut items = EventReader::with_decoder(&b": hi\ndata: 1\n\n"[..], decoder).items();
    /// assert_eq!(items.next().unwrap()?, Item::Comment(" hi".into()));
    /// assert_eq!(items.next().unwrap()?, Item::Event(Event::new("1")));
    /// # Ok::<(), sse_codec::error::StreamError<std::io::Error>>(())
    /// ```
    pub fn items(self) -> Items<R> {
        Items { events: self }
    }
}

impl<R: Read> EventReader<R> {
    /// Reads a chunk. Returns `None` at the end.
    fn read(&mut self) -> Option<io::Result<()>> {
        if self.is_done {
            return None;
        }
        // No event keeps its chunk, so the same memory is used each time.
        self.buf.resize(CHUNK, 0);
        let len = loop {
            match self.source.read(&mut self.buf) {
                Ok(len) => break len,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Some(Err(error)),
            }
        };
        self.is_done = len == 0;
        self.buf.truncate(len);
        self.chunk.begin(self.decoder.interpreter(), self.buf.split().freeze());
        Some(Ok(()))
    }
}

impl<R: Read> Iterator for EventReader<R> {
    type Item = Result<Event, StreamError<io::Error>>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(event) = self.chunk.next_event(self.decoder.interpreter()) {
                return Some(event);
            }
            if let Err(error) = self.read()? {
                return Some(Err(StreamError::Source(error)));
            }
        }
    }
}

impl<R> fmt::Debug for EventReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventReader").field("decoder", &self.decoder).finish_non_exhaustive()
    }
}

/// An iterator over events and comments.
///
/// It is returned by [`EventReader::items`].
#[derive(Debug)]
pub struct Items<R> {
    events: EventReader<R>,
}

impl<R> Items<R> {
    /// Returns the decoder, as of the last returned item.
    pub fn decoder(&self) -> &Decoder {
        self.events.decoder()
    }

    /// Returns the iterator over events alone.
    pub fn get_ref(&self) -> &EventReader<R> {
        &self.events
    }

    /// Returns the iterator over events alone.
    ///
    /// Both iterators can be used interleaved.
    pub fn get_mut(&mut self) -> &mut EventReader<R> {
        &mut self.events
    }

    /// Returns the iterator over the remaining events alone.
    pub fn into_inner(self) -> EventReader<R> {
        self.events
    }
}

impl<R: Read> Iterator for Items<R> {
    type Item = Result<Item, StreamError<io::Error>>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let EventReader { chunk, decoder, .. } = &mut self.events;
            if let Some(item) = chunk.next_item(decoder.interpreter()) {
                return Some(item.map_err(StreamError::Decode));
            }
            if let Err(error) = self.events.read()? {
                return Some(Err(StreamError::Source(error)));
            }
        }
    }
}
