//! The limit on how long a client may read nothing. It works while the body is not polled.
//!
//! | file | what it does |
//! | --- | --- |
//! | `io.rs` | limits a connection: its writes, and its time after the shutdown began |
//! | `stop.rs` | shares the future that signals the shutdown among all connections |
//! | `executor.rs` | limits an HTTP/2 stream whose client still reads other streams |
//! | `link.rs` | lets a body find its connection, to know why it was closed |
//! | `listener.rs` | wraps the connections that axum accepts |

mod executor;
mod io;
mod link;
#[cfg(feature = "axum")]
mod listener;
mod stop;

use std::{fmt, sync::Arc, time::Duration};

use hyper::rt::Timer;

use crate::timer::{SharedTimer, default_timer};

use stop::Stop;

pub(crate) use link::{Cut, Link};

pub use executor::{LimitedExecutor, LimitedStream};
pub use io::LimitedIo;
#[cfg(feature = "axum")]
pub use listener::LimitedListener;

/// Ends connections whose client has stopped reading, and bounds a graceful shutdown.
///
/// A server does not poll a body while it cannot write. So a body cannot notice a client that stays connected and
/// does not read, or one that has vanished, and a graceful shutdown waits for it. This type watches the writes:
///
/// | server | what to use |
/// | --- | --- |
/// | hyper | [`wrap`](Self::wrap) around the connection's I/O; for HTTP/2 also [`executor`](Self::executor) |
/// | axum | `listener` around the listener (feature `axum`) |
/// | warp | `prepare` on the listener (feature `tokio`); on Linux only, and without bounding the shutdown |
///
/// A connection that could write nothing for 30 s is reset, and its bodies close with
/// [`CloseReason::WriteTimeout`](crate::CloseReason::WriteTimeout). A client that reads slowly is not cut
/// off: each byte that the system accepts restarts the time. The limit applies to all responses on a connection.
///
/// It needs a timer: by default tokio's, if this is made in a tokio runtime (feature `tokio`). Without one there is no
/// limit.
///
/// ```
/// use std::{convert::Infallible, future::Future, io, pin::pin};
///
/// use futures_util::stream;
/// use hyper::{Request, body::Incoming, service::service_fn};
/// use hyper_util::{
///     rt::{TokioExecutor, TokioIo},
///     server::{conn::auto, graceful::GracefulShutdown},
/// };
/// use sse_hyper::{Event, Sse, WriteLimit};
/// use tokio::{net::TcpListener, sync::watch};
///
/// async fn serve(listener: TcpListener, stopping: watch::Receiver<bool>) -> io::Result<()> {
///     let stopped = |mut stopping: watch::Receiver<bool>| async move { drop(stopping.wait_for(|stop| *stop).await) };
///     let limit = WriteLimit::new().until(stopped(stopping.clone()));
///
///     let server = auto::Builder::new(limit.executor(TokioExecutor::new()));
///     let connections = GracefulShutdown::new();
///     let mut stop = pin!(stopped(stopping.clone()));
///     loop {
///         let (socket, _) = tokio::select! {
///             accepted = listener.accept() => accepted?,
///             () = &mut stop => break,
///         };
///         let io = TokioIo::new(limit.wrap(socket));
///         let stopping = stopping.clone();
///         let service = service_fn(move |_: Request<Incoming>| {
///             let events = stream::repeat_with(|| Event::new("a flood"));
///             let sse = Sse::new(events).until(stopped(stopping.clone()));
///             async { Ok::<_, Infallible>(sse.into_http_response()) }
///         });
///         tokio::spawn(connections.watch(server.serve_connection(io, service).into_owned()));
///     }
///     connections.shutdown().await; // over within 5 s, whatever the clients do
///     Ok(())
/// }
/// # use tokio::io::AsyncWriteExt;
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let listener = TcpListener::bind("127.0.0.1:0").await?;
/// # let mut client = tokio::net::TcpStream::connect(listener.local_addr()?).await?;
/// # let (stop, stopping) = watch::channel(false);
/// # let server = tokio::spawn(serve(listener, stopping));
/// # client.write_all(b"GET / HTTP/1.0\r\n\r\n").await?;
/// # client.readable().await?;
/// # drop(client);
/// # stop.send(true).unwrap();
/// # server.await?
/// # })?;
/// # io::Result::Ok(())
/// ```
#[derive(Clone)]
#[must_use = "a `WriteLimit` limits only the connections that it is put around"]
pub struct WriteLimit(Arc<Settings>);

#[derive(Clone)]
pub(crate) struct Settings {
    timer: Option<SharedTimer>,
    limit: Duration,
    drain: Duration,
    stop: Option<Arc<Stop>>,
}

impl WriteLimit {
    const DEFAULT_LIMIT: Duration = Duration::from_secs(30);
    const DEFAULT_DRAIN: Duration = Duration::from_secs(5);

    /// Creates a limit of 30 s, and of 5 s for the shutdown, which [`until`](Self::until) starts.
    pub fn new() -> Self {
        Self(Arc::new(Settings {
            timer: default_timer(),
            limit: Self::DEFAULT_LIMIT,
            drain: Self::DEFAULT_DRAIN,
            stop: None,
        }))
    }

    /// Sets how long a client may read nothing: 30 s by default, [`Duration::ZERO`] for no limit.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use sse_hyper::WriteLimit;
    ///
    /// let limit = WriteLimit::new().limit(Duration::from_secs(10));
    /// ```
    pub fn limit(self, limit: Duration) -> Self {
        self.set(|settings| settings.limit = limit)
    }

    /// Sets the future that starts the graceful shutdown, which may then last for [`drain`](Self::drain).
    ///
    /// The connections poll it. Give the streams the same signal with [`Sse::until`](crate::Sse::until): streams whose
    /// clients read then end cleanly, and only the others are closed by force.
    ///
    /// ```
    /// use sse_hyper::WriteLimit;
    /// use tokio::sync::watch;
    ///
    /// let (stop, mut stopping) = watch::channel(());
    /// let limit = WriteLimit::new().until(async move { stopping.changed().await });
    /// ```
    pub fn until<F>(self, shutdown: F) -> Self
    where
        F: Future + Send + 'static,
    {
        self.set(|settings| settings.stop = Some(Stop::new(shutdown)))
    }

    /// Sets how long connections may stay open after [`until`](Self::until): 5 s by default, [`Duration::ZERO`] for no
    /// limit.
    ///
    /// All connections still open after it are closed. So this must be longer than the server's other responses take.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use sse_hyper::WriteLimit;
    ///
    /// let limit = WriteLimit::new().until(std::future::pending::<()>()).drain(Duration::from_secs(20));
    /// ```
    pub fn drain(self, drain: Duration) -> Self {
        self.set(|settings| settings.drain = drain)
    }

    /// Sets the timer of your runtime, for a runtime other than tokio, or if this is made outside of one.
    ///
    /// ```
    /// use hyper_util::rt::TokioTimer;
    /// use sse_hyper::WriteLimit;
    ///
    /// let limit = WriteLimit::new().timer(TokioTimer::new());
    /// ```
    pub fn timer(self, timer: impl Timer + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.timer = Some(Arc::new(timer)))
    }

    /// Wraps a connection's I/O, of hyper's traits or tokio's, for the server.
    ///
    /// Wrap the socket itself, inside TLS and inside `TokioIo`, if possible. For tokio's `TcpStream`, this sets
    /// `TCP_NODELAY`: otherwise an event can wait until the previous one is acknowledged, 40 ms and more. For it and
    /// `UnixStream`, this also tries to write before the system reports the socket as writable, so that
    /// a slow reader is not mistaken for a stalled one. It also resets the connection rather than closing it, so that
    /// the system frees its buffers at once. On Linux a `TcpStream` also gets `TCP_USER_TIMEOUT`: a
    /// vanished client is noticed within the limit, counted from the first frame that it does not acknowledge.
    ///
    /// Up to 1 KiB that hyper writes in several pieces, such as a small event, is written as one piece, which is faster.
    ///
    /// ```
    /// use hyper_util::rt::TokioIo;
    /// use sse_hyper::WriteLimit;
    ///
    /// # async fn accepted(listener: tokio::net::TcpListener, limit: WriteLimit) -> std::io::Result<()> {
    /// let (socket, _) = listener.accept().await?;
    /// let io = TokioIo::new(limit.wrap(socket));
    /// # Ok(())
    /// # }
    /// ```
    pub fn wrap<T: 'static>(&self, io: T) -> LimitedIo<T> {
        LimitedIo::new(io, self.0.clone())
    }

    /// Wraps the executor for hyper's HTTP/2 builder.
    ///
    /// On HTTP/2 a client can read one stream and not another, so the connection is still written. This gives each
    /// stream its own limit, and resets a stalled one without affecting the others. A server with its own executor,
    /// such as `axum::serve`, keeps a stalled stream until its connection or the shutdown ends.
    ///
    /// Use it together with [`wrap`](Self::wrap). It applies to streams whose body is an
    /// [`SseBody`](crate::SseBody): others have only the limit of their connection.
    ///
    /// ```
    /// use hyper_util::{rt::TokioExecutor, server::conn::auto};
    /// use sse_hyper::WriteLimit;
    ///
    /// let limit = WriteLimit::new();
    /// let server = auto::Builder::new(limit.executor(TokioExecutor::new()));
    /// ```
    pub fn executor<E>(&self, executor: E) -> LimitedExecutor<E> {
        LimitedExecutor::new(executor, self.0.clone())
    }

    /// Wraps a listener for `axum::serve`.
    ///
    /// ```
    /// use axum::Router;
    /// use sse_hyper::WriteLimit;
    ///
    /// # async fn serve(listener: tokio::net::TcpListener, app: Router) {
    /// axum::serve(WriteLimit::new().listener(listener), app).await.unwrap();
    /// # }
    /// ```
    #[cfg(feature = "axum")]
    #[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
    pub fn listener<L>(&self, listener: L) -> LimitedListener<L> {
        LimitedListener::new(listener, self.clone())
    }

    /// Makes the system enforce the limit for all connections of a listener.
    ///
    /// This is for servers whose connections cannot be wrapped, such as warp and actix-web: for the listener of tokio or
    /// of the standard library. It sets `TCP_USER_TIMEOUT`, which its connections inherit. When the system ends a connection, the
    /// [`CloseReason`](crate::CloseReason) of its bodies is `Dropped`. It does not bound a shutdown.
    ///
    /// # Errors
    ///
    /// The system's error; `Unsupported` on systems other than Linux and Android, which lack this option.
    ///
    /// ```
    /// use sse_hyper::WriteLimit;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    /// if cfg!(target_os = "linux") {
    ///     WriteLimit::new().prepare(&listener)?;
    /// }
    /// # std::io::Result::Ok(())
    /// # })?;
    /// # std::io::Result::Ok(())
    /// ```
    #[cfg(feature = "tokio")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    pub fn prepare(&self, listener: &impl crate::socket::Socket) -> std::io::Result<()> {
        crate::socket::set_user_timeout(listener, self.0.limit)
    }

    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

impl Default for WriteLimit {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for WriteLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteLimit")
            .field("limit", &self.0.limit)
            .field("drain", &self.0.drain)
            .finish_non_exhaustive()
    }
}
