//! Topics that several processes share through Redis Streams (feature `redis`).
//!
//! ```no_run
//! use sse_hub::{Hub, redis::Redis};
//!
//! # async fn connect() -> Result<(), sse_hub::redis::Error> {
//! let hub = Hub::builder().backplane(Redis::connect("redis://127.0.0.1").await?).build();
//! # drop(hub);
//! # Ok(())
//! # }
//! ```
//!
//! Each topic is a stream. Any process can die, and clients resume at any other. No event is lost without a gap, none
//! comes twice, and no id is used again, even if Redis comes back with an older state, or empty. `docs/redis.md` of
//! this crate explains how.
//!
//! # Requirements
//!
//! - Redis 7.0 or later, or Valkey: one server, perhaps with replicas, but not a cluster. A proxy must not connect to
//!   another server without closing the connection.
//! - The commands `PING`, `EVAL`, `EVALSHA`, `SCRIPT LOAD`, and for keys under the prefix `XADD`, `XRANGE`,
//!   `XREVRANGE`, `XREAD`, `XINFO`, `EXISTS`, `GET`, `SET`, `DEL`, `HMGET`, `HSET`, `PEXPIRE`, `TIME`. `CLIENT` is
//!   optional.
//! - `INFO`, which shows whether Redis was restarted. Without it, a loss that no process knows of is not reported.
//! - `appendonly yes` and `appendfsync always`, if published events must survive a crash of Redis. Otherwise the last
//!   events may be lost, and clients get a gap after each restart of Redis, whether something was lost or not. The
//!   hub asks with `CONFIG GET`; where that is not allowed, set [`Builder::restart_keeps_all`].
//!
//! For TLS, depend on `redis` as well, with one of its features such as `tokio-rustls-comp`, and use a `rediss` URL.
//!
//! # Costs
//!
//! Two connections for each process. Redis keeps [`Builder::history`] events of each topic and deletes no topic, unless
//! [`Builder::expire_after`] is set. A process names all its topics in each `XREAD`: that suits thousands of topics in
//! a process, not hundreds of thousands.

mod append;
mod attempt;
mod command;
#[cfg(test)]
mod compared;
mod connection;
mod error;
mod follow;
mod log;
#[cfg(test)]
mod model;
mod page;
#[cfg(test)]
mod promises;
mod publisher;
mod read;
mod tail;
#[cfg(test)]
mod truth;
#[cfg(test)]
mod world;

use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use redis::{AsyncConnectionConfig, Client};
use tokio::{
    runtime::Handle,
    sync::mpsc::{UnboundedSender, unbounded_channel},
    task::AbortHandle,
};

pub use self::error::Error;
use self::{append::Topic, command::Stream, connection::Shared, publisher::EPOCHS_PER_MS, read::Readers};
use crate::{
    Position,
    backplane::{Backplane, Boxed, Entry, Feed, Limit, Page, ReadFrom},
    error::{PublishError, ReadError},
};

/// The oldest version that accepts ids of the form `epoch-*`.
const MIN_MAJOR_VERSION: u32 = 7;

/// How many topics a process remembers the epochs of. Above that, unused topics begin a new epoch next time.
const MAX_TOPICS: usize = 10_000;

/// The backplane over Redis Streams: see [the module](self).
///
/// Dropping it closes its connections.
#[derive(Debug)]
pub struct Redis {
    inner: Arc<Inner>,
    runtime: Handle,
    tail: AbortHandle,
}

impl Redis {
    /// Connects with the settings of [`builder`](Self::builder), to a URL such as `redis://user:password@host:6379/0`.
    ///
    /// # Errors
    ///
    /// Any [`Error`]. There is one attempt; a connection that is lost later is replaced.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, like all of tokio's timers and sockets.
    pub async fn connect(url: &str) -> Result<Self, Error> {
        Self::builder().connect(url).await
    }

    /// Returns the settings with their defaults.
    pub fn builder() -> Builder {
        Builder::default()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.tail.abort();
    }
}

/// The settings of [`Redis`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    settings: Settings,
}

#[derive(Clone, Debug)]
struct Settings {
    prefix: String,
    history: usize,
    expire_after: Option<Duration>,
    remember_keys_for: Duration,
    response_timeout: Duration,
    publish_timeout: Duration,
    read_timeout: Duration,
    max_waiting: usize,
    restart_keeps_all: Option<bool>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            settings: Settings {
                prefix: "sse:".into(),
                history: 10_000,
                expire_after: None,
                remember_keys_for: Duration::from_secs(3600),
                response_timeout: Duration::from_secs(2),
                publish_timeout: Duration::from_secs(5),
                read_timeout: Duration::from_secs(2),
                max_waiting: 1000,
                restart_keeps_all: None,
            },
        }
    }
}

impl Builder {
    /// The prefix of all keys, `sse:` by default. All processes of a service must have the same.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.settings.prefix = prefix.into();
        self
    }

    /// How many events Redis keeps of each topic, at least 1. 10,000 by default. It keeps some more, since it deletes
    /// them in blocks of up to 100 entries or 4 KiB.
    pub fn history(mut self, events: usize) -> Self {
        self.settings.history = events.max(1);
        self
    }

    /// How long Redis keeps a topic after its last event, in whole ms. Forever by default.
    ///
    /// A client that comes back later with an id gets a gap.
    pub fn expire_after(mut self, idle: Duration) -> Self {
        self.settings.expire_after = Some(idle);
        self
    }

    /// How long the idempotency key of an event is remembered, in whole ms, even if the event is gone. An hour by
    /// default.
    pub fn remember_keys_for(mut self, time: Duration) -> Self {
        self.settings.remember_keys_for = time;
        self
    }

    /// How long Redis may take to answer before the connection is replaced, and to connect. 2 s by default.
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.settings.response_timeout = timeout;
        self
    }

    /// How long a publisher waits before it gets [`PublishError::Unavailable`] or [`PublishError::Unknown`]. 5 s by
    /// default.
    ///
    /// It should be longer than [`response_timeout`](Self::response_timeout), to leave time to look for the event.
    pub fn publish_timeout(mut self, timeout: Duration) -> Self {
        self.settings.publish_timeout = timeout;
        self
    }

    /// How long a client waits for a page before it gets [`ReadError::Unavailable`]. 2 s by default.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.settings.read_timeout = timeout;
        self
    }

    /// How many clients may wait for a page at the same time before others get [`ReadError::Busy`]. 1000 by default.
    pub fn max_waiting(mut self, clients: usize) -> Self {
        self.settings.max_waiting = clients;
        self
    }

    /// Whether Redis keeps everything that it acknowledged over a restart, even after a crash.
    ///
    /// `true`: a restart causes no gap. If something is lost all the same, clients that have not seen it may get none.
    /// `false`: clients of each topic get a gap after each restart or failover of Redis, even if nothing was lost.
    ///
    /// By default, the hub asks Redis on each connection: it is `true` with `appendonly yes` and `appendfsync always`,
    /// and `false` otherwise, or if `CONFIG` is not allowed. Redis does not know whether a replica has everything: set
    /// `false` if one that lacks events may take over.
    pub fn restart_keeps_all(mut self, keeps_all: bool) -> Self {
        self.settings.restart_keeps_all = Some(keeps_all);
        self
    }

    /// Connects: see [`Redis::connect`].
    ///
    /// # Errors
    ///
    /// Any [`Error`].
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub async fn connect(self, url: &str) -> Result<Redis, Error> {
        let settings = self.settings;
        let client = Client::open(url).map_err(|error| Error::Url(error.into()))?;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(settings.response_timeout))
            .set_response_timeout(Some(settings.response_timeout));
        let shared = Shared::new(client.clone(), config, settings.restart_keeps_all);
        let current = shared.get().await.map_err(|failure| failure.error)?;
        // Where `INFO` is not allowed, an old version refuses the first append.
        if let Some(version) = &current.run.version
            && let Some(Ok(major)) = version.split('.').next().map(str::parse::<u32>)
            && major < MIN_MAJOR_VERSION
        {
            return Err(Error::TooOld { version: version.clone() });
        }

        let (to_tail, from_followers) = unbounded_channel();
        let random = RandomState::new();
        let inner = Arc::new(Inner {
            client,
            shared,
            settings,
            topics: Mutex::default(),
            readers: Readers::default(),
            to_tail,
            process: random.hash_one("process"),
            random,
            counter: AtomicU64::new(0),
        });
        let runtime = Handle::current();
        let tail = runtime.spawn(follow::run(inner.clone(), from_followers)).abort_handle();
        Ok(Redis { inner, runtime, tail })
    }
}

impl Backplane for Redis {
    fn append(&self, topic: Arc<str>, entry: Entry) -> Boxed<Result<Position, PublishError>> {
        let inner = self.inner.clone();
        Box::pin(async move { append::append(&inner, topic, entry).await })
    }

    fn read(&self, topic: Arc<str>, from: ReadFrom, limit: Limit) -> Boxed<Result<Page, ReadError>> {
        let inner = self.inner.clone();
        Box::pin(async move { read::read(&inner, topic, from, limit).await })
    }

    fn follow(&self, feed: Feed) {
        self.runtime.spawn(follow::begin(self.inner.clone(), feed));
    }
}

/// The state that the tasks of a [`Redis`] share.
struct Inner {
    client: Client,
    shared: Shared,
    settings: Settings,
    topics: Mutex<HashMap<Arc<str>, Arc<Topic>>>,
    readers: Readers,
    to_tail: UnboundedSender<follow::Followed>,
    /// A random number, so that nonces of different processes differ.
    process: u64,
    random: RandomState,
    counter: AtomicU64,
}

impl Inner {
    /// The log of a topic.
    fn stream(&self, topic: &str) -> Stream {
        let prefix = &self.settings.prefix;
        Stream {
            key: format!("{prefix}log:{topic}"),
            run_key: format!("{prefix}run:{topic}"),
            life_key: format!("{prefix}life"),
            topic: topic.into(),
        }
    }

    /// The key that remembers an idempotency key. The length shows where the topic ends.
    fn once_key(&self, topic: &str, key: &str) -> String {
        format!("{}once:{}:{topic}:{key}", self.settings.prefix, topic.len())
    }

    /// The state of a topic in this process.
    fn topic(&self, topic: Arc<str>) -> Arc<Topic> {
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
    fn heard(&self, topic: &str, position: Position) {
        let known = self.topics().get(topic).cloned();
        known.unwrap_or_else(|| self.topic(topic.into())).heard(position);
    }

    /// A unique value to find an entry by.
    fn nonce(&self) -> Vec<u8> {
        format!("{:x}-{:x}", self.process, self.count()).into_bytes()
    }

    /// A random number of epochs to skip within one ms.
    fn step(&self) -> u64 {
        self.random.hash_one(self.count()) % EPOCHS_PER_MS
    }

    fn count(&self) -> u64 {
        self.counter.fetch_add(1, Ordering::Relaxed)
    }

    /// The settings of the tail's connection, which waits for up to `block`.
    fn tail_config(&self, block: Duration) -> AsyncConnectionConfig {
        AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.settings.response_timeout))
            .set_response_timeout(Some(self.settings.response_timeout + block))
    }

    fn topics(&self) -> std::sync::MutexGuard<'_, HashMap<Arc<str>, Arc<Topic>>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The client contains the password.
        f.debug_struct("Inner").field("settings", &self.settings).finish_non_exhaustive()
    }
}
