//! The clock, on the user's timer or tokio's.

use std::{
    boxed::Box,
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use hyper::rt::{Sleep, Timer};

/// A clock whose times are durations since its start.
#[derive(Default)]
pub(crate) struct Clock {
    timer: Option<Box<dyn Timer + Send + Sync>>,
    started: Option<Instant>,
}

/// Rings once.
pub(crate) struct Alarm {
    at: Duration,
    /// `None` if the time overflows `Instant`.
    sleep: Option<Pin<Box<dyn Sleep>>>,
}

impl Clock {
    pub(crate) fn set(&mut self, timer: impl Timer + Send + Sync + 'static) {
        self.timer = Some(Box::new(timer));
    }

    /// Starts the clock. Returns false if there is no timer. The first timer found is kept.
    pub(crate) fn start(&mut self) -> bool {
        if self.timer.is_none() {
            self.timer = runtime_timer();
        }
        let now = self.timer.as_ref().map(|timer| timer.now());
        self.started = self.started.or(now);
        self.started.is_some()
    }

    pub(crate) fn now(&self) -> Duration {
        match (&self.timer, self.started) {
            (Some(timer), Some(started)) => timer.now().saturating_duration_since(started),
            _ => Duration::ZERO,
        }
    }

    pub(crate) fn alarm(&self, after: Duration) -> Alarm {
        self.alarm_at(self.now().saturating_add(after))
    }

    pub(crate) fn alarm_at(&self, at: Duration) -> Alarm {
        let sleep = self.deadline(at).and_then(|deadline| Some(self.timer.as_ref()?.sleep_until(deadline)));
        Alarm { at, sleep }
    }

    /// Sets the alarm to a later time, or to ring again.
    pub(crate) fn reset(&self, alarm: &mut Alarm, at: Duration) {
        match (&mut alarm.sleep, &self.timer, self.deadline(at)) {
            (Some(sleep), Some(timer), Some(deadline)) => {
                timer.reset(sleep, deadline);
                alarm.at = at;
            }
            _ => *alarm = self.alarm_at(at),
        }
    }

    fn deadline(&self, at: Duration) -> Option<Instant> {
        self.started?.checked_add(at)
    }
}

/// tokio's timer, if this runs in a tokio runtime with timers. Only a panic shows that a runtime has none.
#[cfg(feature = "tokio")]
fn runtime_timer() -> Option<Box<dyn Timer + Send + Sync>> {
    tokio::runtime::Handle::try_current().ok()?;
    std::panic::catch_unwind(|| drop(tokio::time::sleep(Duration::ZERO))).ok()?;
    Some(Box::new(hyper_util::rt::TokioTimer::new()))
}

#[cfg(not(feature = "tokio"))]
fn runtime_timer() -> Option<Box<dyn Timer + Send + Sync>> {
    None
}

impl Alarm {
    pub(crate) fn at(&self) -> Duration {
        self.at
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.sleep.as_mut().map_or(Poll::Pending, |sleep| sleep.as_mut().poll(cx))
    }
}
