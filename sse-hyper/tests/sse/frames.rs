//! How events become frames.

use std::{
    cell::Cell,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use futures_util::{FutureExt, StreamExt, stream};
use http_body::Body;
use http_body_util::BodyExt;
use sse_codec::lines::{BlockDecoder, Field, Line, RawBlock};
use sse_conformance::{
    http::{channel, frame, frames, hesitant, soon},
    responses::{numbered, numbered_text},
};
use sse_hyper::{Block, BoxError, Encoded, Event, Sse, StreamItem};

#[tokio::test]
async fn events_that_are_ready_go_out_together() {
    let body = Sse::new(stream::iter(numbered(5))).into_body();
    assert_eq!(frames(body).await, [numbered_text(5)]);
}

#[tokio::test]
async fn nothing_is_held_back_while_the_stream_is_pending() {
    let (sender, stream) = channel();
    let mut body = Box::pin(Sse::new(stream).into_body());
    assert!(body.frame().now_or_never().is_none());

    for round in 0..20 {
        for _ in 0..=round % 3 {
            sender.send(Event::new("tick")).unwrap();
        }
        let expected = "data: tick\n\n".repeat(round % 3 + 1);
        assert_eq!(frame(&mut body).now_or_never().expect("what is there goes out").unwrap(), expected);
        assert!(body.frame().now_or_never().is_none());
    }
}

#[tokio::test]
async fn a_stream_that_is_pending_before_each_event_gives_a_frame_for_each() {
    let body = Sse::new(hesitant(numbered(3))).into_body();
    let expected = ["id: 0\ndata: event 0\n\n", "id: 1\ndata: event 1\n\n", "id: 2\ndata: event 2\n\n"];
    assert_eq!(frames(body).await, expected);
}

#[tokio::test]
async fn frames_of_small_events_come_close_to_16_kib_and_keep_the_order() {
    let frames = frames(Sse::new(stream::iter(numbered(5_000))).into_body()).await;
    assert_eq!(frames.concat(), numbered_text(5_000));
    let [first, full @ .., last] = &frames[..] else { panic!("{} frames", frames.len()) };
    assert!((4_000..=4_096).contains(&first.len()), "{} bytes: the stream might have paused", first.len());
    assert!(full.len() > 5);
    for frame in full {
        assert!((16_000..=16_384).contains(&frame.len()), "{} bytes", frame.len());
    }
    assert!(last.len() <= 16_384);
}

/// An event of this many bytes.
fn sized(bytes: usize) -> Event {
    Event::new("x".repeat(bytes - "data: \n\n".len()))
}

/// The lengths of the frames of a stream of ready items.
async fn lengths<T: StreamItem<Error: Into<BoxError>>>(items: impl IntoIterator<Item = T>) -> Vec<usize> {
    let items: Vec<_> = items.into_iter().collect();
    frames(Sse::new(stream::iter(items)).into_body()).await.iter().map(String::len).collect()
}

#[tokio::test]
async fn a_frame_can_be_exactly_16_kib() {
    assert_eq!(lengths(vec![sized(4_096); 6]).await, [4_096, 16_384, 4_096]);
    assert_eq!(lengths(vec![sized(2_048); 11]).await, [4_096, 16_384, 2_048]);
    assert_eq!(lengths([4_096, 4_096, 4_096, 4_096, 4_097].map(sized)).await, [4_096, 3 * 4_096, 4_097]);
    assert_eq!(lengths([2_048, 2_049].map(sized)).await, [2_048, 2_049]);
}

#[tokio::test]
async fn an_event_that_is_larger_than_a_frame_is_one_of_its_own() {
    let sizes = [20, 4_095, 20, 4_096, 20, 16_385, 20, 100_000, 8_191];
    assert_eq!(lengths(sizes.map(sized)).await, [20, 4_095 + 20 + 4_096 + 20, 16_385, 20, 100_000, 8_191]);
}

/// A copy would cost more than a frame.
#[tokio::test]
async fn an_encoded_event_of_4_kib_is_a_frame_of_its_own() {
    let sizes = [20, 4_095, 20, 4_096, 20, 100_000, 8_191];
    let encoded = sizes.map(sized).map(Encoded::from);
    assert_eq!(lengths(encoded).await, [20, 4_095 + 20, 4_096, 20, 100_000, 8_191]);
}

/// Even if the buffer has room for it.
#[tokio::test]
async fn an_encoded_event_of_4_kib_is_a_frame_of_its_own_in_a_busy_stream() {
    let with_id = |bytes: usize| {
        let id = "x".repeat(bytes - "id: \ndata: \n\n".len());
        Event::new("").with_id(sse_hyper::EventId::new(id).unwrap())
    };
    let mut events = vec![sized(100); 200];
    events.extend([sized(4_096), sized(100), sized(5_000), sized(100), with_id(4_096), sized(100)]);
    events.extend([with_id(5_000), sized(100)]);
    let together = [4_000, 16_000, 4_096 + 100 + 5_000 + 100 + 4_096 + 100, 5_000 + 100];
    assert_eq!(lengths(events.clone()).await, together);
    let apart = [4_000, 16_000, 4_096, 100, 5_000, 100, 4_096, 100, 5_000, 100];
    assert_eq!(lengths(events.into_iter().map(Encoded::from)).await, apart);
}

/// It has many lines, so the bounds on its size are far apart.
#[tokio::test]
async fn an_event_of_many_lines_goes_into_a_frame_if_it_fits() {
    let lines = |count: usize| Event::new("\n".repeat(count - 1));
    assert_eq!(lines(1_000).encoded_len(), 7_001);
    let mixed = [lines(1_000), lines(1_000), lines(1_000), lines(3_000), lines(100)];
    assert_eq!(lengths(mixed).await, [7_001, 14_002, 21_001, 701]);
}

#[tokio::test]
async fn a_large_encoded_event_is_not_copied() {
    let large = Encoded::from(Event::new("x".repeat(5_000)));
    for breaks in [false, true] {
        let sse = Sse::new(stream::iter([large.clone()]));
        let sse = if breaks { sse.break_on_error() } else { sse };
        let frame = frame(&mut Box::pin(sse.into_body())).await.unwrap();
        assert_eq!(frame.as_ptr(), large.as_bytes().as_ptr());
    }
}

#[tokio::test]
async fn encoded_blocks_and_events_are_the_same_on_the_wire() {
    let comment = Encoded::from(Block::new().comment("note"));
    let nothing = Encoded::from(Block::new());
    let items = [comment, Encoded::from(Event::new("a\rb")), nothing, Encoded::from(Event::new(""))];
    assert_eq!(
        frames(Sse::new(stream::iter(items.clone())).into_body()).await,
        [":note\n\ndata: a\ndata: b\n\ndata: \n\n"]
    );
    let results = items.into_iter().map(Ok::<_, std::io::Error>);
    assert_eq!(
        frames(Sse::new(hesitant(results)).into_body()).await,
        [":note\n\n", "data: a\ndata: b\n\n", "data: \n\n"]
    );
}

#[tokio::test]
async fn the_opening_comment_comes_first_and_does_not_wait() {
    let (sender, stream) = channel();
    let mut body = Box::pin(Sse::new(stream).opening_comment("hello\nthere").into_body());
    assert_eq!(frame(&mut body).await.unwrap(), ":hello\n:there\n\n");
    assert!(body.frame().now_or_never().is_none());
    sender.send(Event::new("tick")).unwrap();
    assert_eq!(frame(&mut body).await.unwrap(), "data: tick\n\n");

    let together = Sse::new(stream::iter(numbered(1))).opening_comment("hello").into_body();
    assert_eq!(frames(together).await, [":hello\n\nid: 0\ndata: event 0\n\n"]);
}

#[tokio::test]
async fn after_the_end_there_is_nothing_more() {
    let mut body = Box::pin(Sse::new(stream::iter(numbered(1))).into_body());
    assert!(!body.is_end_stream());
    assert_eq!((body.size_hint().lower(), body.size_hint().upper()), (0, None));
    assert!(frame(&mut body).await.is_some());
    assert!(body.is_end_stream(), "the server can end the response with the last frame");
    assert_eq!(body.size_hint().exact(), Some(0));
    for _ in 0..3 {
        assert!(frame(&mut body).await.is_none());
    }
}

#[tokio::test]
async fn an_ended_stream_is_not_polled_again() {
    let mut events = numbered(2);
    let mut over = false;
    let stream = stream::poll_fn(move |_| {
        assert!(!over, "polled after its end");
        let event = events.next();
        over = event.is_none();
        Poll::Ready(event)
    });
    let mut body = Box::pin(Sse::new(stream).into_body());
    while frame(&mut body).await.is_some() {}
    assert!(frame(&mut body).await.is_none());
}

#[tokio::test]
async fn the_stream_is_dropped_as_soon_as_it_ends() {
    let held = std::sync::Arc::new(());
    let theirs = held.clone();
    let large = stream::iter([Event::new("small"), Event::new("x".repeat(5_000))]);
    let stream = large.inspect(move |_| drop(theirs.clone()));
    let mut body = Box::pin(Sse::new(stream).into_body());
    assert_eq!(frame(&mut body).await.unwrap(), "data: small\n\n");
    assert_eq!(std::sync::Arc::strong_count(&held), 2);
    frame(&mut body).await.unwrap();
    frame(&mut body).await;
    assert_eq!(std::sync::Arc::strong_count(&held), 1);
}

/// Compiles: a stream may be neither `Sync` nor `Unpin`, and the body is still `Send`.
#[tokio::test]
async fn streams_need_be_neither_sync_nor_unpin() {
    let count = Cell::new(0);
    let stream = stream::unfold(count, |count| async move {
        tokio::task::yield_now().await;
        count.set(count.get() + 1);
        (count.get() <= 2).then(|| (Event::new(count.get().to_string()), count))
    });
    let body = Sse::new(stream).into_body();
    let task = tokio::spawn(async move { body.collect().await.unwrap().to_bytes() });
    assert_eq!(soon(task).await.unwrap(), "data: 1\n\ndata: 2\n\n");
}

#[tokio::test]
async fn a_stream_of_blocks_without_a_byte_lets_others_have_their_turn() {
    let taken = Arc::new(AtomicUsize::new(0));
    let count = taken.clone();
    let empty = stream::repeat_with(move || {
        count.fetch_add(1, Relaxed);
        Encoded::from(Block::new())
    });
    let event = |text: &str| stream::iter([Encoded::from(Event::new(text))]);
    let endless = event("first").chain(empty.take(1_000_000)).chain(event("at last"));
    let mut body = Box::pin(Sse::new(endless).into_body());
    assert_eq!(frame(&mut body).await.unwrap(), "data: first\n\n");
    let woken = futures_util::task::noop_waker();
    assert!(body.as_mut().poll_frame(&mut Context::from_waker(&woken)).is_pending());
    assert!(taken.load(Relaxed) <= 10_000, "{} in two polls", taken.load(Relaxed));
    // The task is woken, so it reaches the last event.
    assert_eq!(frame(&mut body).await.unwrap(), "data: at last\n\n");
    assert_eq!(frame(&mut body).await, None);

    // Empty blocks neither hold back earlier events nor split a frame.
    let mixed = stream::iter(0..10_000).map(|n| match n % 100 {
        0 => Encoded::from(Event::new("x")),
        _ => Encoded::from(Block::new()),
    });
    assert_eq!(frames(Sse::new(mixed).into_body()).await.concat(), "data: x\n\n".repeat(100));
}

/// Blocks that a proxy read pass unchanged, and edited ones with their other lines.
#[tokio::test]
async fn blocks_of_a_proxy_pass() {
    let upstream = "id: 3\n\nx-trace: 7\nevent: tick\ndata: 1\n\n:hi\n\ndata: cut";
    let mut decoder = BlockDecoder::new();
    let blocks = decoder.decode(upstream.as_bytes()).map(|block| {
        let edited = |line| match line {
            Line::Field(field) if field.name() == b"event" => {
                Line::from(Field::new("event", "price").unwrap())
            }
            line => line,
        };
        block.unwrap().lines().map(edited).collect::<RawBlock>()
    });
    let body = Sse::new(stream::iter(blocks.collect::<Vec<_>>())).into_body();
    assert_eq!(frames(body).await.concat(), "id: 3\n\nx-trace: 7\nevent: price\ndata: 1\n\n:hi\n\n");
}
