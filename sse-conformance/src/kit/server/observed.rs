//! All requests to a server, with its answers. The checks read them afterwards.

use std::time::Duration;

use futures_util::{StreamExt, future::join_all, stream};
use hyper::Method;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use super::{
    http1::{self, Ask, Framing, Head},
    http2,
    target::{Protocol, Target},
    watch::{Answer, End, Watch, is_sendable},
};

/// How often a client connects and leaves at once, and how many connect together.
pub(super) const AGAIN: usize = 10;
pub(super) const CROWD: usize = 30;

/// How many outputs of a stream are enough.
const OUTPUTS: usize = 3;
const AT_LEAST: Duration = Duration::from_secs(2);

/// How long to wait for bytes after the end of an answer.
const AFTER: Duration = Duration::from_millis(500);

/// All observations of a server.
pub(super) struct Observed {
    /// GET in HTTP/1.1.
    pub(super) get: Watch,
    pub(super) framing: Framing,
    pub(super) http10: Result<Watch, String>,
    /// `None` if it does not speak HTTP/2.
    pub(super) http2: Option<Http2>,
    pub(super) head: Result<HeadAnswer, String>,
    /// The answer to a request with an id of the server, if it sent one.
    pub(super) resumed: Option<Resumed>,
    /// A description of each id, and the answer.
    pub(super) strange_ids: Vec<(&'static str, Result<Head, String>)>,
    pub(super) without_host: Result<Head, String>,
    /// GET that accepts any content encoding.
    pub(super) encoded: Result<Watch, String>,
    pub(super) again: Vec<Result<Head, String>>,
    pub(super) crowd: Vec<Result<Head, String>>,
    /// A stream after another client left.
    pub(super) neighbour: Result<Watch, String>,
}

/// HEAD in HTTP/1.1.
pub(super) struct HeadAnswer {
    pub(super) head: Head,
    /// The bytes after the head.
    pub(super) body: Vec<u8>,
    /// A second HEAD on the same connection; `None` if the first answer closed it.
    pub(super) next: Option<Result<Head, String>>,
}

/// The observations in HTTP/2.
pub(super) struct Http2 {
    pub(super) get: Result<Watch, String>,
    /// The head, and the body after it.
    pub(super) head: Result<(Head, Vec<u8>), String>,
    /// A stream after another one on the same connection was reset.
    pub(super) neighbour: Result<Watch, String>,
}

/// A request with an id of the server.
pub(super) struct Resumed {
    /// All ids of the server, and the index of the one that was sent.
    pub(super) ids: Vec<String>,
    pub(super) at: usize,
    pub(super) watch: Result<Watch, String>,
}

impl Observed {
    /// Makes all requests. An error if there is no answer at all.
    pub(super) async fn of(target: &Target, watch: Duration) -> Result<Self, String> {
        let answer = http1::ask(target, Ask::GET).await?;
        let framing = answer.framing();
        let get = Watch::of(&mut Answer::One(answer), watch, |watch| {
            watch.outputs.len() >= OUTPUTS && watch.lasted >= AT_LEAST
        })
        .await;
        let as_long = AsLong { watch, ends: get.end == End::Clean, lasted: get.lasted };

        // Kept events come at once, new ones as often as before.
        let soon = watch.min(get.longest_silence() + AT_LEAST * 2);
        let resumed = async {
            let ids = get.ids().into_iter().filter(|id| is_sendable(id.as_bytes()));
            let ids: Vec<String> = ids.map(str::to_owned).collect();
            // An id with a successor, if there is one.
            let at = ids.len().checked_sub(2).or(ids.len().checked_sub(1))?;
            let headers = [("last-event-id", ids[at].as_bytes())];
            let watch = watch_get(target, Ask { headers: &headers, ..Ask::GET }, soon, |watch| {
                watch.count_of_events() > 0
            })
            .await;
            Some(Resumed { at, watch, ids })
        };
        let http10 =
            async { watch_get(target, Ask { version: "1.0", ..Ask::GET }, watch, has_something).await };
        let encodings = [("accept-encoding", &b"gzip, deflate, br, zstd"[..])];
        let encoded =
            watch_get(target, Ask { headers: &encodings, ..Ask::GET }, watch, |watch| !watch.body.is_empty());
        let without_host = async { Ok(http1::ask(target, Ask { has_host: false, ..Ask::GET }).await?.head) };
        let (http10, http2, head, resumed, strange_ids, without_host, encoded, neighbour) = tokio::join!(
            http10,
            observe_http2(target, as_long),
            observe_head(target),
            resumed,
            strange_ids(target),
            without_host,
            encoded,
            neighbour(target),
        );
        // Afterwards, since it disturbs the others.
        let again = stream::iter(0..AGAIN).then(|_| head_of(target, Ask::GET)).collect().await;
        let crowd = join_all((0..CROWD).map(|_| head_of(target, Ask::GET))).await;
        Ok(Self {
            get,
            framing,
            http10,
            http2,
            head,
            resumed,
            strange_ids,
            without_host,
            encoded,
            again,
            crowd,
            neighbour,
        })
    }

    /// The parts that were not checked.
    pub(super) fn notes(&self) -> Vec<String> {
        let http2 = self.http2.is_none().then(|| "it does not speak HTTP/2".to_owned());
        let seconds = self.get.lasted.as_secs_f64();
        let events = self.get.count_of_events();
        let watched = format!("the stream was watched for {seconds:.1} s, and had {events} events");
        http2.into_iter().chain([watched]).collect()
    }
}

/// How long to read a stream, depending on whether another reader has seen its end.
#[derive(Clone, Copy)]
struct AsLong {
    watch: Duration,
    ends: bool,
    lasted: Duration,
}

fn has_something(watch: &Watch) -> bool {
    !watch.outputs.is_empty()
}

async fn watch_get(
    target: &Target,
    ask: Ask<'_>,
    limit: Duration,
    enough: impl Fn(&Watch) -> bool,
) -> Result<Watch, String> {
    let answer = http1::ask(target, ask).await?;
    Ok(Watch::of(&mut Answer::One(answer), limit, enough).await)
}

async fn head_of(target: &Target, ask: Ask<'_>) -> Result<Head, String> {
    Ok(http1::ask(target, ask).await?.head)
}

async fn observe_head(target: &Target) -> Result<HeadAnswer, String> {
    let mut answer = http1::ask(target, Ask::HEAD).await?;
    let head = answer.head.clone();
    let body = answer.after_the_end(AFTER).await;
    let closes = head.header("connection").is_some_and(|value| value.to_ascii_lowercase().contains("close"));
    let next = if closes || !body.is_empty() || head.version == "HTTP/1.0" {
        None
    } else {
        let next = http1::ask_on(answer.into_stream(), target, Ask::HEAD).await;
        Some(next.map(|answer| answer.head))
    };
    Ok(HeadAnswer { head, body, next })
}

async fn strange_ids(target: &Target) -> Vec<(&'static str, Result<Head, String>)> {
    let long = [b'x'; 4_096];
    let ids: [(&str, &[u8]); 7] = [
        ("an empty id", b""),
        ("an id of 4 KiB", &long),
        ("an id that is not UTF-8", b"\xff\xfe\x80"),
        ("an id with a tab", b"a\tb"),
        ("an id with quotes and markup", b"'\"><script>%00../../"),
        ("an id that is a very large number", b"99999999999999999999999999"),
        ("an id that is a negative number", b"-1"),
    ];
    join_all(ids.map(|(what, id)| async move {
        let headers = [("last-event-id", id)];
        (what, head_of(target, Ask { headers: &headers, ..Ask::GET }).await)
    }))
    .await
}

/// Two clients; one of them leaves.
async fn neighbour(target: &Target) -> Result<Watch, String> {
    let (leaves, stays) = tokio::join!(http1::ask(target, Ask::GET), http1::ask(target, Ask::GET));
    leaves?.reset();
    Ok(Watch::of(&mut Answer::One(stays?), AT_LEAST, |_| false).await)
}

async fn observe_http2(target: &Target, as_long: AsLong) -> Option<Http2> {
    if !speaks_http2(target).await {
        return None;
    }
    let get = async {
        let answer = http2::Connection::open(target).await?.ask(target, Method::GET).await?;
        let limit = if as_long.ends { as_long.lasted * 2 + target.patience } else { as_long.watch };
        Ok(Watch::of(&mut Answer::Two(answer), limit, |watch| !as_long.ends && has_something(watch)).await)
    };
    let head = async {
        let mut answer = http2::Connection::open(target).await?.ask(target, Method::HEAD).await?;
        if answer.is_over() {
            return Ok((answer.head, Vec::new()));
        }
        let body = timeout(target.patience, answer.piece()).await;
        let body = body.map_err(|_| "the answer to HEAD does not end".to_owned())??;
        Ok((answer.head, body.unwrap_or_default()))
    };
    let neighbour = async {
        let connection = http2::Connection::open(target).await?;
        let (leaves, stays) =
            tokio::join!(connection.ask(target, Method::GET), connection.ask(target, Method::GET));
        drop(leaves?);
        let stays = Watch::of(&mut Answer::Two(stays?), AT_LEAST, |_| false).await;
        connection
            .ask(target, Method::HEAD)
            .await
            .map_err(|error| format!("a third request failed: {error}"))?;
        Ok(stays)
    };
    let (get, head, neighbour) = tokio::join!(get, head, neighbour);
    Some(Http2 { get, head, neighbour })
}

/// Whether the server answers the preface of HTTP/2 with a SETTINGS frame.
async fn speaks_http2(target: &Target) -> bool {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    /// A frame: length, type, flags, stream.
    const EMPTY_SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
    let Ok(mut stream) = target.connect(Protocol::Http2).await else { return false };
    if stream.write_all(&[PREFACE, EMPTY_SETTINGS].concat()).await.is_err() {
        return false;
    }
    let mut frame = [0; 9];
    let read = timeout(target.patience.min(AT_LEAST), stream.read_exact(&mut frame)).await;
    matches!(read, Ok(Ok(_))) && frame[3] == 4 && frame[5..] == [0; 4]
}
