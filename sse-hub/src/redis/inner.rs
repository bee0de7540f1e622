//! The state that the tasks of a [`Redis`](super::Redis) share.

use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use redis::{AsyncConnectionConfig, Client};
use tokio::sync::mpsc::UnboundedSender;

use crate::{
    Position,
    backplane::Feed,
    redis::{
        command::Stream, connection::Shared, publisher::EPOCHS_PER_MS, readers::Readers, tail::Tail,
        topic::Topic,
    },
};

/// How many topics a process remembers the epochs of. Above that, unused topics begin a new epoch next time.
const MAX_TOPICS: usize = 10_000;

/// The settings of a [`Builder`](super::Builder).
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) prefix: String,
    pub(super) history: usize,
    pub(super) expire_after: Option<Duration>,
    pub(super) remember_keys_for: Duration,
    pub(super) response_timeout: Duration,
    pub(super) publish_timeout: Duration,
    pub(super) read_timeout: Duration,
    pub(super) max_waiting: usize,
    pub(super) restart_keeps_all: Option<bool>,
}

impl Settings {
    /// The settings of a connection on which Redis waits up to `block` before it answers.
    pub(super) fn connection_config(&self, block: Duration) -> AsyncConnectionConfig {
        AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.response_timeout))
            .set_response_timeout(Some(self.response_timeout + block))
    }
}

/// The state that the tasks of a [`Redis`](super::Redis) share.
pub(super) struct Inner {
    pub(super) client: Client,
    pub(super) shared: Shared,
    pub(super) settings: Settings,
    topics: Mutex<HashMap<Arc<str>, Arc<Topic>>>,
    pub(super) readers: Readers,
    /// Hands over a topic whose first page was read.
    pub(super) to_tail: UnboundedSender<(Feed, Tail)>,
    /// A random number, so that nonces of different processes differ.
    process: u64,
    random: RandomState,
    counter: AtomicU64,
}

impl Inner {
    pub(super) fn new(
        client: Client,
        shared: Shared,
        settings: Settings,
        to_tail: UnboundedSender<(Feed, Tail)>,
    ) -> Self {
        let random = RandomState::new();
        Self {
            client,
            shared,
            settings,
            topics: Mutex::default(),
            readers: Readers::default(),
            to_tail,
            process: random.hash_one("process"),
            random,
            counter: AtomicU64::new(0),
        }
    }

    /// The log of a topic.
    pub(super) fn stream(&self, topic: &str) -> Stream {
        let prefix = &self.settings.prefix;
        Stream {
            key: format!("{prefix}log:{topic}"),
            run_key: format!("{prefix}run:{topic}"),
            life_key: format!("{prefix}life"),
            topic: topic.into(),
        }
    }

    /// The key that remembers an idempotency key. The length shows where the topic ends.
    pub(super) fn once_key(&self, topic: &str, key: &str) -> String {
        format!("{}once:{}:{topic}:{key}", self.settings.prefix, topic.len())
    }

    /// The state of a topic in this process.
    pub(super) fn topic(&self, topic: Arc<str>) -> Arc<Topic> {
        let mut topics = self.topics();
        if let Some(known) = topics.get(&topic) {
            return known.clone();
        }
        if topics.len() >= MAX_TOPICS {
            topics.retain(|_, topic| Arc::strong_count(topic) > 1);
        }
        let new = Arc::new(Topic::new(topic.clone(), self.stream(&topic)));
        topics.insert(topic, new.clone());
        new
    }

    /// Records that a topic is at this position.
    pub(super) fn heard(&self, topic: &str, position: Position) {
        let known = self.topics().get(topic).cloned();
        known.unwrap_or_else(|| self.topic(topic.into())).publisher().heard(position);
    }

    /// A unique value to find an entry by.
    pub(super) fn nonce(&self) -> Vec<u8> {
        format!("{:x}-{:x}", self.process, self.count()).into_bytes()
    }

    /// A random number of epochs to skip within one ms.
    pub(super) fn step(&self) -> u64 {
        self.random.hash_one(self.count()) % EPOCHS_PER_MS
    }

    fn count(&self) -> u64 {
        self.counter.fetch_add(1, Ordering::Relaxed)
    }

    fn topics(&self) -> MutexGuard<'_, HashMap<Arc<str>, Arc<Topic>>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The client contains the password.
        f.debug_struct("Inner").field("settings", &self.settings).finish_non_exhaustive()
    }
}
