//! The end of a response at the server's shutdown.

use std::{
    hash::{BuildHasher, RandomState},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use sse_codec::{Block, Encoded, Event};

/// Waits for the server's shutdown, and then returns the last block for the client.
pub(crate) struct Shutdown {
    until: Pin<Box<dyn Future<Output = ()> + Send>>,
    farewell: Option<Event>,
    retry_window: Option<Duration>,
}

impl Shutdown {
    pub(crate) fn new(
        until: Pin<Box<dyn Future<Output = ()> + Send>>,
        farewell: Option<Event>,
        retry_window: Option<Duration>,
    ) -> Self {
        Self { until, farewell, retry_window }
    }

    /// Ready once, with the farewell or the reconnection time, if any.
    pub(crate) fn poll_farewell(&mut self, cx: &mut Context<'_>) -> Poll<Option<Encoded>> {
        ready!(self.until.as_mut().poll(cx));
        Poll::Ready(match (self.farewell.take(), self.retry_window) {
            (None, None) => None,
            (Some(event), None) => Some(event.into()),
            (None, Some(window)) => Some(Block::new().retry(somewhere_in(window)).into()),
            (Some(event), Some(window)) => {
                let earliest = event.retry().unwrap_or_default();
                Some(event.with_retry(earliest.saturating_add(somewhere_in(window))).into())
            }
        })
    }
}

/// A random time from zero to the whole window, in whole milliseconds.
pub(crate) fn somewhere_in(window: Duration) -> Duration {
    let window = u64::try_from(window.as_millis()).unwrap_or(u64::MAX);
    // Every `RandomState` hashes differently: random enough to spread clients, and no dependency.
    let random = RandomState::new().hash_one(window);
    Duration::from_millis(window.checked_add(1).map_or(random, |millis| random % millis))
}
