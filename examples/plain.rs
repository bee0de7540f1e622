//! An event stream from sockets and threads of the standard library: see `HELP`.

mod shared {
    pub(crate) mod cli;
    pub(crate) mod log;
    pub(crate) mod request;
}

use std::{
    collections::VecDeque,
    error::Error,
    io::{self, BufReader, ErrorKind, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    num::{NonZeroU16, NonZeroU32},
    process::ExitCode,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use lexopt::prelude::*;
use sse_codec::Event;

use shared::{
    cli, log,
    request::{Problem, Request},
};

const HELP: &str = "\
Serves an event stream (text/event-stream) of numbers, with plain sockets and no framework.

Usage: plain [--addr ADDR] [--interval MS] [--threads N] [--silence MS]

  GET /sse  numbers, from 1, as id and as data; from N + 1 with `Last-Event-ID: N`. After the last one,
            18446744073709551615, the answer is 204, so that clients do not reconnect

Speaks HTTP/1.1 and HTTP/1.0, with one request on each connection. Each client has a thread. When all are
busy, a new client replaces the one that was connected longest. If the replaced client still listens, it
reconnects with its last id and misses nothing. Ctrl-C or SIGTERM stops the server at once: the end of a
connection ends its stream.

Options:
  --addr ADDR    Where to listen; port 0 takes a free one [default: 127.0.0.1:8080]
  --interval MS  Milliseconds between two numbers, at least 1 [default: 1000]
  --threads N    How many clients are served at a time, 1 to 65535 [default: 1000]
  --silence MS   Milliseconds that a client may take to send its request, and to read, at
                 least 1 [default: 30000]
  -h, --help     Show this text
";

/// Without a length the body ends with the connection, so it needs no chunks.
const EVENT_STREAM: &str = "\
    200 OK\r\n\
    content-type: text/event-stream\r\n\
    cache-control: no-cache, no-transform\r\n\
    x-accel-buffering: no";

fn main() -> ExitCode {
    cli::end("plain", run())
}

/// Reads the flags, and serves.
fn run() -> Result<ExitCode, Box<dyn Error>> {
    let millis = |number: NonZeroU32| Duration::from_millis(number.get().into());
    let mut addr = "127.0.0.1:8080".to_owned();
    let (mut interval, mut silence) = (Duration::from_secs(1), Duration::from_secs(30));
    let mut threads = 1_000;
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("addr") => addr = args.value()?.string()?,
            Long("interval") => interval = millis(args.value()?.parse()?),
            Long("threads") => threads = args.value()?.parse::<NonZeroU16>()?.get(),
            Long("silence") => silence = millis(args.value()?.parse()?),
            Short('h') | Long("help") => {
                cli::say(HELP);
                return Ok(ExitCode::SUCCESS);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    #[cfg(unix)]
    stop_at_signals()?;
    let listener = TcpListener::bind(&addr).map_err(|error| format!("cannot listen on {addr}: {error}"))?;
    log::say(format_args!("Listening on http://{}/, Ctrl-C stops", listener.local_addr()?));
    serve(&listener, threads.into(), Settings { interval, silence })
}

/// This works even if the program was started with SIGINT ignored, as scripts do in the background.
#[cfg(unix)]
fn stop_at_signals() -> io::Result<()> {
    use signal_hook::{
        consts::{SIGINT, SIGTERM},
        iterator::Signals,
    };
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    thread::Builder::new().spawn(move || {
        signals.forever().next();
        log::flush();
        std::process::exit(0);
    })?;
    Ok(())
}

#[derive(Clone, Copy)]
struct Settings {
    interval: Duration,
    /// How long a client may take to send its request, and to read.
    silence: Duration,
}

/// Serves each client on a separate thread.
fn serve(listener: &TcpListener, most: usize, settings: Settings) -> ! {
    let clients = Arc::new(Clients::default());
    loop {
        let accepted = listener.accept().and_then(|(stream, _)| {
            let stream = Arc::new(stream);
            clients.add(&stream, most);
            let (client, all) = (stream.clone(), clients.clone());
            let thread = thread::Builder::new().spawn(move || {
                // An error ends only this connection: its client is gone, or too slow.
                let _ = answer(&client, settings);
                all.remove(&client);
            });
            thread.inspect_err(|_| clients.remove(&stream))
        });
        if let Err(error) = accepted {
            // Most likely there are too many open files or threads: wait until some are closed.
            log::complain("plain", &format!("cannot accept a connection: {error}"));
            thread::sleep(Duration::from_millis(100));
        }
    }
}

/// The connected clients, oldest first.
#[derive(Default)]
struct Clients(Mutex<VecDeque<Arc<TcpStream>>>);

impl Clients {
    fn add(&self, client: &Arc<TcpStream>, most: usize) {
        let mut list = self.list();
        list.push_back(client.clone());
        if list.len() > most
            && let Some(longest) = list.pop_front()
        {
            // This ends its thread. Otherwise clients that never read could occupy all threads.
            let _ = longest.shutdown(Shutdown::Both);
        }
    }

    fn remove(&self, client: &Arc<TcpStream>) {
        self.list().retain(|other| !Arc::ptr_eq(other, client));
    }

    fn list(&self) -> MutexGuard<'_, VecDeque<Arc<TcpStream>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn answer(stream: &TcpStream, settings: Settings) -> io::Result<()> {
    // Events are small, and must be sent at once.
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(settings.silence))?;
    let deadline = Instant::now() + settings.silence;
    let head = match Request::read(BufReader::new(Until { stream, deadline })) {
        Ok(request) => {
            let next = last_event_id(&request).checked_add(1);
            match (&*request.method, &*request.path, next) {
                ("GET", "/sse", Some(first)) => return stream_numbers(stream, first, settings.interval),
                ("HEAD", "/sse", Some(_)) => EVENT_STREAM,
                ("GET" | "HEAD", "/sse", None) => "204 No Content",
                ("OPTIONS", "/sse" | "*", _) => "204 No Content\r\nallow: GET, HEAD, OPTIONS",
                (_, "/sse" | "*", _) => {
                    "405 Method Not Allowed\r\nallow: GET, HEAD, OPTIONS\r\ncontent-length: 0"
                }
                _ => "404 Not Found\r\ncontent-length: 0",
            }
        }
        Err(Problem::Refused(status)) => &format!("{status}\r\ncontent-length: 0"),
        Err(Problem::Lost(error)) => return Err(error),
    };
    write_head(stream, head)?;
    stream.shutdown(Shutdown::Write)?;
    // If this closes before the client has sent everything, the client may lose the answer.
    has_left(stream, Instant::now() + settings.silence)?;
    Ok(())
}

/// The status and the header fields.
fn write_head(mut stream: &TcpStream, head: &str) -> io::Result<()> {
    stream.write_all(format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n").as_bytes())
}

/// The client's last event ID; 0 if it has none, or an invalid one.
fn last_event_id(request: &Request) -> u64 {
    let mut values = request.values("last-event-id");
    match (values.next(), values.next()) {
        (Some(id), None) => id.parse().unwrap_or_default(),
        _ => 0,
    }
}

/// Sends the event stream until the client leaves, which may be an error.
fn stream_numbers(stream: &TcpStream, first: u64, interval: Duration) -> io::Result<()> {
    write_head(stream, EVENT_STREAM)?;
    let mut count = 0;
    let left = send_numbers(stream, first, interval, &mut count);
    log::say(format_args!("A client left after {count} events"));
    left
}

fn send_numbers(mut stream: &TcpStream, first: u64, interval: Duration, count: &mut u64) -> io::Result<()> {
    let mut block = Vec::new();
    for number in first..=u64::MAX {
        block.clear();
        Event::new(number.to_string()).with_id(number).encode(&mut block);
        stream.write_all(&block)?;
        *count += 1;
        // This waits for the next event and for the client, so a disconnect is noticed at once.
        if has_left(stream, Instant::now() + interval)? {
            break;
        }
    }
    Ok(())
}

/// Whether the client leaves before the deadline. Bytes that it sends until then are ignored.
fn has_left(stream: &TcpStream, deadline: Instant) -> io::Result<bool> {
    match io::copy(&mut Until { stream, deadline }, &mut io::sink()) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::TimedOut => Ok(false),
        Err(error) => Err(error),
    }
}

/// A reader of a client's bytes that fails at the deadline.
struct Until<'s> {
    stream: &'s TcpStream,
    deadline: Instant,
}

impl Read for Until<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let left = self.deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            self.stream.set_read_timeout(Some(left))?;
            match self.stream.read(buf) {
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                done => return done,
            }
        }
    }
}
