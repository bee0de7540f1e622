//! All orders in which threads can publish, attach, read and leave (case 12):
//! `RUSTFLAGS="--cfg loom" cargo test -p sse-hub --release --test loom --target-dir target/loom`.

#![cfg(loom)]
#![allow(clippy::unwrap_used)]

use futures_util::{FutureExt, StreamExt};
use loom::{future::block_on, thread};
use sse_codec::{Decoder, Encoded};
use sse_hub::{Hub, Position, Start, Subscription, Topic};

/// The numbers of the events, without `ready`.
fn numbers(events: &Encoded) -> Vec<u64> {
    let mut decoder = Decoder::new();
    let events = decoder.decode_bytes(events.as_bytes().clone()).map(|event| event.unwrap());
    let numbers = events.filter(|event| event.event_type() != "ready");
    numbers.map(|event| event.id().unwrap().parse::<Position>().unwrap().seq()).collect()
}

fn open(topic: &Topic, start: Start) -> Subscription {
    topic.subscriber().start(start).open().now_or_never().unwrap().unwrap()
}

fn publish(topic: &Topic) {
    topic.publish("x").now_or_never().unwrap().unwrap();
}

/// Reads up to this event, and waits if necessary: a lost wake is a deadlock, which loom reports.
fn read_to(mut subscription: Subscription, mut next: u64, last: u64) {
    while next <= last {
        for number in numbers(&block_on(subscription.next()).unwrap()) {
            assert_eq!(number, next);
            next += 1;
        }
    }
    while let Some(Some(events)) = subscription.next().now_or_never() {
        assert!(numbers(&events).is_empty());
    }
}

/// All orders with up to three preemptions: this takes seconds, and more preemptions find no more errors.
fn model(run: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(run);
}

#[test]
fn two_publish_one_attaches_and_one_leaves() {
    model(|| {
        let topic = Hub::new().topic("room");
        let mut leaving = open(&topic, Start::Now);
        let publisher = {
            let topic = topic.clone();
            thread::spawn(move || publish(&topic))
        };
        let attaching = {
            let topic = topic.clone();
            thread::spawn(move || read_to(open(&topic, Start::Oldest), 1, 2))
        };
        // It leaves with or without a waker in the topic.
        let _ = leaving.next().now_or_never();
        let _ = leaving.next().now_or_never();
        publish(&topic);
        drop(leaving);
        publisher.join().unwrap();
        attaching.join().unwrap();
        assert_eq!(topic.stats().unwrap().subscribers, 0);
    });
}

#[test]
fn what_is_published_while_one_attaches_is_read_once() {
    model(|| {
        let topic = Hub::new().topic("room");
        let publisher = {
            let topic = topic.clone();
            thread::spawn(move || {
                publish(&topic);
                publish(&topic);
            })
        };
        let attached = open(&topic, Start::Now);
        let next = attached.position().seq() + 1;
        read_to(attached, next, 2);
        publisher.join().unwrap();
    });
}

#[test]
fn one_who_waits_is_woken_by_the_end() {
    model(|| {
        let topic = Hub::new().topic("room");
        let mut waiting = open(&topic, Start::Oldest);
        let finishing = {
            let topic = topic.clone();
            thread::spawn(move || topic.finish().now_or_never().unwrap().unwrap())
        };
        while block_on(waiting.next()).is_some() {}
        finishing.join().unwrap();
    });
}
