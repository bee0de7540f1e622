//! `sse-axum` over real sockets: axum must not break the responses of `sse-hyper`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows test functions, not their helpers

use std::{convert::Infallible, error::Error, net::SocketAddr, time::Duration};

use axum::{
    Router,
    response::{IntoResponse, Response},
    routing::{any, get},
};
use futures_util::{Stream, StreamExt, stream};
use http::{Request, StatusCode};
use http_body_util::Empty;
use sse_axum::{
    CloseReason, Closed, Encoded, Event, LastEventId, LastEventIdError, LastEventIdRejection, Sse, WriteLimit,
};
use sse_conformance::{
    http::{self as client, BOTH, Http, RawAnswer, channel, get_with, soon},
    responses::{hook, numbered, numbered_text, open_stream, shuts_down, with_farewell},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    task::JoinHandle,
};

struct Server {
    addr: SocketAddr,
    stop: watch::Sender<()>,
    running: JoinHandle<()>,
}

/// `axum::serve` on a free port of 127.0.0.1, with a write limit and a drain of 100 ms.
async fn start(app: Router) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (stop, stopping) = watch::channel(());
    let stopped = |mut stopping: watch::Receiver<()>| async move { drop(stopping.changed().await) };
    let limit = WriteLimit::new().drain(Duration::from_millis(100)).until(stopped(stopping.clone()));
    let server = axum::serve(limit.listener(listener), app).with_graceful_shutdown(stopped(stopping));
    Server { addr, stop, running: tokio::spawn(async { server.await.unwrap() }) }
}

impl Server {
    async fn shutdown(self) {
        self.stop.send(()).unwrap();
        soon(self.running).await.unwrap();
    }
}

async fn status(addr: SocketAddr, last_event_id: &[u8]) -> (StatusCode, String) {
    let request = Request::get("/").header("last-event-id", last_event_id).body(Empty::new()).unwrap();
    let answer = get_with(addr, Http::One, request).await;
    let status = answer.head.status();
    (status, answer.rest().await.0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_returns_a_stream_of_each_kind() {
    async fn events() -> Sse<impl Stream<Item = Event>> {
        Sse::new(stream::iter(numbered(1_000)))
    }
    async fn encoded() -> Response {
        Sse::new(stream::iter(numbered(1_000).map(|event| Ok::<_, Infallible>(Encoded::from(event)))))
            .into_response()
    }
    async fn either() -> Result<Sse<impl Stream<Item = Event>>, StatusCode> {
        Ok(Sse::new(stream::iter(numbered(1_000))))
    }
    for app in [get(events), get(encoded), get(either)].map(|handler| Router::new().route("/", handler)) {
        let server = start(app).await;
        for http in BOTH {
            let answer = client::get(server.addr, http).await;
            answer.assert_headers();
            let (text, end) = answer.rest().await;
            assert_eq!(text, numbered_text(1_000));
            end.unwrap();
        }
        server.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_event_id_is_extracted_or_refused() {
    async fn seen(LastEventId(seen): LastEventId) -> String {
        format!("{seen:?}")
    }
    async fn result(seen: Result<LastEventId, LastEventIdRejection>) -> String {
        format!("{:?}", seen.map_err(|rejection| rejection.error()))
    }
    let server = start(Router::new().route("/", get(seen))).await;
    assert_eq!(client::get(server.addr, Http::One).await.rest().await.0, "None");
    assert_eq!(status(server.addr, b"").await, (StatusCode::OK, "None".into()));
    assert_eq!(status(server.addr, b"day 7").await, (StatusCode::OK, "Some(\"day 7\")".into()));
    let (code, text) = status(server.addr, b"4\xFF").await;
    assert_eq!(code, StatusCode::BAD_REQUEST);
    assert_eq!(text, "the Last-Event-ID is invalid\n");
    let (code, text) = status(server.addr, &[b'7'; 9_000]).await;
    assert_eq!(code, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    assert_eq!(text, "the Last-Event-ID is too long\n");

    let server = start(Router::new().route("/", get(result))).await;
    assert_eq!(status(server.addr, b"4\xFF").await, (StatusCode::OK, "Err(NotUtf8 { at: 1 })".into()));
}

#[test]
fn a_rejection_has_its_source() {
    let headers = http::HeaderMap::from_iter([(
        http::HeaderName::from_static("last-event-id"),
        "7\u{FF}".parse().unwrap(),
    )]);
    assert!(sse_hyper::last_event_id(&headers).is_ok());
    let error = LastEventIdError::NotUtf8 { at: 1 };
    let (mut parts, ()) =
        Request::get("/").header("last-event-id", &b"4\xFF"[..]).body(()).unwrap().into_parts();
    use axum::extract::FromRequestParts;
    let rejection = futures_util::FutureExt::now_or_never(LastEventId::from_request_parts(&mut parts, &()))
        .unwrap()
        .unwrap_err();
    assert_eq!(rejection.source().unwrap().to_string(), error.to_string());
    assert_eq!(
        (rejection.status(), rejection.to_string().as_str()),
        (StatusCode::BAD_REQUEST, "the Last-Event-ID of the request was refused")
    );
}

/// The answer to HEAD is complete without a body, and the stream is dropped at once.
#[tokio::test(flavor = "multi_thread")]
async fn head_is_answered_without_a_body() {
    let (closings, mut closed) = mpsc::unbounded_channel::<Closed>();
    let handler = move || async move {
        // An event is ready, so a poll of the body would count it.
        let events = stream::iter([Event::new("hello")]).chain(stream::pending());
        Sse::new(events).on_close(move |closed| closings.send(closed).unwrap())
    };
    let server = start(Router::new().route("/", get(handler))).await;
    for http in BOTH {
        let request = Request::head("/").body(Empty::new()).unwrap();
        let answer = get_with(server.addr, http, request).await;
        assert_eq!(answer.head.status(), StatusCode::OK);
        assert_eq!(answer.head.headers()["content-type"], "text/event-stream");
        assert!(!answer.head.headers().contains_key("content-length"), "a GET would not have that length");
        let (text, end) = answer.rest().await;
        assert_eq!(text, "");
        end.unwrap();
        let closed = soon(closed.recv()).await.unwrap();
        assert!(matches!(closed.reason(), CloseReason::Dropped));
        assert_eq!((closed.events(), closed.bytes()), (0, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_is_noticed() {
    let (streams, mut senders) = mpsc::unbounded_channel();
    let handler = move || async move {
        let (sender, stream) = channel::<Event>();
        let (on_close, closed) = hook();
        streams.send((sender, closed)).unwrap();
        Sse::new(stream).on_close(on_close)
    };
    let server = start(Router::new().route("/", any(handler))).await;
    for http in BOTH {
        let mut answer = client::get(server.addr, http).await;
        let (sender, closed) = soon(senders.recv()).await.unwrap();
        sender.send(Event::new("1")).unwrap();
        assert_eq!(answer.block().await.unwrap(), "data: 1\n\n");
        drop(answer.abandon());
        assert!(matches!(soon(closed).await.unwrap().reason(), CloseReason::Dropped));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_ends_the_streams() {
    for http in BOTH {
        let (stop, stopping) = watch::channel(());
        let handler = {
            let stopping = stopping.clone();
            move || async move { with_farewell(Sse::new(open_stream()), stopping) }
        };
        let server = start(Router::new().route("/", get(handler))).await;
        let addr = server.addr;
        shuts_down(addr, http, async {
            stop.send(()).unwrap();
            server.shutdown().await;
        })
        .await;
    }
}

/// The client is reset at the end of the drain time.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_does_not_hold_up_a_shutdown() {
    let (closings, mut closed) = mpsc::unbounded_channel::<Closed>();
    let handler = move || async move {
        let flood = stream::repeat(Encoded::from(Event::new("x".repeat(1_000))));
        Sse::new(flood).on_close(move |closed| closings.send(closed).unwrap())
    };
    let server = start(Router::new().route("/", get(handler))).await;
    let mut deaf = TcpStream::connect(server.addr).await.unwrap();
    deaf.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    soon(deaf.read_exact(&mut [0; 1])).await.unwrap();
    server.shutdown().await;
    assert!(matches!(soon(closed.recv()).await.unwrap().reason(), CloseReason::Shutdown));
}

#[tokio::test(flavor = "multi_thread")]
async fn compression_leaves_event_streams_alone() {
    let app = Router::new()
        .route("/", get(|| async { Sse::new(stream::iter(numbered(100))) }))
        .layer(tower_http::compression::CompressionLayer::new());
    let server = start(app).await;
    let mut answer = RawAnswer::get(server.addr, b"accept-encoding: gzip\r\nconnection: close\r\n").await;
    let head = answer.head.to_ascii_lowercase();
    assert!(head.contains("text/event-stream") && !head.contains("content-encoding"), "{head}");
    answer.read_past("event 99\n\n").await;
}
