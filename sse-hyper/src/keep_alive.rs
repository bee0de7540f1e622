//! A comment or event after a silence.

use std::{
    pin::Pin,
    sync::LazyLock,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use hyper::rt::Sleep;
use sse_codec::{
    Block, Encoded, Event,
    lines::{Line, LineDecoder},
};

use crate::timer::SharedTimer;

/// Detects silence. It reads the clock when something is written, and re-arms the
/// sleep only when it fires: a busy stream costs one clock reading per frame, and no allocation.
pub(crate) struct KeepAlive {
    timer: SharedTimer,
    interval: Duration,
    sends: SignOfLife,
    last_write: Instant,
    armed: Option<Armed>,
}

/// The encoded keep-alive comment or event.
#[derive(Clone)]
pub(crate) struct SignOfLife {
    pub(crate) bytes: Bytes,
    pub(crate) events: usize,
}

struct Armed {
    deadline: Instant,
    sleep: Pin<Box<dyn Sleep>>,
}

impl KeepAlive {
    pub(crate) const DEFAULT_INTERVAL: Duration = Duration::from_secs(15);

    /// Shorter intervals would flood the client with comments.
    pub(crate) const SHORTEST_INTERVAL: Duration = Duration::from_millis(1);

    pub(crate) fn new(timer: SharedTimer, interval: Duration, sends: Option<SignOfLife>) -> Self {
        static DEFAULT: LazyLock<SignOfLife> = LazyLock::new(|| SignOfLife::comment("keep-alive"));
        Self {
            last_write: timer.now(),
            timer,
            interval: interval.max(Self::SHORTEST_INTERVAL),
            sends: sends.unwrap_or_else(|| DEFAULT.clone()),
            armed: None,
        }
    }

    pub(crate) fn written(&mut self) {
        self.last_write = self.timer.now();
    }

    /// Ready with the bytes to send if nothing was written for the interval.
    pub(crate) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<SignOfLife> {
        loop {
            // An interval that overflows `Instant` never ends.
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
            // If the sleep fired, its deadline has passed, even if the clock says otherwise:
            // a timer and a clock that disagree must not cause a flood of comments.
            self.last_write = self.timer.now().max(armed.deadline);
            armed.rearm(&self.timer, self.last_write.checked_add(self.interval).unwrap_or(armed.deadline));
            return Poll::Ready(self.sends.clone());
        }
    }
}

impl SignOfLife {
    /// A comment as a block.
    pub(crate) fn comment(text: &str) -> Self {
        Encoded::from(Block::new().comment(text)).into()
    }

    /// A comment without the blank line of a block.
    pub(crate) fn comment_line(text: &str) -> Self {
        let block = Block::new().comment(text).to_bytes();
        let (mut decoder, mut bytes) = (LineDecoder::new(), BytesMut::new());
        let mut lines = decoder.decode(&block);
        while let Some(Ok(line)) = lines.next_line() {
            if matches!(line, Line::Comment(_)) {
                line.encode(&mut bytes);
            }
        }
        Self { bytes: bytes.freeze(), events: 0 }
    }

    pub(crate) fn event(event: Event) -> Self {
        Encoded::from(event).into()
    }
}

impl From<Encoded> for SignOfLife {
    fn from(block: Encoded) -> Self {
        Self { events: block.events(), bytes: block.into_bytes() }
    }
}

impl Armed {
    fn rearm(&mut self, timer: &SharedTimer, deadline: Instant) {
        self.deadline = deadline;
        timer.reset(&mut self.sleep, deadline);
    }
}
