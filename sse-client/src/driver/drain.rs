//! The rest of a body after the last event.

use std::{
    boxed::Box,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Buf;
use http_body::Body;

use super::clock::{Alarm, Clock};

/// Reads a body to its end, so that the HTTP client can reuse the connection. It soon gives up (case 27).
pub(crate) struct Drain<B> {
    body: Pin<Box<B>>,
    bytes_left: usize,
    alarm: Alarm,
}

impl<B> Drain<B> {
    const MAX_BYTES: usize = 16 * 1024;
    const MAX_TIME: Duration = Duration::from_millis(50);

    pub(crate) fn new(body: Pin<Box<B>>, clock: &Clock) -> Self {
        Self { body, bytes_left: Self::MAX_BYTES, alarm: clock.alarm(Self::MAX_TIME) }
    }
}

impl<B: Body> Drain<B> {
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Poll::Ready(frame) = self.body.as_mut().poll_frame(cx) {
            let Some(Ok(frame)) = frame else { return Poll::Ready(()) };
            let bytes = frame.data_ref().map_or(0, Buf::remaining);
            match self.bytes_left.checked_sub(bytes) {
                Some(left) => self.bytes_left = left,
                None => return Poll::Ready(()),
            }
        }
        self.alarm.poll(cx)
    }
}
