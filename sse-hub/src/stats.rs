//! What there is, in numbers.

use crate::Position;

/// What a topic is at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TopicStats {
    /// Subscriptions that are open in this process.
    pub subscribers: usize,
    /// Events that this process keeps.
    pub events: usize,
    /// What they take in bytes, as they are sent.
    pub bytes: usize,
    /// The position after which they follow.
    pub floor: Position,
    /// The last position.
    pub last: Position,
    /// Whether the topic is finished.
    pub is_finished: bool,
    /// Gaps that subscriptions of this process were told.
    pub gaps: u64,
}

/// What a hub is at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Topics in the memory of this process.
    pub topics: usize,
    /// Their subscriptions.
    pub subscribers: usize,
    /// The events that this process keeps of them.
    pub events: usize,
    /// What these take in bytes, as they are sent.
    pub bytes: usize,
    /// Gaps that subscriptions of these topics were told.
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
