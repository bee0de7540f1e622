//! The body of an open connection, watched for silence.

use std::{
    boxed::Box,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf, Bytes};
use http_body::Body;

use super::{
    clock::{Alarm, Clock},
    drain::Drain,
};

pub(crate) struct Connection<B> {
    body: Pin<Box<B>>,
    /// Since when the body has been pending.
    waiting_since: Option<Duration>,
    /// Set again only when it rings: a busy stream costs one clock reading per chunk.
    alarm: Option<Alarm>,
}

pub(crate) enum Received<E> {
    /// Bytes, and the time spent waiting for them.
    Chunk(Bytes, Duration),
    Ended,
    Broken(E),
    Idle,
}

impl<B> Connection<B> {
    pub(crate) fn new(body: B) -> Self {
        Self { body: Box::pin(body), waiting_since: None, alarm: None }
    }

    pub(crate) fn drain(self, clock: &Clock) -> Drain<B> {
        Drain::new(self.body, clock)
    }
}

impl<B: Body> Connection<B> {
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        clock: &Clock,
        idle_after: Option<Duration>,
    ) -> Poll<Received<B::Error>> {
        while let Poll::Ready(frame) = self.body.as_mut().poll_frame(cx) {
            match frame {
                Some(Ok(frame)) => {
                    // Trailers are ignored.
                    let Ok(mut data) = frame.into_data() else { continue };
                    let waited = self.waiting_since.take().map(|since| clock.now().saturating_sub(since));
                    let chunk = data.copy_to_bytes(data.remaining());
                    return Poll::Ready(Received::Chunk(chunk, waited.unwrap_or_default()));
                }
                Some(Err(error)) => return Poll::Ready(Received::Broken(error)),
                None => return Poll::Ready(Received::Ended),
            }
        }
        let waiting_since = *self.waiting_since.get_or_insert_with(|| clock.now());
        let Some(idle_after) = idle_after else { return Poll::Pending };
        ready!(self.poll_alarm(cx, clock, waiting_since.saturating_add(idle_after)));
        Poll::Ready(Received::Idle)
    }

    /// Case 29
    fn poll_alarm(&mut self, cx: &mut Context<'_>, clock: &Clock, at: Duration) -> Poll<()> {
        let alarm = self.alarm.get_or_insert_with(|| clock.alarm_at(at));
        loop {
            ready!(alarm.poll(cx));
            if alarm.at() >= at {
                return Poll::Ready(());
            }
            clock.reset(alarm, at);
        }
    }
}
