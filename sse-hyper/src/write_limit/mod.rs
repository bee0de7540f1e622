//! The limit on how long a client may take nothing: it works where no body is polled.
//!
//! | file | what it limits |
//! | --- | --- |
//! | `io.rs` | a connection: its writes, and how long it may go on after the shutdown began |
//! | `stop.rs` | the future that says when that is, for all connections |
//! | `executor.rs` | a stream of HTTP/2, whose client takes what is sent on other streams |
//! | `link.rs` | nothing: there a body finds its connection, to know why it was cut off |
//! | `listener.rs` | connections that axum takes by itself |

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

/// Ends connections whose client takes nothing any more, and bounds a graceful shutdown.
///
/// A server does not ask a body for more while it cannot write. So nothing in a body notices a client that stays and
/// does not read, nor one that has vanished, and a graceful shutdown waits for it. This watches the writes:
///
/// | server | the line |
/// | --- | --- |
/// | hyper | [`wrap`](Self::wrap) around the connection's I/O; for HTTP/2 also [`executor`](Self::executor) |
/// | axum | `listener` around the listener (feature `axum`) |
/// | warp | `prepare` for the listener (feature `tokio`); on Linux only, and without the bound of the shutdown |
///
/// A connection that could write nothing for 30 s is reset, and its bodies close with
/// [`CloseReason::WriteTimeout`](crate::CloseReason::WriteTimeout). A client that reads slowly, but reads, is not cut
/// off: each byte that the system takes starts the time anew. The limit is for all responses on a connection.
///
/// It needs a timer: tokio's is taken if this is made in a runtime of tokio (feature `tokio`). Without one there is no
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

    /// A limit of 30 s, and of 5 s for the whole shutdown once [`until`](Self::until) says when that begins.
    pub fn new() -> Self {
        Self(Arc::new(Settings {
            timer: default_timer(),
            limit: Self::DEFAULT_LIMIT,
            drain: Self::DEFAULT_DRAIN,
            stop: None,
        }))
    }

    /// How long a client may take nothing: 30 s if not set, [`Duration::ZERO`] is without limit.
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

    /// The graceful shutdown begins when this future is ready; [`drain`](Self::drain) is how long it may last from then
    /// on.
    ///
    /// It is polled by the connections. Give the streams the same with [`Sse::until`](crate::Sse::until): those whose
    /// clients read end cleanly then, and only those whose clients do not are left to be closed.
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

    /// How long after [`until`](Self::until) the connections may go on: 5 s if not set, [`Duration::ZERO`] is without
    /// bound.
    ///
    /// Those that are still open then are closed, whatever they do. So this has to be longer than the other responses
    /// of the server may take.
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

    /// The timer of your runtime: for a runtime that is not tokio, or if this is made outside of one.
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

    /// The connection's I/O, to be given to the server in its place. It may be of hyper's traits or of tokio's.
    ///
    /// Wrap the socket itself, inside of TLS and inside of `TokioIo`, where that is possible: with tokio's `TcpStream`
    /// or `UnixStream` bytes are also tried to be written while the system does not yet report that it takes more, so
    /// that a slow reader is not taken for one that does not read, and a connection is reset rather than closed, so that
    /// the system forgets at once what it holds for it. On Linux a `TcpStream` also gets `TCP_USER_TIMEOUT`: then a
    /// client that has vanished is noticed within the limit from the first frame that it does not acknowledge.
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

    /// The executor for hyper's HTTP/2, to be given to its builder in place of this one.
    ///
    /// On HTTP/2 a client can read one stream and not another, and then the connection is written. So each stream has
    /// the limit of its own here, and is reset without harm to the others. A server that has an executor of its own,
    /// such as `axum::serve`, keeps such a stream until its connection ends, or the shutdown does.
    ///
    /// It is to be used together with [`wrap`](Self::wrap), and knows streams whose body is an
    /// [`SseBody`](crate::SseBody): others have the limit of their connection alone.
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

    /// The listener, to be given to `axum::serve` in place of this one.
    ///
    /// ```
    /// use axum::{Router, serve::ListenerExt};
    /// use sse_hyper::WriteLimit;
    ///
    /// # async fn serve(listener: tokio::net::TcpListener, app: Router) {
    /// let listener = WriteLimit::new().listener(listener).tap_io(|io| {
    ///     let _ = io.get_ref().set_nodelay(true);
    /// });
    /// axum::serve(listener, app).await.unwrap();
    /// # }
    /// ```
    #[cfg(feature = "axum")]
    #[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
    pub fn listener<L>(&self, listener: L) -> LimitedListener<L> {
        LimitedListener::new(listener, self.clone())
    }

    /// Has the system keep the limit for all connections of a listener: for servers whose connections cannot be
    /// wrapped, such as warp.
    ///
    /// It sets `TCP_USER_TIMEOUT` on the listener, which its connections inherit. The body of one that the system ends
    /// is dropped, so that is what its [`CloseReason`](crate::CloseReason) says. A shutdown is not bounded by it.
    ///
    /// # Errors
    ///
    /// What the system says; `Unsupported` where it is not Linux, which alone has this option.
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
    pub fn prepare(&self, listener: &tokio::net::TcpListener) -> std::io::Result<()> {
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
