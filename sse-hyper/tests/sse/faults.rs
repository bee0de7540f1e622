//! Faults between server and client, one by one and all at once.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use http_body_util::Empty;
use hyper::Request;
use hyper_util::{
    rt::{TokioExecutor, TokioTimer},
    server::conn::auto,
};
use sse_conformance::{
    http::{Http, RawAnswer, Server, channel, get_with, soon},
    responses::{Crowd, hook},
};
use sse_hyper::{CloseReason, Closed, Event, Sse};
use tokio::{
    io::AsyncWriteExt,
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
};

/// Slow readers, cut connections, half-closed sockets, streams that panic or fail, timers that fire late:
/// the server continues, nothing hangs, and nothing leaks.
#[tokio::test(flavor = "multi_thread")]
async fn many_clients_of_all_kinds_and_every_stream_is_closed_once() {
    let (crowd, closed) = Crowd::new();
    let respond = {
        let crowd = crowd.clone();
        move |request: Request<hyper::body::Incoming>| crowd.respond(request.headers()).into_http_response()
    };
    let server = Server::start(respond).await;
    let staying = crowd.come(server.addr).await;
    crowd.stop();
    soon(futures_util::future::join(staying.are_sent_away(), server.shutdown())).await;
    crowd.assert_all_closed(closed).await;
}

/// A server that assumes that a half-closed client still reads. The receiver yields the sender and the
/// outcome of each response.
async fn half_close_server(
    keep_alive: Duration,
) -> (Server, UnboundedReceiver<(UnboundedSender<Event>, tokio::sync::oneshot::Receiver<Closed>)>) {
    let mut settings = auto::Builder::new(TokioExecutor::new());
    settings.http1().half_close(true);
    let (streams, senders) = mpsc::unbounded_channel();
    let server = Server::start_with(settings, move |_| {
        let (sender, stream) = channel();
        let (on_close, closed) = hook();
        streams.send((sender, closed)).unwrap();
        Sse::new(stream)
            .timer(TokioTimer::new())
            .keep_alive(keep_alive)
            .on_close(on_close)
            .into_http_response()
    })
    .await;
    (server, senders)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_sends_no_more_reads_on_where_the_server_allows_it() {
    let (server, mut senders) = half_close_server(Duration::from_secs(60)).await;
    let mut answer = RawAnswer::get(server.addr, b"").await;
    let (sender, closed) = soon(senders.recv()).await.unwrap();
    sender.send(Event::new("before")).unwrap();
    answer.read_past("data: before\n\n").await;

    answer.socket.shutdown().await.unwrap();
    for number in 0..100 {
        sender.send(Event::new(format!("{number} after"))).unwrap();
        answer.read_past(&format!("data: {number} after\n\n")).await;
    }
    drop(sender);
    assert!(answer.rest().await.ends_with(b"\r\n0\r\n\r\n"));
    let closed = soon(closed).await.unwrap();
    assert!(matches!(closed.reason(), CloseReason::StreamEnded));
    assert_eq!(closed.events(), 101);
}

/// hyper has read the end of the request stream, so only a write can show that the client left.
#[tokio::test(flavor = "multi_thread")]
async fn keep_alive_notices_when_a_half_closed_client_leaves() {
    let (server, mut senders) = half_close_server(Duration::from_millis(50)).await;
    let mut answer = RawAnswer::get(server.addr, b"").await;
    let (_sender, closed) = soon(senders.recv()).await.unwrap();
    answer.socket.shutdown().await.unwrap();
    answer.read_past(":keep-alive\n\n").await;
    let left = Instant::now();
    answer.reset();
    let closed = soon(closed).await.unwrap();
    println!("noticed after {:?}, keep-alive is 50 ms", left.elapsed());
    assert!(matches!(closed.reason(), CloseReason::Dropped));
}

/// On HTTP/2 they share a connection, which also stays open.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_panics_leaves_the_others_of_its_connection_alone() {
    let (streams, mut senders) = mpsc::unbounded_channel();
    let server = Server::start(move |_| {
        let (sender, stream) = channel();
        let (on_close, closed) = hook();
        streams.send((sender, closed)).unwrap();
        let stream =
            stream.map(|text: &str| if text == "panic" { panic!("as it should") } else { Event::new(text) });
        Sse::new(stream).on_close(on_close).into_http_response()
    })
    .await;

    let request = || Request::new(Empty::new());
    let mut good = get_with(server.addr, Http::Two, request()).await;
    let (to_good, good_closed) = soon(senders.recv()).await.unwrap();
    for _ in 0..10 {
        let mut bad = good.another(server.addr, request()).await;
        let (to_bad, bad_closed) = soon(senders.recv()).await.unwrap();
        to_bad.send("a").unwrap();
        assert_eq!(bad.block().await.unwrap(), "data: a\n\n");
        to_bad.send("panic").unwrap();
        let closed = soon(bad_closed).await.unwrap();
        assert!(matches!(closed.reason(), CloseReason::Dropped));
        assert_eq!(closed.events(), 1);
        assert_eq!(bad.rest().await.0, "");

        to_good.send("b").unwrap();
        assert_eq!(good.block().await.unwrap(), "data: b\n\n");
    }
    drop(to_good);
    assert_eq!(good.block().await, None);
    let closed = soon(good_closed).await.unwrap();
    assert!(matches!(closed.reason(), CloseReason::StreamEnded));
    assert_eq!(closed.events(), 10);
    drop(good);
    soon(server.shutdown()).await;
}

/// The stream is silent, and the future given to `until` panics.
#[tokio::test]
async fn a_shutdown_that_panics_is_a_body_that_is_dropped() {
    let (on_close, closed) = hook();
    let sse = Sse::new(stream::pending::<Event>()).until(async { panic!("as it should") });
    let body = sse.on_close(on_close).into_body();
    let task = tokio::spawn(async move { http_body_util::BodyExt::collect(body).await });
    assert!(soon(task).await.unwrap_err().is_panic());
    assert!(matches!(soon(closed).await.unwrap().reason(), CloseReason::Dropped));
}
