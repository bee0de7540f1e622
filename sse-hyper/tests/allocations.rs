//! The memory cost of a stream. A separate program, because the counts cover the whole process.

#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows test functions, not their helpers

use std::{alloc::System, time::Duration};

use futures_util::{FutureExt, StreamExt, stream};
use http_body_util::BodyExt;
use sse_codec::Text;
use sse_conformance::http::{channel, hesitant};
use sse_hyper::{Encoded, Event, Sse};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const EVENTS: usize = 10_000;

/// The number of allocations until the end of the stream, while holding `held` frames like a
/// server that has not written them yet.
fn allocations(sse: Sse<impl futures_core::Stream<Item = Event>>, held: usize) -> usize {
    let mut body = Box::pin(sse.into_body());
    let mut frames = std::collections::VecDeque::with_capacity(held + 1);
    let region = Region::new(ALLOCATOR);
    loop {
        match body.frame().now_or_never() {
            Some(None) => return region.change().allocations,
            Some(Some(frame)) => frames.push_back(frame.unwrap()),
            None => {}
        }
        if frames.len() > held {
            frames.pop_front();
        }
    }
}

/// An event with data of this size. Cloning it allocates nothing.
fn cheap_to_clone(size: usize) -> Event {
    Event::new(Text::from_static("x".repeat(size).leak()))
}

/// Not a `#[test]`, so that no test runner allocates at the same time.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let event = cheap_to_clone(92);
    assert_eq!(event.encoded_len(), 100);
    let ready = || stream::iter(vec![event.clone(); EVENTS]);
    let one_by_one = || hesitant(vec![event.clone(); EVENTS]);

    // All events are ready: 1 MB, in 16 KiB frames. None is held, so one buffer serves all.
    let count = allocations(Sse::new(ready()), 0);
    assert!(count <= 5, "{count} allocations for {EVENTS} ready events, no frame held");

    // A slow connection holds frames. Each needs a buffer, and the buffer's reference counter.
    let frames = EVENTS / 163;
    let count = allocations(Sse::new(ready()), 16);
    assert!(count <= 2 * frames + 5, "{count} allocations for {frames} frames, 16 held");

    // One event per frame: one buffer serves many.
    let count = allocations(Sse::new(one_by_one()), 0);
    assert!(count <= 5, "{count} allocations for {EVENTS} events one by one, no frame held");
    let count = allocations(Sse::new(one_by_one()), 16);
    assert!(count <= EVENTS / 2, "{count} allocations for {EVENTS} events one by one, 16 held");

    // Keep-alive allocates its sleep once, not for each event or frame.
    let without = allocations(Sse::new(one_by_one()).no_keep_alive(), 0);
    let with = allocations(Sse::new(one_by_one()), 0);
    println!("{without} allocations without keep-alive, {with} with");
    assert!(with <= without + 2, "{with} allocations with keep-alive, {without} without");

    // An idle stream holds no buffer: the comment frees it, and the next event allocates a new one. The
    // first round is a warm-up for everything else.
    let (sender, stream) = channel();
    let mut body = Box::pin(Sse::new(stream).into_body());
    for round in 0..2 {
        let region = Region::new(ALLOCATOR);
        sender.send(event.clone()).unwrap();
        drop(body.frame().now_or_never().unwrap());
        assert!(body.frame().now_or_never().is_none());
        tokio::time::advance(Duration::from_secs(16)).await;
        drop(body.frame().now_or_never().expect("a comment"));
        let change = region.change();
        assert!(change.bytes_allocated > event.encoded_len(), "no new buffer: {change:?}");
        assert!(round == 0 || change.bytes_allocated == change.bytes_deallocated, "{change:?}");
        assert!(round == 0 || change.bytes_allocated < 4_096, "as if it were a busy stream: {change:?}");
    }
    drop(sender);

    // A busy stream that pauses holds none either, even before a comment.
    for (size, count) in [(100, 200), (5_000, 5)] {
        let event = cheap_to_clone(size);
        let events = stream::repeat(event.clone()).take(count).chain(stream::pending());
        let mut body = Box::pin(Sse::new(events).no_keep_alive().into_body());
        let region = Region::new(ALLOCATOR);
        while body.frame().now_or_never().is_some() {}
        let change = region.change();
        assert!(change.bytes_allocated > 16_384, "not a busy stream: {change:?}");
        assert_eq!(change.bytes_allocated, change.bytes_deallocated, "{change:?}");
    }

    // The same encoded event for many clients: no client copies it, large or small.
    for len in [100, 100_000] {
        let shared = Encoded::from(Event::new("x".repeat(len)));
        let mut bodies: Vec<_> =
            (0..100).map(|_| Box::pin(Sse::new(stream::iter([shared.clone()])).into_body())).collect();
        let region = Region::new(ALLOCATOR);
        for body in &mut bodies {
            let frame = body.frame().now_or_never().unwrap().unwrap().unwrap().into_data().unwrap();
            assert_eq!(frame.len(), len + 8);
        }
        assert_eq!(region.change().allocations, 0, "{len} bytes");
    }
}
