//! The hook is called once, with the right reason and counts.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures_util::{FutureExt, StreamExt, stream};
use http_body_util::BodyExt;
use hyper_util::rt::TokioTimer;
use sse_conformance::{
    http::{BOTH, Http, Server, channel, frame, frames, get, hesitant, soon},
    responses::{hook, numbered},
};
use sse_hyper::{Block, CloseReason, Encoded, Event, Sse};
use tokio::time::{advance, timeout};

#[tokio::test]
async fn the_end_of_the_stream() {
    let (on_close, mut closed) = hook();
    let mut body = Box::pin(Sse::new(stream::iter(numbered(2))).on_close(on_close).into_body());
    frame(&mut body).await.unwrap();
    let closed = closed.try_recv().expect("called with the last frame");
    assert!(matches!(closed.reason(), CloseReason::StreamEnded));
    // "id: 0\ndata: event 0\n\n", twice
    assert_eq!((closed.events(), closed.bytes()), (2, 42));
}

#[tokio::test]
async fn a_body_shows_its_counts() {
    let mut body = Box::pin(Sse::new(stream::iter(numbered(2))).into_body());
    frame(&mut body).await.unwrap();
    assert_eq!(format!("{body:?}"), "SseBody { tally: Tally { events: 2, bytes: 42, .. }, .. }");
}

#[tokio::test]
async fn the_end_of_the_stream_after_the_last_frame() {
    let (on_close, mut closed) = hook();
    let mut body = Box::pin(Sse::new(hesitant_two()).on_close(on_close).into_body());
    frame(&mut body).await.unwrap();
    frame(&mut body).await.unwrap();
    assert!(closed.try_recv().is_err());
    assert!(frame(&mut body).await.is_none());
    assert_eq!(closed.try_recv().unwrap().events(), 2);
    drop(body);
}

fn hesitant_two() -> impl futures_core::Stream<Item = Event> {
    hesitant(numbered(2))
}

#[tokio::test]
async fn a_body_that_was_never_polled() {
    let (on_close, closed) = hook();
    drop(
        Sse::new(stream::iter(numbered(2))).opening_comment("hello").on_close(on_close).into_http_response(),
    );
    let closed = soon(closed).await.unwrap();
    assert!(matches!(closed.reason(), CloseReason::Dropped));
    assert_eq!((closed.events(), closed.bytes()), (0, 0));
}

#[tokio::test]
async fn a_builder_that_never_became_a_response_has_nothing_to_close() {
    let (on_close, closed) = hook();
    drop(Sse::new(stream::iter(numbered(2))).on_close(on_close));
    assert!(soon(closed).await.is_err());
}

#[tokio::test]
async fn what_did_not_go_out_is_not_counted() {
    let (on_close, closed) = hook();
    let events = [Event::new("small"), Event::new("x".repeat(5_000)), Event::new("small")];
    let mut body = Box::pin(Sse::new(stream::iter(events)).on_close(on_close).into_body());
    assert_eq!(frame(&mut body).await.unwrap(), "data: small\n\n");
    drop(body);
    let closed = soon(closed).await.unwrap();
    assert!(matches!(closed.reason(), CloseReason::Dropped));
    assert_eq!((closed.events(), closed.bytes()), (1, 13));
}

#[tokio::test]
async fn comments_are_bytes_but_no_events() {
    let (on_close, closed) = hook();
    let items = [
        Encoded::from(Block::new().comment("note")),
        Encoded::from(Event::new("a")),
        Encoded::from(Block::new().retry(Duration::from_secs(1))),
        Encoded::from(Event::new("x".repeat(5_000))),
        Encoded::from(Block::new().comment(&"x".repeat(5_000))),
    ];
    let sse = Sse::new(stream::iter(items)).opening_comment("hello").on_close(on_close);
    let sent = frames(sse.into_body()).await.concat();
    let closed = soon(closed).await.unwrap();
    assert_eq!(closed.events(), 2);
    assert_eq!(closed.bytes(), sent.len() as u64);
    assert_eq!(sent.len(), ":hello\n\n:note\n\ndata: a\n\nretry: 1000\n\ndata: \n\n:\n\n".len() + 10_000);
}

#[tokio::test(start_paused = true)]
async fn the_error_itself_is_handed_over() {
    for breaks in [false, true] {
        let (on_close, closed) = hook();
        let events = stream::iter(numbered(1).map(Ok))
            .chain(stream::once(async { Err("7".parse::<bool>().unwrap_err()) }));
        let sse = Sse::new(events).on_close(on_close);
        let sse = if breaks { sse.break_on_error() } else { sse };
        let _ = soon(sse.into_body().collect()).await;
        let closed = soon(closed).await.unwrap();
        assert_eq!(closed.events(), 1);
        let CloseReason::StreamError(error) = closed.into_reason() else { panic!("another reason") };
        assert!(error.is::<std::str::ParseBoolError>());
    }
}

#[tokio::test(start_paused = true)]
async fn the_duration_is_measured_on_the_clock_of_the_timer() {
    let (on_close, closed) = hook();
    let sse = Sse::new(stream::pending::<Event>()).timer(TokioTimer::new()).on_close(on_close);
    let mut body = Box::pin(sse.into_body());
    advance(Duration::from_secs(7)).await;
    assert!(body.frame().now_or_never().is_none());
    advance(Duration::from_secs(20)).await;
    drop(body);
    assert_eq!(soon(closed).await.unwrap().duration(), Duration::from_secs(27));
}

#[tokio::test]
async fn without_a_timer_the_duration_is_real_time() {
    let (on_close, closed) = hook();
    let before = Instant::now();
    let body = Sse::new(stream::pending::<Event>()).on_close(on_close).into_body();
    let made = Instant::now();
    std::thread::sleep(Duration::from_millis(20));
    let least = made.elapsed();
    drop(body);
    let most = before.elapsed();
    let duration = soon(closed).await.unwrap().duration();
    assert!((least..=most).contains(&duration), "{duration:?} is not in {least:?}..={most:?}");
}

#[tokio::test]
async fn the_hook_finds_the_stream_dropped() {
    let held = Arc::new(());
    for polled in [false, true] {
        let theirs = held.clone();
        let stream = stream::iter(numbered(1)).inspect(move |_| drop(theirs.clone()));
        let seen = Arc::new(Mutex::new(None));
        let (weak, note) = (Arc::downgrade(&held), seen.clone());
        let on_close = move |_| *note.lock().unwrap() = Some(weak.strong_count());
        let body = Sse::new(stream).on_close(on_close).into_body();
        if polled {
            frames(body).await;
        } else {
            drop(body);
        }
        assert_eq!(*seen.lock().unwrap(), Some(1), "only the test's own is left");
    }
}

#[tokio::test]
async fn a_stream_that_panics() {
    let (on_close, mut closed) = hook();
    let events = stream::iter(numbered(3))
        .map(|event| if event.data() == "event 1" { panic!("a bug") } else { event });
    let mut body = Box::pin(Sse::new(events).on_close(on_close).into_body());
    assert!(catch_unwind(AssertUnwindSafe(|| body.frame().now_or_never())).is_err());
    assert!(closed.try_recv().is_err());
    drop(body);
    let closed = soon(closed).await.unwrap();
    assert!(matches!(closed.reason(), CloseReason::Dropped));
    assert_eq!(closed.events(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_panics_takes_only_its_own_connection_with_it() {
    let (closings, mut closed) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |_| {
        let (first, rest) = channel();
        first.send(Event::new("first")).unwrap();
        let closings = closings.clone();
        let stream = rest.chain(stream::poll_fn(|_| panic!("a bug")));
        tokio::spawn(async move {
            // Gives the client time to read the first event before the panic.
            tokio::time::sleep(Duration::from_millis(20)).await;
            drop(first);
        });
        Sse::new(stream).on_close(move |end| closings.send(end).unwrap()).into_http_response()
    })
    .await;
    for http in BOTH {
        let mut answer = get(server.addr, http).await;
        assert_eq!(answer.block().await.unwrap(), "data: first\n\n");
        let (rest, end) = answer.rest().await;
        assert_eq!(rest, "");
        // On HTTP/2, hyper resets the stream with CANCEL, which some clients treat as the end.
        assert!(end.is_err() || http == Http::Two, "a broken response must not look whole");
        let closed = soon(closed.recv()).await.unwrap();
        assert!(matches!(closed.reason(), CloseReason::Dropped));
        assert_eq!(closed.events(), 1);
    }
    assert!(timeout(Duration::from_millis(50), closed.recv()).await.is_err(), "once for each");
}

/// An error that shows its cause only as its source.
#[derive(Debug, thiserror::Error)]
#[error("a request failed")]
struct StreamFailed(#[source] sse_hyper::BoxError);

#[test]
fn a_reason_is_a_sentence() {
    let sentence = |reason: CloseReason| reason.to_string();
    assert_eq!(sentence(CloseReason::Dropped), "the client left, or the server dropped the response");
    assert_eq!(sentence(CloseReason::StreamEnded), "the stream of events ended");
    assert_eq!(sentence(CloseReason::StreamError("no disk".into())), "the stream of events failed: no disk");
    let with_cause = StreamFailed("no answer".into());
    assert_eq!(
        sentence(CloseReason::StreamError(with_cause.into())),
        "the stream of events failed: a request failed: no answer"
    );
    assert_eq!(sentence(CloseReason::Shutdown), "the server is stopping");
    assert_eq!(sentence(CloseReason::MaxAge), "the response reached its maximum age");
    assert_eq!(sentence(CloseReason::WriteTimeout), "the client read nothing for too long");
}
