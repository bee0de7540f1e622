//! Clients that leave, or stay and do not read.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use http_body_util::Empty;
use hyper::Request;
use hyper_util::rt::TokioTimer;
use sse_conformance::{
    http::{BOTH, Http, RawAnswer, Server, get, get_with, soon},
    responses::numbered,
};
use sse_hyper::{CloseReason, Closed, Event, Sse};
use tokio::{
    io::AsyncWriteExt,
    sync::mpsc::{self, UnboundedReceiver},
    time::sleep,
};

/// The real bound is 100 ms. A loaded machine needs more.
const AT_ONCE: Duration = Duration::from_secs(1);

/// A server that sends one event and then nothing, not even keep-alives: it can notice only the
/// disconnect. Its hooks send to the receiver.
async fn silent_server() -> (Server, UnboundedReceiver<Closed>) {
    silent_server_with(None).await
}

async fn silent_server_with(keep_alive: Option<Duration>) -> (Server, UnboundedReceiver<Closed>) {
    let (closings, closed) = mpsc::unbounded_channel();
    let server = Server::start(move |_| {
        let closings = closings.clone();
        let events = stream::iter(numbered(1)).chain(stream::pending());
        let sse = Sse::new(events).on_close(move |closed| closings.send(closed).unwrap());
        match keep_alive {
            Some(interval) => sse.timer(TokioTimer::new()).keep_alive(interval).into_http_response(),
            None => sse.into_http_response(),
        }
    })
    .await;
    (server, closed)
}

/// Asserts exactly one call of the hook, soon after the client left.
async fn assert_noticed(left: Instant, closed: &mut UnboundedReceiver<Closed>, what: &str) {
    let closing = soon(closed.recv()).await.unwrap();
    let took = left.elapsed();
    println!("{what}: noticed after {took:?}");
    assert!(took < AT_ONCE, "{what}: noticed after {took:?}");
    assert!(matches!(closing.reason(), CloseReason::Dropped), "{what}: {:?}", closing.reason());
    // "id: 0\ndata: event 0\n\n"
    assert_eq!((closing.events(), closing.bytes()), (1, 21), "{what}");
    sleep(Duration::from_millis(20)).await;
    assert!(closed.try_recv().is_err(), "{what}: called twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_is_noticed_at_once() {
    let (server, mut closed) = silent_server().await;

    let mut answer = RawAnswer::get(server.addr, b"").await;
    answer.read_past("event 0\n\n").await;
    let left = Instant::now();
    drop(answer);
    assert_noticed(left, &mut closed, "FIN").await;

    let mut answer = RawAnswer::get(server.addr, b"").await;
    answer.read_past("event 0\n\n").await;
    let left = Instant::now();
    answer.socket.shutdown().await.unwrap();
    assert_noticed(left, &mut closed, "half-closed").await;
    drop(answer);

    let mut answer = RawAnswer::get(server.addr, b"").await;
    answer.read_past("event 0\n\n").await;
    let left = Instant::now();
    answer.reset();
    assert_noticed(left, &mut closed, "RST").await;

    for http in BOTH {
        let mut answer = get(server.addr, http).await;
        answer.block().await.unwrap();
        let left = Instant::now();
        drop(answer);
        assert_noticed(left, &mut closed, &format!("dropped on {http:?}")).await;
    }

    let mut answer = get(server.addr, Http::Two).await;
    answer.block().await.unwrap();
    let left = Instant::now();
    let connection = answer.abandon();
    assert_noticed(left, &mut closed, "RST_STREAM").await;
    drop(connection);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_duration_is_that_of_the_response() {
    let (server, mut closed) = silent_server().await;
    let before = Instant::now();
    let mut answer = get(server.addr, Http::One).await;
    answer.block().await.unwrap();
    let arrived = Instant::now();
    sleep(Duration::from_millis(100)).await;
    let least = arrived.elapsed();
    drop(answer);
    let duration = soon(closed.recv()).await.unwrap().duration();
    assert!((least..=before.elapsed()).contains(&duration), "{duration:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keep_alive_notices_a_client_that_left_behind_bytes() {
    let interval = Duration::from_millis(200);
    let (server, mut closed) = silent_server_with(Some(interval)).await;
    let mut answer = RawAnswer::get(server.addr, b"").await;
    answer.read_past("event 0\n\n").await;
    answer.send(b"GET /next HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    // Now the server has read it.
    answer.read_past(":keep-alive\n\n").await;
    let left = Instant::now();
    answer.reset();
    let closing = soon(closed.recv()).await.unwrap();
    let took = left.elapsed();
    println!("noticed after {:.1} keep-alives", took.as_secs_f64() / interval.as_secs_f64());
    assert!(took < 2 * interval + AT_ONCE, "{took:?}");
    assert!(matches!(closing.reason(), CloseReason::Dropped));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_request_gets_the_headers_and_closes() {
    let (server, mut closed) = silent_server().await;
    // Only on HTTP/1.1: on HTTP/2, hyper sends a body for HEAD as for GET.
    let request = Request::head("/").body(Empty::new()).unwrap();
    let answer = get_with(server.addr, Http::One, request).await;
    assert_eq!(answer.head.headers()["content-type"], "text/event-stream");
    let (text, end) = answer.rest().await;
    assert_eq!(text, "");
    end.unwrap();
    let closing = soon(closed.recv()).await.unwrap();
    assert!(matches!(closing.reason(), CloseReason::Dropped));
    assert_eq!((closing.events(), closing.bytes()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_never_reads_stops_the_stream_and_nobody_else() {
    let (produced, mut produced_by_first) = tokio::sync::watch::channel(0_u64);
    let (closings, mut closed) = mpsc::unbounded_channel();
    let server = Server::start(move |request| {
        let never_reads = request.headers().contains_key("never-reads");
        let (produced, closings) = (produced.clone(), closings.clone());
        let endless = stream::repeat_with(move || {
            let event = Event::new("x".repeat(1_000));
            if never_reads {
                produced.send_modify(|bytes| *bytes += event.encoded_len() as u64);
            }
            event
        });
        Sse::new(endless)
            .timer(TokioTimer::new())
            .on_close(move |closed| closings.send(closed).unwrap())
            .into_http_response()
    })
    .await;

    for http in BOTH {
        let request = Request::builder().header("never-reads", "1").body(Empty::new()).unwrap();
        let stuck = get_with(server.addr, http, request).await;

        // Its stream stalls: nothing is produced for a while.
        loop {
            produced_by_first.mark_unchanged();
            match tokio::time::timeout(Duration::from_millis(500), produced_by_first.changed()).await {
                Ok(_) => sleep(Duration::from_millis(100)).await,
                Err(_) => break,
            }
        }
        let bytes = *produced_by_first.borrow();
        println!("{http:?}: halted after {bytes} bytes");
        assert!(bytes < 64 << 20, "{http:?}: {bytes} bytes for a client that does not read");

        let mut other = get(server.addr, http).await;
        for _ in 0..10_000 {
            assert_eq!(other.block().await.unwrap().len(), 1_008);
        }
        drop(other);
        soon(closed.recv()).await.unwrap();

        drop(stuck);
        let closing = soon(closed.recv()).await.unwrap();
        assert!(matches!(closing.reason(), CloseReason::Dropped));
        assert!(closing.bytes() <= *produced_by_first.borrow());
    }
}
