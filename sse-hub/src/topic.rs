//! A topic: the handle to publish and subscribe.

use std::{fmt, sync::Arc};

use sse_codec::Event;

use crate::{
    Position, Seen, Subscriber, Subscription, TopicStats,
    error::{PublishError, SubscribeError},
    log::{Entry, Record},
    registry::Registry,
};

/// A topic of a [`Hub`](crate::Hub). It is only a name: it costs nothing before the first publish or subscribe, and a
/// clone is the same topic.
///
/// ```
/// use futures_util::StreamExt;
/// use sse_hub::Hub;
///
/// # futures_executor::block_on(async {
/// let topic = Hub::new().topic("room");
/// let mut events = topic.subscribe(None).await?;
/// topic.publish("hello").await?;
///
/// let ready = events.next().await.unwrap();
/// assert!(ready.as_bytes().ends_with(b"event: ready\ndata: {}\n\n"));
/// let hello = events.next().await.unwrap();
/// assert!(hello.as_bytes().ends_with(b"data: hello\n\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Topic {
    registry: Arc<Registry>,
    name: Arc<str>,
}

/// The longest key of [`Topic::publish_once`], in bytes.
const MAX_KEY: usize = 256;

impl Topic {
    pub(crate) fn new(registry: Arc<Registry>, name: Arc<str>) -> Self {
        Self { registry, name }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Publishes an event, and returns its position, which becomes its id: an id that it has is replaced.
    ///
    /// Every subscriber gets it, and every client that reconnects while it is kept. Without a backplane this never
    /// waits.
    ///
    /// # Errors
    ///
    /// [`PublishError`]: nobody gets the event, except perhaps after [`PublishError::Unknown`].
    pub async fn publish(&self, event: impl Into<Event>) -> Result<Position, PublishError> {
        self.append(event.into(), None).await
    }

    /// Publishes an event unless one was already published with this key; then returns the position of that one. This
    /// makes it safe to retry after an error.
    ///
    /// A key is remembered as long as its event is kept; in Redis for an hour (`redis::Builder::remember_keys_for`), unless
    /// Redis loses its data. It has at most 256 bytes, which `history_bytes` does not count.
    ///
    /// ```
    /// # futures_executor::block_on(async {
    /// let topic = sse_hub::Hub::new().topic("room");
    /// let first = topic.publish_once("order 17", "paid").await?;
    /// assert_eq!(topic.publish_once("order 17", "paid").await?, first);
    /// assert_eq!(topic.stats().unwrap().events, 1);
    /// # Ok::<(), sse_hub::error::PublishError>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`publish`](Self::publish), and [`PublishError::KeyTooLong`].
    pub async fn publish_once(&self, key: &str, event: impl Into<Event>) -> Result<Position, PublishError> {
        if key.len() > MAX_KEY {
            return Err(PublishError::KeyTooLong { len: key.len(), max: MAX_KEY });
        }
        self.append(event.into(), Some(key.into())).await
    }

    /// Finishes the topic: subscribers get the rest, then an event of type `end`, and their streams end. A client that
    /// reconnects with the id of `end` gets [`SubscribeError::Finished`]; the answer 204 stops a browser.
    ///
    /// # Errors
    ///
    /// As for [`publish`](Self::publish): [`PublishError::Closed`] if the topic is finished already.
    pub async fn finish(&self) -> Result<Position, PublishError> {
        self.log(Entry { record: Record::End, key: None }).await
    }

    /// Subscribes a client. `last_event_id` is its `Last-Event-ID`, as frameworks return it.
    ///
    /// The client gets exactly the events after it, or a gap. Without an id it gets the events from now on;
    /// [`subscriber`](Self::subscriber) has more settings.
    ///
    /// # Errors
    ///
    /// [`SubscribeError`]: answer with its [`status`](SubscribeError::status).
    pub async fn subscribe(&self, last_event_id: impl Into<Seen>) -> Result<Subscription, SubscribeError> {
        self.subscriber().last_event_id(last_event_id).open().await
    }

    /// A subscription with settings.
    pub fn subscriber(&self) -> Subscriber {
        Subscriber::new(self.registry.clone(), self.name.clone())
    }

    /// The state of the topic in this process. `None` if it is not in memory.
    pub fn stats(&self) -> Option<TopicStats> {
        self.registry.find(&self.name).map(|channel| channel.stats())
    }

    async fn append(&self, event: Event, key: Option<Box<str>>) -> Result<Position, PublishError> {
        if matches!(event.event_type(), "ready" | "gap" | "end") {
            return Err(PublishError::ReservedType);
        }
        self.log(Entry { record: Record::Event(event.without_id()), key }).await
    }

    async fn log(&self, entry: Entry) -> Result<Position, PublishError> {
        let max = self.registry.max_event();
        let Some(backplane) = self.registry.backplane() else {
            return self.registry.channel(&self.name)?.append(&entry, max);
        };
        self.registry.check_name(&self.name)?;
        if let Record::Event(event) = &entry.record
            && event.encoded_len() > max
        {
            return Err(PublishError::TooLarge { len: event.encoded_len(), max });
        }
        backplane.append(self.name.clone(), entry).await
    }
}

impl fmt::Debug for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Topic").field(&self.name).finish()
    }
}
