//! One shutdown signal for many connections.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Wake, Waker, ready},
    time::{Duration, Instant},
};

use hyper::rt::Sleep;

use crate::timer::SharedTimer;

/// Signals the shutdown. The connections poll it, and all are woken when it should be polled again.
pub(super) struct Stop {
    future: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
    began: OnceLock<Instant>,
    /// How often the future was woken.
    wakes: AtomicU64,
    waiting: Mutex<HashMap<u64, Waker>>,
    next_key: AtomicU64,
}

impl Stop {
    pub(super) fn new(future: impl Future + Send + 'static) -> Arc<Self> {
        let future = async move {
            future.await;
        };
        Arc::new(Self {
            future: Mutex::new(Some(Box::pin(future))),
            began: OnceLock::new(),
            wakes: AtomicU64::new(0),
            waiting: Mutex::default(),
            next_key: AtomicU64::new(0),
        })
    }

    /// Ready with the time when the shutdown began.
    fn poll(self: &Arc<Self>, timer: &SharedTimer) -> Poll<Instant> {
        if let Some(began) = self.began.get() {
            return Poll::Ready(*began);
        }
        let mut future = lock(&self.future);
        if let Some(pending) = &mut *future {
            let waker = Waker::from(self.clone());
            ready!(pending.as_mut().poll(&mut Context::from_waker(&waker)));
            *future = None;
        }
        let began = *self.began.get_or_init(|| timer.now());
        drop(future);
        self.wake_all();
        Poll::Ready(began)
    }

    fn wake_all(&self) {
        let wakers: Vec<_> = lock(&self.waiting).values().cloned().collect();
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl Wake for Stop {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::Release);
        self.wake_all();
    }
}

/// The shutdown deadline of one connection. Ready when the drain time is over.
pub(super) struct Deadline {
    stop: Arc<Stop>,
    drain: Duration,
    key: u64,
    registered: Option<Waker>,
    /// The value of `wakes` when this connection last polled the future.
    seen: Option<u64>,
    sleep: Option<Pin<Box<dyn Sleep>>>,
}

impl Deadline {
    pub(super) fn new(stop: Arc<Stop>, drain: Duration) -> Self {
        let key = stop.next_key.fetch_add(1, Ordering::Relaxed);
        Self { stop, drain, key, registered: None, seen: None, sleep: None }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>, timer: &SharedTimer) -> Poll<()> {
        if self.sleep.is_none() {
            if !self.registered.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                lock(&self.stop.waiting).insert(self.key, cx.waker().clone());
                self.registered = Some(cx.waker().clone());
            }
            // The usual case: the connection was polled for another reason, and the future was not woken.
            let wakes = self.stop.wakes.load(Ordering::Acquire);
            if self.seen == Some(wakes) && self.stop.began.get().is_none() {
                return Poll::Pending;
            }
            self.seen = Some(wakes);
            let began = ready!(self.stop.poll(timer));
            let Some(end) = began.checked_add(self.drain) else { return Poll::Pending };
            self.sleep = Some(timer.sleep_until(end));
        }
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        lock(&self.stop.waiting).remove(&self.key);
    }
}

/// Ignores poisoning: a panic in the user's future must not break other connections.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
