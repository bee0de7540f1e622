//! A stream of complete blocks.

use core::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_core::Stream;
use pin_project_lite::pin_project;

use super::{BlockDecoder, RawBlock};
use crate::{error::StreamError, limits::Limits};

pin_project! {
    /// A stream of complete blocks, decoded from a stream of byte chunks: for proxies that edit events.
    ///
    /// The chunks are any type that converts to [`Bytes`], in a `Result`. The next chunk is requested when the blocks
    /// of the previous one were taken, so a slow client slows its source down. An error does not end the stream.
    ///
    /// Every line end becomes LF, every field gets a colon and one space after it, and a BOM and extra blank lines are
    /// removed. All else stays as it was. A block is returned at its blank line, so a comment without one waits for the
    /// end of its block.
    ///
    /// ```
    /// use futures_util::{StreamExt, stream};
    /// use sse_codec::{Encoded, lines::BlockStream};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let chunks = [":hi\nx-trace: 7\nda", "ta: 1\n\nid: 2\n\n"].map(Ok::<_, std::io::Error>);
    /// let mut blocks = BlockStream::new(stream::iter(chunks));
    /// let block = blocks.next().await.unwrap()?;
    /// assert!(block.values("x-trace").eq([b"7"]));
    /// assert_eq!(Encoded::from(block).as_bytes(), ":hi\nx-trace: 7\ndata: 1\n\n");
    /// assert_eq!(Encoded::from(blocks.next().await.unwrap()?).as_bytes(), "id: 2\n\n");
    /// # Ok::<(), sse_codec::error::StreamError<std::io::Error>>(())
    /// # }).unwrap().unwrap();
    /// ```
    #[derive(Debug)]
    #[must_use = "streams do nothing unless polled"]
    pub struct BlockStream<S> {
        #[pin]
        source: S,
        decoder: BlockDecoder,
        is_done: bool,
    }
}

impl<S> BlockStream<S> {
    /// Decodes `source` with the default limit of 16 MiB for a block.
    pub fn new(source: S) -> Self {
        Self::with_limits(source, Limits::new())
    }

    /// Decodes `source` with another [limit of an event](Limits::with_event), which here counts all lines of the block.
    ///
    /// [`BlockDecoder::with_limits`] has the details.
    pub fn with_limits(source: S, limits: Limits) -> Self {
        Self { source, decoder: BlockDecoder::with_limits(limits), is_done: false }
    }
}

impl<S, B, E> Stream for BlockStream<S>
where
    S: Stream<Item = Result<B, E>>,
    B: Into<Bytes>,
{
    type Item = Result<RawBlock, StreamError<E>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        // An empty chunk reads the unread bytes of the previous one.
        let mut chunk = Bytes::new();
        loop {
            if let Some(block) = this.decoder.decode(&chunk).next() {
                return Poll::Ready(Some(block.map_err(StreamError::Decode)));
            }
            if *this.is_done {
                return Poll::Ready(None);
            }
            match ready!(this.source.as_mut().poll_next(cx)) {
                Some(Ok(next)) => chunk = next.into(),
                Some(Err(error)) => return Poll::Ready(Some(Err(StreamError::Source(error)))),
                None => {
                    *this.is_done = true;
                    return Poll::Ready(None);
                }
            }
        }
    }
}
