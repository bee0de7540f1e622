//! Decodes streams of bytes to events.

use core::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_core::{FusedStream, Stream};
use pin_project_lite::pin_project;

use crate::{
    Decoder, Event,
    decode::{Item, OwnedChunk},
    error::StreamError,
};

pin_project! {
    /// A stream of events, decoded from a stream of byte chunks.
    ///
    /// The chunks are any type that converts to [`Bytes`], in a `Result`, as in the response bodies of
    /// HTTP clients. An error does not end the stream: after a [`StreamError::Decode`] the next event
    /// follows, and after a [`StreamError::Source`] the source is polled again. An unfinished event at
    /// the end is discarded, as the standard says; [`Decoder::is_mid_event`] reports it.
    ///
    /// ```
    /// use futures_util::{StreamExt, stream};
    /// use sse_codec::{Event, EventStream};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let chunks = ["data: 1\n\nda", "ta: 2\n\n"].map(Ok::<_, std::io::Error>);
    /// let mut events = EventStream::new(stream::iter(chunks));
    /// while let Some(event) = events.next().await {
    ///     println!("{}: {}", events.decoder().last_event_id(), event?.data());
    /// }
    /// # Ok::<(), sse_codec::error::StreamError<std::io::Error>>(())
    /// # }).unwrap().unwrap();
    /// ```
    ///
    /// # HTTP clients
    ///
    /// With reqwest (feature `stream`), the source is `response.bytes_stream()`; with hyper, a
    /// `http_body_util::BodyDataStream`. If such a source is not `Unpin`, `next()` does not accept its
    /// `EventStream`. Pin the source: in a box, as here, or on the stack with `std::pin::pin!`.
    ///
    /// ```
    /// use futures_util::{Stream, StreamExt};
    /// use sse_codec::{EventStream, error::StreamError};
    ///
    /// async fn print<S, E>(bytes_stream: S) -> Result<(), StreamError<E>>
    /// where
    ///     S: Stream<Item = Result<bytes::Bytes, E>>,
    /// {
    ///     let mut events = EventStream::new(Box::pin(bytes_stream));
    ///     while let Some(event) = events.next().await {
    ///         println!("{}", event?.data());
    ///     }
    ///     Ok(())
    /// }
    /// # let chunks = ["data: 1\n\n"].map(|chunk| Ok::<_, std::io::Error>(chunk.into()));
    /// # futures_util::FutureExt::now_or_never(print(futures_util::stream::iter(chunks))).unwrap().unwrap();
    /// ```
    ///
    /// # Silence
    ///
    /// A connection may fail without an error. Servers send comments to show that it is alive, but this stream skips
    /// comments. Do not put a timeout around `next()`, since it would also end a feed that sends only comments for a
    /// while. Put it around the source, where any byte counts. With `tokio_stream::StreamExt::timeout`, the source is
    /// `response.bytes_stream().timeout(Duration::from_secs(45))`, whose items are chunks or timeouts.
    #[derive(Debug)]
    #[must_use = "streams do nothing unless polled"]
    pub struct EventStream<S> {
        #[pin]
        source: S,
        decoder: Decoder,
        chunk: OwnedChunk,
        is_done: bool,
    }
}

impl<S> EventStream<S> {
    /// Decodes `source` with the default settings.
    pub fn new(source: S) -> Self {
        Self::with_decoder(source, Decoder::new())
    }

    /// Decodes `source` with an existing decoder: with its limits, its last event ID and other state.
    ///
    /// Bytes that the decoder has not read yet come first.
    pub fn with_decoder(source: S, mut decoder: Decoder) -> Self {
        let mut chunk = OwnedChunk::default();
        chunk.begin(decoder.interpreter(), Bytes::new());
        Self { source, decoder, chunk, is_done: false }
    }

    /// Returns the decoder, which has the last event ID and the reconnection time as of the last returned
    /// event.
    pub fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    /// Returns the source of the chunks.
    pub fn get_ref(&self) -> &S {
        &self.source
    }

    /// Returns the source of the chunks.
    ///
    /// Chunks that are taken directly from it are not decoded.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.source
    }

    /// Returns the source of the chunks, pinned.
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Pin<&mut S> {
        self.project().source
    }

    /// Returns the source, and the decoder with the unread bytes.
    ///
    /// ```
    /// use futures_util::{StreamExt, stream};
    /// use sse_codec::EventStream;
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let chunks = stream::iter(["data: 1\n\ndata: 2\n\n", "more"].map(Ok::<_, std::io::Error>));
    /// let mut events = EventStream::new(chunks);
    /// assert_eq!(events.next().await.unwrap()?.data(), "1");
    ///
    /// let (mut chunks, mut decoder) = events.into_parts();
    /// assert_eq!(decoder.decode(b"").next_event().unwrap()?.data(), "2");
    /// assert_eq!(chunks.next().await.unwrap().unwrap(), "more");
    /// # Ok::<(), sse_codec::error::StreamError<std::io::Error>>(())
    /// # }).unwrap().unwrap();
    /// ```
    pub fn into_parts(mut self) -> (S, Decoder) {
        self.chunk.end(self.decoder.interpreter());
        (self.source, self.decoder)
    }

    /// Returns the decoder.
    ///
    /// For a new connection, call [`reconnect`](Decoder::reconnect).
    ///
    /// ```
    /// use futures_util::{StreamExt, stream};
    /// use sse_codec::EventStream;
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let connection = stream::iter(["id: 7\ndata: 1\n\ndata: cut o"].map(Ok::<_, std::io::Error>));
    /// let mut events = EventStream::new(connection);
    /// while let Some(event) = events.next().await {
    ///     println!("{}", event?.data());
    /// }
    ///
    /// let mut decoder = events.into_decoder();
    /// decoder.reconnect();
    /// assert_eq!(decoder.last_event_id(), "7"); // the `Last-Event-ID` of the next request
    /// let next_connection = stream::iter(["data: 2\n\n"].map(Ok::<_, std::io::Error>));
    /// let events = EventStream::with_decoder(next_connection, decoder);
    /// # Ok::<(), sse_codec::error::StreamError<std::io::Error>>(())
    /// # }).unwrap().unwrap();
    /// ```
    pub fn into_decoder(self) -> Decoder {
        self.into_parts().1
    }

    /// Returns a stream that also yields the comments between the events, if they are
    /// [enabled](crate::decode::DecoderBuilder::comments) in the decoder.
    ///
    /// ```
    /// use futures_util::{StreamExt, stream};
    /// use sse_codec::{Decoder, Event, EventStream, decode::Item};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let chunks = stream::iter([": hi\ndata: 1\n\n"].map(Ok::<_, std::io::Error>));
    /// let decoder = Decoder::builder().comments(true).build();
    /// let mut items = EventStream::with_decoder(chunks, decoder).items();
    /// assert_eq!(items.next().await.unwrap()?, Item::Comment(" hi".into()));
    /// assert_eq!(items.next().await.unwrap()?, Item::Event(Event::new("1")));
    /// # Ok::<(), sse_codec::error::StreamError<std::io::Error>>(())
    /// # }).unwrap().unwrap();
    /// ```
    pub fn items(self) -> Items<S> {
        Items { events: self }
    }
}

impl<S, B, E> EventStream<S>
where
    S: Stream<Item = Result<B, E>>,
    B: Into<Bytes>,
{
    /// Polls the source for the next chunk, and begins to read it. Ready with `None` at the end.
    // Not inlined, each chunk of 7 bytes takes 30 more instructions.
    #[inline(always)]
    fn poll_chunk(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<(), StreamError<E>>>> {
        let this = self.project();
        if *this.is_done {
            return Poll::Ready(None);
        }
        match ready!(this.source.poll_next(cx)) {
            Some(Ok(chunk)) => this.chunk.begin(this.decoder.interpreter(), chunk.into()),
            Some(Err(error)) => return Poll::Ready(Some(Err(StreamError::Source(error)))),
            None => *this.is_done = true,
        }
        Poll::Ready(Some(Ok(())))
    }
}

impl<S, B, E> Stream for EventStream<S>
where
    S: Stream<Item = Result<B, E>>,
    B: Into<Bytes>,
{
    type Item = Result<Event, StreamError<E>>;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let this = self.as_mut().project();
            if let Some(event) = this.chunk.next_event(this.decoder.interpreter()) {
                return Poll::Ready(Some(event));
            }
            match ready!(self.as_mut().poll_chunk(cx)) {
                Some(Ok(())) => {}
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<S, B, E> FusedStream for EventStream<S>
where
    S: Stream<Item = Result<B, E>>,
    B: Into<Bytes>,
{
    fn is_terminated(&self) -> bool {
        // The source is polled only when its earlier chunks have been read.
        self.is_done
    }
}

pin_project! {
    /// A stream of events and comments.
    ///
    /// It is returned by [`EventStream::items`].
    #[derive(Debug)]
    #[must_use = "streams do nothing unless polled"]
    pub struct Items<S> {
        #[pin]
        events: EventStream<S>,
    }
}

impl<S> Items<S> {
    /// Returns the decoder, as of the last returned item.
    pub fn decoder(&self) -> &Decoder {
        self.events.decoder()
    }

    /// Returns the stream of events alone.
    pub fn get_ref(&self) -> &EventStream<S> {
        &self.events
    }

    /// Returns the stream of events alone.
    ///
    /// Both streams can be polled interleaved.
    pub fn get_mut(&mut self) -> &mut EventStream<S> {
        &mut self.events
    }

    /// Returns the stream of the remaining events alone.
    pub fn into_inner(self) -> EventStream<S> {
        self.events
    }
}

impl<S, B, E> Stream for Items<S>
where
    S: Stream<Item = Result<B, E>>,
    B: Into<Bytes>,
{
    type Item = Result<Item, StreamError<E>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut events = self.project().events;
        loop {
            let this = events.as_mut().project();
            if let Some(item) = this.chunk.next_item(this.decoder.interpreter()) {
                return Poll::Ready(Some(item.map_err(StreamError::Decode)));
            }
            match ready!(events.as_mut().poll_chunk(cx)) {
                Some(Ok(())) => {}
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}
