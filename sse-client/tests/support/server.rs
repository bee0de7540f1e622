//! A server on a socket that follows a script, byte by byte: what no HTTP library would send is possible.

use std::{collections::VecDeque, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Mutex, mpsc},
    task::JoinHandle,
    time::timeout,
};

/// How long to wait for what must come: only a failing test ever waits that long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// An answer that is an event stream until its connection ends.
pub(crate) const OPEN: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
/// The same in chunks, so that its end, and a connection that breaks, can be told.
pub(crate) const CHUNKED: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
pub(crate) const NO_CONTENT: &str = "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";

pub(crate) fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

/// What a server does on one connection.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Reads a request.
    Request,
    Write(String),
    /// Waits until the client closes the connection.
    Closed,
}

/// Reads a request, answers with this, and closes the connection.
pub(crate) fn answer(text: impl Into<String>) -> Vec<Step> {
    vec![Step::Request, Step::Write(text.into())]
}

/// Reads a request, answers with this, and waits for the client to close the connection.
pub(crate) fn hold(text: impl Into<String>) -> Vec<Step> {
    vec![Step::Request, Step::Write(text.into()), Step::Closed]
}

/// What was seen on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Request(String),
    Closed,
}

/// Each connection follows the next script. Connections after the last one are answered with 204.
pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    seen: mpsc::UnboundedReceiver<Seen>,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(scripts: impl IntoIterator<Item = Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (sender, seen) = mpsc::unbounded_channel();
        let scripts = Arc::new(Mutex::new(scripts.into_iter().collect::<VecDeque<_>>()));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let script = scripts.lock().await.pop_front().unwrap_or_else(|| answer(NO_CONTENT));
                let sender = sender.clone();
                tokio::spawn(async move {
                    // It fails where the client has left.
                    let _ = follow(script, stream, sender).await;
                });
            }
        });
        Self { addr, seen, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/events", self.addr)
    }

    pub(crate) async fn seen(&mut self) -> Seen {
        timeout(PATIENCE, self.seen.recv()).await.expect("something to be seen").unwrap()
    }

    /// The next request, in lower case.
    pub(crate) async fn request(&mut self) -> String {
        loop {
            if let Seen::Request(request) = self.seen().await {
                return request.to_lowercase();
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn follow(
    script: Vec<Step>,
    mut stream: TcpStream,
    seen: mpsc::UnboundedSender<Seen>,
) -> std::io::Result<()> {
    for step in script {
        match step {
            Step::Request => {
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    request.push(stream.read_u8().await?);
                }
                let _ = seen.send(Seen::Request(String::from_utf8_lossy(&request).into_owned()));
            }
            Step::Write(text) => stream.write_all(text.as_bytes()).await?,
            Step::Closed => {
                while stream.read(&mut [0; 64]).await.is_ok_and(|read| read > 0) {}
                let _ = seen.send(Seen::Closed);
            }
        }
    }
    Ok(())
}
