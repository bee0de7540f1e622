//! Streams that fail.

use std::{
    convert::Infallible,
    io,
    pin::{Pin, pin},
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use http::Response;
use http_body::Body;
use http_body_util::{BodyExt, Empty};
use hyper::{Request, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use sse_conformance::{
    http::{BOTH, Server, frame, frames, get_with, hesitant, soon},
    responses::{numbered, numbered_text},
};
use sse_hyper::{BoxError, Event, Sse, SseBody, StreamFailed};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{Instant, sleep},
};

/// A few events, and 400 KB of events, more than hyper buffers.
const COUNTS: [u64; 2] = [3, 17_000];

type Failing = Pin<Box<dyn Stream<Item = Result<Event, BoxError>> + Send>>;

fn failing(count: u64) -> Failing {
    Box::pin(
        stream::iter(numbered(count).map(Ok)).chain(stream::once(async { Err("the source is gone".into()) })),
    )
}

#[tokio::test]
async fn an_error_is_a_clean_end_after_everything_before_it() {
    assert_eq!(frames(Sse::new(failing(3)).into_body()).await, [numbered_text(3)]);
    assert!(frames(Sse::new(failing(0)).into_body()).await.is_empty());
    let after_a_pause: [Result<Event, BoxError>; 3] =
        [Ok(Event::new("a")), Err("gone".into()), Ok(Event::new("b"))];
    assert_eq!(frames(Sse::new(hesitant(after_a_pause)).into_body()).await, ["data: a\n\n"]);
}

/// Frameworks whose body is a reader require `io::Error`.
#[tokio::test(start_paused = true)]
async fn the_error_of_a_broken_body_is_one_of_io_as_well() {
    let chunks = Sse::new(failing(3)).break_on_error().into_byte_stream();
    let results: Vec<io::Result<Bytes>> = soon(chunks.err_into().collect()).await;
    let [Ok(before), Err(error)] = &results[..] else { panic!("{results:?}") };
    assert_eq!(*before, numbered_text(3));
    assert_eq!(error.kind(), io::ErrorKind::Other);
    let failed = error.get_ref().and_then(|inner| inner.downcast_ref::<StreamFailed>());
    assert!(failed.is_some_and(|failed| failed.to_string().contains("the source is gone")), "{error}");
}

#[tokio::test]
async fn break_on_error_gives_the_error_after_one_pending() {
    for count in [0, 3] {
        let mut body = Box::pin(Sse::new(failing(count)).break_on_error().into_body());
        if count > 0 {
            assert_eq!(frame(&mut body).now_or_never().unwrap().unwrap(), numbered_text(count));
        }
        assert!(!body.is_end_stream());
        assert!(body.frame().now_or_never().is_none(), "the server flushes now");
        let error = body.frame().now_or_never().unwrap().unwrap().unwrap_err();
        assert!(error.to_string().contains("the source is gone"), "{error}");
        assert!(body.is_end_stream());
        assert!(body.frame().now_or_never().unwrap().is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn break_on_error_wakes_the_server_and_waits_for_its_frames() {
    let mut body = Box::pin(Sse::new(failing(3)).timer(TokioTimer::new()).break_on_error().into_body());
    let frame = frame(&mut body).await.unwrap();
    let kept = frame.clone();
    drop(frame);

    let start = Instant::now();
    let later = tokio::spawn(async move {
        sleep(Duration::from_secs(3)).await;
        drop(kept);
    });
    assert!(soon(body.frame()).await.unwrap().is_err());
    assert_eq!(start.elapsed().as_secs(), 3);
    later.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn break_on_error_does_not_wait_for_ever() {
    let start = Instant::now();
    let body = Sse::new(failing(3)).timer(TokioTimer::new()).break_on_error().into_body();
    assert!(soon(body.collect()).await.is_err(), "collecting keeps the frames");
    assert_eq!(start.elapsed().as_secs(), 10);
}

#[test]
fn break_on_error_does_not_wait_without_a_timer() {
    let collect = || {
        let mut collecting = pin!(Sse::new(failing(3)).break_on_error().into_body().collect());
        let polls = (0..10).take_while(|_| collecting.as_mut().now_or_never().is_none()).count();
        assert!(polls < 10, "it waits");
    };
    collect();
    // A runtime without timers.
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async { collect() });
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_before_an_error_arrives_and_then_a_clean_end() {
    let server = start(|sse| sse).await;
    for http in BOTH {
        for count in COUNTS {
            for _ in 0..30 {
                let (text, end) = get_with(server.addr, http, asking_for(count)).await.rest().await;
                assert!(text == numbered_text(count), "{http:?}, {count} events: got {} bytes", text.len());
                end.unwrap();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn break_on_error_breaks_after_every_event_before_the_error() {
    let server = start(|sse| sse.timer(TokioTimer::new()).break_on_error()).await;
    for http in BOTH {
        for count in COUNTS {
            for _ in 0..30 {
                let (text, end) = get_with(server.addr, http, asking_for(count)).await.rest().await;
                assert!(text == numbered_text(count), "{http:?}, {count} events: got {} bytes", text.len());
                end.unwrap_err();
            }
        }
    }
}

/// The connection accepts 1 KiB at a time, and the client reads only when nothing else runs. So the server
/// holds all frames when the stream fails.
#[tokio::test(start_paused = true)]
async fn break_on_error_waits_for_a_slow_client() {
    const COUNT: u64 = 1_000;
    let (mut client, server) = tokio::io::duplex(1_024);
    let service = service_fn(|_| async {
        let sse = Sse::new(failing(COUNT)).timer(TokioTimer::new()).break_on_error();
        Ok::<_, Infallible>(sse.into_http_response())
    });
    let serving = tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(server), service));
    client.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();

    let mut answer = Vec::new();
    loop {
        sleep(Duration::from_millis(10)).await;
        if soon(client.read_buf(&mut answer)).await.unwrap() == 0 {
            break;
        }
    }
    let last = format!("data: event {}\n\n\r\n", COUNT - 1);
    assert!(answer.ends_with(last.as_bytes()), "the last chunk is whole, and no chunk of length 0 follows");
    assert!(soon(serving).await.unwrap().is_err());
}

fn asking_for(count: u64) -> Request<Empty<bytes::Bytes>> {
    Request::builder().header("count", count).body(Empty::new()).unwrap()
}

/// A server whose streams fail after the number of events in the request.
async fn start(settings: impl Fn(Sse<Failing>) -> Sse<Failing> + Send + Sync + 'static) -> Server {
    Server::start(move |request| -> Response<SseBody<Failing>> {
        let count = request.headers()["count"].to_str().unwrap().parse().unwrap();
        settings(Sse::new(failing(count))).into_http_response()
    })
    .await
}
