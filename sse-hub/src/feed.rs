//! How a backplane brings a topic to the subscribers of this process.

use std::sync::{Arc, Weak};

use crate::{
    backplane::{Limit, Page},
    channel::Channel,
    error::ReadError,
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

    /// How much of the log the first page should have: what the process keeps.
    pub fn history(&self) -> Limit {
        self.history
    }

    /// Whether this process needs the topic no longer.
    pub fn is_closed(&self) -> bool {
        self.channel.strong_count() == 0
    }

    /// Shows a page to the subscribers, and wakes them.
    ///
    /// The first page begins where the backplane likes. Each later one follows the end of the page before: its
    /// [`floor`](Page::floor) is that page's last position. If it is not, since entries were missed or the log is another
    /// one, subscribers that have not seen all before it read from the log themselves, and are told what is missing.
    /// [`Page::gap`] and [`Page::last`] are not looked at.
    ///
    /// Also push a page without entries when the log can be read again after a [`ReadError`]: it wakes those that wait
    /// for that.
    pub fn push(&self, page: &Page) {
        if let Some(channel) = self.channel.upgrade() {
            channel.take(page);
        }
    }

    /// Tells that the log cannot be reached. Clients that wait for the first page get the error, and so do those that come
    /// until there is one. Nothing else changes.
    pub fn fail(&self, error: ReadError) {
        if let Some(channel) = self.channel.upgrade() {
            channel.fail(error);
        }
    }
}
