//! A comment or event after a silence.

use std::{
    pin::Pin,
    sync::{
        Arc, LazyLock,
        atomic::{
            AtomicBool,
            Ordering::{Acquire, Release},
        },
    },
    task::{Context, Poll, Wake, Waker, ready},
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use hyper::rt::Sleep;
use sse_codec::{
    Block, Encoded, Event,
    lines::{Line, LineDecoder},
};

use crate::timer::SharedTimer;

/// Detects silence. It reads the clock when something is written, and polls and re-arms the
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
    alarm: Option<Arc<Alarm>>,
}

/// The waker for the sleep. It records that the sleep fired, so that a busy stream need not poll it.
struct Alarm {
    has_fired: AtomicBool,
    task: Waker,
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

    #[inline]
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
                unarmed => {
                    let sleep = self.timer.sleep_until(deadline);
                    unarmed.insert(Armed { deadline, sleep, alarm: None })
                }
            };
            ready!(armed.poll(cx));
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
        self.alarm = None;
    }

    /// Ready when the sleep has fired. Until then it is polled once for each task.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.alarm.as_ref().is_some_and(|alarm| alarm.is_set_for(cx.waker())) {
            return Poll::Pending;
        }
        let alarm = Arc::new(Alarm { has_fired: AtomicBool::new(false), task: cx.waker().clone() });
        self.alarm = Some(alarm.clone());
        self.sleep.as_mut().poll(&mut Context::from_waker(&alarm.into()))
    }
}

impl Alarm {
    fn is_set_for(&self, task: &Waker) -> bool {
        self.task.will_wake(task) && !self.has_fired.load(Acquire)
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.has_fired.store(true, Release);
        self.task.wake_by_ref();
    }
}
