//! Why and how a response ended.

use std::{error::Error, fmt, time::Duration, time::Instant};

use crate::keep_alive::SharedTimer;

/// Any error, as hyper and its neighbours hand it around.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// How a response ended: what [`Sse::on_close`](crate::Sse::on_close) is given.
#[derive(Debug)]
pub struct Closed {
    reason: CloseReason,
    events: u64,
    bytes: u64,
    duration: Duration,
}

/// Why a response ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum CloseReason {
    /// The server dropped the body before its end: the client left.
    Dropped,
    /// The stream of events ended.
    StreamEnded,
    /// The stream of events failed.
    StreamError(BoxError),
    /// The future given to [`Sse::until`](crate::Sse::until) was ready.
    Shutdown,
}

impl Closed {
    /// Why it ended.
    pub fn reason(&self) -> &CloseReason {
        &self.reason
    }

    /// Why it ended, to keep the error.
    pub fn into_reason(self) -> CloseReason {
        self.reason
    }

    /// How many events were handed to the server.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// How many bytes were handed to the server.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The time from the making of the body to its end.
    pub fn duration(&self) -> Duration {
        self.duration
    }
}

pub(crate) type Hook = Box<dyn FnOnce(Closed) + Send>;

/// Counts what goes out, and tells the hook at the end: once, and at the latest when it is dropped.
pub(crate) struct Tally {
    clock: Option<SharedTimer>,
    started: Instant,
    events: u64,
    bytes: u64,
    reason: CloseReason,
    hook: Option<Hook>,
}

impl Tally {
    pub(crate) fn new(clock: Option<SharedTimer>, hook: Option<Hook>) -> Self {
        Self { started: now(clock.as_ref()), clock, events: 0, bytes: 0, reason: CloseReason::Dropped, hook }
    }

    pub(crate) fn count(&mut self, events: u64, bytes: usize) {
        self.events += events;
        self.bytes += bytes as u64;
    }

    /// Notes why the response ends; what is still on its way will be counted.
    pub(crate) fn ends(&mut self, reason: CloseReason) {
        self.reason = reason;
    }

    pub(crate) fn close(&mut self) {
        let Some(hook) = self.hook.take() else { return };
        hook(Closed {
            reason: std::mem::replace(&mut self.reason, CloseReason::Dropped),
            events: self.events,
            bytes: self.bytes,
            duration: now(self.clock.as_ref()).saturating_duration_since(self.started),
        });
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tally")
            .field("events", &self.events)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

/// The timer's clock if there is one, so that durations agree with a paused or simulated time.
fn now(clock: Option<&SharedTimer>) -> Instant {
    clock.map_or_else(Instant::now, |timer| timer.now())
}
