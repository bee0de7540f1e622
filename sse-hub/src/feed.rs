//! A backplane's handle to push a topic to the subscribers of this process.

use std::sync::{Arc, Weak};

use crate::{
    channel::Channel,
    error::ReadError,
    log::{Limit, Page},
};

/// A topic that a [`Backplane`](crate::backplane::Backplane) follows for this process.
#[derive(Debug)]
pub struct Feed {
    topic: Arc<str>,
    history: Limit,
    channel: Weak<Channel>,
}

impl Feed {
    pub(crate) fn new(channel: &Arc<Channel>, history: Limit) -> Self {
        Self { topic: channel.name.clone(), history, channel: Arc::downgrade(channel) }
    }

    /// The name of the topic.
    pub fn topic(&self) -> &Arc<str> {
        &self.topic
    }

    /// How much of the log the first page should have: as much as the process keeps.
    pub fn history(&self) -> Limit {
        self.history
    }

    /// Whether this process no longer needs the topic.
    pub fn is_closed(&self) -> bool {
        self.channel.strong_count() == 0
    }

    /// Shows a page to the subscribers, and wakes them.
    ///
    /// The first page may begin anywhere. The [`floor`](Page::floor) of each later page is the end of the page before.
    /// If it is not, since entries were missed or the log is another one, subscribers that are not at the floor read
    /// from the log, and get a gap if events are missing. [`Page::gap`] and [`Page::last`] are ignored.
    ///
    /// When the log can be read again after a [`ReadError`], push a page, even one without entries: it wakes the
    /// subscribers that wait for the log.
    pub fn push(&self, page: &Page) {
        if let Some(channel) = self.channel.upgrade() {
            channel.take(page);
        }
    }

    /// Reports that the log cannot be reached. Until the first page, waiting and new clients get the error. Later it
    /// has no effect.
    pub fn fail(&self, error: ReadError) {
        if let Some(channel) = self.channel.upgrade() {
            channel.fail(error);
        }
    }
}
