//! A connection's I/O with an eye on its writes.

use std::{
    fmt,
    io::{self, ErrorKind, IoSlice},
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use hyper::rt::{self, ReadBufCursor, Sleep};

use super::{Cut, Link, Settings, stop::Deadline};

/// A connection's I/O that fails when nothing of it could be written for too long: made by
/// [`WriteLimit::wrap`](super::WriteLimit::wrap).
///
/// It is of hyper's traits if what it wraps is, and of tokio's if that is (feature `tokio`).
pub struct LimitedIo<T> {
    io: T,
    settings: Arc<Settings>,
    // Made by the thread that polls the connection: made where it is accepted, it took 0.5 KiB of glibc's memory.
    link: Option<Arc<Link>>,
    // Boxed: connections are many, and few are ever stalled.
    stalled: Option<Box<Stalled>>,
    deadline: Option<Box<Deadline>>,
}

/// Since when nothing was written.
#[derive(Default)]
struct Stalled {
    since: Option<Instant>,
    /// What was written is still held by the I/O, as TLS does.
    in_flush: bool,
    /// Set anew only when it fires: a client that is a little slower than the stream is stalled often, and not for long.
    tick: Option<Pin<Box<dyn Sleep>>>,
}

impl<T: 'static> LimitedIo<T> {
    pub(super) fn new(io: T, settings: Arc<Settings>) -> Self {
        #[cfg(feature = "tokio")]
        if !settings.limit.is_zero() {
            crate::socket::limit(&io, settings.limit);
        }
        let drain = settings.drain;
        let stop = settings.stop.clone().filter(|_| !drain.is_zero() && settings.timer.is_some());
        let deadline = stop.map(|stop| Box::new(Deadline::new(stop, drain)));
        Self { io, settings, link: None, stalled: None, deadline }
    }
}

impl<T> LimitedIo<T> {
    /// What is wrapped.
    pub fn get_ref(&self) -> &T {
        &self.io
    }

    /// What is wrapped. What is written to it directly is not seen.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.io
    }

    /// What is wrapped, without a limit.
    pub fn into_inner(self) -> T {
        self.io
    }
}

impl<T: Unpin + 'static> LimitedIo<T> {
    /// Before each call: what this task polls from now on is part of this connection, if that may go on.
    fn begin(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let link = self.link();
        link.is_polled(cx);
        if let Some(cut) = link.is_cut() {
            return Err(error(cut));
        }
        if let (Some(deadline), Some(timer)) = (&mut self.deadline, &self.settings.timer)
            && deadline.poll(cx, timer).is_ready()
        {
            return Err(self.cut(Cut::Shutdown));
        }
        Ok(())
    }

    fn poll_write_with(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
        write: impl FnOnce(Pin<&mut T>, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        self.begin(cx)?;
        match write(Pin::new(&mut self.io), cx) {
            Poll::Ready(written) => {
                if let Some(stalled) = &mut self.stalled
                    && !stalled.in_flush
                {
                    stalled.since = None;
                }
                Poll::Ready(written.map_err(|error| self.seen(error)))
            }
            Poll::Pending => self.poll_stalled(cx, bufs),
        }
    }

    fn poll_flush_with(
        &mut self,
        cx: &mut Context<'_>,
        flush: impl FnOnce(Pin<&mut T>, &mut Context<'_>) -> Poll<io::Result<()>>,
    ) -> Poll<io::Result<()>> {
        self.begin(cx)?;
        match flush(Pin::new(&mut self.io), cx) {
            Poll::Ready(flushed) => {
                // That nothing is held says nothing about a write that is pending.
                if let Some(stalled) = &mut self.stalled
                    && mem::take(&mut stalled.in_flush)
                {
                    stalled.since = None;
                }
                Poll::Ready(flushed.map_err(|error| self.seen(error)))
            }
            Poll::Pending => {
                self.stalled.get_or_insert_default().in_flush = true;
                self.poll_stalled(cx, &[]).map_ok(|_| ())
            }
        }
    }

    /// Pending while the client has time left.
    fn poll_stalled(&mut self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let Settings { timer, limit, .. } = &*self.settings;
        let Some(timer) = timer.as_ref().filter(|_| !limit.is_zero()) else { return Poll::Pending };
        let stalled = self.stalled.get_or_insert_default();
        let since = *stalled.since.get_or_insert_with(|| timer.now());
        let tick = stalled.tick.get_or_insert_with(|| timer.sleep(tick(*limit)));
        loop {
            ready!(tick.as_mut().poll(cx));
            if let Some(written) = try_to_write(&self.io, bufs) {
                stalled.since = None;
                stalled.tick = None;
                return Poll::Ready(written);
            }
            let now = timer.now();
            let left = limit.saturating_sub(now.saturating_duration_since(since));
            if left.is_zero() {
                return Poll::Ready(Err(self.cut(Cut::WriteTimeout)));
            }
            timer.reset(tick, now + self::tick(*limit).min(left));
        }
    }

    fn link(&mut self) -> &Arc<Link> {
        self.link.get_or_insert_with(|| Link::of_connection(self.settings.clone()))
    }

    /// An error may be our own limit, kept by the system. A connection that was there fails for an unreachable peer only
    /// then, too: TCP tells so if it has heard of that meanwhile.
    fn seen(&mut self, error: io::Error) -> io::Error {
        use ErrorKind::{HostUnreachable, NetworkUnreachable, TimedOut};
        if matches!(error.kind(), TimedOut | HostUnreachable | NetworkUnreachable) {
            self.link().cut(Cut::WriteTimeout);
        }
        error
    }

    fn cut(&mut self, reason: Cut) -> io::Error {
        self.link().cut(reason);
        #[cfg(feature = "tokio")]
        crate::socket::reset_on_close(&self.io);
        error(reason)
    }
}

/// How often a stalled connection is looked at. A part of the limit, since each attempt to write that succeeds gives the
/// client all of its time again.
fn tick(limit: Duration) -> Duration {
    (limit / 8).max(Duration::from_millis(1))
}

/// Systems report that a socket can be written to again only when much of its buffer is free: on loopback, a client that
/// reads 50 kB a second made Linux report nothing for over 20 s. An attempt takes as little as there is room for.
fn try_to_write<T: 'static>(io: &T, bufs: &[IoSlice<'_>]) -> Option<io::Result<usize>> {
    #[cfg(feature = "tokio")]
    if let Some(result) = crate::socket::try_to_write(io, bufs) {
        let again = matches!(&result, Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted));
        return (!again).then_some(result);
    }
    let _ = (io, bufs);
    None
}

fn error(cut: Cut) -> io::Error {
    let reason = match cut {
        Cut::WriteTimeout => "the client took nothing for longer than the write limit",
        Cut::Shutdown => "the server stops, and the time for that is over",
    };
    io::Error::new(ErrorKind::TimedOut, reason)
}

impl<T: rt::Read + Unpin + 'static> rt::Read for LimitedIo<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        self.begin(cx)?;
        let read = ready!(Pin::new(&mut self.io).poll_read(cx, buf));
        Poll::Ready(read.map_err(|error| self.seen(error)))
    }
}

impl<T: rt::Write + Unpin + 'static> rt::Write for LimitedIo<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_with(cx, &[IoSlice::new(buf)], |io, cx| io.poll_write(cx, buf))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush_with(cx, |io, cx| io.poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush_with(cx, |io, cx| io.poll_shutdown(cx))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_with(cx, bufs, |io, cx| io.poll_write_vectored(cx, bufs))
    }
}

#[cfg(feature = "tokio")]
mod of_tokio {
    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    use super::*;

    impl<T: AsyncRead + Unpin + 'static> AsyncRead for LimitedIo<T> {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            self.begin(cx)?;
            let read = ready!(Pin::new(&mut self.io).poll_read(cx, buf));
            Poll::Ready(read.map_err(|error| self.seen(error)))
        }
    }

    impl<T: AsyncWrite + Unpin + 'static> AsyncWrite for LimitedIo<T> {
        fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
            self.poll_write_with(cx, &[IoSlice::new(buf)], |io, cx| io.poll_write(cx, buf))
        }

        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.poll_flush_with(cx, |io, cx| io.poll_flush(cx))
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.poll_flush_with(cx, |io, cx| io.poll_shutdown(cx))
        }

        fn is_write_vectored(&self) -> bool {
            self.io.is_write_vectored()
        }

        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bufs: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            self.poll_write_with(cx, bufs, |io, cx| io.poll_write_vectored(cx, bufs))
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for LimitedIo<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimitedIo").field("io", &self.io).finish_non_exhaustive()
    }
}
