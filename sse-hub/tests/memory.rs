//! Counts allocated bytes. This is a separate program, since the counts are those of the whole process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::{
    alloc::System,
    panic::catch_unwind,
    pin::Pin,
    process::ExitCode,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use futures_util::Stream;
use http_body::Body;
use sse_codec::Encoded;
use sse_hub::{Hub, Subscription};
use sse_hyper::{Sse, SseBody, StreamItem};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

use support::*;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const TESTS: &[(&str, fn())] = &[
    ("an idle subscriber", an_idle_subscriber),
    ("case 14: a thousand who never read", a_thousand_who_never_read),
    ("keep-alives of a silent topic", keep_alives_of_a_silent_topic),
    ("a topic holds what it may", a_topic_holds_what_it_may),
    ("what many subscribers take is given back", what_many_subscribers_take_is_given_back),
];

/// Runs the tests one after another. If there is an argument, only those with it in their names.
fn main() -> ExitCode {
    let filter = std::env::args().nth(1).filter(|arg| !arg.starts_with('-')).unwrap_or_default();
    let mut failed = 0;
    for (name, test) in TESTS.iter().filter(|(name, _)| name.contains(&filter)) {
        let is_ok = catch_unwind(test).is_ok();
        println!("{name} ... {}", if is_ok { "ok" } else { "FAILED" });
        failed += usize::from(!is_ok);
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The bytes allocated since `region` was created, minus those freed.
fn held(region: &Region<'_, System>) -> isize {
    let stats = region.change();
    stats.bytes_allocated as isize - stats.bytes_deallocated as isize
}

fn poll<S: Stream<Item: StreamItem<Error = std::convert::Infallible>> + Unpin>(
    body: &mut SseBody<S>,
) -> Poll<Bytes> {
    let mut cx = Context::from_waker(Waker::noop());
    let mut body = Pin::new(body);
    body.as_mut().poll_frame(&mut cx).map(|frame| frame.unwrap().unwrap().into_data().unwrap())
}

/// A body that has sent everything.
fn idle(subscription: Subscription) -> SseBody<Subscription> {
    let mut body = Sse::new(subscription).no_keep_alive().into_http_response().into_body();
    while poll(&mut body).is_ready() {}
    body
}

fn an_idle_subscriber() {
    const CLIENTS: usize = 10_000;
    let topic = topic(100);
    publish(&topic, "1");
    let region = Region::new(ALLOCATOR);
    let mut bodies = Vec::with_capacity(CLIENTS);
    bodies.resize_with(CLIENTS, || idle(subscribe(&topic, None)));
    let with = held(&region) / CLIENTS as isize;
    drop(bodies);

    let region = Region::new(ALLOCATOR);
    let mut bodies = Vec::with_capacity(CLIENTS);
    bodies.resize_with(CLIENTS, || {
        let pending = futures_util::stream::pending::<Encoded>();
        let mut body = Sse::new(pending).no_keep_alive().into_http_response().into_body();
        assert!(poll(&mut body).is_pending());
        body
    });
    let without = held(&region) / CLIENTS as isize;
    drop(bodies);
    println!(
        "  a body with a subscription: {with} bytes, without: {without}; a subscription is {} bytes",
        size_of::<Subscription>()
    );
    assert!(with - without <= 300, "{with} - {without}");
    assert!(size_of::<Subscription>() <= 120);
}

/// Bodies whose first frame is never sent, each with events of another time: each holds the segment of its frame, and
/// nothing grows.
fn a_thousand_who_never_read() {
    const HISTORY: usize = 100_000;
    const SEGMENT: usize = 16 * 1024;
    let topic = Hub::builder().history_bytes(HISTORY).build().topic("room");
    let mut bodies: Vec<_> = (0..1000).map(|_| idle(subscribe(&topic, None))).collect();
    let text = "x".repeat(1000);
    let mut frames = Vec::with_capacity(1000);
    let region = Region::new(ALLOCATOR);
    for body in &mut bodies {
        publish(&topic, text.as_str());
        frames.push(poll(body));
    }
    let at_first = held(&region);
    assert!(at_first as usize <= 2 * HISTORY + 1000 * SEGMENT, "{at_first} bytes");
    for _ in 0..20_000 {
        publish(&topic, text.as_str());
    }
    let after = held(&region);
    println!("  {at_first} bytes for one frame of each, {after} after 20 MB more");
    assert!(after <= at_first + 50_000);
    assert!(frames.iter().all(Poll::is_ready));
    // They continue after their frames, with a gap.
    drop(frames);
    for body in &mut bodies {
        // A body may already have taken one more item.
        let frames = [poll(body), poll(body)];
        let is_slow = |frame: &Poll<Bytes>| matches!(frame, Poll::Ready(frame) if frame.windows(6).any(|part| part == b"\"slow\""));
        assert!(frames.iter().any(is_slow));
    }
}

/// A keep-alive polls each subscription again, which allocates nothing.
fn keep_alives_of_a_silent_topic() {
    let topic = topic(100);
    let mut bodies: Vec<_> = (0..1000).map(|_| idle(subscribe(&topic, None))).collect();
    let region = Region::new(ALLOCATOR);
    for _ in 0..100 {
        for body in &mut bodies {
            assert!(poll(body).is_pending());
        }
    }
    assert_eq!(held(&region), 0);
}

fn a_topic_holds_what_it_may() {
    const HISTORY: usize = 200_000;
    for len in [10, 100, 1_000, 10_000, 50_000] {
        let topic = Hub::builder().history(usize::MAX).history_bytes(HISTORY).build().topic("room");
        let text = "x".repeat(len);
        let region = Region::new(ALLOCATOR);
        let mut most = 0;
        for _ in 0..2_000_000 / len {
            publish(&topic, text.as_str());
            most = most.max(held(&region));
        }
        let bytes = topic.stats().unwrap().bytes;
        println!("  events of {len} bytes: {most} bytes at most for a history of {bytes}");
        assert!(bytes <= HISTORY);
        // One event of the largest size above the limit, and about 16 bytes for each event.
        assert!(most as usize <= 2 * HISTORY, "{most}");
    }
}

fn what_many_subscribers_take_is_given_back() {
    let hub = Hub::builder().max_topics(2).build();
    let region = Region::new(ALLOCATOR);
    for round in 0..50 {
        let clients: Vec<_> = (0..1000)
            .map(|_| {
                let mut client = subscribe(&hub.topic(round.to_string()), None);
                read(&mut client);
                client
            })
            .collect();
        drop(clients);
    }
    let held = held(&region);
    assert!(held < 200_000, "{held} bytes");
}
