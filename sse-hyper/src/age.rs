//! The maximum age of a response.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use hyper::rt::Sleep;

use crate::{shutdown::somewhere_in, timer::SharedTimer};

/// Ready when a response reaches its maximum age.
pub(crate) struct Age {
    timer: SharedTimer,
    deadline: Instant,
    sleep: Option<Pin<Box<dyn Sleep>>>,
}

impl Age {
    /// A response ends at a random time within the spread before its maximum age. `None` if that overflows `Instant`.
    pub(crate) fn new(timer: SharedTimer, largest: Duration, spread: Duration) -> Option<Self> {
        let age = largest.saturating_sub(somewhere_in(spread.min(largest)));
        let deadline = timer.now().checked_add(age)?;
        Some(Self { timer, deadline, sleep: None })
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = self.sleep.get_or_insert_with(|| self.timer.sleep_until(self.deadline));
        ready!(sleep.as_mut().poll(cx));
        Poll::Ready(())
    }
}
