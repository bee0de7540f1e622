//! A subscription: a cursor in the log of a topic.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use sse_codec::Encoded;

use crate::{
    Gap, OnGap, Position, Reason,
    attach::Options,
    backplane::{Backplane, Boxed},
    channel::{Asked, Channel, Cursor, Next},
    error::ReadError,
    log::{Limit, Page, ReadFrom},
    log_page::{Read, Reading},
    wakers::Slot,
};

/// The events of a topic for one client, as a stream of [`Encoded`], which `sse_hyper::Sse::new` accepts.
///
/// It is a cursor: each poll reads the next events, as many as fit into 16 KiB, and nothing is queued. A client that is
/// slow, or never reads, costs less than 200 bytes. The stream ends when the topic is finished, and never fails.
pub struct Subscription {
    channel: Arc<Channel>,
    /// `None` if the ring of the channel is the whole log.
    backplane: Option<Arc<dyn Backplane>>,
    slot: Option<Slot>,
    cursor: Cursor,
    on_gap: OnGap,
    closes_if_slow: bool,
    is_over: bool,
    gap: Option<Box<Gap>>,
    /// The first item of the stream.
    first: Option<Box<Encoded>>,
    /// A read of the log that has not completed.
    page: Option<Box<Awaited>>,
}

struct Awaited {
    page: Boxed<Result<Page, ReadError>>,
    asked: Asked,
}

/// The limit for one read of the log by a subscription.
pub(crate) const PAGE: Limit = Limit { entries: 1000, bytes: 64 * 1024 };

impl Subscription {
    /// A subscription that begins after `position`, which was checked in the state `asked`.
    pub(crate) fn new(
        channel: Arc<Channel>,
        backplane: Option<Arc<dyn Backplane>>,
        position: Position,
        asked: Asked,
        options: &Options,
    ) -> Self {
        channel.count_subscriber();
        Self {
            channel,
            backplane,
            slot: None,
            cursor: Cursor { position, confirmed: asked.generation, in_vain: 0 },
            on_gap: options.on_gap,
            closes_if_slow: options.closes_if_slow,
            is_over: false,
            gap: None,
            first: None,
            page: None,
        }
    }

    /// The gap after the client's last event ID, if there is one. The stream reports it as well, with an event.
    ///
    /// Later gaps, because the client is slow, are only in the stream.
    pub fn gap(&self) -> Option<&Gap> {
        self.gap.as_deref()
    }

    /// The position up to which the stream has returned everything.
    pub fn position(&self) -> Position {
        self.cursor.position
    }

    /// Sets the first item of the stream.
    pub(crate) fn begin_with(mut self, gap: Option<Gap>, events: Encoded) -> Self {
        if let Some(gap) = gap {
            self.channel.count_gap();
            self.gap = Some(Box::new(gap));
        }
        self.first = Some(Box::new(events)).filter(|events| !events.as_bytes().is_empty());
        self
    }

    /// Waits for the requested page, if any, and returns its events.
    fn poll_page(&mut self, cx: &mut Context<'_>) -> Poll<Option<Encoded>> {
        let Some(awaited) = &mut self.page else { return Poll::Ready(None) };
        let page = ready!(awaited.page.as_mut().poll(cx));
        let asked = awaited.asked;
        self.page = None;
        let Ok(page) = page else {
            // The connection stays open. It continues when the topic changes.
            self.cursor.in_vain = asked.changes;
            return Poll::Ready(None);
        };
        let seen = Some(self.cursor.position);
        let reason = page.gap.map(Reason::while_reading);
        let reading = Reading { seen, reason, on_gap: self.on_gap, least: None };
        let Read { gap, events, end } = reading.read(&page, self.channel.now(page.last));
        // An outdated ring may have more than the log.
        let in_vain = if seen == Some(end) { asked.changes } else { 0 };
        self.cursor = Cursor { position: end, confirmed: asked.generation, in_vain };
        if gap.is_some() {
            self.channel.count_gap();
            self.is_over = self.closes_if_slow;
        }
        Poll::Ready(Some(events).filter(|events| !self.is_over && !events.as_bytes().is_empty()))
    }

    fn ask_log(&mut self, asked: Asked) {
        let channel = &self.channel;
        let from = ReadFrom::After(self.cursor.position);
        self.page = self.backplane.as_ref().map(|backplane| {
            Box::new(Awaited { page: backplane.read(channel.name.clone(), from, PAGE), asked })
        });
    }
}

impl Stream for Subscription {
    type Item = Encoded;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Encoded>> {
        let this = self.get_mut();
        if let Some(events) = this.first.take() {
            return Poll::Ready(Some(*events));
        }
        while !this.is_over {
            if let Some(events) = ready!(this.poll_page(cx)) {
                return Poll::Ready(Some(events));
            }
            if this.is_over {
                break;
            }
            match ready!(this.channel.poll_next(&mut this.cursor, this.on_gap, &mut this.slot, cx)) {
                Next::Events(events) => return Poll::Ready(Some(events)),
                Next::Gap(gap) => {
                    this.channel.count_gap();
                    if !this.closes_if_slow {
                        return Poll::Ready(Some(gap.encode(this.cursor.position)));
                    }
                    this.is_over = true;
                }
                Next::Ended => this.is_over = true,
                Next::AskLog(asked) => this.ask_log(asked),
            }
        }
        Poll::Ready(None)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.channel.leave(self.slot.take(), true);
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("topic", &self.channel.name)
            .field("position", &self.cursor.position)
            .finish_non_exhaustive()
    }
}
