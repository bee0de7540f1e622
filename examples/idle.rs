//! Measures the memory that a server needs for an open stream: see `HELP`.

mod shared {
    pub(crate) mod cli;
    pub(crate) mod signals;
}

use std::{
    convert::Infallible,
    env,
    error::Error,
    fs, future,
    io::{self, BufRead, BufReader},
    num::{NonZeroU16, NonZeroU32},
    process::{Child, Command, ExitCode, Stdio},
    time::Duration,
};

use futures_util::{Stream, StreamExt, stream};
use http_body_util::{BodyExt, StreamBody};
use hyper::{
    Response,
    body::{Body, Bytes, Frame},
    header::{CONTENT_TYPE, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use lexopt::prelude::*;
use sse_hyper::{Event, Sse, WriteLimit};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task, time,
};

use shared::{cli, signals};

const HELP: &str = "\
Measures how much memory a server needs for each idle event stream.

Usage: idle [--server KIND] [--streams N] [--keep-alive MS]

Starts a server in a separate process, opens the streams, and waits until each has had an event and a
keep-alive comment. The result is the growth of the server's resident set since its start, divided by the
number of streams. Measure a release build. This reads /proc, so it needs Linux.

KIND is one of
  sse-hyper       sse-hyper on hyper, with a limit for clients that do not read
  hyper           a body written by hand on hyper
  axum-sse-hyper  sse-hyper on axum      (these two with the feature `axum`)
  axum            axum's own event streams
  sse-warp        sse-warp on warp       (these two with the feature `warp`)
  warp            warp's own event streams

Options:
  --server KIND    [default: sse-hyper]
  --streams N      [default: 5000]
  --keep-alive MS  Milliseconds of silence before a comment [default: 5000]
  -h, --help       Show this text
";

#[tokio::main]
async fn main() -> ExitCode {
    cli::end("idle", run().await)
}

/// Reads the flags, and runs as the server or as the clients.
async fn run() -> Result<ExitCode, Box<dyn Error>> {
    let (mut kind, mut streams, mut keep_alive) = ("sse-hyper", 5_000, 5_000);
    let mut is_server = false;
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("server") => kind = args.value()?.parse_with(parse_kind)?,
            Long("streams") => streams = args.value()?.parse::<NonZeroU16>()?.get(),
            Long("keep-alive") => keep_alive = args.value()?.parse::<NonZeroU32>()?.get(),
            // Internal: this program starts its server with it.
            Long("serve") => is_server = true,
            Short('h') | Long("help") => {
                cli::say(HELP);
                return Ok(ExitCode::SUCCESS);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    if is_server {
        // The input ends with the program that started this one, however that ends.
        let parent_ends = task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink()));
        tokio::select! {
            served = serve(kind, Duration::from_millis(keep_alive.into())) => served?,
            _ = parent_ends => {}
        }
    } else {
        let stop_signal = signals::stop()?;
        tokio::select! {
            measured = measure(kind, streams, keep_alive) => measured?,
            () = stop_signal => {}
        }
    }
    Ok(ExitCode::SUCCESS)
}

const KINDS: &[&str] = &[
    "sse-hyper",
    "hyper",
    #[cfg(feature = "axum")]
    "axum-sse-hyper",
    #[cfg(feature = "axum")]
    "axum",
    #[cfg(feature = "warp")]
    "sse-warp",
    #[cfg(feature = "warp")]
    "warp",
];

fn parse_kind(text: &str) -> Result<&'static str, String> {
    let kind = KINDS.iter().find(|kind| **kind == text);
    kind.copied().ok_or_else(|| format!("the servers in this build are {}", KINDS.join(", ")))
}

async fn measure(kind: &str, streams: u16, keep_alive: u32) -> Result<(), Box<dyn Error>> {
    // The server inherits the limit. Each process has some other open files.
    let needed = u64::from(streams) + 64;
    let allowed = rlimit::increase_nofile_limit(needed)?;
    if allowed < needed {
        return Err(
            format!("{streams} streams need {needed} open files, but only {allowed} are allowed").into()
        );
    }
    let server = Server::start(kind, keep_alive)?;
    let before = server.resident_set()?;
    let mut clients = Vec::new();
    for _ in 0..streams {
        let mut client = TcpStream::connect(&server.addr).await?;
        client.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n\r\n").await?;
        read_past(&mut client, b"\n\n").await?;
        clients.push(client);
    }
    for client in &mut clients {
        read_past(client, b"\n:").await?;
    }
    let after = server.resident_set()?;
    let each = after.saturating_sub(before) as f64 / f64::from(streams);
    cli::say(format_args!("{kind}: {each:.1} KiB for each of {streams}: {before} KiB became {after} KiB\n"));
    Ok(())
}

async fn read_past(client: &mut TcpStream, end: &[u8]) -> Result<(), Box<dyn Error>> {
    let mut read = Vec::new();
    while !read.windows(end.len()).any(|bytes| bytes == end) {
        if client.read_buf(&mut read).await? == 0 {
            return Err("the server has closed a stream".into());
        }
    }
    Ok(())
}

/// The process with the server. It is killed when this is dropped.
struct Server {
    process: Child,
    addr: String,
}

impl Server {
    fn start(kind: &str, keep_alive: u32) -> Result<Self, Box<dyn Error>> {
        let mut command = Command::new(env::current_exe()?);
        command.args(["--serve", "--server", kind, "--keep-alive", &keep_alive.to_string()]);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let output = process.stdout.take().ok_or("the server has no output")?;
        let mut server = Self { process, addr: String::new() };
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        server.addr = line.trim_end().to_owned();
        if server.addr.is_empty() {
            return Err("the server did not start".into());
        }
        Ok(server)
    }

    /// Its resident memory, in KiB.
    fn resident_set(&self) -> Result<usize, Box<dyn Error>> {
        let path = format!("/proc/{}/status", self.process.id());
        let status =
            fs::read_to_string(&path).map_err(|error| format!("{path}: {error}; this needs Linux"))?;
        let size = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
        Ok(size.ok_or_else(|| format!("{path} has no VmRSS"))?.parse()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn serve(kind: &str, keep_alive: Duration) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    cli::say(format_args!("{}\n", listener.local_addr()?));
    match kind {
        "hyper" => serve_hyper(listener, |socket| socket, move || by_hand(keep_alive)).await,
        #[cfg(feature = "axum")]
        "axum" | "axum-sse-hyper" => on_axum(kind, listener, keep_alive).await,
        #[cfg(feature = "warp")]
        "warp" | "sse-warp" => on_warp(kind, listener, keep_alive).await,
        _ => {
            let limit = WriteLimit::new();
            serve_hyper(listener, |socket| limit.wrap(socket), move || sse(keep_alive).into_http_response())
                .await
        }
    }
}

fn one_event<T>(event: T) -> impl Stream<Item = T> {
    stream::iter([event]).chain(stream::pending())
}

fn sse(keep_alive: Duration) -> Sse<impl Stream<Item = Event>> {
    Sse::new(one_event(Event::new("1"))).keep_alive(keep_alive)
}

/// A body written without an adapter: an event, and a comment at each interval.
fn by_hand(keep_alive: Duration) -> Response<impl Body<Data = Bytes, Error = Infallible>> {
    let frame = |text: &'static str| Ok(Frame::data(Bytes::from_static(text.as_bytes())));
    let start = time::Instant::now() + keep_alive;
    let comments = stream::unfold(time::interval_at(start, keep_alive), move |mut interval| async move {
        interval.tick().await;
        Some((frame(":\n\n"), interval))
    });
    let event = stream::iter([frame("data: 1\n\n")]);
    let mut response = Response::new(StreamBody::new(event.chain(Box::pin(comments))));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    response
}

async fn serve_hyper<I, B>(
    listener: TcpListener,
    wrap: impl Fn(TcpStream) -> I,
    respond: impl Fn() -> Response<B> + Clone + Send + 'static,
) -> Result<(), Box<dyn Error>>
where
    I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    B: Body<Data = Bytes, Error: Error + Send + Sync> + Send + 'static,
{
    loop {
        let (stream, _) = listener.accept().await?;
        let respond = respond.clone();
        // Boxed, as in a server that has other answers. It saves 0.7 KiB: hyper reserves room for a response in
        // addition to its body.
        let service =
            service_fn(move |_| future::ready(Ok::<_, Infallible>(respond().map(BodyExt::boxed_unsync))));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(wrap(stream)), service));
    }
}

#[cfg(feature = "axum")]
async fn on_axum(kind: &str, listener: TcpListener, keep_alive: Duration) -> Result<(), Box<dyn Error>> {
    use axum::{
        Router,
        response::sse::{self, KeepAlive},
        routing::get,
    };
    let route = match kind {
        "axum" => get(async move || {
            let events = one_event(Ok::<_, Infallible>(sse::Event::default().data("1")));
            sse::Sse::new(events).keep_alive(KeepAlive::new().interval(keep_alive))
        }),
        _ => get(async move || sse(keep_alive).into_http_response()),
    };
    Ok(axum::serve(listener, Router::new().route("/", route)).await?)
}

#[cfg(feature = "warp")]
async fn on_warp(kind: &str, listener: TcpListener, keep_alive: Duration) -> Result<(), Box<dyn Error>> {
    use warp::{Filter, Reply, sse};
    let is_own = kind == "warp";
    let route = warp::any().map(move || {
        if is_own {
            let events = one_event(Ok::<_, Infallible>(sse::Event::default().data("1")));
            sse::reply(sse::keep_alive().interval(keep_alive).stream(events)).into_response()
        } else {
            sse_warp::SseReply::from(self::sse(keep_alive)).into_response()
        }
    });
    warp::serve(route).incoming(listener).run().await;
    Ok(())
}
