//! The limit for an HTTP/2 stream that its client does not read.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Instant,
};

use hyper::rt::{Executor, Sleep};
use pin_project_lite::pin_project;

use super::{Cut, Link, Settings};

/// An executor that gives each HTTP/2 stream its own limit, made by
/// [`WriteLimit::executor`](super::WriteLimit::executor).
#[derive(Clone)]
pub struct LimitedExecutor<E> {
    executor: E,
    settings: Arc<Settings>,
}

impl<E> LimitedExecutor<E> {
    pub(super) fn new(executor: E, settings: Arc<Settings>) -> Self {
        Self { executor, settings }
    }
}

impl<E, F> Executor<F> for LimitedExecutor<E>
where
    E: Executor<LimitedStream<F>>,
    F: Future<Output = ()>,
{
    fn execute(&self, stream: F) {
        self.executor.execute(LimitedStream {
            stream: Some(stream),
            // hyper calls this while it polls the connection.
            link: Link::of_stream(self.settings.clone()),
            untaken: None,
            sleep: None,
        });
    }
}

impl<E: fmt::Debug> fmt::Debug for LimitedExecutor<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimitedExecutor").field("executor", &self.executor).finish_non_exhaustive()
    }
}

pin_project! {
    /// The future that a [`LimitedExecutor`] spawns for an HTTP/2 stream.
    ///
    /// It ends with the stream, or when the client has read nothing of it for longer than the limit.
    pub struct LimitedStream<F> {
        #[pin]
        stream: Option<F>,
        link: Arc<Link>,
        // The frames that the client has not read, and since when.
        untaken: Option<(u32, Instant)>,
        // Re-armed only when it fires.
        sleep: Option<Pin<Box<dyn Sleep>>>,
    }
}

impl<F: Future<Output = ()>> Future for LimitedStream<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.as_mut().project();
        let Some(stream) = this.stream.as_pin_mut() else { return Poll::Ready(()) };
        this.link.is_polled(cx);
        if stream.poll(cx).is_ready() {
            return Poll::Ready(());
        }
        ready!(self.as_mut().poll_stalled(cx));
        // hyper resets the stream when this is dropped.
        self.link.cut(Cut::WriteTimeout);
        self.project().stream.set(None);
        Poll::Ready(())
    }
}

impl<F> LimitedStream<F> {
    /// Ready when a frame was not read for longer than the limit.
    fn poll_stalled(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let Settings { timer, limit, .. } = &*this.link.settings;
        let Some(frames) = this.link.frames_untaken() else {
            *this.untaken = None;
            return Poll::Pending;
        };
        let Some(timer) = timer.as_ref().filter(|_| !limit.is_zero()) else {
            return Poll::Pending;
        };
        let since = match *this.untaken {
            Some((untaken, since)) if untaken == frames => since,
            _ => this.untaken.insert((frames, timer.now())).1,
        };
        let Some(deadline) = since.checked_add(*limit) else { return Poll::Pending };
        let sleep = this.sleep.get_or_insert_with(|| timer.sleep_until(deadline));
        loop {
            ready!(sleep.as_mut().poll(cx));
            if timer.now() >= deadline {
                return Poll::Ready(());
            }
            timer.reset(sleep, deadline);
        }
    }
}

impl<F> fmt::Debug for LimitedStream<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimitedStream").finish_non_exhaustive()
    }
}
