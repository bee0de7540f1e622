//! Breaks a response off, so that the client notices, but only after it has the events.

use std::{
    mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use bytes::Bytes;
use hyper::rt::Sleep;

use crate::{StreamFailed, timer::SharedTimer};

/// Breaks a response off once its frames are sent.
///
/// An error from a body overtakes the frames that the server still holds, and they are lost. So
/// this waits until the server has dropped all of them: it drops a frame once it is written.
pub(crate) struct BreakOff {
    frames: Arc<Frames>,
    /// A caller that keeps frames, such as a test that collects a body, must not wait forever.
    /// Without a timer nothing would end the wait, so there is no wait.
    timer: Option<SharedTimer>,
    patience: Option<Pin<Box<dyn Sleep>>>,
    yielded: bool,
    error: Option<StreamFailed>,
}

impl BreakOff {
    /// How long to wait for a slow client.
    const PATIENCE: Duration = Duration::from_secs(10);

    pub(crate) fn new(timer: Option<SharedTimer>) -> Self {
        Self { frames: Arc::default(), timer, patience: None, yielded: false, error: None }
    }

    /// Returns the same bytes, not copied, and notices when they are dropped.
    pub(crate) fn watch(&self, bytes: Bytes) -> Bytes {
        self.frames.state().held += 1;
        Bytes::from_owner(Watched { bytes, frames: self.frames.clone() })
    }

    pub(crate) fn fail(&mut self, error: StreamFailed) {
        self.error = Some(error);
    }

    pub(crate) fn is_due(&self) -> bool {
        self.error.is_some()
    }

    /// Ready with the error, once, when the frames are sent.
    pub(crate) fn poll_error(&mut self, cx: &mut Context<'_>) -> Poll<Option<StreamFailed>> {
        if self.is_due() {
            ready!(self.poll_sent(cx));
        }
        Poll::Ready(self.error.take())
    }

    fn poll_sent(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // A server may have copied the last frame and dropped it before flushing. On HTTP/1.1
        // it flushes when the body is pending.
        if !mem::replace(&mut self.yielded, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let Some(timer) = &self.timer else { return Poll::Ready(()) };
        if self.frames.poll_dropped(cx).is_ready() {
            return Poll::Ready(());
        }
        self.patience.get_or_insert_with(|| timer.sleep(Self::PATIENCE)).as_mut().poll(cx)
    }
}

/// The number of frames that the server holds, and the task to wake when it holds none.
#[derive(Default)]
struct Frames(Mutex<FramesState>);

#[derive(Default)]
struct FramesState {
    held: usize,
    waker: Option<Waker>,
}

impl Frames {
    fn poll_dropped(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if state.held == 0 {
            return Poll::Ready(());
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    fn state(&self) -> MutexGuard<'_, FramesState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Watched {
    bytes: Bytes,
    frames: Arc<Frames>,
}

impl AsRef<[u8]> for Watched {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let waker = {
            let mut state = self.frames.state();
            state.held -= 1;
            if state.held == 0 { state.waker.take() } else { None }
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
