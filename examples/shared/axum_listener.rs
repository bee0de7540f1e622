//! A listener for axum.

use std::{io, net::SocketAddr, time::Duration};

use tokio::net::TcpListener;

use super::silence::Impatient;

/// Gives axum connections that are closed when they are silent: axum itself waits forever.
pub(crate) struct Listener {
    pub(crate) listener: TcpListener,
    pub(crate) silence: Duration,
}

impl axum::serve::Listener for Listener {
    type Io = Impatient;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Impatient, SocketAddr) {
        // axum's `accept` retries after an error.
        let (stream, peer) = axum::serve::Listener::accept(&mut self.listener).await;
        // Events are small, and must be sent at once.
        let _ = stream.set_nodelay(true);
        (Impatient::new(stream, self.silence), peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}
