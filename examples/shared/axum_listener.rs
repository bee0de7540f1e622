//! A listener for axum.

use std::{io, net::SocketAddr, time::Duration};

use tokio::net::TcpListener;

use super::silence::Impatient;

/// Gives axum connections that are closed when they are silent: axum itself waits without end.
pub(crate) struct Listener {
    pub(crate) listener: TcpListener,
    pub(crate) silence: Duration,
}

impl axum::serve::Listener for Listener {
    type Io = Impatient;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Impatient, SocketAddr) {
        // axum's own way to take a connection: one that fails is not the end.
        let (stream, peer) = axum::serve::Listener::accept(&mut self.listener).await;
        // Events are small, and none should wait for the next.
        let _ = stream.set_nodelay(true);
        (Impatient::new(stream, self.silence), peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}
