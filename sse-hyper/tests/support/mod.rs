//! What the tests share: a server on loopback, clients, and streams that do as they are told.

#![allow(dead_code, unused_imports, unreachable_pub)] // each test program takes what it needs
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows test functions, not their helpers

mod client;
mod crowd;
mod server;
mod shutdown;

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
use sse_hyper::{Closed, Event};
use tokio::sync::{mpsc, oneshot};

pub use client::{BOTH, Http, RawAnswer, get, get_with, try_get_with};
pub use crowd::Crowd;
pub use server::Server;
pub use shutdown::{open_stream, shuts_down, with_farewell};

/// Long enough for a loaded machine: what has not happened by then will not happen.
pub const SOON: Duration = Duration::from_secs(30);

/// Waits for what has to happen.
pub async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(SOON, future).await.expect("this should have happened by now")
}

/// A stream of what is sent to it. Silent meanwhile; over when the sender is dropped.
pub fn channel<T: Send>() -> (mpsc::UnboundedSender<T>, impl Stream<Item = T> + Send) {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    (sender, stream::poll_fn(move |cx| receiver.poll_recv(cx)))
}

/// Small events, numbered from 0, each with its number as id.
pub fn numbered(count: u64) -> impl Iterator<Item = Event> + Clone {
    (0..count).map(|number| Event::new(format!("event {number}")).with_id(number))
}

/// The bytes of [`numbered`] events: written down here, not by the encoder.
pub fn numbered_text(count: u64) -> String {
    (0..count).map(|number| format!("id: {number}\ndata: event {number}\n\n")).collect()
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

pub fn text(bytes: Bytes) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A hook for `on_close`, and the place where its call arrives. If the hook is dropped without a call,
/// waiting for it fails.
pub fn hook() -> (impl FnOnce(Closed) + Send + 'static, oneshot::Receiver<Closed>) {
    let (sender, receiver) = oneshot::channel();
    (move |closed| sender.send(closed).expect("the test waits for the hook"), receiver)
}

/// A stream that is pending before each item and before its end, and wakes the task by itself.
pub struct Hesitant<I> {
    items: I,
    hesitates: bool,
}

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
