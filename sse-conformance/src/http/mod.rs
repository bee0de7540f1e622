//! A client and a server on loopback, and streams that tests control.

mod client;
mod server;

use std::{
    fmt::Debug,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::stream;
use http_body::Body;
use http_body_util::BodyExt;
use tokio::sync::mpsc;

pub use client::{Answer, BOTH, Http, RawAnswer, get, get_with, try_get_with};
pub use server::Server;

/// A timeout for expected events, long enough for a loaded machine.
pub const SOON: Duration = Duration::from_secs(30);

/// Waits for a future. Panics after [`SOON`].
pub async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(SOON, future).await.expect("this should have happened by now")
}

/// A stream of the items that are sent to it. It ends when the sender is dropped.
pub fn channel<T: Send>() -> (mpsc::UnboundedSender<T>, impl Stream<Item = T> + Send) {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    (sender, stream::poll_fn(move |cx| receiver.poll_recv(cx)))
}

/// The next frame of a body that does not fail.
pub async fn frame<B>(body: &mut Pin<Box<B>>) -> Option<Bytes>
where
    B: Body<Data = Bytes>,
    B::Error: Debug,
{
    Some(soon(body.frame()).await?.unwrap().into_data().unwrap())
}

/// The frames of a body that does not fail, as text.
pub async fn frames<B>(body: B) -> Vec<String>
where
    B: Body<Data = Bytes>,
    B::Error: Debug,
{
    let mut body = Box::pin(body);
    let mut frames = Vec::new();
    while let Some(frame) = frame(&mut body).await {
        frames.push(text(frame));
    }
    frames
}

/// Bytes as text. They must be UTF-8.
pub fn text(bytes: Bytes) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A stream that is pending before each item and before its end, and wakes the task at once.
#[derive(Debug)]
pub struct Hesitant<I> {
    items: I,
    hesitates: bool,
}

/// A [`Hesitant`] stream of these items.
pub fn hesitant<I: Iterator + Unpin>(items: impl IntoIterator<IntoIter = I>) -> Hesitant<I> {
    Hesitant { items: items.into_iter(), hesitates: false }
}

impl<I: Iterator + Unpin> Stream for Hesitant<I> {
    type Item = I::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<I::Item>> {
        self.hesitates = !self.hesitates;
        if self.hesitates {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.items.next())
    }
}
