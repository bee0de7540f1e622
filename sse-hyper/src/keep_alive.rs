//! A comment after a silence.

use std::{
    pin::Pin,
    sync::{Arc, LazyLock},
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use hyper::rt::{Sleep, Timer};
use sse_codec::{Block, Encoded};

pub(crate) type SharedTimer = Arc<dyn Timer + Send + Sync>;

/// Watches for silence. It asks the timer what time it is when something is written, and re-arms the
/// sleep only when that fires: a busy stream costs one clock reading per frame, and no allocation.
pub(crate) struct KeepAlive {
    timer: SharedTimer,
    interval: Duration,
    comment: Encoded,
    last_write: Instant,
    armed: Option<Armed>,
}

struct Armed {
    deadline: Instant,
    sleep: Pin<Box<dyn Sleep>>,
}

impl KeepAlive {
    pub(crate) const DEFAULT_INTERVAL: Duration = Duration::from_secs(15);

    /// Below this, comments would be a flood.
    pub(crate) const SHORTEST_INTERVAL: Duration = Duration::from_millis(1);

    pub(crate) fn new(timer: SharedTimer, interval: Duration, comment: Option<Encoded>) -> Self {
        static DEFAULT_COMMENT: LazyLock<Encoded> =
            LazyLock::new(|| Block::new().comment("keep-alive").into());
        Self {
            last_write: timer.now(),
            timer,
            interval: interval.max(Self::SHORTEST_INTERVAL),
            comment: comment.unwrap_or_else(|| DEFAULT_COMMENT.clone()),
            armed: None,
        }
    }

    pub(crate) fn written(&mut self) {
        self.last_write = self.timer.now();
    }

    /// Ready with the comment if nothing was written for the interval.
    pub(crate) fn poll_comment(&mut self, cx: &mut Context<'_>) -> Poll<Encoded> {
        loop {
            // An interval beyond the end of time never passes.
            let Some(deadline) = self.last_write.checked_add(self.interval) else { return Poll::Pending };
            let armed = match &mut self.armed {
                Some(armed) => armed,
                unarmed => unarmed.insert(Armed { deadline, sleep: self.timer.sleep_until(deadline) }),
            };
            ready!(armed.sleep.as_mut().poll(cx));
            if armed.deadline < deadline {
                // Something was written meanwhile.
                armed.rearm(&self.timer, deadline);
                continue;
            }
            // That the sleep fired proves its deadline has passed, also if the clock says otherwise:
            // a timer and a clock that disagree must not become a flood of comments.
            self.last_write = self.timer.now().max(armed.deadline);
            armed.rearm(&self.timer, self.last_write.checked_add(self.interval).unwrap_or(armed.deadline));
            return Poll::Ready(self.comment.clone());
        }
    }
}

impl Armed {
    fn rearm(&mut self, timer: &SharedTimer, deadline: Instant) {
        self.deadline = deadline;
        timer.reset(&mut self.sleep, deadline);
    }
}
