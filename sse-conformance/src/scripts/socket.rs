//! A server on a socket that follows a script, byte by byte. It can send bytes that no HTTP library would send.

use std::{
    collections::VecDeque,
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::programs::PATIENCE;

/// An answer that is an event stream until its connection ends.
pub const OPEN: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
/// The same in chunks, so that the end differs from a broken connection.
pub const CHUNKED: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
/// The answer that tells a client not to reconnect.
pub const NO_CONTENT: &str = "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";

/// The largest head of a request that is read, in bytes.
const MAX_HEAD: u64 = 256 * 1024;

/// A chunk of a [`CHUNKED`] answer. An empty one is the end.
pub fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

/// A step of a server on one connection. After the last step it closes the connection.
#[derive(Clone, Debug)]
pub enum Step {
    /// Reads a request.
    Request,
    /// Sends these bytes.
    Write(Vec<u8>),
    /// Does nothing for this long.
    Sleep(Duration),
    /// Waits until the client closes the connection.
    Closed,
    /// Closes the connection with an RST.
    Reset,
}

/// Reads a request, answers with this, and closes the connection.
pub fn answer(text: impl Into<Vec<u8>>) -> Vec<Step> {
    vec![Step::Request, Step::Write(text.into())]
}

/// Reads a request, answers with this, and waits for the client to close the connection.
pub fn hold(text: impl Into<Vec<u8>>) -> Vec<Step> {
    vec![Step::Request, Step::Write(text.into()), Step::Closed]
}

/// An observation on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The head of a request, with its blank line, and its body. Invalid UTF-8 is replaced with U+FFFD.
    Request(String),
    /// The client closed the connection.
    Closed,
}

/// An observation with its time and its connection.
#[derive(Clone, Debug)]
pub struct Sighting {
    /// The time.
    pub at: Instant,
    /// The number of the connection's script, from 0.
    pub connection: usize,
    /// The observation.
    pub seen: Seen,
}

/// Each connection follows the next script. It gets the script with the first byte of a request, so a connection that
/// is opened in advance uses none.
#[derive(Debug)]
pub struct Server {
    /// The address on which it listens.
    pub addr: SocketAddr,
    sightings: mpsc::UnboundedReceiver<Sighting>,
    /// Dropped with the server, so that no connection outlives it.
    _tasks: JoinSet<()>,
}

impl Server {
    /// A server with these scripts on a free port of 127.0.0.1. Connections after the last one are answered with 204.
    ///
    /// # Panics
    ///
    /// If there is no such port.
    pub async fn start(scripts: impl IntoIterator<Item = Vec<Step>>) -> Self {
        let scripts = Mutex::new(scripts.into_iter().collect::<VecDeque<_>>());
        let next = move |_, _| scripts.lock().unwrap().pop_front().unwrap_or_else(|| answer(NO_CONTENT));
        Self::start_with(next).await.expect("a free port")
    }

    /// A server whose connections follow the result of `script` for their number, from 0, and the address of the
    /// server.
    ///
    /// # Errors
    ///
    /// If there is no free port.
    pub async fn start_with(
        script: impl Fn(usize, SocketAddr) -> Vec<Step> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let (sender, sightings) = mpsc::unbounded_channel();
        let connections = Arc::new(AtomicUsize::new(0));
        let script = Arc::new(script);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut open = JoinSet::new();
            loop {
                while open.try_join_next().is_some() {}
                let Ok((stream, _)) = listener.accept().await else { continue };
                let (sender, script, connections) = (sender.clone(), script.clone(), connections.clone());
                open.spawn(async move {
                    if !matches!(stream.peek(&mut [0]).await, Ok(1)) {
                        return;
                    }
                    let connection = connections.fetch_add(1, Ordering::Relaxed);
                    let see = |seen| _ = sender.send(Sighting { at: Instant::now(), connection, seen });
                    // It fails if the client has left.
                    let _ = follow(script(connection, addr), stream, see).await;
                });
            }
        });
        Ok(Self { addr, sightings, _tasks: tasks })
    }

    /// A URL of it.
    pub fn url(&self) -> String {
        format!("http://{}/events", self.addr)
    }

    /// The next observation.
    ///
    /// # Panics
    ///
    /// If there is none in time.
    pub async fn seen(&mut self) -> Seen {
        timeout(PATIENCE, self.sighting()).await.expect("something to be seen").seen
    }

    /// The next observation with its time and its connection. Waits without a limit.
    pub async fn sighting(&mut self) -> Sighting {
        self.sightings.recv().await.expect("the server runs as long as this")
    }

    /// The next request, in lower case.
    ///
    /// # Panics
    ///
    /// If none comes in time.
    pub async fn request(&mut self) -> String {
        loop {
            if let Seen::Request(request) = self.seen().await {
                return request.to_lowercase();
            }
        }
    }
}

async fn follow(script: Vec<Step>, stream: TcpStream, see: impl Fn(Seen)) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    for step in script {
        match step {
            Step::Request => see(Seen::Request(request(&mut stream).await?)),
            Step::Write(bytes) => stream.write_all(&bytes).await?,
            Step::Sleep(time) => sleep(time).await,
            Step::Closed => {
                while stream.read(&mut [0; 64]).await.is_ok_and(|read| read > 0) {}
                see(Seen::Closed);
            }
            Step::Reset => return stream.into_inner().set_zero_linger(),
        }
    }
    Ok(())
}

async fn request(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut request = Vec::new();
    let mut head = stream.take(MAX_HEAD);
    while !request.ends_with(b"\r\n\r\n") {
        if head.read_until(b'\n', &mut request).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let text = String::from_utf8_lossy(&request).into_owned();
    let length = header(&text, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    stream.take(length).read_to_end(&mut request).await?;
    Ok(String::from_utf8_lossy(&request).into_owned())
}

/// The first header of this name in a request, without the spaces around it.
pub fn header<'r>(request: &'r str, name: &str) -> Option<&'r str> {
    let head = request.split("\r\n\r\n").next()?;
    head.split("\r\n").skip(1).find_map(|line| {
        let (start, value) = line.split_once(':')?;
        start.eq_ignore_ascii_case(name).then(|| value.trim_matches([' ', '\t']))
    })
}
