//! The body as a stream of bytes.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_core::Stream;
use http_body::Body;
use pin_project_lite::pin_project;

use crate::{BoxError, SseBody, StreamFailed, StreamItem};

pin_project! {
    /// The frames of an [`SseBody`] as a stream of bytes, for frameworks that accept a stream as body.
    ///
    /// Made by [`Sse::into_byte_stream`](crate::Sse::into_byte_stream).
    #[derive(Debug)]
    #[must_use = "streams do nothing unless polled"]
    pub struct ByteStream<S> {
        #[pin]
        body: SseBody<S>,
    }
}

impl<S> ByteStream<S> {
    pub(crate) fn new(body: SseBody<S>) -> Self {
        Self { body }
    }
}

impl<S> Stream for ByteStream<S>
where
    S: Stream<Item: StreamItem<Error: Into<BoxError>>>,
{
    type Item = Result<Bytes, StreamFailed>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let frame = ready!(self.project().body.poll_frame(cx));
        // There are no trailers.
        Poll::Ready(frame.map(|frame| frame.map(|frame| frame.into_data().unwrap_or_default())))
    }
}
