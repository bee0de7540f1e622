//! The topics of a hub in memory: they are created when they are used, within limits, and removed when they are idle.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use crate::{
    Position,
    backplane::Backplane,
    channel::Channel,
    error::TopicError,
    feed::Feed,
    log::Limit,
    sync::{Mutex, lock},
};

/// The limits of a hub.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) history: Limit,
    pub(crate) max_event: usize,
    pub(crate) max_name: usize,
    pub(crate) max_topics: usize,
    pub(crate) max_waiting: usize,
    pub(crate) idle: Duration,
}

/// The topics in memory, and what they share.
#[derive(Debug)]
pub(crate) struct Registry {
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

impl Registry {
    pub(crate) fn new(settings: Settings, backplane: Option<Arc<dyn Backplane>>) -> Self {
        let topics = Topics {
            channels: HashMap::new(),
            epoch: random(),
            sweep_at: 16,
            refusals: 0,
            swept: Instant::now(),
        };
        Self { settings, backplane, topics: Mutex::new(topics) }
    }

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

    /// All topics in memory.
    pub(crate) fn channels(&self) -> Vec<Arc<Channel>> {
        lock(&self.topics).channels.values().cloned().collect()
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
        let channel = Arc::new(Channel::new(name.clone(), floor, history, self.backplane.is_none()));
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
