//! The body: a stream of events as frames of bytes.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_core::Stream;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use sse_codec::Encoded;

use crate::{
    BoxError, CloseReason, StreamFailed, StreamItem,
    age::Age,
    break_off::BreakOff,
    close::Tally,
    frame::Gathered,
    keep_alive::{KeepAlive, SignOfLife},
    shutdown::Shutdown,
    stream_item::Outgoing,
};

/// The maximum number of items read from the stream in one poll. The smallest events fill a frame before that. Empty
/// blocks do not: a stream of them would never yield to other tasks.
const MOST_ITEMS: usize = 4 * 1024;

pin_project! {
    /// The body of an event stream, made by [`Sse`](crate::Sse).
    ///
    /// It never yields trailers, and fails only with [`break_on_error`](crate::Sse::break_on_error).
    /// It is `Send` if the stream is. It is not `Sync`, which servers do not require.
    ///
    /// ```
    /// use futures_util::stream::Pending;
    /// use sse_hyper::{Event, SseBody};
    ///
    /// /// A response of this crate, to be named in a signature.
    /// type Response = http::Response<SseBody<Pending<Event>>>;
    ///
    /// fn is_send<T: Send>() {}
    /// is_send::<Response>();
    /// ```
    pub struct SseBody<S> {
        // None once the response ends, so that its resources are free before the last frame is sent.
        #[pin]
        stream: Option<S>,
        // Sent before the next item of the stream: the opening comment at first, later
        // an item that did not fit into the previous frame.
        held: Option<Outgoing>,
        // Boxed, like three more fields: few streams use these, and there are many mostly idle streams.
        farewell: Option<Box<Encoded>>,
        gathered: Gathered,
        keep_alive: Option<KeepAlive>,
        shutdown: Option<Box<Shutdown>>,
        age: Option<Box<Age>>,
        break_off: Option<Box<BreakOff>>,
        // The last field, so that the stream is dropped before the hook is called.
        tally: Tally,
    }
}

impl<S> SseBody<S> {
    pub(crate) fn new(
        stream: S,
        opening: Option<Encoded>,
        keep_alive: Option<KeepAlive>,
        shutdown: Option<Shutdown>,
        age: Option<Age>,
        break_off: Option<BreakOff>,
        tally: Tally,
    ) -> Self {
        Self {
            stream: Some(stream),
            held: opening.map(Outgoing::Encoded),
            farewell: None,
            gathered: Gathered::default(),
            keep_alive,
            shutdown: shutdown.map(Box::new),
            age: age.map(Box::new),
            break_off: break_off.map(Box::new),
            tally,
        }
    }

    /// Whether there is nothing more to send, and no error to return.
    fn is_over(&self) -> bool {
        self.stream.is_none()
            && self.held.is_none()
            && self.farewell.is_none()
            && !self.break_off.as_ref().is_some_and(|break_off| break_off.is_due())
    }
}

impl<S> Body for SseBody<S>
where
    S: Stream<Item: StreamItem<Error: Into<BoxError>>>,
{
    type Data = Bytes;
    type Error = StreamFailed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StreamFailed>>> {
        self.as_mut().project().tally.is_polled(cx);
        self.as_mut().poll_shutdown(cx);
        self.as_mut().poll_age(cx);
        if let Some(frame) = self.as_mut().gather(cx) {
            let events = frame.events();
            return Poll::Ready(Some(Ok(self.send(frame.into_bytes(), events))));
        }
        if self.stream.is_none() {
            return self.poll_end(cx).map(|error| error.map(Err));
        }
        let SignOfLife { bytes, events } = ready!(self.as_mut().poll_keep_alive(cx));
        Poll::Ready(Some(Ok(self.send(bytes, events))))
    }

    fn is_end_stream(&self) -> bool {
        self.is_over()
    }

    fn size_hint(&self) -> SizeHint {
        if self.is_over() { SizeHint::with_exact(0) } else { SizeHint::default() }
    }
}

impl<S> SseBody<S>
where
    S: Stream<Item: StreamItem<Error: Into<BoxError>>>,
{
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) {
        let this = self.as_mut().project();
        if this.stream.is_none() {
            return;
        }
        let Some(shutdown) = this.shutdown else { return };
        if let Poll::Ready(farewell) = shutdown.poll_farewell(cx) {
            *this.farewell = farewell.map(Box::new);
            self.end(CloseReason::Shutdown);
        }
    }

    fn poll_age(mut self: Pin<&mut Self>, cx: &mut Context<'_>) {
        let this = self.as_mut().project();
        if this.age.as_mut().is_some_and(|age| age.poll(cx).is_ready()) {
            self.end(CloseReason::MaxAge);
        }
    }

    /// Collects ready items into one frame.
    fn gather(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Option<Encoded> {
        let mut items = 0;
        while let Poll::Ready(Some(item)) = self.as_mut().poll_item(cx) {
            items += 1;
            let this = self.as_mut().project();
            let Some(item) = this.gathered.add(item) else {
                if items == MOST_ITEMS {
                    cx.waker().wake_by_ref();
                    break;
                }
                continue;
            };
            if this.gathered.is_empty() {
                return Some(item.into());
            }
            *this.held = Some(item);
            return this.gathered.take();
        }
        self.project().gathered.take_last()
    }

    /// The next item to send: held back, from the stream, or the farewell. `None` at the end.
    fn poll_item(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Outgoing>> {
        let mut this = self.as_mut().project();
        if let Some(item) = this.held.take() {
            return Poll::Ready(Some(item));
        }
        let Some(stream) = this.stream.as_mut().as_pin_mut() else {
            return Poll::Ready(this.farewell.take().map(|farewell| (*farewell).into()));
        };
        match ready!(stream.poll_next(cx)).map(|item| item.into_outgoing()) {
            Some(Ok(item)) => return Poll::Ready(Some(item)),
            Some(Err(error)) => {
                let error = error.into();
                if let Some(break_off) = this.break_off {
                    break_off.fail(StreamFailed::new(&error));
                }
                self.end(CloseReason::StreamError(error));
            }
            None => self.end(CloseReason::StreamEnded),
        }
        Poll::Ready(None)
    }

    /// Ends the stream. Only items already taken from it, and the farewell, are still sent.
    fn end(self: Pin<&mut Self>, reason: CloseReason) {
        let mut this = self.project();
        this.stream.set(None);
        *this.shutdown = None;
        *this.keep_alive = None;
        *this.age = None;
        this.tally.ends(reason);
    }

    fn poll_keep_alive(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<SignOfLife> {
        let this = self.project();
        let Some(keep_alive) = this.keep_alive else { return Poll::Pending };
        let frame = ready!(keep_alive.poll_frame(cx));
        this.gathered.release();
        Poll::Ready(frame)
    }

    /// Counts a frame that is sent.
    fn send(mut self: Pin<&mut Self>, frame: Bytes, events: usize) -> Frame<Bytes> {
        let this = self.as_mut().project();
        this.tally.count(events as u64, frame.len());
        if let Some(keep_alive) = this.keep_alive {
            keep_alive.written();
        }
        let bytes = match this.break_off {
            Some(break_off) => break_off.watch(frame),
            None => frame,
        };
        if self.is_over() {
            self.project().tally.close();
        }
        Frame::data(bytes)
    }

    /// After the last frame.
    fn poll_end(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<StreamFailed>> {
        let this = self.project();
        let error = match this.break_off {
            Some(break_off) => ready!(break_off.poll_error(cx)),
            None => None,
        };
        this.tally.close();
        Poll::Ready(error)
    }
}

impl<S> fmt::Debug for SseBody<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SseBody").field("tally", &self.tally).finish_non_exhaustive()
    }
}
