//! Clients that stay connected and read nothing, on real sockets.

use std::{
    cell::Cell,
    collections::HashMap,
    convert::Infallible,
    future,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, future::join_all};
use http_body_util::Empty;
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use sse_conformance::{
    http::{BOTH, Http, get, soon},
    responses::hook,
};
use sse_hyper::{CloseReason, Closed, Sse, WriteLimit};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::sleep,
};

use crate::common::limited::{Limited, On, Stall, flood, read_slowly, stalled};

const A_SECOND: Duration = Duration::from_secs(1);
const NEVER: Duration = Duration::ZERO;

/// Asserts that `count` responses close, each once, for this reason.
async fn assert_closed(closed: &mut UnboundedReceiver<Closed>, count: usize, reason: &str) {
    let mut reasons = HashMap::<String, usize>::new();
    for _ in 0..count {
        let closing = soon(closed.recv()).await.unwrap();
        *reasons.entry(format!("{:?}", closing.reason())).or_default() += 1;
    }
    assert_eq!(reasons, HashMap::from([(reason.to_owned(), count)]));
    assert!(closed.try_recv().is_err(), "one more was closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_nothing_is_cut_off() {
    let cases = [
        (On::Hyper, Stall::Http1, "WriteTimeout"),
        (On::Hyper, Stall::Http2, "WriteTimeout"),
        (On::Hyper, Stall::Http2Window, "WriteTimeout"),
        #[cfg(feature = "axum")]
        (On::Axum, Stall::Http1, "WriteTimeout"),
        // axum polls the streams in its own tasks, which the limit cannot see.
        #[cfg(feature = "axum")]
        (On::Axum, Stall::Http2, "Dropped"),
    ];
    join_all(cases.map(|(on, stall, reason)| async move {
        let mut server = Limited::start(on, A_SECOND, NEVER).await;
        let start = Instant::now();
        let clients = [stalled(server.addr, stall).await, stalled(server.addr, stall).await];
        assert_closed(&mut server.closed, 2, reason).await;
        let took = start.elapsed();
        println!("{on:?}, {stall:?}: cut off after {took:?}");
        assert!(took >= A_SECOND, "{took:?}");
        // An HTTP/2 client may still send another request.
        drop(clients);
        soon(server.shutdown()).await;
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_slowly_is_not_cut_off() {
    join_all(On::ALL.iter().map(async |&on| {
        let mut server = Limited::start(on, A_SECOND, NEVER).await;
        let mut socket = stalled(server.addr, Stall::Http1).await;
        // Linux reports the socket as writable only after some 8 s of this.
        read_slowly(&mut socket, 200_000, 5 * A_SECOND).await;
        assert!(server.closed.try_recv().is_err());
        // Then it stops reading.
        assert_closed(&mut server.closed, 1, "WriteTimeout").await;
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_not_read_does_not_harm_the_others_of_its_connection() {
    let mut server = Limited::start(On::Hyper, A_SECOND, NEVER).await;
    let mut read = get(server.addr, Http::Two).await;
    // More would use up the connection window of hyper's client.
    let mut unread = Vec::new();
    for _ in 0..2 {
        unread.push(read.another(server.addr, Request::new(Empty::new())).await);
    }
    let blocks = soon(async {
        let mut blocks = 0;
        while server.closed.len() < unread.len() {
            read.block().await.unwrap();
            blocks += 1;
        }
        blocks
    })
    .await;
    println!("{blocks} events were read meanwhile");
    assert_closed(&mut server.closed, unread.len(), "WriteTimeout").await;
    for answer in unread {
        // An RST_STREAM with CANCEL, which hyper's client treats as the end.
        assert!(answer.rest().await.0.starts_with("data: xxx"));
    }
    for _ in 0..10_000 {
        read.block().await.unwrap();
    }
    drop(read);
    assert_closed(&mut server.closed, 1, "Dropped").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_is_bounded() {
    let cases = [
        (On::Hyper, Stall::Http1, "Shutdown"),
        (On::Hyper, Stall::Http2, "Shutdown"),
        (On::Hyper, Stall::Http2Window, "Shutdown"),
        #[cfg(feature = "axum")]
        (On::Axum, Stall::Http1, "Shutdown"),
        #[cfg(feature = "axum")]
        (On::Axum, Stall::Http2, "Dropped"),
        #[cfg(feature = "axum")]
        (On::Axum, Stall::Http2Window, "Dropped"),
    ];
    join_all(cases.map(|(on, stall, reason)| async move {
        let server = Limited::start(on, NEVER, A_SECOND).await;
        let clients = [stalled(server.addr, stall).await, stalled(server.addr, stall).await];
        // Gives the writes time to stall. The test does not depend on it.
        sleep(A_SECOND / 2).await;
        let start = Instant::now();
        let mut closed = soon(server.shutdown()).await;
        let took = start.elapsed();
        println!("{on:?}, {stall:?}: shut down after {took:?}");
        assert!(took >= A_SECOND, "{took:?}");
        assert_closed(&mut closed, 2, reason).await;
        drop(clients);
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_is_sent_away_cleanly() {
    for (on, http) in On::ALL.iter().copied().flat_map(|on| BOTH.map(|http| (on, http))) {
        let server = Limited::start(on, A_SECOND, 20 * A_SECOND).await;
        let mut answer = get(server.addr, http).await;
        answer.block().await.unwrap();
        let reader = tokio::spawn(answer.rest());
        let start = Instant::now();
        let mut closed = soon(server.shutdown()).await;
        assert!(start.elapsed() < 20 * A_SECOND, "it waited for the bound");
        assert_closed(&mut closed, 1, "Shutdown").await;
        reader.await.unwrap().1.unwrap();
    }
}

/// The second response of a connection finds it as well, although the thread polled another one in between.
#[tokio::test(start_paused = true)]
async fn each_response_of_a_connection_has_its_reason() {
    let limit = WriteLimit::new().limit(A_SECOND);
    let (closings, mut closed) = unbounded_channel();
    let connect = || {
        let (client, io) = tokio::io::duplex(4096);
        let closings = closings.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let events = if request.uri() == "/short" { 1 } else { usize::MAX };
            let closings = closings.clone();
            let sse = Sse::new(flood().take(events)).on_close(move |closed| closings.send(closed).unwrap());
            future::ready(Ok::<_, Infallible>(sse.into_http_response()))
        });
        let server = http1::Builder::new().serve_connection(TokioIo::new(limit.wrap(io)), service);
        tokio::spawn(server);
        client
    };
    let (mut client, mut other) = (connect(), connect());
    client.write_all(b"GET /short HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    assert_closed(&mut closed, 1, "StreamEnded").await;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n0\r\n\r\n") {
        soon(client.read_buf(&mut answer)).await.unwrap();
    }
    for client in [&mut other, &mut client] {
        client.write_all(b"GET /flood HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        soon(client.read_u8()).await.unwrap();
    }
    assert_closed(&mut closed, 2, "WriteTimeout").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zero_is_off() {
    join_all(On::ALL.iter().map(async |&on| {
        let mut server = Limited::start(on, NEVER, NEVER).await;
        let client = stalled(server.addr, Stall::Http1).await;
        sleep(2 * A_SECOND).await;
        assert!(server.closed.try_recv().is_err());
        drop(client);
        assert_closed(&mut server.closed, 1, "Dropped").await;
    }))
    .await;
}

/// Linux itself ends TCP connections at the limit. Here only our own limit applies.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_socket_of_unix_has_the_limit_as_well() {
    let (mut client, socket) = tokio::net::UnixStream::pair().unwrap();
    let (on_close, closed) = hook();
    let response = Cell::new(Some(Sse::new(flood()).on_close(on_close).into_http_response()));
    let service = service_fn(|_| future::ready(response.take().ok_or("one request too many")));
    let io = TokioIo::new(WriteLimit::new().limit(A_SECOND).wrap(socket));
    client.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();

    let start = Instant::now();
    let error = soon(http1::Builder::new().serve_connection(io, service)).await.unwrap_err();
    let took = start.elapsed();
    assert!(took >= A_SECOND, "{took:?}");
    assert!(format!("{error:?}").contains("the client read nothing"), "{error:?}");
    assert!(matches!(soon(closed).await.unwrap().reason(), CloseReason::WriteTimeout));
}
