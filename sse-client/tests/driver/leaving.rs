//! Cases 34 and 35: dropping, closing and reconnecting in each state.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use futures_util::{FutureExt, StreamExt};
use sse_client::{End, Policy};
use sse_conformance::scripts::memory::{Answer, Step, status, stream};
use tokio::time::Instant;

use super::{Server, secs, source, tell};

/// Answers that keep a client in each state: waiting for a head, a body, the next attempt, or the rest of a body.
fn states() -> [(&'static str, Answer); 4] {
    [
        ("connecting", Answer::Hang),
        ("open", stream([Step::data("data: x\n\n"), Step::Hang])),
        ("waiting", status(503)),
        ("draining", stream([Step::data("data: last\n\n"), Step::Hang])),
    ]
}

#[tokio::test(start_paused = true)]
async fn case_34_dropped_in_each_state_it_leaves_nothing() {
    for (state, answer) in states() {
        let server = Server::new([answer]);
        let source = source(server.connect(), Policy::feed()).ends_with(|event| event.data() == "last");
        let mut updates = source.updates();
        while updates.next().now_or_never().flatten().is_some() {}
        tokio::task::yield_now().await;
        while updates.next().now_or_never().flatten().is_some() {}
        assert_eq!(server.alive(), usize::from(state != "waiting"), "{state}");
        drop(updates);
        assert_eq!(server.alive(), 0, "{state}");
    }
}

#[tokio::test(start_paused = true)]
async fn case_34_dropped_after_any_number_of_polls_it_leaves_nothing() {
    let answers = || {
        [
            Answer::Fail("no route"),
            status(503),
            stream([Step::Pend, Step::data("id: 1\ndata: a\n\ndata: b\n\n"), Step::Pend, Step::Break]),
            stream([Step::data("data: c\n\n"), Step::Pend, Step::Trailers]),
            status(204),
        ]
    };
    for polls in 0.. {
        let server = Server::new(answers());
        let mut source = source(server.connect(), Policy::feed());
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        let mut is_done = false;
        for _ in 0..polls {
            is_done = matches!(source.poll_next_unpin(&mut cx), std::task::Poll::Ready(None));
            tokio::time::advance(secs(7)).await;
        }
        drop(source);
        assert_eq!(server.alive(), 0);
        if is_done {
            assert!(polls > 10, "{polls}");
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn case_34_closed_in_each_state_it_ends_at_once() {
    for (state, answer) in states() {
        let server = Server::new([answer]);
        let mut source = source(server.connect(), Policy::feed()).ends_with(|event| event.data() == "last");
        let handle = source.handle();
        let before = Instant::now();
        let life = tokio::spawn(tell(source.updates()));
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        handle.close();
        let updates = life.await.unwrap();
        assert_eq!(updates.last().unwrap(), "Closed", "{state}: {updates:?}");
        assert_eq!((before.elapsed(), server.alive()), (secs(0), 0), "{state}");
    }
}

#[tokio::test(start_paused = true)]
async fn case_34_closed_before_it_begins_and_after_it_has_ended() {
    let server = Server::new([status(204)]);
    let mut before = source(server.connect(), Policy::feed());
    before.handle().close();
    assert!(before.next().await.is_none());
    assert_eq!(server.attempts().len(), 0);

    let mut after = source(server.connect(), Policy::feed());
    let handle = after.handle();
    assert!(after.next().await.is_none());
    handle.close();
    handle.reconnect();
    assert!(after.next().now_or_never().unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn case_34_a_close_wins_over_a_reconnect() {
    let server = Server::new([Answer::Hang]);
    let mut source = source(server.connect(), Policy::feed());
    let handle = source.handle();
    assert!(source.next().now_or_never().is_none());
    handle.close();
    handle.reconnect();
    assert!(source.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn case_35_reconnect_in_each_state() {
    for (state, answer) in states() {
        let server = Server::new([answer, stream([Step::data("data: second\n\n")]), status(204)]);
        let mut source = source(server.connect(), Policy::feed())
            .from_last_event_id(7_u64)
            .ends_with(|event| event.data() == "last");
        let handle = source.handle();
        let before = Instant::now();
        let life = tokio::spawn(tell(source.updates()));
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        handle.reconnect();
        if state == "draining" {
            assert_eq!(life.await.unwrap().last().unwrap(), "Matched");
            continue;
        }
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        let attempts = server.attempts();
        assert_eq!((before.elapsed(), attempts.len()), (secs(0), 2), "{state}");
        assert_eq!(attempts[1].last_event_id().unwrap(), "7");
        assert_eq!(attempts[1].previous(), Some(End::Requested));
        let updates = life.await.unwrap();
        assert!(updates.contains(&"second".to_owned()), "{state}: {updates:?}");
    }
}

/// The last waker is woken, even if the stream has moved to another task.
#[tokio::test(start_paused = true)]
async fn case_34_a_close_wakes_who_polled_last() {
    struct Count(AtomicUsize);
    impl std::task::Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let server = Server::new([Answer::Hang]);
    let mut source = source(server.connect(), Policy::feed());
    let handle = source.handle();
    let wakers = [Arc::new(Count(0.into())), Arc::new(Count(0.into()))];
    for waker in &wakers {
        let waker = waker.clone().into();
        let mut cx = std::task::Context::from_waker(&waker);
        while source.poll_next_unpin(&mut cx).is_ready() {}
        assert!(source.poll_next_unpin(&mut cx).is_pending());
    }
    let before = wakers.each_ref().map(|waker| waker.0.load(Ordering::Relaxed));
    handle.close();
    let after = wakers.each_ref().map(|waker| waker.0.load(Ordering::Relaxed));
    assert_eq!((after[0] - before[0], after[1] - before[1]), (0, 1));
}
