//! A connection's I/O whose writes are watched.

use std::{
    fmt,
    io::{self, ErrorKind, IoSlice},
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use arrayvec::ArrayVec;
use hyper::rt::{self, ReadBufCursor, Sleep};

use super::{Cut, Link, Settings, stop::Deadline};

/// A connection's I/O that fails when nothing could be written for too long.
///
/// Made by [`WriteLimit::wrap`](super::WriteLimit::wrap). It implements hyper's I/O traits if the inner I/O does, and
/// also tokio's (feature `tokio`).
pub struct LimitedIo<T> {
    io: T,
    settings: Arc<Settings>,
    // Created by the thread that polls the connection: created on accept, it took 0.5 KiB of glibc's memory.
    link: Option<Arc<Link>>,
    // Boxed, because there are many connections, and few ever stall.
    stalled: Option<Box<Stalled>>,
    deadline: Option<Box<Deadline>>,
}

/// The state of a stalled write or flush.
#[derive(Default)]
struct Stalled {
    since: Option<Instant>,
    /// A flush is pending: the I/O still buffers written bytes, as TLS does.
    in_flush: bool,
    /// Re-armed only when it fires: a client slightly slower than the stream stalls often, and only briefly.
    tick: Option<Pin<Box<dyn Sleep>>>,
}

impl<T: 'static> LimitedIo<T> {
    pub(super) fn new(io: T, settings: Arc<Settings>) -> Self {
        #[cfg(feature = "tokio")]
        if !settings.limit.is_zero() {
            crate::socket::set_up(&io, settings.limit);
        }
        let drain = settings.drain;
        let stop = settings.stop.clone().filter(|_| !drain.is_zero() && settings.timer.is_some());
        let deadline = stop.map(|stop| Box::new(Deadline::new(stop, drain)));
        Self { io, settings, link: None, stalled: None, deadline }
    }
}

impl<T> LimitedIo<T> {
    /// Returns the inner I/O.
    pub fn get_ref(&self) -> &T {
        &self.io
    }

    /// Returns the inner I/O, whose direct writes the limit does not see.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.io
    }

    /// Returns the inner I/O without the limit.
    pub fn into_inner(self) -> T {
        self.io
    }
}

impl<T: Unpin + 'static> LimitedIo<T> {
    /// Called before each operation. Links bodies polled next by this task to this connection, and fails if it was cut.
    fn begin(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let link = self.link();
        if !link.is_found() {
            link.is_polled(cx);
        }
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
                // An empty buffer says nothing about a pending write.
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
                return Poll::Ready(written.map_err(|error| self.seen(error)));
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

    /// An error may come from our own limit, enforced by the system. An open connection reports an unreachable peer
    /// only then, too, if TCP learned of it during that time.
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

/// The interval at which a stalled connection is checked. It is a part of the limit, since each successful write
/// restarts the client's time.
fn tick(limit: Duration) -> Duration {
    (limit / 8).max(Duration::from_millis(1))
}

/// Systems report a socket as writable only when much of its buffer is free: on loopback, with a client that
/// reads 50 kB a second, Linux reported nothing for over 20 s. A write attempt succeeds with any free space.
fn try_to_write<T: 'static>(io: &T, bufs: &[IoSlice<'_>]) -> Option<io::Result<usize>> {
    #[cfg(feature = "tokio")]
    if let Some(result) = crate::socket::try_to_write(io, bufs) {
        let again = matches!(&result, Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted));
        return (!again).then_some(result);
    }
    let _ = (io, bufs);
    None
}

/// The most bytes that are joined, on the stack.
const MOST_JOINED: usize = 1024;

/// Joins several small pieces. hyper writes a chunk in three: its size, the frame and a line end. A system call with
/// three pieces takes longer than copying them and a call with one.
fn join<'b>(bufs: &[IoSlice<'_>], joined: &'b mut ArrayVec<u8, MOST_JOINED>) -> Option<&'b [u8]> {
    if bufs.len() < 2 {
        return None;
    }
    for buf in bufs {
        joined.try_extend_from_slice(buf).ok()?;
    }
    Some(joined)
}

fn error(cut: Cut) -> io::Error {
    let reason = match cut {
        Cut::WriteTimeout => "the client read nothing for longer than the write limit",
        Cut::Shutdown => "the connection was still open after the drain time",
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
        if let Some(joined) = join(bufs, &mut ArrayVec::new()) {
            return rt::Write::poll_write(self, cx, joined);
        }
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
            if let Some(joined) = join(bufs, &mut ArrayVec::new()) {
                return AsyncWrite::poll_write(self, cx, joined);
            }
            self.poll_write_with(cx, bufs, |io, cx| io.poll_write_vectored(cx, bufs))
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for LimitedIo<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimitedIo").field("io", &self.io).finish_non_exhaustive()
    }
}
