//! The hub, and its settings.

use std::{sync::Arc, time::Duration};

use crate::{
    Stats, Topic,
    backplane::Backplane,
    log::Limit,
    registry::{Registry, Settings},
};

/// All topics of a process. A clone is the same hub.
///
/// ```
/// let hub = sse_hub::Hub::builder().history(100).max_topics(50).build();
/// let topic = hub.topic("room");
/// ```
#[derive(Clone, Debug)]
pub struct Hub {
    registry: Arc<Registry>,
}

/// Settings of a [`Hub`].
#[derive(Debug)]
#[must_use = "call `build` to get a hub"]
pub struct Builder {
    settings: Settings,
    backplane: Option<Arc<dyn Backplane>>,
}

impl Hub {
    /// A hub that keeps its topics in memory, with the limits of [`Builder`].
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A hub with settings.
    pub fn builder() -> Builder {
        let settings = Settings {
            history: Limit { entries: 1000, bytes: 1024 * 1024 },
            max_event: 64 * 1024,
            max_name: 256,
            max_topics: 1000,
            max_waiting: 10_000,
            idle: Duration::from_secs(10 * 60),
        };
        Builder { settings, backplane: None }
    }

    /// The topic of this name. The name and the limits are checked when the topic is used.
    pub fn topic(&self, name: impl Into<Arc<str>>) -> Topic {
        Topic::new(self.registry.clone(), name.into())
    }

    /// Counts over all topics in the memory of this process.
    pub fn stats(&self) -> Stats {
        let mut stats = Stats::default();
        for channel in self.registry.channels() {
            stats.add(&channel.stats());
        }
        stats
    }
}

impl Default for Hub {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// How many events of each topic are kept, at least 1. A client that is disconnected or slow can miss this many
    /// without a gap. 1,000 by default.
    pub fn history(mut self, events: usize) -> Self {
        self.settings.history.entries = events.max(1);
        self
    }

    /// How many bytes of each topic are kept, as they are sent. The last event is always kept. 1 MiB by default.
    pub fn history_bytes(mut self, bytes: usize) -> Self {
        self.settings.history.bytes = bytes;
        self
    }

    /// The largest event, in bytes as it is sent. 64 KiB by default.
    pub fn max_event(mut self, bytes: usize) -> Self {
        self.settings.max_event = bytes;
        self
    }

    /// The longest name of a topic, in bytes. 256 by default.
    pub fn max_name(mut self, bytes: usize) -> Self {
        self.settings.max_name = bytes;
        self
    }

    /// How many topics may be in use or have history at once. 1,000 by default.
    pub fn max_topics(mut self, topics: usize) -> Self {
        self.settings.max_topics = topics;
        self
    }

    /// A topic that nobody has published or subscribed to for this long is removed from memory with its history. A
    /// client that reconnects later gets a gap. 10 minutes by default.
    ///
    /// There is no timer: topics are removed when others are created.
    pub fn idle(mut self, time: Duration) -> Self {
        self.settings.idle = time;
        self
    }

    /// How many clients may wait for the first page of a topic from the backplane. Others get
    /// [`ReadError::Busy`](crate::error::ReadError::Busy). 10,000 by default.
    pub fn max_waiting(mut self, clients: usize) -> Self {
        self.settings.max_waiting = clients;
        self
    }

    /// Keeps the topics in a log that several processes share.
    pub fn backplane(mut self, backplane: impl Backplane) -> Self {
        self.backplane = Some(Arc::new(backplane));
        self
    }

    /// Makes the hub.
    pub fn build(self) -> Hub {
        let Self { settings, backplane } = self;
        Hub { registry: Arc::new(Registry::new(settings, backplane)) }
    }
}
