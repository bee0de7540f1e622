//! The backplane over Redis Streams, and its settings.

use std::{sync::Arc, time::Duration};

use redis::Client;
use tokio::{runtime::Handle, sync::mpsc::unbounded_channel, task::AbortHandle};

use crate::{
    Position,
    backplane::{Backplane, Boxed, Entry, Feed, Limit, Page, ReadFrom},
    error::{PublishError, ReadError},
    redis::{
        append,
        connection::Shared,
        error::Error,
        follow,
        inner::{Inner, Settings},
        read,
    },
};

/// The oldest version that accepts ids of the form `epoch-*`.
const MIN_MAJOR_VERSION: u32 = 7;

/// The backplane over Redis Streams: see [the module](super).
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
        let config = settings.connection_config(Duration::ZERO);
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
        let inner = Arc::new(Inner::new(client, shared, settings, to_tail));
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
