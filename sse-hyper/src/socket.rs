//! What only the socket itself can do: tokio's sockets, however they are wrapped.

use std::{
    any::Any,
    io::{self, IoSlice},
    time::Duration,
};

use hyper_util::rt::TokioIo;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};

/// Has the system end the connection, too, when its peer acknowledges nothing for so long: a peer that has vanished
/// leaves room in the buffer for days of comments.
pub(crate) fn limit(io: &dyn Any, limit: Duration) {
    if let Some(tcp) = tcp(io) {
        // Where it is not supported, the peer is noticed when the system gives up by itself.
        let _ = user_timeout(&SockRef::from(tcp), limit);
    }
}

pub(crate) fn set_user_timeout(listener: &TcpListener, limit: Duration) -> io::Result<()> {
    user_timeout(&SockRef::from(listener), limit)
}

#[cfg(any(target_os = "android", target_os = "linux"))]
fn user_timeout(socket: &SockRef<'_>, limit: Duration) -> io::Result<()> {
    // Zero is the system's own limit.
    socket.set_tcp_user_timeout(Some(limit))
}

#[cfg(not(any(target_os = "android", target_os = "linux")))]
fn user_timeout(_: &SockRef<'_>, _: Duration) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "TCP_USER_TIMEOUT is an option of Linux"))
}

/// Drops what the system still holds when the connection is closed: the peer does not take it.
pub(crate) fn reset_on_close(io: &dyn Any) {
    if let Some(tcp) = tcp(io) {
        let _ = SockRef::from(tcp).set_linger(Some(Duration::ZERO));
    }
}

/// Writes, whether or not the system has reported that it can be written. None: not a socket that is known.
pub(crate) fn try_to_write(io: &dyn Any, bufs: &[IoSlice<'_>]) -> Option<io::Result<usize>> {
    if bufs.iter().all(|buf| buf.is_empty()) {
        return None;
    }
    #[cfg(unix)]
    if let Some(unix) = io.downcast_ref::<tokio::net::UnixStream>() {
        return Some(SockRef::from(unix).send_vectored_with_flags(bufs, NO_SIGNAL));
    }
    tcp(io).map(|tcp| SockRef::from(tcp).send_vectored_with_flags(bufs, NO_SIGNAL))
}

/// `MSG_NOSIGNAL`: a peer that is gone is an error here, not a signal.
const NO_SIGNAL: i32 = if cfg!(any(target_os = "android", target_os = "linux")) { 0x4000 } else { 0 };

fn tcp(io: &dyn Any) -> Option<&TcpStream> {
    io.downcast_ref().or_else(|| io.downcast_ref::<TokioIo<TcpStream>>().map(TokioIo::inner))
}
