//! Case 12: a publish while a subscriber attaches. `tests/loom.rs` tries all orders.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    thread,
};

use futures_executor::block_on;
use futures_util::{FutureExt, StreamExt};

use crate::support::*;

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Wakes {
    fn take(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

#[test]
fn case_12_in_the_first_read_or_a_wake() {
    let topic = topic(100);
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(wakes.clone());
    let mut cx = Context::from_waker(&waker);

    // Between the subscription and its first poll.
    let mut client = subscribe(&topic, None);
    publish(&topic, "1");
    assert_eq!(wakes.take(), 0);
    assert_eq!(read(&mut client), ["ready @0", "1: 1"]);
    // After its last poll.
    assert!(client.poll_next_unpin(&mut cx).is_pending());
    publish(&topic, "2");
    assert_eq!(wakes.take(), 1);
    publish(&topic, "3");
    assert_eq!(wakes.take(), 0, "it has already been woken");
    let Poll::Ready(Some(events)) = client.poll_next_unpin(&mut cx) else { panic!("no events") };
    assert_eq!(tell(&events), ["2: 2", "3: 3"]);
    assert!(client.poll_next_unpin(&mut cx).is_pending());
}

#[test]
fn case_12_only_the_last_waker_is_woken() {
    let topic = topic(100);
    let mut client = subscribe(&topic, None);
    read(&mut client);
    let wakes: Vec<_> = (0..3).map(|_| Arc::new(Wakes::default())).collect();
    for wakes in &wakes {
        let waker = Waker::from(wakes.clone());
        assert!(client.poll_next_unpin(&mut Context::from_waker(&waker)).is_pending());
    }
    publish(&topic, "1");
    assert_eq!(wakes.iter().map(|wakes| wakes.take()).collect::<Vec<_>>(), [0, 0, 1]);
}

#[test]
fn case_12_a_dropped_subscriber_is_not_woken_and_the_others_are() {
    let topic = topic(100);
    let wakes: Vec<_> = (0..5).map(|_| Arc::new(Wakes::default())).collect();
    let mut clients: Vec<_> = wakes
        .iter()
        .map(|wakes| {
            let mut client = subscribe(&topic, None);
            read(&mut client);
            let waker = Waker::from(wakes.clone());
            assert!(client.poll_next_unpin(&mut Context::from_waker(&waker)).is_pending());
            client
        })
        .collect();
    clients.remove(3);
    clients.remove(0);
    // A new subscription reuses a free slot.
    let mut new = subscribe(&topic, None);
    read(&mut new);
    publish(&topic, "1");
    assert_eq!(wakes.iter().map(|wakes| wakes.take()).collect::<Vec<_>>(), [0, 1, 1, 0, 1]);
    for client in clients.iter_mut().chain([&mut new]) {
        assert_eq!(read(client), ["1: 1"]);
    }
    assert_eq!(topic.stats().unwrap().subscribers, 4);
}

/// Dropping the last waker of a task drops the task, here with a subscription to the same topic.
#[test]
fn a_waker_that_drops_a_subscription_does_not_deadlock() {
    struct Task(#[allow(dead_code)] std::sync::Mutex<sse_hub::Subscription>);
    impl Wake for Task {
        fn wake(self: Arc<Self>) {}
    }
    let topic = topic(100);
    let wait = |client: &mut sse_hub::Subscription, waker: &Waker| {
        read(client);
        assert!(client.poll_next_unpin(&mut Context::from_waker(waker)).is_pending());
    };
    let task = || Waker::from(Arc::new(Task(subscribe(&topic, None).into())));
    // The waker is replaced or woken, or its subscription is dropped.
    let mut client = subscribe(&topic, None);
    wait(&mut client, &task());
    wait(&mut client, &task());
    publish(&topic, "1");
    wait(&mut client, &task());
    drop(client);
    assert_eq!(topic.stats().unwrap().subscribers, 0);
}

/// Threads that publish, read and reconnect: each reader sees every event once, in order.
#[test]
fn case_12_many_threads() {
    const EVENTS: u64 = 2000;
    let topic = topic(2 * EVENTS as usize);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| publish_all(&topic, 1..=EVENTS));
        }
        for reader in 0..4 {
            let topic = &topic;
            scope.spawn(move || {
                let mut seen = None;
                let mut count = 0;
                while count < 2 * EVENTS {
                    let mut client = match &seen {
                        None => open(topic.subscriber().start(sse_hub::Start::Oldest)),
                        Some(_) => subscribe(topic, seen.clone()),
                    };
                    // Sometimes a client disconnects with unread events.
                    for _ in 0..=reader {
                        let Some(events) = block_on(client.next()) else { panic!("closed") };
                        for event in decode(&events).iter().filter(|event| event.event_type() == "message") {
                            count += 1;
                            assert_eq!(position(event).seq(), count);
                        }
                        seen = Some(client.position().into());
                        if count == 2 * EVENTS {
                            break;
                        }
                    }
                    let _ = client.next().now_or_never();
                }
            });
        }
    });
}
