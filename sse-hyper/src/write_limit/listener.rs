//! A listener for `axum::serve`.

use std::io;

use axum::serve::Listener;

use super::{LimitedIo, WriteLimit};

/// A listener whose connections have a write limit, made by [`WriteLimit::listener`].
#[derive(Debug)]
pub struct LimitedListener<L> {
    listener: L,
    limit: WriteLimit,
}

impl<L> LimitedListener<L> {
    pub(super) fn new(listener: L, limit: WriteLimit) -> Self {
        Self { listener, limit }
    }
}

impl<L: Listener> Listener for LimitedListener<L> {
    type Io = LimitedIo<L::Io>;
    type Addr = L::Addr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (io, addr) = self.listener.accept().await;
        (self.limit.wrap(io), addr)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}
