//! The state of a topic in this process.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::redis::{command::Stream, publisher::Publisher};

/// A topic that this process publishes to.
#[derive(Debug)]
pub(super) struct Topic {
    pub(super) name: Arc<str>,
    pub(super) stream: Stream,
    publisher: Mutex<Publisher>,
    /// One append at a time begins an epoch; the others wait for it.
    pub(super) beginning: tokio::sync::Mutex<()>,
}

impl Topic {
    pub(super) fn new(topic: Arc<str>, stream: Stream) -> Self {
        Self {
            publisher: Mutex::new(Publisher::new(topic.clone())),
            name: topic,
            stream,
            beginning: tokio::sync::Mutex::default(),
        }
    }

    pub(super) fn publisher(&self) -> MutexGuard<'_, Publisher> {
        self.publisher.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
