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
    backplane::{Boxed, Limit, Page, ReadFrom},
    channel::{Asked, Channel, Cursor, Next},
    error::ReadError,
    log_page::{Read, Reading},
    wakers::Slot,
};

/// The events of a topic for one client, as a stream of [`Encoded`], which `sse_hyper::Sse::new` takes as it is.
///
/// It is a cursor: each poll reads on from there, as many events at once as fit into 16 KiB, and nothing is queued for it.
/// A client that is slow, or that never reads, costs some 100 bytes. The stream ends when the topic is finished, and never
/// fails.
pub struct Subscription {
    channel: Arc<Channel>,
    slot: Option<Slot>,
    cursor: Cursor,
    on_gap: OnGap,
    closes_if_slow: bool,
    is_over: bool,
    gap: Option<Box<Gap>>,
    /// What comes before all else.
    first: Option<Box<Encoded>>,
    /// A page of the log that is on its way.
    page: Option<Box<Awaited>>,
}

struct Awaited {
    page: Boxed<Result<Page, ReadError>>,
    asked: Asked,
}

/// How much of the log one subscription reads at once.
pub(crate) const PAGE: Limit = Limit { entries: 1000, bytes: 64 * 1024 };

impl Subscription {
    /// A subscription after this position, of which it was asked at some time whether it is right.
    pub(crate) fn new(channel: Arc<Channel>, position: Position, asked: Asked, options: &Options) -> Self {
        channel.count_subscriber();
        Self {
            channel,
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

    /// What the client misses for good, as it came with its last event ID. The stream says so as well, with an event.
    ///
    /// What it misses later, since it is slow, is only in the stream.
    pub fn gap(&self) -> Option<&Gap> {
        self.gap.as_deref()
    }

    /// The position up to which the stream has given everything out.
    pub fn position(&self) -> Position {
        self.cursor.position
    }

    /// Has this come first.
    pub(crate) fn begin_with(mut self, gap: Option<Gap>, events: Encoded) -> Self {
        if let Some(gap) = gap {
            self.channel.count_gap();
            self.gap = Some(Box::new(gap));
        }
        self.first = Some(Box::new(events)).filter(|events| !events.as_bytes().is_empty());
        self
    }

    /// Waits for the page that was asked for, if any, and gives out what is in it.
    fn poll_page(&mut self, cx: &mut Context<'_>) -> Poll<Option<Encoded>> {
        let Some(awaited) = &mut self.page else { return Poll::Ready(None) };
        let page = ready!(awaited.page.as_mut().poll(cx));
        let asked = awaited.asked;
        self.page = None;
        let Ok(page) = page else {
            // The connection stays. It goes on when there is news of the log.
            self.cursor.in_vain = asked.changes;
            return Poll::Ready(None);
        };
        let seen = Some(self.cursor.position);
        let reason = page.gap.map(Reason::while_reading);
        let reading = Reading { seen, reason, on_gap: self.on_gap, least: None };
        let Read { gap, events, end } = reading.read(&page, self.channel.now(page.last));
        // A ring that is not up to date may have more than the log.
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
        self.page = channel.backplane.as_ref().map(|backplane| {
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
