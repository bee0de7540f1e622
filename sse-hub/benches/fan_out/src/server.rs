//! The servers. Each is a separate process with one thread; its standard input says how many events to publish.

use std::{
    convert::Infallible,
    error::Error,
    time::{SystemTime, UNIX_EPOCH},
};

use axum::response::{IntoResponse, sse};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody, combinators::UnsyncBoxBody};
use hyper::{rt, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use sse_hub::{Hub, Start, Topic, redis::Redis};
use sse_hyper::{Encoded, Event, EventId, Sse, WriteLimit, last_event_id};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::{TcpListener, UnixStream},
    sync::broadcast,
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
type Body = UnsyncBoxBody<Bytes, BoxError>;

fn boxed<B>(body: B) -> Body
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    body.map_err(Into::into).boxed_unsync()
}

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

    async fn respond(&self, headers: &HeaderMap) -> Response<Body> {
        match self {
            Self::Plain(events) => {
                let frames = stream::unfold(events.subscribe(), async |mut events| {
                    let event = events.recv().await.ok()?;
                    Some((Ok::<_, BoxError>(Frame::data(event)), events))
                });
                Response::new(StreamBody::new(frames).boxed_unsync())
            }
            Self::Hub(topic) => {
                let start = if headers.contains_key("x-oldest") { Start::Oldest } else { Start::Now };
                let subscriber = topic.subscriber().last_event_id(last_event_id(headers)).start(start);
                match subscriber.open().await {
                    Ok(subscription) => Sse::new(subscription).into_http_response().map(boxed),
                    Err(error) => {
                        let mut response = Response::new(boxed(http_body_util::Empty::new()));
                        *response.status_mut() = StatusCode::from_u16(error.status()).unwrap_or_default();
                        response
                    }
                }
            }
            Self::Broadcast(events) => {
                let events = stream::unfold(events.subscribe(), async |mut events| {
                    let event: Encoded = events.recv().await.ok()?;
                    Some((event, events))
                });
                Sse::new(events).into_http_response().map(boxed)
            }
            Self::Axum(events) => {
                let events = stream::unfold(events.subscribe(), async |mut events| {
                    let event: sse::Event = events.recv().await.ok()?;
                    Some((Ok::<_, Infallible>(event), events))
                });
                sse::Sse::new(events).into_response().map(boxed)
            }
        }
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
        let events = events.clone();
        match events {
            // As documented.
            Events::Hub(_) | Events::Broadcast(_) => {
                tokio::spawn(serve_connection(TokioIo::new(limit.wrap(socket)), events));
            }
            Events::Plain(_) | Events::Axum(_) => {
                let _ = socket.set_nodelay(true);
                tokio::spawn(serve_connection(TokioIo::new(socket), events));
            }
        }
    }
}

async fn serve_connection(io: impl rt::Read + rt::Write + Unpin + Send + 'static, events: Events) {
    let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
        let events = events.clone();
        async move { Ok::<_, Infallible>(events.respond(request.headers()).await) }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    drop(http.timer(TokioTimer::new()).serve_connection(io, service).await);
}
