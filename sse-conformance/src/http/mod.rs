//! A client and a server on loopback, and streams that tests control.

mod client;
mod server;

use std::{
    fmt::Debug,
    future::poll_fn,
    panic::Location,
    pin::{Pin, pin},
    sync::{LazyLock, mpsc::Sender},
    task::{Context, Poll},
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::{FutureExt, stream};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::{
    sync::{mpsc, oneshot},
    task::unconstrained,
};

pub use client::{Answer, BOTH, Http, RawAnswer, get, get_with, try_get_with};
pub use server::Server;

/// A timeout for expected events, long enough for a loaded machine.
pub const SOON: Duration = Duration::from_secs(30);

/// Waits for a future. Panics after [`SOON`], with the place of the call.
///
/// This is real time, even if tokio's is paused: there, a future that waits for no timer would otherwise wait
/// indefinitely.
#[track_caller]
pub fn soon<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let caller = Location::caller();
    async move {
        let (mut future, mut alarm) = (pin!(future), None);
        // Polls the future no more often than its wakes ask for: otherwise a wake that is missing would go unnoticed. For
        // the same reason, what is ready only at the alarm did not happen in time.
        poll_fn(move |cx| {
            let polled = future.as_mut().poll(cx);
            if polled.is_ready() && alarm.is_none() {
                return polled;
            }
            // A future that is always busy has used up the budget of the task, without which the alarm would be silent.
            let rings = alarm.get_or_insert_with(|| unconstrained(set_alarm())).poll_unpin(cx).is_ready();
            assert!(!rings, "what {caller} waits for did not happen within {SOON:?}");
            polled
        })
        .await
    }
}

/// An alarm after [`SOON`]. A thread of its own rings it, since only threads have real time.
fn set_alarm() -> oneshot::Receiver<()> {
    type Alarm = (Instant, oneshot::Sender<()>);
    static ALARMS: LazyLock<Sender<Alarm>> = LazyLock::new(|| {
        let (sender, alarms) = std::sync::mpsc::channel::<Alarm>();
        thread::spawn(move || {
            // They come almost in the order of their times.
            for (time, alarm) in alarms {
                // Most are closed, since the future was ready in time.
                if !alarm.is_closed() {
                    thread::sleep(time.saturating_duration_since(Instant::now()));
                    let _ = alarm.send(());
                }
            }
        });
        sender
    });
    let (sender, alarm) = oneshot::channel();
    ALARMS.send((Instant::now() + SOON, sender)).expect("the thread runs as long as the program");
    alarm
}

/// A stream of the items that are sent to it. It ends when the sender is dropped.
pub fn channel<T: Send>() -> (mpsc::UnboundedSender<T>, impl Stream<Item = T> + Send) {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    (sender, stream::poll_fn(move |cx| receiver.poll_recv(cx)))
}

/// The next frame of a body that does not fail.
#[track_caller]
pub fn frame<B>(body: &mut Pin<Box<B>>) -> impl Future<Output = Option<Bytes>>
where
    B: Body<Data = Bytes>,
    B::Error: Debug,
{
    let frame = soon(body.frame());
    async { Some(frame.await?.unwrap().into_data().unwrap()) }
}

/// The frames of a body that does not fail, as text. It must end within [`SOON`].
#[track_caller]
pub fn frames<B>(body: B) -> impl Future<Output = Vec<String>>
where
    B: Body<Data = Bytes>,
    B::Error: Debug,
{
    soon(async {
        let mut body = Box::pin(body);
        let mut frames = Vec::new();
        while let Some(frame) = frame(&mut body).await {
            frames.push(text(frame));
        }
        frames
    })
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
