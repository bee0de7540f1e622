//! Bodies of responses, polled as by a server, and sent by hyper on a connection.

use std::{
    cell::Cell,
    convert::Infallible,
    hint::black_box,
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    pin::{Pin, pin},
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker, ready},
    thread,
    vec::IntoIter,
};

use axum::response::IntoResponse;
use bytes::Bytes;
use futures_core::Stream;
use http::{Request, Response};
use http_body::{Body, Frame};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, runtime};

use crate::{
    Section,
    decoders::events_seen_by_a_peer,
    measure::{Clock, Contestant, Level, Pass, Role},
    poll::Ready,
};

/// The size of the data of an event.
pub const SIZES: [(&str, usize); 3] = [("10B", 10), ("250B", 250), ("4KiB", 4096)];

const EVENTS: usize = 10_000;

/// The most events and bytes that exist at a time, so that they stay in the cache.
const BURST: usize = 1000;
const BURST_BYTES: usize = 128 * 1024;

/// A way to send events: how to create one, and the body over a stream of them.
trait Way {
    type Event: Send + Unpin + 'static;

    fn event(data: &str) -> Self::Event;

    fn body<S>(events: S) -> impl Body<Data = Bytes, Error: Into<Problem>> + Send + 'static
    where
        S: Stream<Item = Result<Self::Event, Infallible>> + Send + Unpin + 'static;
}

type Problem = Box<dyn std::error::Error + Send + Sync>;

/// This crate's events.
struct Events;

impl Way for Events {
    type Event = sse_codec::Event;

    fn event(data: &str) -> Self::Event {
        sse_codec::Event::new(data)
    }

    fn body<S>(events: S) -> impl Body<Data = Bytes, Error: Into<Problem>> + Send + 'static
    where
        S: Stream<Item = Result<Self::Event, Infallible>> + Send + Unpin + 'static,
    {
        sse_hyper::Sse::new(events).into_body()
    }
}

/// This crate's encoded events.
struct Encoded;

impl Way for Encoded {
    type Event = sse_codec::Encoded;

    fn event(data: &str) -> Self::Event {
        sse_codec::Block::new().data(data).into()
    }

    fn body<S>(events: S) -> impl Body<Data = Bytes, Error: Into<Problem>> + Send + 'static
    where
        S: Stream<Item = Result<Self::Event, Infallible>> + Send + Unpin + 'static,
    {
        sse_hyper::Sse::new(events).into_body()
    }
}

struct SseStream;

impl Way for SseStream {
    type Event = sse_stream::Sse;

    fn event(data: &str) -> Self::Event {
        sse_stream::Sse::default().data(data)
    }

    fn body<S>(events: S) -> impl Body<Data = Bytes, Error: Into<Problem>> + Send + 'static
    where
        S: Stream<Item = Result<Self::Event, Infallible>> + Send + Unpin + 'static,
    {
        sse_stream::SseBody::new(events)
    }
}

/// Its events are encoded when they are created.
struct Axum;

impl Way for Axum {
    type Event = axum::response::sse::Event;

    fn event(data: &str) -> Self::Event {
        Self::Event::default().data(data)
    }

    fn body<S>(events: S) -> impl Body<Data = Bytes, Error: Into<Problem>> + Send + 'static
    where
        S: Stream<Item = Result<Self::Event, Infallible>> + Send + Unpin + 'static,
    {
        axum::response::Sse::new(events).into_response().into_body()
    }
}

/// Events without a crate for them: they are already encoded, and each becomes a frame.
struct ByHand;

impl Way for ByHand {
    type Event = Bytes;

    fn event(data: &str) -> Self::Event {
        format!("data: {data}\n\n").into()
    }

    fn body<S>(events: S) -> impl Body<Data = Bytes, Error: Into<Problem>> + Send + 'static
    where
        S: Stream<Item = Result<Self::Event, Infallible>> + Send + Unpin + 'static,
    {
        FrameForEach(events)
    }
}

struct FrameForEach<S>(S);

impl<S: Stream<Item = Result<Bytes, Infallible>> + Unpin> Body for FrameForEach<S> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let event = ready!(Pin::new(&mut self.0).poll_next(context));
        Poll::Ready(event.map(|event| event.map(Frame::data)))
    }
}

type Outcome = Result<(), String>;
type SendAll = fn(&Input, &mut Sink, &mut Clock) -> Outcome;

/// Returns all ways, with events of this size.
pub fn contestants(section: Section, size: &str, is_asked: impl Fn(&str) -> bool) -> Vec<Contestant> {
    let len = SIZES.into_iter().find(|known| known.0 == size).map_or(0, |size| size.1);
    fn way<W: Way>(section: Section) -> SendAll {
        match section {
            Section::BuildBody => build_and_poll::<W>,
            Section::Loopback => serve::<W>,
            _ => poll::<W>,
        }
    }
    // With existing events, axum sends only encoded ones.
    let axum = if section == Section::Body { Role::Apart } else { Role::Peer };
    let ways = [
        ("events", Role::Ours(Level::Body), way::<Events>(section)),
        ("encoded", Role::Variant, way::<Encoded>(section)),
        ("sse-stream", Role::Peer, way::<SseStream>(section)),
        ("axum", axum, way::<Axum>(section)),
        ("by hand", Role::ByHand, way::<ByHand>(section)),
    ];
    let contestant = |(name, role, send)| {
        let input = Input::new(len);
        let verified = verify(&input, send);
        Contestant {
            name,
            role,
            bytes: EVENTS * len,
            events: EVENTS,
            is_prefix: false,
            problem: verified.err(),
            samples: Vec::new(),
            pass: pass(input, send),
        }
    };
    ways.into_iter().filter(|way| is_asked(way.0)).map(contestant).collect()
}

/// The data of a burst of events.
struct Input {
    burst: Vec<String>,
}

impl Input {
    fn new(len: usize) -> Self {
        let data = |n: usize| format!("{n:010}").repeat(len.div_ceil(10))[..len].to_owned();
        Self { burst: (0..(BURST_BYTES / len).min(BURST)).map(data).collect() }
    }

    fn data(&self) -> impl Iterator<Item = &str> {
        self.burst.iter().cycle().take(EVENTS).map(String::as_str)
    }

    /// The length of the stream, which is the same for all ways.
    fn encoded_len(&self) -> usize {
        self.data().map(|data| "data: \n\n".len() + data.len()).sum()
    }
}

/// The destination of a body's bytes. They are discarded unless they are checked.
#[derive(Default)]
struct Sink {
    kept: Option<Vec<u8>>,
    len: usize,
}

impl Sink {
    fn put(&mut self, bytes: &[u8]) {
        self.len += black_box(bytes).len();
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(bytes);
        }
    }
}

fn pass(input: Input, send: SendAll) -> Pass {
    let expected = input.encoded_len();
    Box::new(move |clock| {
        let mut sink = Sink::default();
        send(&input, &mut sink, clock)?;
        if sink.len < expected {
            return Err(format!("{} bytes instead of {expected}", sink.len));
        }
        Ok(())
    })
}

/// Checks that a peer decodes the right events.
fn verify(input: &Input, send: SendAll) -> Outcome {
    let mut sink = Sink { kept: Some(Vec::new()), len: 0 };
    send(input, &mut sink, &mut Clock::default())?;
    let events = events_seen_by_a_peer(&sink.kept.unwrap_or_default())?;
    if !input.data().eq(events.iter().map(|(data, ..)| data.as_str())) {
        return Err("sends other events".to_owned());
    }
    Ok(())
}

/// A stream of events in bursts: a burst is ready, then nothing until the next.
struct Bursts<T> {
    there: IntoIter<T>,
    next: Arc<Mutex<Next<T>>>,
}

#[derive(Default)]
enum Next<T> {
    #[default]
    Pending,
    Burst(Vec<T>),
    End,
}

impl<T> Bursts<T> {
    fn new() -> (Self, impl Fn(Next<T>)) {
        let next = Arc::new(Mutex::new(Next::Pending));
        let bursts = Self { there: Vec::new().into_iter(), next: next.clone() };
        (bursts, move |burst| *next.lock().unwrap_or_else(PoisonError::into_inner) = burst)
    }
}

impl<T: Unpin> Stream for Bursts<T> {
    type Item = Result<T, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(event) = self.there.next() {
            return Poll::Ready(Some(Ok(event)));
        }
        let next = std::mem::take(&mut *self.next.lock().unwrap_or_else(PoisonError::into_inner));
        match next {
            Next::Pending => Poll::Pending,
            Next::Burst(burst) => {
                self.there = burst.into_iter();
                Poll::Ready(self.there.next().map(Ok))
            }
            Next::End => Poll::Ready(None),
        }
    }
}

/// Sends existing events.
fn poll<W: Way>(input: &Input, sink: &mut Sink, clock: &mut Clock) -> Outcome {
    let (bursts, next) = Bursts::new();
    let mut body = pin!(W::body(bursts));
    let mut data = input.data().peekable();
    while data.peek().is_some() {
        next(Next::Burst(data.by_ref().take(input.burst.len()).map(W::event).collect()));
        clock.time(|| take_frames(body.as_mut(), sink))?;
    }
    next(Next::End);
    clock.time(|| take_frames(body.as_mut(), sink))
}

/// Creates events from text, and sends them.
fn build_and_poll<W: Way>(input: &Input, sink: &mut Sink, clock: &mut Clock) -> Outcome {
    // Streams of events must not borrow.
    let burst: Arc<[String]> = input.burst.clone().into();
    let events = (0..EVENTS).map(move |n| W::event(&burst[n % burst.len()]));
    let mut body = pin!(W::body(Ready(events)));
    clock.time(|| take_frames(body.as_mut(), sink))
}

/// Takes all frames that a body has ready.
fn take_frames<B>(mut body: Pin<&mut B>, sink: &mut Sink) -> Outcome
where
    B: Body<Data = Bytes, Error: Into<Problem>>,
{
    let mut context = Context::from_waker(Waker::noop());
    while let Poll::Ready(Some(frame)) = body.as_mut().poll_frame(&mut context) {
        let frame = frame.map_err(|error| error.into().to_string())?;
        sink.put(frame.data_ref().map_or(&[], |data| data));
    }
    Ok(())
}

/// Sends existing events on a connection. The result is the CPU time of the server's thread, including the
/// system; the client is another thread.
fn serve<W: Way>(input: &Input, sink: &mut Sink, clock: &mut Clock) -> Outcome {
    let problem = |error: io::Error| error.to_string();
    let runtime = runtime::Builder::new_current_thread().enable_io().build().map_err(problem)?;
    let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).map_err(problem)?;
    let address = listener.local_addr().map_err(problem)?;
    thread::scope(|scope| {
        let server = scope.spawn(|| -> Result<Clock, Problem> {
            let mut clock = Clock::default();
            // Created on this thread, which should also free their memory.
            let events: Vec<_> = input.data().map(W::event).collect();
            let body = Cell::new(Some(W::body(Ready(events.into_iter()))));
            let (socket, _) = runtime.block_on(listener.accept())?;
            socket.set_nodelay(true)?;
            let service = service_fn(|_: Request<Incoming>| {
                let response = body.take().map(Response::new).ok_or("one request too many");
                async { response }
            });
            let connection = http1::Builder::new().serve_connection(TokioIo::new(socket), service);
            clock.time(|| runtime.block_on(connection))?;
            Ok(clock)
        });
        let received = receive(address, sink).map_err(problem);
        let served = server.join().map_err(|_| "the server panicked")?;
        clock.add(served.map_err(|error| error.to_string())?);
        received
    })
}

/// A client that reads the response.
fn receive(address: SocketAddr, sink: &mut Sink) -> io::Result<()> {
    let mut socket = TcpStream::connect(address)?;
    // HTTP/1.1 sends the stream in pieces with their lengths, HTTP/1.0 unchanged.
    let is_kept = sink.kept.is_some();
    let version = if is_kept { "1.0" } else { "1.1" };
    write!(socket, "GET / HTTP/{version}\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut buffer = [0; 64 * 1024];
    loop {
        match socket.read(&mut buffer)? {
            0 => break,
            len => sink.put(&buffer[..len]),
        }
    }
    // The head of the response is not part of the stream.
    if let Some(kept) = &mut sink.kept {
        let head = kept.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        kept.drain(..head.map_or(0, |at| at + 4));
    }
    Ok(())
}
