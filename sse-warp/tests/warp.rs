//! `sse-warp` over real sockets. The tests of `sse-hyper` cover the responses; these check that
//! warp does not break them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows test functions, not their helpers

use std::{
    cell::Cell,
    convert::Infallible,
    net::SocketAddr,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use sse_conformance::{
    http::{BOTH, Http, RawAnswer, channel, frame, get, get_with, soon},
    responses::{Crowd, hook, numbered, numbered_text, open_stream, shuts_down, with_farewell},
};
use sse_warp::{BoxError, CloseReason, Closed, Event, EventId, Sse, WriteLimit, last_event_id, reply};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    task::JoinHandle,
};
use warp::{Filter, Reply, http::HeaderValue};

struct Server {
    addr: SocketAddr,
    stop: watch::Sender<()>,
    running: JoinHandle<()>,
}

/// `warp::serve` for one route, on a free port of 127.0.0.1.
async fn start<F>(route: F) -> Server
where
    F: Filter<Error = std::convert::Infallible> + Clone + Send + Sync + 'static,
    F::Extract: Reply,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (stop, mut stopping) = watch::channel(());
    let stopped = async move {
        let _ = stopping.changed().await;
    };
    let running = tokio::spawn(warp::serve(route).incoming(listener).graceful(stopped).run());
    Server { addr, stop, running }
}

/// Whatever its stream is.
#[test]
fn a_reply_can_be_printed() {
    let text = format!("{:?}", reply(stream::poll_fn(|_| std::task::Poll::Ready(None::<Event>))));
    assert!(text.starts_with("SseReply("), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_and_events_are_those_of_sse_hyper() {
    let server = start(warp::any().map(|| reply(stream::iter(numbered(1_000))))).await;
    for http in BOTH {
        let answer = get(server.addr, http).await;
        answer.assert_headers();
        let (text, end) = answer.rest().await;
        assert_eq!(text, numbered_text(1_000));
        end.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn keep_alive_is_on_and_on_tokios_timer() {
    let mut body = Box::pin(reply(stream::pending::<Event>()).into_response().into_body());
    for _ in 0..3 {
        let start = tokio::time::Instant::now();
        assert_eq!(frame(&mut body).await.unwrap(), ":keep-alive\n\n");
        assert_eq!(start.elapsed().as_secs(), 15);
    }

    let sse = reply(stream::pending::<Event>()).with(|sse| sse.keep_alive(Duration::from_secs(3)));
    let mut body = Box::pin(sse.into_response().into_body());
    let start = tokio::time::Instant::now();
    frame(&mut body).await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 3);

    let without = sse_warp::SseReply::from(Sse::new(stream::pending::<Event>()).no_keep_alive());
    let mut body = Box::pin(without.into_response().into_body());
    assert!(tokio::time::timeout(Duration::from_secs(3_600), body.frame()).await.is_err());
}

/// Compiles: a stream may be neither `Sync` nor `Unpin`.
#[tokio::test(flavor = "multi_thread")]
async fn streams_need_be_neither_sync_nor_unpin() {
    let route = warp::any().map(|| {
        reply(stream::unfold(Cell::new(0), |count| async move {
            tokio::task::yield_now().await;
            count.set(count.get() + 1);
            (count.get() <= 2).then(|| (Event::new(count.get().to_string()), count))
        }))
    });
    let server = start(route).await;
    assert_eq!(get(server.addr, Http::One).await.rest().await.0, "data: 1\n\ndata: 2\n\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_arrive_one_by_one_and_a_client_that_leaves_is_noticed() {
    let (streams, mut senders) = mpsc::unbounded_channel();
    let route = warp::any().map(move || {
        let (sender, stream) = channel();
        let (on_close, closed) = hook();
        streams.send((sender, closed)).unwrap();
        // Without keep-alive, which would notice it as well.
        reply(stream).with(|sse| sse.no_keep_alive().on_close(on_close))
    });
    let server = start(route).await;
    for http in BOTH {
        let mut answer = get(server.addr, http).await;
        let (sender, closed) = soon(senders.recv()).await.unwrap();
        for number in 0..50 {
            sender.send(Event::new(number.to_string())).unwrap();
            assert_eq!(answer.block().await.unwrap(), format!("data: {number}\n\n"));
        }
        let left = Instant::now();
        drop(answer);
        let closing = soon(closed).await.unwrap();
        let took = left.elapsed();
        println!("{http:?}: noticed after {took:?}");
        assert!(took < Duration::from_secs(1), "{took:?}");
        assert!(matches!(closing.reason(), CloseReason::Dropped));
        assert_eq!(closing.events(), 50);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_before_an_error_arrives() {
    const COUNT: u64 = 17_000;
    for breaks in [false, true] {
        let (closings, mut closed) = mpsc::unbounded_channel();
        let route = warp::any().map(move || {
            let closings = closings.clone();
            let error = stream::once(async { Err::<Event, BoxError>("the source is gone".into()) });
            reply(stream::iter(numbered(COUNT).map(Ok)).chain(error)).with(|sse| {
                let sse = sse.on_close(move |closed| closings.send(closed).unwrap());
                if breaks { sse.break_on_error() } else { sse }
            })
        });
        let server = start(route).await;
        for http in BOTH {
            for _ in 0..20 {
                let (text, end) = get(server.addr, http).await.rest().await;
                assert!(text == numbered_text(COUNT), "{http:?}: got {} bytes", text.len());
                assert_eq!(end.is_err(), breaks, "{http:?}: {end:?}");
                let closing = soon(closed.recv()).await.unwrap();
                assert_eq!(closing.events(), COUNT);
                assert!(matches!(closing.reason(), CloseReason::StreamError(_)));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_graceful_shutdown_with_100_open_streams_on_each_protocol() {
    for http in BOTH {
        let (stop, stopping) = watch::channel(());
        let route = warp::any().map(move || {
            let stopping = stopping.clone();
            reply(open_stream()).with(|sse| with_farewell(sse, stopping))
        });
        let server = start(route).await;
        shuts_down(server.addr, http, async {
            stop.send(()).unwrap();
            server.stop.send(()).unwrap();
            soon(server.running).await.unwrap();
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_clients_of_all_kinds_and_every_stream_is_closed_once() {
    let (crowd, closed) = Crowd::new();
    let route = {
        let crowd = crowd.clone();
        warp::header::headers_cloned().map(move |headers| sse_warp::SseReply::from(crowd.respond(&headers)))
    };
    let server = start(route).await;
    let staying = crowd.come(server.addr).await;
    crowd.stop();
    server.stop.send(()).unwrap();
    soon(staying.are_sent_away()).await;
    soon(server.running).await.unwrap();
    crowd.assert_all_closed(closed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_event_id_filter_never_rejects() {
    let route = last_event_id().map(|seen: Result<Option<EventId>, _>| {
        reply(stream::iter([Event::new(format!("{seen:?}")).with_id(0_u64)]))
    });
    let server = start(route).await;

    let long = [b'7'; 65_536];
    let cases: [(&[u8], &str); 6] = [
        (b"42", "Ok(Some(\"42\"))"),
        (b"", "Ok(None)"),
        (b" 4 2 ", "Ok(Some(\"4 2\"))"),
        (b"\xE2\x9C\x93", "Ok(Some(\"\u{2713}\"))"),
        (b"4\xFF2", "Err(NotUtf8 { at: 1 })"),
        (&long, "Err(TooLong { len: 65536 })"),
    ];
    for (value, told) in cases {
        let line = [b"last-event-id: ", value, b"\r\nconnection: close\r\n"].concat();
        let answer = RawAnswer::get(server.addr, &line).await;
        assert!(answer.head.starts_with("HTTP/1.1 200 OK\r\n"), "{told}: {}", answer.head);
        let body = String::from_utf8(answer.rest().await).unwrap();
        assert!(body.contains(&format!("id: 0\ndata: {told}\n\n")), "{told}: {body}");
    }
    for refused in [b"last-event-id: \x01\r\n", b"last-event-id: \x7F\r\n"] {
        assert!(RawAnswer::get(server.addr, refused).await.head.starts_with("HTTP/1.1 400 "));
    }

    let odd = HeaderValue::from_bytes(b"\xFF").unwrap();
    for (id, told) in [(None, "Ok(None)"), (Some(odd), "Err(NotUtf8 { at: 0 })")] {
        let mut request = Request::new(Empty::new());
        if let Some(id) = id {
            request.headers_mut().insert("last-event-id", id);
        }
        let (text, _) = get_with(server.addr, Http::Two, request).await.rest().await;
        assert_eq!(text, format!("id: 0\ndata: {told}\n\n"));
    }
}

/// A route whose responses are floods, and the receiver of their close reports.
fn floods()
-> (impl Filter<Extract = (impl Reply,), Error = Infallible> + Clone, mpsc::UnboundedReceiver<Closed>) {
    let (closings, closed) = mpsc::unbounded_channel();
    let route = warp::any().map(move || {
        let closings = closings.clone();
        let flood = stream::repeat_with(|| Event::new("x".repeat(1_000)));
        reply(flood).with(|sse| sse.on_close(move |closed| drop(closings.send(closed))))
    });
    (route, closed)
}

/// Sends a request, and reads nothing.
async fn stalled(addr: SocketAddr) -> TcpStream {
    let mut socket = TcpStream::connect(addr).await.unwrap();
    socket.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    soon(socket.peek(&mut [0])).await.unwrap();
    socket
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_is_prepared_ends_clients_that_take_nothing() {
    let (route, mut closed) = floods();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    WriteLimit::new().limit(Duration::from_secs(1)).prepare(&listener).unwrap();
    let addr = listener.local_addr().unwrap();
    let (stop, mut stopping) = watch::channel(());
    let stopped = async move { drop(stopping.changed().await) };
    let running = tokio::spawn(warp::serve(route).incoming(listener).graceful(stopped).run());

    let clients = [stalled(addr).await, stalled(addr).await];
    for _ in &clients {
        assert!(matches!(soon(closed.recv()).await.unwrap().reason(), CloseReason::Dropped));
    }
    stop.send(()).unwrap();
    soon(running).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn hypers_server_has_all_of_the_limit() {
    let (route, mut closed) = floods();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let limit = WriteLimit::new().limit(Duration::from_secs(1));
    let server = auto::Builder::new(limit.executor(TokioExecutor::new()));
    let service = TowerToHyperService::new(warp::service(route));
    let running = tokio::spawn(async move {
        loop {
            let io = TokioIo::new(limit.wrap(listener.accept().await.unwrap().0));
            tokio::spawn(server.serve_connection(io, service.clone()).into_owned());
        }
    });
    let client = stalled(addr).await;
    assert!(matches!(soon(closed.recv()).await.unwrap().reason(), CloseReason::WriteTimeout));
    drop(client);

    // One stream of a connection, while another is read.
    let mut read = get(addr, Http::Two).await;
    let unread = read.another(addr, Request::new(Empty::new())).await;
    soon(async {
        while closed.is_empty() {
            read.block().await.unwrap();
        }
    })
    .await;
    assert!(matches!(soon(closed.recv()).await.unwrap().reason(), CloseReason::WriteTimeout));
    for _ in 0..1_000 {
        read.block().await.unwrap();
    }
    drop(unread);
    running.abort();
}
