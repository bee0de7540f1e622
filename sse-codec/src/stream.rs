//! Streams: bytes to events, and blocks to bytes.

use core::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_core::{FusedStream, Stream};
use pin_project_lite::pin_project;

#[cfg(feature = "json")]
pub use crate::json_stream::Json;
use crate::{
    Decoder, Encoded, Event,
    decode::{Item, OwnedChunk},
    error::StreamError,
};

pin_project! {
    /// A stream of events, decoded from a stream of byte chunks.
    ///
    /// The chunks are anything that becomes [`Bytes`], in a `Result`: what HTTP clients give as the
    /// body of a response. An error never ends the stream by itself: after a
    /// [`StreamError::Decode`] the next event follows, and after a [`StreamError::Source`] the source
    /// is asked again. An unfinished event at the end is discarded, as the standard says;
    /// [`Decoder::is_mid_event`] tells that there was one.
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
    /// With reqwest (feature `stream`), the chunks are `response.bytes_stream()`; with hyper, those of a
    /// `http_body_util::BodyDataStream`. Such a source is not always `Unpin`, and then `next()` does not take its
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
    /// A connection may be dead without a word. Servers send comments to show that theirs is not, and this stream skips
    /// comments. So do not put a timeout around `next()`: a feed that sends nothing but comments for a while would be
    /// taken for silent. Put it around the source, where any byte counts. With `tokio_stream::StreamExt::timeout` the
    /// source is `response.bytes_stream().timeout(Duration::from_secs(45))`, of which each item is a chunk or the
    /// notice that none came.
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

    /// Decodes `source` with this decoder: with its limits, its last event ID and so on.
    ///
    /// What the decoder had left unread comes first.
    pub fn with_decoder(source: S, mut decoder: Decoder) -> Self {
        let mut chunk = OwnedChunk::default();
        chunk.begin(decoder.interpreter(), Bytes::new());
        Self { source, decoder, chunk, is_done: false }
    }

    /// The decoder, to ask for the last event ID and the reconnection time as of the event that was
    /// returned last.
    pub fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    /// The source of the chunks.
    pub fn get_ref(&self) -> &S {
        &self.source
    }

    /// The source of the chunks. What is read from it here, no event is made of.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.source
    }

    /// The source of the chunks, pinned.
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Pin<&mut S> {
        self.project().source
    }

    /// The source, and the decoder with what is unread.
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

    /// The decoder, to go on with: [`reconnect`](Decoder::reconnect) it for a new connection.
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

    /// The same stream, with the comments between the events. The decoder must have been
    /// [asked](crate::decode::DecoderBuilder::comments) for them.
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
    /// Ready when there is a chunk to be read, or an error; with nothing when there will be none.
    // As a call, each chunk of 7 bytes takes 30 instructions more.
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
        // The source is asked only when nothing of its chunks is left.
        self.is_done
    }
}

pin_project! {
    /// A stream of events and comments. Made by [`EventStream::items`].
    #[derive(Debug)]
    #[must_use = "streams do nothing unless polled"]
    pub struct Items<S> {
        #[pin]
        events: EventStream<S>,
    }
}

impl<S> Items<S> {
    /// The decoder, as of the item that was returned last.
    pub fn decoder(&self) -> &Decoder {
        self.events.decoder()
    }

    /// The stream of events alone.
    pub fn get_ref(&self) -> &EventStream<S> {
        &self.events
    }

    /// The stream of events alone. It may be asked in between.
    pub fn get_mut(&mut self) -> &mut EventStream<S> {
        &mut self.events
    }

    /// The stream of events alone, to go on with.
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

pin_project! {
    /// A stream of byte chunks, encoded from a stream of events: one chunk for each item.
    ///
    /// For servers that take a stream of bytes as the body of a response. The items are [`Event`]s, [`Block`](crate::Block)s
    /// or [`Encoded`]s, in a `Result`. Nothing is added: no keep-alive, no headers.
    ///
    /// ```
    /// use futures_util::{StreamExt, stream};
    /// use sse_codec::{EncodeStream, Event};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let events = ["1", "2"].map(|data| Ok::<_, std::io::Error>(Event::new(data)));
    /// let mut chunks = EncodeStream::new(stream::iter(events));
    /// assert_eq!(chunks.next().await.unwrap()?, "data: 1\n\n");
    /// # Ok::<(), std::io::Error>(())
    /// # }).unwrap().unwrap();
    /// ```
    #[derive(Debug)]
    #[must_use = "streams do nothing unless polled"]
    pub struct EncodeStream<S> {
        #[pin]
        events: S,
    }
}

impl<S> EncodeStream<S> {
    /// Encodes what `events` yields.
    pub fn new(events: S) -> Self {
        Self { events }
    }
}

impl<S, T, E> Stream for EncodeStream<S>
where
    S: Stream<Item = Result<T, E>>,
    T: Into<Encoded>,
{
    type Item = Result<Bytes, E>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = ready!(self.project().events.poll_next(cx));
        Poll::Ready(item.map(|item| Ok(item?.into().into_bytes())))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.events.size_hint()
    }
}
