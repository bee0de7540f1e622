//! The settings of a subscription, and how it opens.

use std::{fmt, future::poll_fn, sync::Arc};

use crate::{
    OnGap, Position, Seen, Start, Subscription,
    attach::{Attach, News, Options},
    backplane::Backplane,
    channel::{Asked, Channel},
    error::{ReadError, SubscribeError},
    gap::ready,
    log::ReadFrom,
    log_page::{Read, Reading},
    registry::Registry,
    subscription::PAGE,
    wakers::Slot,
};

/// Settings of one subscription, made by [`Topic::subscriber`](crate::Topic::subscriber).
///
/// ```
/// use sse_hub::{Hub, OnGap, Start};
///
/// # async fn example() -> Result<(), sse_hub::error::SubscribeError> {
/// let topic = Hub::new().topic("room");
/// let subscription = topic.subscriber().start(Start::Last(10)).on_gap(OnGap::Latest).open().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "call `open` to subscribe"]
pub struct Subscriber {
    registry: Arc<Registry>,
    topic: Arc<str>,
    options: Options,
}

impl Subscriber {
    pub(crate) fn new(registry: Arc<Registry>, topic: Arc<str>) -> Self {
        Self { registry, topic, options: Options::default() }
    }

    /// The client's `Last-Event-ID`: an [`EventId`](sse_codec::EventId), an `Option` of one, or a `Result` of that, as
    /// frameworks return it. None by default.
    pub fn last_event_id(mut self, seen: impl Into<Seen>) -> Self {
        self.options.seen = seen.into();
        self
    }

    /// Where a client without a last event ID begins. [`Start::Now`] by default.
    ///
    /// It gets an event of type `ready` first, whose id is the position. This lets it resume exactly even if it
    /// disconnects before any other event.
    pub fn start(mut self, start: Start) -> Self {
        self.options.start = start;
        self
    }

    /// Where the client continues after a gap. [`OnGap::Oldest`] by default.
    pub fn on_gap(mut self, on_gap: OnGap) -> Self {
        self.options.on_gap = on_gap;
        self
    }

    /// Shows no event before this position, such as the first event after access was granted. A client that asks for
    /// earlier events gets a gap with the reason [`Denied`](crate::Reason::Denied).
    pub fn not_before(mut self, position: Position) -> Self {
        self.options.not_before = Some(position);
        self
    }

    /// Ends the stream of a client that falls out of the history, instead of sending a gap. The client gets the gap
    /// when it reconnects. Off by default.
    pub fn close_if_slow(mut self, close: bool) -> Self {
        self.options.closes_if_slow = close;
        self
    }

    /// Refuses an id that is not of a hub with [`SubscribeError::Malformed`], instead of sending a gap. After the
    /// status 400, a browser's `EventSource` does not reconnect. Off by default.
    pub fn refuse_malformed(mut self, refuse: bool) -> Self {
        self.options.refuses_malformed = refuse;
        self
    }

    /// Subscribes. Without a backplane this never waits.
    ///
    /// # Errors
    ///
    /// [`SubscribeError`]: answer with its [`status`](SubscribeError::status).
    pub async fn open(self) -> Result<Subscription, SubscribeError> {
        let Self { registry, topic, options } = self;
        if options.refuses_malformed && options.seen == Seen::Malformed {
            return Err(SubscribeError::Malformed);
        }
        let channel = registry.channel(&topic)?;
        let backplane = registry.backplane().cloned();
        if backplane.is_some() {
            Waiting::until_live(&channel, registry.max_waiting()).await?;
        }
        let (attach, asked) = channel.attach(&options);
        match attach {
            Attach::Finished => Err(SubscribeError::Finished),
            Attach::At(position, news) => {
                let subscription = Subscription::new(channel, backplane, position, asked, &options);
                Ok(match news {
                    News::None => subscription,
                    News::Ready => subscription.begin_with(None, ready(position)),
                    News::Gap(gap) => subscription.begin_with(Some(gap), gap.encode(position)),
                })
            }
            Attach::AskLog(from, reading) => {
                Ok(ask_log(channel, backplane, &options, from, reading, asked).await?)
            }
        }
    }
}

impl fmt::Debug for Subscriber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscriber").field("topic", &self.topic).field("options", &self.options).finish()
    }
}

/// Opens a subscription with a page of the log.
async fn ask_log(
    channel: Arc<Channel>,
    backplane: Option<Arc<dyn Backplane>>,
    options: &Options,
    from: ReadFrom,
    reading: Reading,
    asked: Asked,
) -> Result<Subscription, ReadError> {
    let Some(log) = &backplane else { return Err(ReadError::Busy) };
    let page = log.read(channel.name.clone(), from, PAGE).await?;
    let Read { gap, events, end } = reading.read(&page, channel.now(page.last));
    Ok(Subscription::new(channel, backplane, end, asked, options).begin_with(gap, events))
}

/// A waiting client. Frees its slot when dropped.
struct Waiting<'a> {
    channel: &'a Channel,
    slot: Option<Slot>,
}

impl Waiting<'_> {
    async fn until_live(channel: &Channel, max: usize) -> Result<(), ReadError> {
        let mut waiting = Waiting { channel, slot: None };
        poll_fn(|cx| channel.poll_live(max, &mut waiting.slot, cx)).await
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.channel.leave(self.slot.take(), false);
    }
}
