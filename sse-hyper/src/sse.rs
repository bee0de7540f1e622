//! The builder: what the response shall do, before it exists.

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use futures_core::Stream;
use http::{HeaderValue, Response, header};
use hyper::rt::Timer;
use sse_codec::{Block, Encoded, Event};

use crate::{
    Closed, SseBody, StreamItem,
    break_off::BreakOff,
    close::{Hook, Tally},
    keep_alive::{KeepAlive, SharedTimer},
    shutdown::Shutdown,
};

/// A response that streams events.
pub struct Sse<S> {
    stream: S,
    opening: Option<Encoded>,
    timer: Option<SharedTimer>,
    keep_alive: Option<Duration>,
    keep_alive_comment: Option<Encoded>,
    until: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    farewell: Option<Event>,
    retry_window: Option<Duration>,
    on_close: Option<Hook>,
    break_on_error: bool,
}

impl<S> Sse<S>
where
    S: Stream,
    S::Item: StreamItem,
{
    /// A response that streams what `stream` yields.
    pub fn new(stream: S) -> Self {
        Self {
            stream,
            opening: None,
            timer: None,
            keep_alive: Some(KeepAlive::DEFAULT_INTERVAL),
            keep_alive_comment: None,
            until: None,
            farewell: None,
            retry_window: None,
            on_close: None,
            break_on_error: false,
        }
    }

    /// Sends this comment first.
    #[must_use]
    pub fn opening_comment(self, text: &str) -> Self {
        Self { opening: Some(comment(text)), ..self }
    }

    /// The timer for the keep-alive. Without one there is no keep-alive.
    #[must_use]
    pub fn timer(self, timer: impl Timer + Send + Sync + 'static) -> Self {
        Self { timer: Some(Arc::new(timer)), ..self }
    }

    /// The silence after which a comment is sent: 15 s if not set.
    #[must_use]
    pub fn keep_alive(self, interval: Duration) -> Self {
        Self { keep_alive: Some(interval), ..self }
    }

    /// Turns the keep-alive off.
    #[must_use]
    pub fn no_keep_alive(self) -> Self {
        Self { keep_alive: None, ..self }
    }

    /// The text of the keep-alive comment.
    #[must_use]
    pub fn keep_alive_comment(self, text: &str) -> Self {
        Self { keep_alive_comment: Some(comment(text)), ..self }
    }

    /// Ends the response when `shutdown` is ready.
    #[must_use]
    pub fn until<F>(self, shutdown: F) -> Self
    where
        F: Future + Send + 'static,
    {
        let until = Box::pin(async move {
            shutdown.await;
        });
        Self { until: Some(until), ..self }
    }

    /// The last event of a response that [`until`](Self::until) ends.
    #[must_use]
    pub fn farewell(self, event: Event) -> Self {
        Self { farewell: Some(event), ..self }
    }

    /// Spreads the reconnections after [`until`](Self::until) over this time.
    #[must_use]
    pub fn retry_window(self, window: Duration) -> Self {
        Self { retry_window: Some(window), ..self }
    }

    /// Calls `hook` once, when the response is over.
    #[must_use]
    pub fn on_close(self, hook: impl FnOnce(Closed) + Send + 'static) -> Self {
        Self { on_close: Some(Box::new(hook)), ..self }
    }

    /// Breaks the response off when the stream fails, instead of ending it cleanly.
    #[must_use]
    pub fn break_on_error(self) -> Self {
        Self { break_on_error: true, ..self }
    }

    /// The response: status 200, the headers of an event stream, and the body.
    pub fn into_response(self) -> Response<SseBody<S>> {
        let mut response = Response::new(self.into_body());
        response.headers_mut().extend([
            (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform")),
            (header::HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
        ]);
        response
    }

    /// The body alone.
    pub fn into_body(self) -> SseBody<S> {
        let keep_alive = self
            .timer
            .clone()
            .zip(self.keep_alive)
            .map(|(timer, interval)| KeepAlive::new(timer, interval, self.keep_alive_comment));
        let shutdown = self.until.map(|until| Shutdown::new(until, self.farewell, self.retry_window));
        let break_off = self.break_on_error.then(|| BreakOff::new(self.timer.clone()));
        let tally = Tally::new(self.timer, self.on_close);
        SseBody::new(self.stream, self.opening, keep_alive, shutdown, break_off, tally)
    }
}

impl<S> fmt::Debug for Sse<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sse").finish_non_exhaustive()
    }
}

fn comment(text: &str) -> Encoded {
    Block::new().comment(text).into()
}
