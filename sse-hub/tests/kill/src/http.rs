//! One connection of HTTP/1.1 to a server.

use std::{net::SocketAddr, time::Duration};

use http_body_util::Full;
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, task::JoinHandle, time};

use crate::process::Error;

/// It is closed when this is dropped, even in the middle of a message.
#[derive(Debug)]
pub(crate) struct Connection {
    requests: SendRequest<Full<Bytes>>,
    task: JoinHandle<()>,
}

impl Connection {
    pub(crate) async fn open(addr: SocketAddr) -> Result<Self, Error> {
        let socket = time::timeout(Duration::from_secs(3), TcpStream::connect(addr)).await??;
        socket.set_nodelay(true)?;
        let (requests, connection) = http1::handshake(TokioIo::new(socket)).await?;
        let task = tokio::spawn(async { drop(connection.await) });
        Ok(Self { requests, task })
    }

    /// The head of the response.
    pub(crate) async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Error> {
        self.requests.ready().await?;
        Ok(self.requests.send_request(request).await?)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.requests.is_closed()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}
