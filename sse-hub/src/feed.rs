//! How a backplane brings a topic to the subscribers of this process.

use std::sync::Arc;

use crate::{
    backplane::{Limit, Page},
    error::ReadError,
};

/// A topic that a [`Backplane`](crate::backplane::Backplane) follows for this process.
#[derive(Debug)]
pub struct Feed {
    topic: Arc<str>,
}

impl Feed {
    /// The name of the topic.
    pub fn topic(&self) -> &Arc<str> {
        &self.topic
    }

    /// How much of the log the first page should have.
    pub fn history(&self) -> Limit {
        Limit { entries: 1000, bytes: 1 << 20 }
    }

    /// Whether this process needs the topic no longer.
    pub fn is_closed(&self) -> bool {
        true
    }

    /// Shows a page to the subscribers, and wakes them.
    ///
    /// The first page begins where the backplane likes. Each later one follows the end of the page before: its
    /// [`floor`](Page::floor) is that page's last position. If it is not, since entries were missed or the log is another
    /// one, subscribers that have not seen all before it read from the log themselves, and are told what is missing.
    /// [`Page::gap`] is not looked at.
    ///
    /// Also push a page without entries when the log can be reached again: it wakes those that wait for that.
    pub fn push(&self, page: Page) {
        drop(page);
    }

    /// Tells that the log cannot be reached. Clients that wait for the first page get the error; nothing else changes.
    pub fn fail(&self, error: ReadError) {
        drop(error);
    }
}
