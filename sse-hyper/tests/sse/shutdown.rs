//! The end of responses at the server's shutdown.

use std::{collections::HashSet, time::Duration};

use futures_util::{FutureExt, stream};
use http_body_util::BodyExt;
use hyper_util::rt::TokioTimer;
use sse_conformance::{
    http::{BOTH, Server, frame, frames, soon},
    responses::{hook, numbered, open_stream, shuts_down, with_farewell},
};
use sse_hyper::{CloseReason, Event, EventType, Sse};
use tokio::sync::{oneshot, watch};

const BYE: EventType = EventType::from_static("bye");
const WINDOW: Duration = Duration::from_secs(10);

#[tokio::test]
async fn it_ends_a_silent_stream_with_a_farewell() {
    let (on_close, closed) = hook();
    let (stop, stopped) = oneshot::channel::<()>();
    let sse = Sse::new(stream::pending::<Event>()).until(stopped).on_close(on_close);
    let mut body = Box::pin(sse.farewell(Event::new("back soon").with_event_type(BYE)).into_body());
    assert!(body.frame().now_or_never().is_none());

    let reader = tokio::spawn(async move { (frame(&mut body).await, frame(&mut body).await) });
    tokio::task::yield_now().await;
    stop.send(()).unwrap();
    let (last, end) = reader.await.unwrap();
    assert_eq!(last.unwrap(), "event: bye\ndata: back soon\n\n");
    assert_eq!(end, None);
    let closed = soon(closed).await.unwrap();
    assert!(matches!(closed.reason(), CloseReason::Shutdown));
    assert_eq!((closed.events(), closed.bytes()), (1, 28));
}

#[tokio::test]
async fn it_ends_a_stream_that_is_always_ready() {
    let (stop, stopped) = oneshot::channel::<()>();
    let endless = stream::repeat_with(|| Event::new("again"));
    let mut body = Box::pin(Sse::new(endless).until(stopped).farewell(Event::new("bye")).into_body());
    assert!(frame(&mut body).await.unwrap().starts_with(b"data: again\n\n"));
    stop.send(()).unwrap();
    // The first event was already taken from the stream, and did not fit into the previous frame.
    assert_eq!(frame(&mut body).await.unwrap(), "data: again\n\ndata: bye\n\n");
    assert!(frame(&mut body).await.is_none());
}

#[tokio::test]
async fn what_was_taken_from_the_stream_goes_before_the_farewell() {
    let (stop, stopped) = oneshot::channel::<()>();
    let events = stream::iter([Event::new("small"), Event::new("x".repeat(20_000)), Event::new("never")]);
    let mut body = Box::pin(Sse::new(events).until(stopped).farewell(Event::new("bye")).into_body());
    assert_eq!(frame(&mut body).await.unwrap(), "data: small\n\n");
    stop.send(()).unwrap();
    let rest: Vec<_> = std::iter::from_fn(|| frame(&mut body).now_or_never().unwrap()).collect();
    assert_eq!(rest.iter().map(|frame| frame.len()).collect::<Vec<_>>(), [20_008, 11]);
    assert_eq!(rest[1], "data: bye\n\n");
}

#[tokio::test]
async fn a_shutdown_before_the_first_event() {
    let sse = Sse::new(stream::iter(numbered(3))).opening_comment("hello").until(async {});
    assert_eq!(frames(sse.farewell(Event::new("bye")).into_body()).await, [":hello\n\ndata: bye\n\n"]);
    assert!(frames(Sse::new(stream::iter(numbered(3))).until(async {}).into_body()).await.is_empty());
}

#[tokio::test]
async fn a_farewell_without_a_shutdown_is_not_sent() {
    let sse = Sse::new(stream::iter(numbered(1))).farewell(Event::new("bye")).retry_window(WINDOW);
    assert_eq!(frames(sse.into_body()).await, ["id: 0\ndata: event 0\n\n"]);
    let sse =
        Sse::new(stream::iter(numbered(1))).until(std::future::pending::<()>()).farewell(Event::new("bye"));
    assert_eq!(frames(sse.into_body()).await, ["id: 0\ndata: event 0\n\n"]);
}

#[tokio::test]
async fn a_stream_that_ends_first_has_ended() {
    let (on_close, closed) = hook();
    let (stop, stopped) = oneshot::channel::<()>();
    let mut body = Box::pin(
        Sse::new(stream::iter(numbered(1)))
            .until(stopped)
            .farewell(Event::new("bye"))
            .on_close(on_close)
            .into_body(),
    );
    frame(&mut body).await.unwrap();
    stop.send(()).unwrap_err();
    assert!(frame(&mut body).await.is_none());
    assert!(matches!(soon(closed).await.unwrap().reason(), CloseReason::StreamEnded));
}

#[tokio::test]
async fn the_window_spreads_the_reconnections() {
    let mut retries = HashSet::new();
    for _ in 0..1_000 {
        let sse = Sse::new(stream::pending::<Event>()).until(async {}).retry_window(WINDOW);
        let text = frames(sse.into_body()).await.concat();
        let retry = text.strip_prefix("retry: ").and_then(|text| text.strip_suffix("\n\n")).unwrap();
        let retry: u64 = retry.parse().unwrap();
        assert!(retry <= 10_000);
        retries.insert(retry);
    }
    assert!(retries.len() > 900, "{} different", retries.len());
    assert!(retries.iter().any(|&retry| retry < 1_000) && retries.iter().any(|&retry| retry > 9_000));
}

#[tokio::test]
async fn the_window_begins_at_the_retry_of_the_farewell() {
    for _ in 0..100 {
        let farewell = Event::new("bye").with_retry(Duration::from_secs(60));
        let sse =
            Sse::new(stream::pending::<Event>()).until(async {}).farewell(farewell).retry_window(WINDOW);
        let text = frames(sse.into_body()).await.concat();
        let retry =
            text.strip_prefix("retry: ").and_then(|text| text.strip_suffix("\ndata: bye\n\n")).unwrap();
        assert!((60_000..=70_000).contains(&retry.parse().unwrap()), "{retry}");
    }
}

#[tokio::test]
async fn windows_of_any_size() {
    for (window, most) in [(Duration::from_millis(1), 1), (Duration::MAX, u64::MAX)] {
        let farewell = Event::new("bye");
        let sse =
            Sse::new(stream::pending::<Event>()).until(async {}).farewell(farewell).retry_window(window);
        let text = frames(sse.into_body()).await.concat();
        let retry =
            text.strip_prefix("retry: ").and_then(|text| text.strip_suffix("\ndata: bye\n\n")).unwrap();
        assert!((0..=most).contains(&retry.parse().unwrap()), "{retry}");
    }
}

#[tokio::test]
async fn no_window_sets_no_reconnection_time() {
    let sse = || Sse::new(stream::pending::<Event>()).until(async {}).retry_window(Duration::ZERO);
    assert!(frames(sse().into_body()).await.is_empty());
    assert_eq!(frames(sse().farewell(Event::new("bye")).into_body()).await, ["data: bye\n\n"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_graceful_shutdown_with_100_open_streams_on_each_protocol() {
    for http in BOTH {
        let (stop, stopping) = watch::channel(());
        let server = Server::start(move |_| {
            let sse = Sse::new(open_stream()).timer(TokioTimer::new());
            with_farewell(sse, stopping.clone()).into_http_response()
        })
        .await;
        shuts_down(server.addr, http, async {
            stop.send(()).unwrap();
            server.shutdown().await;
        })
        .await;
    }
}
