//! A clock that a test sets.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use hyper::rt::{Sleep, Timer};

/// A timer whose time passes only in [`advance`](Self::advance).
#[derive(Clone)]
pub(super) struct FakeTimer {
    start: Instant,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    millis: u64,
    sleepers: Vec<(Instant, Waker)>,
}

impl FakeTimer {
    pub(super) fn new() -> Self {
        Self { start: Instant::now(), state: Arc::default() }
    }

    pub(super) fn millis(&self) -> u64 {
        self.state().millis
    }

    /// Lets time pass, and wakes the tasks whose time has come.
    pub(super) fn advance(&self, millis: u64) {
        self.state().millis += millis;
        let now = self.now();
        let due: Vec<_> = self.state().sleepers.extract_if(.., |(deadline, _)| *deadline <= now).collect();
        for (_, waker) in due {
            waker.wake();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics there")
    }
}

impl Timer for FakeTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(FakeSleep { timer: self.clone(), deadline })
    }

    fn now(&self) -> Instant {
        self.start + Duration::from_millis(self.millis())
    }
}

struct FakeSleep {
    timer: FakeTimer,
    deadline: Instant,
}

impl Future for FakeSleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.timer.now() >= self.deadline {
            return Poll::Ready(());
        }
        self.timer.state().sleepers.push((self.deadline, cx.waker().clone()));
        Poll::Pending
    }
}

impl Sleep for FakeSleep {}
