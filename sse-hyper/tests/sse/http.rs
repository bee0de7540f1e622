//! The response as clients see it.

use std::time::{Duration, Instant};

use axum::{Router, routing::get as route};
use futures_util::stream;
use sse_conformance::{
    http::{BOTH, Http, RawAnswer, Server, channel, get, soon, text},
    responses::{numbered, numbered_text},
};
use sse_hyper::{Event, Sse};
use tokio::net::TcpListener;

#[tokio::test(flavor = "multi_thread")]
async fn the_headers_are_these_and_no_others() {
    let server = Server::start(|_| Sse::new(stream::iter(numbered(1))).into_http_response()).await;
    for http in BOTH {
        get(server.addr, http).await.assert_headers();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn http_1_0_gets_a_body_that_ends_with_the_connection() {
    let server = Server::start(|_| Sse::new(stream::iter(numbered(2))).into_http_response()).await;
    let answer = RawAnswer::get_version(server.addr, "1.0", b"").await;
    assert!(answer.head.starts_with("HTTP/1.0 200 OK\r\n"), "{}", answer.head);
    assert!(!answer.head.contains("transfer-encoding"), "{}", answer.head);
    assert_eq!(text(answer.rest().await.into()), numbered_text(2));
}

/// Each event is sent only after the previous one has arrived, so it cannot wait for the next.
#[tokio::test(flavor = "multi_thread")]
async fn events_arrive_one_by_one() {
    let (streams, mut senders) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |_| {
        let (sender, stream) = channel();
        streams.send(sender).unwrap();
        Sse::new(stream).into_http_response()
    })
    .await;
    for http in BOTH {
        let mut answer = get(server.addr, http).await;
        let sender = soon(senders.recv()).await.unwrap();
        let mut longest = Duration::ZERO;
        for number in 0..200 {
            let sent = Instant::now();
            sender.send(Event::new(number.to_string())).unwrap();
            assert_eq!(answer.block().await.unwrap(), format!("data: {number}\n\n"));
            longest = longest.max(sent.elapsed());
        }
        println!("{http:?}: the slowest of 200 took {longest:?}");
        drop(sender);
        assert_eq!(answer.block().await, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_axum_route_answers_with_it() {
    let app = Router::new()
        .route("/", route(|| async { Sse::new(stream::iter(numbered(3))).into_http_response() }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    let answer = get(addr, Http::One).await;
    answer.assert_headers();
    let (text, end) = answer.rest().await;
    assert_eq!(text, numbered_text(3));
    end.unwrap();
    server.abort();
}
