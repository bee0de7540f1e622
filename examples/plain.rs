//! An event stream from sockets and threads of the standard library: see `HELP`.

mod shared {
    pub(crate) mod cli;
}

use std::{
    error::Error,
    io::{self, ErrorKind, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    num::{NonZeroU16, NonZeroU32},
    process::ExitCode,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use lexopt::prelude::*;
use sse_codec::Event;

use shared::cli;

const HELP: &str = "\
Serves an event stream (text/event-stream) of numbers, from plain sockets: any server will do.

Usage: plain [--addr ADDR] [--interval MS] [--threads N]

  GET /sse  numbers, from 1, as id and as data; from N + 1 with `Last-Event-ID: N`

Each client has a thread. Who comes when all are busy waits until another leaves. Ctrl-C stops it at
once: a stream ends with its connection, so there is nothing more to say.

Options:
  --addr ADDR    Where to listen; port 0 takes a free one [default: 127.0.0.1:8080]
  --interval MS  Milliseconds between two numbers, at least 1 [default: 1000]
  --threads N    How many clients are served at a time, 1 to 65535 [default: 64]
  -h, --help     Show this text
";

/// How long a client may take to ask, and to take what it is sent.
const PATIENCE: Duration = Duration::from_secs(10);

/// The largest request, in bytes.
const MAX_REQUEST: usize = 8 * 1024;
const END_OF_REQUEST: &str = "\r\n\r\n";

fn main() -> ExitCode {
    cli::end("plain", run())
}

/// Reads the flags, and serves.
fn run() -> Result<ExitCode, Box<dyn Error>> {
    let mut addr = "127.0.0.1:8080".to_owned();
    let mut interval = Duration::from_secs(1);
    let mut threads = 64;
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("addr") => addr = args.value()?.string()?,
            Long("interval") => {
                interval = Duration::from_millis(args.value()?.parse::<NonZeroU32>()?.get().into());
            }
            Long("threads") => threads = args.value()?.parse::<NonZeroU16>()?.get(),
            Short('h') | Long("help") => {
                cli::say(HELP);
                return Ok(ExitCode::SUCCESS);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let listener = TcpListener::bind(&addr).map_err(|error| format!("cannot listen on {addr}: {error}"))?;
    cli::say(format_args!("Listening on http://{}/, Ctrl-C stops\n", listener.local_addr()?));
    let listener = Arc::new(listener);
    // One is here already.
    for _ in 1..threads {
        let listener = listener.clone();
        thread::Builder::new()
            .spawn(move || serve(&listener, interval))
            .map_err(|error| format!("cannot start {threads} threads, try --threads with fewer: {error}"))?;
    }
    serve(&listener, interval)
}

/// Serves one client after the other.
fn serve(listener: &TcpListener, interval: Duration) -> ! {
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                // An error is the end of this connection only: its client is gone, or too slow.
                let _ = answer(&stream, interval);
            }
            Err(error) => {
                // Most likely there are too many open files: wait until some are closed.
                cli::complain("plain", &format!("cannot take a connection: {error}"));
                thread::sleep(Duration::from_millis(100));
            }
        }
    }
}

fn answer(stream: &TcpStream, interval: Duration) -> io::Result<()> {
    // Events are small, and none shall wait for the next.
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let request = read_request(stream)?;
    if !request.contains(END_OF_REQUEST) {
        return refuse(stream, "431 Request Header Fields Too Large");
    }
    let line: Vec<&str> = request.lines().next().unwrap_or_default().split(' ').collect();
    match line[..] {
        ["GET", "/sse", "HTTP/1.1" | "HTTP/1.0"] => {
            let mut count = 0;
            let left = stream_numbers(stream, &request, interval, &mut count);
            cli::say(format_args!("A client left after {count} events\n"));
            left
        }
        [_, "/sse", "HTTP/1.1" | "HTTP/1.0"] => refuse(stream, "405 Method Not Allowed\r\nallow: GET"),
        [_, _, "HTTP/1.1" | "HTTP/1.0"] => refuse(stream, "404 Not Found"),
        _ => refuse(stream, "400 Bad Request"),
    }
}

/// The event stream. It ends when the client leaves, perhaps with an error that says the same.
fn stream_numbers(
    mut stream: &TcpStream,
    request: &str,
    interval: Duration,
    count: &mut u64,
) -> io::Result<()> {
    // Without a length the body ends with the connection: no need for chunks.
    stream.write_all(
        b"HTTP/1.1 200 OK\r\n\
        content-type: text/event-stream\r\n\
        cache-control: no-cache, no-transform\r\n\
        x-accel-buffering: no\r\n\
        connection: close\r\n\r\n",
    )?;
    let mut block = Vec::new();
    for number in (last_event_id(request)..u64::MAX).map(|seen| seen + 1) {
        block.clear();
        Event::new(number.to_string()).with_id(number).encode(&mut block);
        stream.write_all(&block)?;
        *count += 1;
        // The wait for the next event is a wait for the client as well: so its leaving is seen at once.
        if has_left(stream, Instant::now() + interval)? {
            break;
        }
    }
    Ok(())
}

/// What the client says it saw last; 0 for a new client, or an odd one.
fn last_event_id(request: &str) -> u64 {
    let mut headers = request.lines().filter_map(|line| line.split_once(':'));
    let header = headers.find(|(name, _)| name.eq_ignore_ascii_case("last-event-id"));
    header.and_then(|(_, value)| value.trim().parse().ok()).unwrap_or_default()
}

fn refuse(mut stream: &TcpStream, status: &str) -> io::Result<()> {
    write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")?;
    stream.shutdown(Shutdown::Write)?;
    // To close before the client has said all would take the answer away from it.
    has_left(stream, Instant::now() + PATIENCE)?;
    Ok(())
}

/// The request at least up to its blank line, unless it is too large. What stands behind it is of no
/// interest.
fn read_request(stream: &TcpStream) -> io::Result<String> {
    let deadline = Instant::now() + PATIENCE;
    let mut request = Vec::new();
    let mut chunk = [0; 1024];
    while !request.windows(4).any(|bytes| bytes == END_OF_REQUEST.as_bytes()) && request.len() < MAX_REQUEST {
        match read_until(stream, deadline, &mut chunk)? {
            None => return Err(ErrorKind::TimedOut.into()),
            Some([]) => return Err(ErrorKind::UnexpectedEof.into()),
            Some(bytes) => request.extend_from_slice(bytes),
        }
    }
    Ok(String::from_utf8_lossy(&request).into_owned())
}

/// Whether the client leaves before the deadline. What it says until then is of no interest.
fn has_left(stream: &TcpStream, deadline: Instant) -> io::Result<bool> {
    let mut chunk = [0; 1024];
    loop {
        match read_until(stream, deadline, &mut chunk)? {
            None => return Ok(false),
            Some([]) => return Ok(true),
            Some(_) => {}
        }
    }
}

/// What the client says before the deadline: None if it does not, nothing if it has left.
fn read_until<'c>(
    mut stream: &TcpStream,
    deadline: Instant,
    chunk: &'c mut [u8],
) -> io::Result<Option<&'c [u8]>> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(None);
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(chunk) {
            Ok(len) => return Ok(chunk.get(..len)),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {}
                _ => return Err(error),
            },
        }
    }
}
