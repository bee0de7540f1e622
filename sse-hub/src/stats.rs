//! Counters of topics and hubs.

use crate::Position;

/// The state of a topic in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TopicStats {
    /// Open subscriptions in this process.
    pub subscribers: usize,
    /// Events that this process keeps.
    pub events: usize,
    /// Their size in bytes, as they are sent.
    pub bytes: usize,
    /// The position before the first of these events.
    pub floor: Position,
    /// The last position.
    pub last: Position,
    /// Whether the topic is finished.
    pub is_finished: bool,
    /// Gaps reported to subscriptions of this process.
    pub gaps: u64,
}

/// The state of a hub in this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Topics in the memory of this process.
    pub topics: usize,
    /// Open subscriptions of them.
    pub subscribers: usize,
    /// Events of these topics that this process keeps.
    pub events: usize,
    /// The size of these events in bytes, as they are sent.
    pub bytes: usize,
    /// Gaps reported to subscriptions of these topics.
    pub gaps: u64,
}

impl Stats {
    pub(crate) fn add(&mut self, topic: &TopicStats) {
        self.topics += 1;
        self.subscribers += topic.subscribers;
        self.events += topic.events;
        self.bytes += topic.bytes;
        self.gaps += topic.gaps;
    }
}
