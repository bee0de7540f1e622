//! The builder of a response.

use std::{fmt, pin::Pin, sync::Arc, time::Duration};

use futures_core::Stream;
use http::{HeaderName, HeaderValue, Response};
use hyper::rt::Timer;
use sse_codec::{Block, Encoded, Event};

use crate::{
    BoxError, ByteStream, Closed, SseBody, StreamItem,
    age::Age,
    break_off::BreakOff,
    close::{Hook, Tally},
    keep_alive::{KeepAlive, SignOfLife},
    shutdown::Shutdown,
    timer::{SharedTimer, default_timer},
};

/// The headers of an event stream, for responses that are not an `http::Response`.
///
/// [`Sse::into_http_response`] sets them, and explains each.
///
/// ```
/// assert_eq!(sse_hyper::HEADERS[0], ("content-type", "text/event-stream"));
/// ```
pub const HEADERS: [(&str, &str); 3] = [
    ("content-type", "text/event-stream"),
    ("cache-control", "no-cache, no-transform"),
    ("x-accel-buffering", "no"),
];

/// The builder of a response that streams events.
///
/// The order of the settings does not matter.
///
/// ```
/// use std::time::Duration;
///
/// use futures_util::stream;
/// use sse_hyper::{Event, Sse};
///
/// let response = Sse::new(stream::iter([Event::new("hello")]))
///     .keep_alive(Duration::from_secs(30))
///     .on_close(|closed| println!("{:?} after {} events", closed.reason(), closed.events()))
///     .into_http_response();
/// ```
#[must_use = "an `Sse` does nothing until it becomes a response"]
pub struct Sse<S> {
    stream: S,
    opening: Option<Encoded>,
    timer: Option<SharedTimer>,
    keep_alive: Option<Duration>,
    keep_alive_sends: Option<SignOfLife>,
    until: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    farewell: Option<Event>,
    retry_window: Option<Duration>,
    max_age: Option<Duration>,
    max_age_spread: Option<Duration>,
    on_close: Option<Hook>,
    break_on_error: bool,
}

impl<S> Sse<S>
where
    S: Stream<Item: StreamItem<Error: Into<BoxError>>>,
{
    /// Streams the items of `stream`: [`Event`]s, [`Encoded`] blocks, [`RawBlock`](sse_codec::lines::RawBlock)s, or
    /// `Result`s of these.
    ///
    /// A tokio `Receiver` is not a `Stream`: wrap it, as in the second example.
    ///
    /// The error may be anything that converts into a [`BoxError`], such as any error type, `String` or `&str`.
    ///
    /// ```
    /// use futures_util::stream;
    /// use sse_hyper::{Encoded, Event, Sse};
    ///
    /// let sse = Sse::new(stream::iter([Event::new("hello")]));
    /// let sse = Sse::new(stream::iter([Encoded::from(Event::new("encoded once, for many"))]));
    /// let sse = Sse::new(stream::iter([Ok(Event::new("might fail")), Err("and does")]));
    /// ```
    ///
    /// A task that produces events sends them through a channel. When the client leaves, the receiver is dropped. Then
    /// `closed` is ready, even while the task waits for something else, and `send` fails:
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use futures_util::stream;
    /// use sse_hyper::{Event, Sse};
    /// use tokio::{sync::mpsc, time::sleep};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let (sender, receiver) = mpsc::channel(16);
    /// tokio::spawn(async move {
    ///     for n in 0_u64.. {
    ///         tokio::select! {
    ///             () = sender.closed() => break, // the client has left
    ///             () = sleep(Duration::from_secs(1)) => {} // the work
    ///         }
    ///         if sender.send(Event::new(n.to_string())).await.is_err() {
    ///             break;
    ///         }
    ///     }
    /// });
    /// // Or `tokio_stream::wrappers::ReceiverStream::new(receiver)`.
    /// let events = stream::unfold(receiver, |mut receiver| async { Some((receiver.recv().await?, receiver)) });
    /// let response = Sse::new(events).into_http_response();
    /// # });
    /// ```
    pub fn new(stream: S) -> Self {
        Self {
            stream,
            opening: None,
            timer: None,
            keep_alive: Some(KeepAlive::DEFAULT_INTERVAL),
            keep_alive_sends: None,
            until: None,
            farewell: None,
            retry_window: None,
            max_age: None,
            max_age_spread: None,
            on_close: None,
            break_on_error: false,
        }
    }

    /// Sends this comment first, without waiting for an event.
    ///
    /// Clients ignore it. Some proxies forward the headers of a response only with the first bytes of
    /// its body. With this comment, the client's `open` event comes at once.
    ///
    /// ```
    /// use futures_util::stream;
    /// use http_body_util::BodyExt;
    /// use sse_hyper::{Event, Sse};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let body = Sse::new(stream::iter([Event::new("hello")])).opening_comment("welcome").into_body();
    /// assert_eq!(body.collect().await?.to_bytes(), ":welcome\n\ndata: hello\n\n");
    /// # Ok::<(), sse_hyper::StreamFailed>(())
    /// # }).unwrap();
    /// ```
    pub fn opening_comment(self, text: &str) -> Self {
        Self { opening: Some(comment(text)), ..self }
    }

    /// Sets the timer of your runtime, for the keep-alive and the [`max_age`](Self::max_age).
    ///
    /// It also measures [`Closed::duration`] and the time limit of [`break_on_error`](Self::break_on_error). Its sleeps
    /// must go by the clock of [`Timer::now`].
    ///
    /// The default is tokio's timer if the response is made in a tokio runtime (feature `tokio`, on by default). In
    /// another runtime, **without a timer there is no keep-alive**. A tokio runtime without enabled timers has none
    /// either. tokio reveals this only by a panic, which is caught, and printed to standard error once for each
    /// runtime. With `panic = "abort"` it cannot be caught: enable the timers.
    ///
    /// ```
    /// use futures_util::stream;
    /// use hyper_util::rt::TokioTimer;
    /// use sse_hyper::{Event, Sse};
    ///
    /// let sse = Sse::new(stream::pending::<Event>()).timer(TokioTimer::new());
    /// ```
    pub fn timer(self, timer: impl Timer + Send + Sync + 'static) -> Self {
        Self { timer: Some(Arc::new(timer)), ..self }
    }

    /// Sets the silence after which a comment is sent: 15 s by default, and at least 1 ms.
    ///
    /// [`Duration::ZERO`] turns it off. It needs a [`timer`](Self::timer).
    ///
    /// Proxies close silent connections, many of them after 30 or 60 s. The keep-alive also notices a client whose
    /// disconnect the server does not see because the client sent more than its request. Its system answers the
    /// first comment with a reset, and the second one fails, so this takes at most two intervals. The same holds for every
    /// client of poem, and of actix-web unless `h1_allow_half_closed(false)` is set.
    ///
    /// A client that vanished without closing the connection answers nothing, and the system resends each comment for
    /// some 15 minutes. A [`WriteLimit`](crate::WriteLimit) ends it within the interval plus that limit: 45 s by
    /// default. On HTTP/2, hyper's `keep_alive_interval` does so as well.
    ///
    /// The standard advises ["a comment line every 15 seconds or so"](https://html.spec.whatwg.org/multipage/server-sent-events.html#authoring-notes).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use futures_util::stream;
    /// use http_body_util::BodyExt;
    /// use sse_hyper::{Event, Sse};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let silent = Sse::new(stream::pending::<Event>());
    /// let mut body = silent.keep_alive(Duration::from_millis(10)).into_body();
    /// assert_eq!(body.frame().await.unwrap()?.into_data().unwrap(), ":keep-alive\n\n");
    /// # Ok::<(), sse_hyper::StreamFailed>(())
    /// # }).unwrap();
    /// ```
    pub fn keep_alive(self, interval: Duration) -> Self {
        Self { keep_alive: not_zero(interval), ..self }
    }

    /// Turns the keep-alive off, for a stream that is never silent for long, or sends its own.
    ///
    /// ```
    /// use futures_util::stream;
    /// use sse_hyper::{Event, Sse};
    ///
    /// let sse = Sse::new(stream::pending::<Event>()).no_keep_alive();
    /// ```
    pub fn no_keep_alive(self) -> Self {
        Self { keep_alive: None, ..self }
    }

    /// Sets the text of the keep-alive comment, which clients ignore: `keep-alive` by default.
    ///
    /// ```
    /// use futures_util::stream;
    /// use sse_hyper::{Event, Sse};
    ///
    /// let sse = Sse::new(stream::pending::<Event>()).keep_alive_comment(""); // the shortest
    /// ```
    pub fn keep_alive_comment(self, text: &str) -> Self {
        Self { keep_alive_sends: Some(SignOfLife::comment(text)), ..self }
    }

    /// Sends this comment as keep-alive, without the blank line that ends a block.
    ///
    /// Some handwritten clients treat each blank line as an event. An empty text is sent as `:` and a line feed. The
    /// last call of [`keep_alive_comment`](Self::keep_alive_comment), this and
    /// [`keep_alive_event`](Self::keep_alive_event) counts.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use futures_util::stream;
    /// use http_body_util::BodyExt;
    /// use sse_hyper::{Event, Sse};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let silent = Sse::new(stream::pending::<Event>()).keep_alive(Duration::from_millis(10));
    /// let mut body = silent.keep_alive_line("").into_body();
    /// assert_eq!(body.frame().await.unwrap()?.into_data().unwrap(), ":\n");
    /// # Ok::<(), sse_hyper::StreamFailed>(())
    /// # }).unwrap();
    /// ```
    pub fn keep_alive_line(self, text: &str) -> Self {
        Self { keep_alive_sends: Some(SignOfLife::comment_line(text)), ..self }
    }

    /// Sends this event instead of the keep-alive comment, for clients that need to see the keep-alive.
    ///
    /// ```
    /// use futures_util::stream;
    /// use sse_hyper::{Event, EventType, Sse};
    ///
    /// const ALIVE: EventType = EventType::from_static("alive");
    ///
    /// let sse = Sse::new(stream::pending::<Event>()).keep_alive_event(Event::new("").with_event_type(ALIVE));
    /// ```
    pub fn keep_alive_event(self, event: Event) -> Self {
        Self { keep_alive_sends: Some(SignOfLife::event(event)), ..self }
    }

    /// Ends the response cleanly when this future is ready, whatever its output.
    ///
    /// A graceful shutdown of hyper, axum or warp waits for its open responses, so make this future ready when the
    /// shutdown begins. Events already taken from the stream are sent, then the [`farewell`](Self::farewell). Other
    /// events of the stream are not, even if they are ready.
    ///
    /// The shutdown also waits for a client that reads nothing. Give
    /// [`WriteLimit::until`](crate::WriteLimit::until) the same signal, and the shutdown ends after at most 5 s.
    ///
    /// A future that is already ready ends the response before its first event.
    ///
    /// ```
    /// use futures_util::stream;
    /// use http_body_util::BodyExt;
    /// use sse_hyper::{Event, Sse};
    /// use tokio::sync::watch;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// // One for the whole server.
    /// let (shutdown, stopping) = watch::channel(());
    ///
    /// let mut stopping = stopping.clone();
    /// let body = Sse::new(stream::pending::<Event>())
    ///     .until(async move { stopping.changed().await })
    ///     .farewell(Event::new("back soon"))
    ///     .into_body();
    ///
    /// shutdown.send(()).unwrap();
    /// assert_eq!(body.collect().await?.to_bytes(), "data: back soon\n\n");
    /// # Ok::<(), sse_hyper::StreamFailed>(())
    /// # }).unwrap();
    /// ```
    ///
    /// With a `CancellationToken` of tokio-util, write `.until(token.clone().cancelled_owned())`.
    pub fn until<F>(self, shutdown: F) -> Self
    where
        F: Future + Send + 'static,
    {
        let until = Box::pin(async move {
            shutdown.await;
        });
        Self { until: Some(until), ..self }
    }

    /// Sets the last event of a response, which is sent only if [`until`](Self::until) ends it.
    ///
    /// ```
    /// use futures_util::stream;
    /// use sse_hyper::{Event, EventType, Sse};
    ///
    /// const BYE: EventType = EventType::from_static("bye");
    ///
    /// let sse = Sse::new(stream::pending::<Event>())
    ///     .until(std::future::pending::<()>())
    ///     .farewell(Event::new("restarting").with_event_type(BYE));
    /// ```
    pub fn farewell(self, event: Event) -> Self {
        Self { farewell: Some(event), ..self }
    }

    /// Spreads the reconnections after [`until`](Self::until) over this time, so that they are not all at once.
    ///
    /// Each client gets a random reconnection time from zero to the window, in whole milliseconds, added to that of the
    /// [`farewell`](Self::farewell) if it has one. Clients keep it until they receive another, so consider setting it
    /// again after a reconnection. With [`Duration::ZERO`] nothing is added.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use futures_util::stream;
    /// use sse_hyper::{Event, Sse};
    ///
    /// // Back within 2 to 12 s.
    /// let sse = Sse::new(stream::pending::<Event>())
    ///     .until(std::future::pending::<()>())
    ///     .farewell(Event::new("restarting").with_retry(Duration::from_secs(2)))
    ///     .retry_window(Duration::from_secs(10));
    /// ```
    pub fn retry_window(self, window: Duration) -> Self {
        Self { retry_window: not_zero(window), ..self }
    }

    /// Ends the response cleanly at this age, whatever its stream does.
    ///
    /// It needs a [`timer`](Self::timer). There is no limit by default, or with [`Duration::ZERO`].
    ///
    /// Clients reconnect, so they reach servers that were added since, and leave servers that will be stopped. They do
    /// not all reconnect at once: each response ends at a random time within the last
    /// [`max_age_spread`](Self::max_age_spread). Its [`CloseReason`](crate::CloseReason) is `MaxAge`, and it has
    /// no [`farewell`](Self::farewell). A client that reads nothing is closed by the
    /// [`WriteLimit`](crate::WriteLimit), not by this.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use futures_util::stream;
    /// use sse_hyper::{Event, Sse};
    ///
    /// // Ends after 54 to 60 min.
    /// let sse = Sse::new(stream::pending::<Event>()).max_age(Duration::from_secs(60 * 60));
    /// ```
    pub fn max_age(self, age: Duration) -> Self {
        Self { max_age: not_zero(age), ..self }
    }

    /// Sets how long before the [`max_age`](Self::max_age) a response may end, in whole milliseconds.
    ///
    /// The default is a tenth of the `max_age`, the maximum is all of it.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use futures_util::stream;
    /// use sse_hyper::{Event, Sse};
    ///
    /// let minute = Duration::from_secs(60);
    /// let sse = Sse::new(stream::pending::<Event>()).max_age(60 * minute).max_age_spread(30 * minute);
    /// ```
    pub fn max_age_spread(self, spread: Duration) -> Self {
        Self { max_age_spread: Some(spread), ..self }
    }

    /// Calls `hook` exactly once when the response ends, even if its body was never polled.
    ///
    /// It ends when the last frame is handed to the server, or when the server drops the body. The
    /// stream is dropped before the call. The hook runs on the thread of the server's task, possibly
    /// while the task unwinds from a panic, so it should be short and must not panic.
    ///
    /// ```
    /// use futures_util::stream;
    /// use sse_hyper::{Event, Sse};
    ///
    /// let sse = Sse::new(stream::pending::<Event>())
    ///     .on_close(|closed| println!("{:?} after {:?}", closed.reason(), closed.duration()));
    /// ```
    pub fn on_close(self, hook: impl FnOnce(Closed) + Send + 'static) -> Self {
        Self { on_close: Some(Box::new(hook)), ..self }
    }

    /// Breaks the response off when the stream fails, instead of ending it cleanly.
    ///
    /// For an `EventSource` this makes no difference: it reconnects either way. Other clients can
    /// distinguish a broken response from a complete one.
    ///
    /// An error overtakes data that the server has not written yet. So it is held back until all events before it are
    /// written, for at most 10 s. This needs a [`timer`](Self::timer). Without one, the body is pending once before it
    /// fails: on HTTP/1.1 the server then writes as much as it can, on HTTP/2 the last events, or even all, are often
    /// lost. The same holds on HTTP/1.1 if hyper copies the frames, because the transport has no vectored writes or
    /// because of `writev(false)`: the body cannot see when they are written.
    ///
    /// ```
    /// use futures_util::stream;
    /// use sse_hyper::{Event, Sse};
    ///
    /// let tokens = stream::iter([Ok(Event::new("Once")), Err("the model is gone")]);
    /// let sse = Sse::new(tokens).break_on_error();
    /// ```
    pub fn break_on_error(self) -> Self {
        Self { break_on_error: true, ..self }
    }

    /// Returns the response: status 200, the headers of an event stream, and the body.
    ///
    /// | header | why |
    /// | --- | --- |
    /// | `content-type: text/event-stream` | clients require it; always UTF-8, so without a charset |
    /// | `cache-control: no-cache, no-transform` | proxies must not reuse it, or hold it back to compress it |
    /// | `x-accel-buffering: no` | nginx must not buffer it |
    ///
    /// It sets no other header. `connection` is the server's, and wrong on HTTP/2. CORS headers are yours.
    ///
    /// ```
    /// use futures_util::stream;
    /// use http::{HeaderValue, header::ACCESS_CONTROL_ALLOW_ORIGIN};
    /// use sse_hyper::{Event, Sse};
    ///
    /// let mut response = Sse::new(stream::pending::<Event>()).into_http_response();
    /// response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    /// ```
    pub fn into_http_response(self) -> Response<SseBody<S>> {
        let mut response = Response::new(self.into_body());
        let header = |(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value));
        response.headers_mut().extend(HEADERS.map(header));
        response
    }

    /// Returns the body as a stream of [`Bytes`](bytes::Bytes), for frameworks that accept one.
    ///
    /// The response needs the [`HEADERS`].
    ///
    /// ```
    /// use futures_util::{StreamExt, stream};
    /// use sse_hyper::{Event, Sse};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let mut chunks = Sse::new(stream::iter([Event::new("1"), Event::new("2")])).into_byte_stream();
    /// assert_eq!(chunks.next().await.unwrap()?, "data: 1\n\ndata: 2\n\n");
    /// # Ok::<(), sse_hyper::StreamFailed>(())
    /// # }).unwrap();
    /// ```
    pub fn into_byte_stream(self) -> ByteStream<S> {
        ByteStream::new(self.into_body())
    }

    /// Returns only the body, for your own response, which needs the [`HEADERS`].
    ///
    /// ```
    /// use axum::body::Body;
    /// use futures_util::stream;
    /// use sse_hyper::{Event, Sse};
    ///
    /// let body = Body::new(Sse::new(stream::pending::<Event>()).into_body());
    /// ```
    pub fn into_body(self) -> SseBody<S> {
        let timer = self.timer.or_else(default_timer);
        let keep_alive = timer
            .clone()
            .zip(self.keep_alive)
            .map(|(timer, interval)| KeepAlive::new(timer, interval, self.keep_alive_sends));
        let age = timer.clone().zip(self.max_age).and_then(|(timer, age)| {
            let spread = self.max_age_spread.unwrap_or(age / 10);
            Age::new(timer, age, spread)
        });
        let shutdown = self.until.map(|until| Shutdown::new(until, self.farewell, self.retry_window));
        let break_off = self.break_on_error.then(|| BreakOff::new(timer.clone()));
        let tally = Tally::new(timer, self.on_close);
        SseBody::new(self.stream, self.opening, keep_alive, shutdown, age, break_off, tally)
    }
}

impl<S> fmt::Debug for Sse<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sse").finish_non_exhaustive()
    }
}

/// `None` for zero, which turns a setting off.
fn not_zero(duration: Duration) -> Option<Duration> {
    Some(duration).filter(|duration| !duration.is_zero())
}

fn comment(text: &str) -> Encoded {
    Block::new().comment(text).into()
}
