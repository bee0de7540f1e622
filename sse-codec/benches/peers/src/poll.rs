//! Streams and bodies that are always ready, without a runtime.

use std::{
    convert::Infallible,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use futures_core::Stream;
use http_body::Body;

/// An iterator as a stream that never fails and never waits.
pub struct Ready<I>(pub I);

impl<I: Iterator + Unpin> Stream for Ready<I> {
    type Item = Result<I::Item, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next().map(Ok))
    }
}

/// Takes all items of a stream of results.
pub fn drain<S, T, E>(stream: S, mut each: impl FnMut(T)) -> Result<(), String>
where
    S: Stream<Item = Result<T, E>>,
    E: std::fmt::Debug,
{
    let mut stream = pin!(stream);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        match stream.as_mut().poll_next(&mut context) {
            Poll::Ready(Some(Ok(item))) => each(item),
            Poll::Ready(Some(Err(error))) => return Err(format!("{error:?}")),
            Poll::Ready(None) => return Ok(()),
            Poll::Pending => return Err("pending although its source is ready".to_owned()),
        }
    }
}

/// Takes all data of a body.
pub fn drain_body<B>(body: B, mut each: impl FnMut(&[u8])) -> Result<(), String>
where
    B: Body<Data = Bytes>,
    B::Error: std::fmt::Debug,
{
    let mut body = pin!(body);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        match body.as_mut().poll_frame(&mut context) {
            Poll::Ready(Some(Ok(frame))) => each(frame.data_ref().map_or(&[], |data| &data[..])),
            Poll::Ready(Some(Err(error))) => return Err(format!("{error:?}")),
            Poll::Ready(None) => return Ok(()),
            Poll::Pending => return Err("pending although its source is ready".to_owned()),
        }
    }
}
