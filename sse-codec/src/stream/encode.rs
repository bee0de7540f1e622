//! Encodes streams of events to streams of bytes.

use core::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_core::Stream;
use pin_project_lite::pin_project;

use crate::Encoded;

pin_project! {
    /// A stream of byte chunks, encoded from a stream of events: one chunk for each item.
    ///
    /// It is for servers that accept a stream of bytes as the body of a response. The items are [`Event`](crate::Event)s,
    /// [`Block`](crate::Block)s or [`Encoded`]s, in a `Result`. It adds no keep-alive and no headers.
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
    /// Encodes the items of `events`.
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
