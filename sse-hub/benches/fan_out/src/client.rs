//! Servers as child processes, and clients that read.

use std::{
    error::Error,
    fs, io,
    os::fd::OwnedFd,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpStream, UnixStream},
    sync::Notify,
};

use crate::server::{Kind, REDIS_URL};

/// A server process. It is killed when this is dropped.
pub struct Server {
    child: Child,
    input: UnixStream,
    pub port: u16,
}

impl Server {
    pub async fn start(kind: Kind) -> Result<Self, Box<dyn Error>> {
        Self::start_on(kind, "").await
    }

    /// Starts one that finds a Redis at this URL.
    pub async fn start_on(kind: Kind, redis: &str) -> Result<Self, Box<dyn Error>> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--serve", kind.name()])
            .env(REDIS_URL, redis)
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let output = child.stdout.take().ok_or("no output")?;
        io::BufRead::read_line(&mut io::BufReader::new(output), &mut line)?;
        ours.set_nonblocking(true)?;
        Ok(Self { child, input: UnixStream::from_std(ours)?, port: line.trim().parse()? })
    }

    /// Makes it publish `count` events of `len` bytes.
    pub async fn publish(&mut self, count: usize, len: usize) -> io::Result<()> {
        self.input.write_all(format!("{count} {len}\n").as_bytes()).await
    }

    /// The CPU time of its thread, user and system.
    pub fn cpu(&self) -> Result<Duration, Box<dyn Error>> {
        let text = fs::read_to_string(format!("/proc/{}/schedstat", self.child.id()))?;
        let nanos = text.split(' ').next().unwrap_or_default().parse()?;
        Ok(Duration::from_nanos(nanos))
    }

    /// Its resident memory, in bytes.
    pub fn memory(&self) -> Result<u64, Box<dyn Error>> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = text.lines().find(|line| line.starts_with("VmRSS:")).ok_or("no VmRSS")?;
        let kib: u64 = line.split_whitespace().nth(1).unwrap_or_default().parse()?;
        Ok(kib * 1024)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How many events all clients of a server have received.
#[derive(Default)]
pub struct Count {
    events: AtomicU64,
    awaited: AtomicU64,
    reached: Notify,
}

impl Count {
    pub fn add(&self, events: u64) {
        let before = self.events.fetch_add(events, Ordering::SeqCst);
        let awaited = self.awaited.load(Ordering::SeqCst);
        if before < awaited && awaited <= before + events {
            self.reached.notify_one();
        }
    }

    /// Waits until there are this many.
    pub async fn reach(&self, events: u64) {
        self.awaited.store(events, Ordering::SeqCst);
        while self.events.load(Ordering::SeqCst) < events {
            self.reached.notified().await;
        }
    }
}

/// A client whose answer has begun.
pub async fn connect(port: u16, headers: &str) -> Result<BufReader<TcpStream>, Box<dyn Error>> {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).await?;
    socket.set_nodelay(true)?;
    let request = format!("GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n{headers}\r\n");
    socket.write_all(request.as_bytes()).await?;
    let mut socket = BufReader::with_capacity(16 * 1024, socket);
    let mut line = String::new();
    socket.read_line(&mut line).await?;
    if !line.contains(" 200 ") {
        return Err(line.into());
    }
    while line != "\r\n" {
        line.clear();
        socket.read_line(&mut line).await?;
    }
    Ok(socket)
}

/// Reads until the end, and counts events.
pub async fn read(mut socket: BufReader<TcpStream>, count: Arc<Count>) {
    while let Ok(chunk) = socket.fill_buf().await
        && !chunk.is_empty()
    {
        let (len, events) = (chunk.len(), memchr::memchr_iter(b'~', chunk).count());
        socket.consume(len);
        count.add(events as u64);
    }
}

/// Reads this many bytes.
pub async fn skip(socket: &mut BufReader<TcpStream>, bytes: usize) -> io::Result<()> {
    let mut buf = vec![0; 256 * 1024];
    let mut rest = bytes;
    while rest > 0 {
        let len = rest.min(buf.len());
        match socket.read(&mut buf[..len]).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            len => rest -= len,
        }
    }
    Ok(())
}
