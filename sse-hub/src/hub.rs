//! The hub: all topics and their limits.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use crate::{
    Position, Stats, Topic,
    backplane::{Backplane, Feed, Limit},
    channel::Channel,
    error::TopicError,
    sync::{Mutex, lock},
};

/// All topics of a process. A clone is the same hub.
///
/// ```
/// let hub = sse_hub::Hub::builder().history(100).max_topics(50).build();
/// let topic = hub.topic("room");
/// ```
#[derive(Clone, Debug)]
pub struct Hub {
    inner: Arc<Inner>,
}

/// Settings of a [`Hub`].
#[derive(Debug)]
#[must_use = "call `build` to get a hub"]
pub struct Builder {
    settings: Settings,
    backplane: Option<Arc<dyn Backplane>>,
}

#[derive(Debug)]
struct Settings {
    history: Limit,
    max_event: usize,
    max_name: usize,
    max_topics: usize,
    max_waiting: usize,
    idle: Duration,
}

#[derive(Debug)]
pub(crate) struct Inner {
    settings: Settings,
    backplane: Option<Arc<dyn Backplane>>,
    topics: Mutex<Topics>,
}

#[derive(Debug)]
struct Topics {
    channels: HashMap<Arc<str>, Arc<Channel>>,
    /// The epoch number for new topics. It starts at random. Removing a topic that has positions increments it, so that
    /// no position is used again.
    epoch: u64,
    /// The number of topics at which the next sweep looks for unused ones.
    sweep_at: usize,
    /// While the hub is full, how many more requests are refused before the next sweep.
    refusals: usize,
    swept: Instant,
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
        Topic::new(self.inner.clone(), name.into())
    }

    /// Counts over all topics in the memory of this process.
    pub fn stats(&self) -> Stats {
        let channels: Vec<_> = lock(&self.inner.topics).channels.values().cloned().collect();
        let mut stats = Stats::default();
        for channel in channels {
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
        let topics = Topics {
            channels: HashMap::new(),
            epoch: random(),
            sweep_at: 16,
            refusals: 0,
            swept: Instant::now(),
        };
        Hub { inner: Arc::new(Inner { settings, backplane, topics: Mutex::new(topics) }) }
    }
}

impl Inner {
    pub(crate) fn max_event(&self) -> usize {
        self.settings.max_event
    }

    pub(crate) fn max_waiting(&self) -> usize {
        self.settings.max_waiting
    }

    pub(crate) fn backplane(&self) -> Option<&Arc<dyn Backplane>> {
        self.backplane.as_ref()
    }

    pub(crate) fn check_name(&self, name: &str) -> Result<(), TopicError> {
        match name.len() {
            0 => Err(TopicError::EmptyName),
            len if len > self.settings.max_name => {
                Err(TopicError::NameTooLong { len, max: self.settings.max_name })
            }
            _ => Ok(()),
        }
    }

    /// The topic, if it is in memory.
    pub(crate) fn find(&self, name: &str) -> Option<Arc<Channel>> {
        lock(&self.topics).channels.get(name).cloned()
    }

    /// The topic, which is created if it is not in memory.
    pub(crate) fn channel(&self, name: &Arc<str>) -> Result<Arc<Channel>, TopicError> {
        self.check_name(name)?;
        let mut topics = lock(&self.topics);
        if let Some(channel) = topics.channels.get(name) {
            return Ok(channel.clone());
        }
        topics.sweep(&self.settings);
        if topics.channels.len() >= self.settings.max_topics {
            topics.refusals = topics.refusals.saturating_sub(1);
            return Err(TopicError::TooMany { max: self.settings.max_topics });
        }
        let Settings { history, .. } = self.settings;
        let floor = Position::new(Position::epoch_of(name, topics.epoch), 0);
        let channel = Arc::new(Channel::new(name.clone(), floor, history, self.backplane.clone()));
        topics.channels.insert(name.clone(), channel.clone());
        drop(topics);
        if let Some(backplane) = &self.backplane {
            backplane.follow(Feed::new(&channel, history));
        }
        Ok(channel)
    }
}

impl Topics {
    /// Removes unused topics. It runs rarely enough that its amortised cost is constant.
    fn sweep(&mut self, settings: &Settings) {
        let now = Instant::now();
        let is_due = now.saturating_duration_since(self.swept) >= settings.idle / 2;
        let is_full = self.channels.len() >= settings.max_topics && self.refusals == 0;
        if !is_due && !is_full && self.channels.len() < self.sweep_at {
            return;
        }
        let mut is_any_used = false;
        self.channels.retain(|_, channel| {
            // Nobody else can get a reference meanwhile: that needs the lock that is held here.
            let is_kept = Arc::strong_count(channel) > 1 || !channel.is_idle(now, settings.idle);
            is_any_used |= !is_kept && !channel.is_new();
            is_kept
        });
        self.epoch += u64::from(is_any_used);
        self.channels.shrink_to(2 * self.channels.len());
        self.sweep_at = 2 * self.channels.len().max(8);
        self.refusals = self.channels.len() / 16;
        self.swept = now;
    }
}

/// A number of 40 bits that the last process did not have. The randomness is that of the keys of the standard library's
/// hash maps.
fn random() -> u64 {
    let time = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    RandomState::new().hash_one((time, std::process::id())) >> 24
}
