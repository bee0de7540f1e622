//! The servers. Each is a separate process with one thread; its standard input says how many events to publish.

use std::{
    convert::Infallible,
    error::Error,
    future::ready,
    time::{SystemTime, UNIX_EPOCH},
};

use axum::response::{IntoResponse, sse};
use bytes::Bytes;
use futures_util::{Stream, stream};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::StreamBody;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use sse_hub::{Hub, Start, Subscription, Topic, redis::Redis};
use sse_hyper::{Encoded, Event, EventId, Sse, SseBody, WriteLimit, last_event_id};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, BufReader},
    net::{TcpListener, UnixStream},
    sync::broadcast::{self, Receiver},
};

/// The kind of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Plain,
    Hub,
    Broadcast,
    Axum,
    /// The hub, with a short history in memory and a long one in the Redis at [`REDIS_URL`].
    Redis,
}

/// The environment variable that has the URL.
pub const REDIS_URL: &str = "SSE_REDIS_URL";

impl Kind {
    /// Those that are compared.
    pub const ALL: [Kind; 4] = [Kind::Plain, Kind::Hub, Kind::Broadcast, Kind::Axum];

    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Hub => "hub",
            Self::Broadcast => "broadcast",
            Self::Axum => "axum",
            Self::Redis => "redis",
        }
    }

    pub fn parse(name: &str) -> Result<Self, &'static str> {
        Self::ALL.into_iter().chain([Self::Redis]).find(|kind| kind.name() == name).ok_or("no such server")
    }
}

/// The one topic of a server.
#[derive(Clone)]
enum Events {
    Plain(broadcast::Sender<Bytes>),
    Hub(Topic),
    Broadcast(broadcast::Sender<Encoded>),
    Axum(broadcast::Sender<sse::Event>),
}

type BoxError = Box<dyn Error + Send + Sync>;

/// How many events a client may lag.
const HISTORY: usize = 1 << 16;

impl Events {
    async fn new(kind: Kind) -> Result<Self, Box<dyn Error>> {
        Ok(match kind {
            Kind::Plain => Self::Plain(broadcast::Sender::new(HISTORY)),
            Kind::Broadcast => Self::Broadcast(broadcast::Sender::new(HISTORY)),
            Kind::Axum => Self::Axum(broadcast::Sender::new(HISTORY)),
            Kind::Hub => {
                let hub = Hub::builder().history(HISTORY).history_bytes(64 << 20);
                Self::Hub(hub.build().topic("room"))
            }
            Kind::Redis => {
                let redis = Redis::builder().history(HISTORY).connect(&std::env::var(REDIS_URL)?).await?;
                Self::Hub(Hub::builder().history(100).backplane(redis).build().topic("room"))
            }
        })
    }

    /// Publishes an event of this many bytes of data. All of them begin with the time, and have one `~`.
    async fn publish(&self, number: u64, len: usize) -> Result<(), Box<dyn Error>> {
        let micros = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros();
        let data = format!("{micros:016}~{:x<1$}", "", len - 17);
        // As long as the ids of the hub.
        let id = format!("72057594037927936-{number}");
        match self {
            Self::Plain(events) => {
                let event = Event::new(data).with_id(EventId::new(id)?);
                let _ = events.send(event.to_bytes());
            }
            Self::Hub(topic) => {
                topic.publish(data).await?;
            }
            Self::Broadcast(events) => {
                let _ = events.send(Event::new(data).with_id(EventId::new(id)?).into());
            }
            Self::Axum(events) => {
                let _ = events.send(sse::Event::default().id(id).data(data));
            }
        }
        Ok(())
    }
}

/// Serves until its standard input ends. Prints its port.
pub async fn serve(kind: Kind) -> Result<(), Box<dyn Error>> {
    rlimit::increase_nofile_limit(u64::MAX)?;
    let events = Events::new(kind).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    tokio::spawn(accept(listener, events.clone()));
    // A socket, since tokio reads a pipe in another thread.
    let input: std::os::fd::OwnedFd = std::os::fd::AsFd::as_fd(&std::io::stdin()).try_clone_to_owned()?;
    let input = std::os::unix::net::UnixStream::from(input);
    input.set_nonblocking(true)?;
    let mut lines = BufReader::new(UnixStream::from_std(input)?).lines();
    let mut number = 0;
    while let Some(line) = lines.next_line().await? {
        let (count, len) = line.split_once(' ').ok_or("not `COUNT LEN`")?;
        let len = len.parse()?;
        for _ in 0..count.parse::<u64>()? {
            number += 1;
            events.publish(number, len).await?;
        }
    }
    Ok(())
}

async fn accept(listener: TcpListener, events: Events) {
    let limit = WriteLimit::new();
    while let Ok((socket, _)) = listener.accept().await {
        let _ = socket.set_nodelay(true);
        match events.clone() {
            Events::Plain(events) => {
                tokio::spawn(serve_connection(socket, move |_| ready(Ok(plain(events.subscribe())))));
            }
            // With a `WriteLimit`, as documented.
            Events::Hub(topic) => {
                tokio::spawn(serve_connection(limit.wrap(socket), move |request| {
                    hub(topic.clone(), request)
                }));
            }
            Events::Broadcast(events) => {
                let respond = move |_| ready(Ok(broadcast(events.subscribe())));
                tokio::spawn(serve_connection(limit.wrap(socket), respond));
            }
            Events::Axum(events) => {
                tokio::spawn(serve_connection(socket, move |_| ready(Ok(axum(events.subscribe())))));
            }
        }
    }
}

async fn serve_connection<R, F, B>(io: impl AsyncRead + AsyncWrite + Unpin, respond: R)
where
    R: Fn(Request<Incoming>) -> F,
    F: Future<Output = Result<Response<B>, BoxError>>,
    B: http_body::Body<Data: Send, Error: Into<BoxError>> + 'static,
{
    let mut http = hyper::server::conn::http1::Builder::new();
    let connection = http.timer(TokioTimer::new()).serve_connection(TokioIo::new(io), service_fn(respond));
    drop(connection.await);
}

type Frames<S> = Response<StreamBody<S>>;

fn plain(events: Receiver<Bytes>) -> Frames<impl Stream<Item = Result<Frame<Bytes>, Infallible>>> {
    Response::new(StreamBody::new(stream::unfold(events, async |mut events| {
        let event = events.recv().await.ok()?;
        Some((Ok(Frame::data(event)), events))
    })))
}

async fn hub(topic: Topic, request: Request<Incoming>) -> Result<Response<SseBody<Subscription>>, BoxError> {
    let headers = request.headers();
    let start = if headers.contains_key("x-oldest") { Start::Oldest } else { Start::Now };
    let subscriber = topic.subscriber().last_event_id(last_event_id(headers)).start(start);
    Ok(Sse::new(subscriber.open().await?).into_http_response())
}

fn broadcast(events: Receiver<Encoded>) -> Response<SseBody<impl Stream<Item = Encoded>>> {
    Sse::new(stream::unfold(events, async |mut events| {
        let event = events.recv().await.ok()?;
        Some((event, events))
    }))
    .into_http_response()
}

fn axum(events: Receiver<sse::Event>) -> axum::response::Response {
    let events = stream::unfold(events, async |mut events| {
        let event = events.recv().await.ok()?;
        Some((Ok::<_, Infallible>(event), events))
    });
    sse::Sse::new(events).into_response()
}
