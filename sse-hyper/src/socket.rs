//! Operations that need the socket itself: tokio's sockets, also inside `TokioIo`.

use std::{
    any::Any,
    io::{self, IoSlice},
    time::Duration,
};

use hyper_util::rt::TokioIo;
use socket2::SockRef;
use tokio::net::TcpStream;

#[cfg(unix)]
pub(crate) use std::os::fd::AsFd as Socket;
#[cfg(windows)]
pub(crate) use std::os::windows::io::AsSocket as Socket;

/// Makes the system send each event at once. It also makes it end the connection if its peer acknowledges nothing for
/// this long: if a peer has vanished, the send buffer has room for days of comments, so no write is pending.
pub(crate) fn set_up(io: &dyn Any, limit: Duration) {
    if let Some(tcp) = tcp(io) {
        // It fails only if the connection is broken, which the next write reports.
        let _ = tcp.set_nodelay(true);
        // Where this is not supported, the system's own timeout ends the connection.
        let _ = user_timeout(&SockRef::from(tcp), limit);
    }
}

pub(crate) fn set_user_timeout(listener: &impl Socket, limit: Duration) -> io::Result<()> {
    user_timeout(&SockRef::from(listener), limit)
}

#[cfg(any(target_os = "android", target_os = "linux"))]
fn user_timeout(socket: &SockRef<'_>, limit: Duration) -> io::Result<()> {
    // Zero selects the system's default.
    socket.set_tcp_user_timeout(Some(limit))
}

#[cfg(not(any(target_os = "android", target_os = "linux")))]
fn user_timeout(_: &SockRef<'_>, _: Duration) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "TCP_USER_TIMEOUT needs Linux; use WriteLimit::wrap"))
}

/// Discards the system's send buffer when the connection is closed, because the peer does not read it.
pub(crate) fn reset_on_close(io: &dyn Any) {
    if let Some(tcp) = tcp(io) {
        let _ = SockRef::from(tcp).set_linger(Some(Duration::ZERO));
    }
}

/// Tries to write even if the system has not reported the socket as writable. `None` if `bufs` is empty or the type of
/// the socket is unknown.
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

/// `MSG_NOSIGNAL`: writing to a closed connection returns an error and raises no signal.
const NO_SIGNAL: i32 = if cfg!(any(target_os = "android", target_os = "linux")) { 0x4000 } else { 0 };

fn tcp(io: &dyn Any) -> Option<&TcpStream> {
    io.downcast_ref().or_else(|| io.downcast_ref::<TokioIo<TcpStream>>().map(TokioIo::inner))
}
