//! Cases 29 to 32: silence, and heads that never arrive.

use futures_util::{FutureExt, StreamExt};
use sse_client::{End, Policy};
use sse_conformance::scripts::memory::{Answer, Step, status, stream};
use tokio::time::{Instant, sleep};

use super::{Server, events, ms, secs, source, tell};

#[tokio::test(start_paused = true)]
async fn case_29_silence_ends_a_connection() {
    let steps = [
        Step::Sleep(secs(9)),
        Step::data(":\n"),
        Step::Sleep(secs(9)),
        Step::data("data: x\n\n"),
        Step::Hang,
    ];
    let server = Server::new([stream(steps), status(204)]);
    let start = Instant::now();
    let updates = tell(source(server.connect(), Policy::feed().idle(secs(10))).updates()).await;
    assert_eq!(updates[2..], [":", "x", "waiting: idle", "connecting 2", "NoContent"]);
    let time = start.elapsed();
    assert!(time >= ms(28_500) && time <= ms(29_010), "{time:?}");
    assert_eq!(server.alive(), 0);
    // Case 31
    assert_eq!(server.attempts()[1].previous(), Some(End::Idle));
    assert!(server.attempts()[1].wants_new_connection());
}

#[tokio::test(start_paused = true)]
async fn case_29_half_an_event_is_no_silence() {
    let slow = (0..20).flat_map(|_| [Step::Sleep(secs(9)), Step::data("data: x\n")]);
    let server = Server::new([stream(slow.chain([Step::data("\n")])), status(204)]);
    assert_eq!(events(&server, Policy::feed().idle(secs(10))).count().await, 1);
}

#[tokio::test(start_paused = true)]
async fn case_29_a_slow_consumer_is_no_silence() {
    let steps = [
        Step::data("data: 1\n\n"),
        Step::Pend,
        Step::data("data: 2\n\n"),
        Step::Sleep(secs(5)),
        Step::data("data: 3\n\n"),
    ];
    let server = Server::new([stream(steps), status(204)]);
    let mut events = events(&server, Policy::feed().idle(secs(10)));
    for data in ["1", "2", "3"] {
        assert_eq!(events.next().await.unwrap().unwrap(), data);
        sleep(secs(100)).await;
    }
    assert_eq!(server.attempts().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn case_29_bytes_that_are_there_are_read_before_it_is_silence() {
    let steps = [Step::data("data: 1\n\n"), Step::Sleep(secs(5)), Step::data("data: 2\n\n")];
    let server = Server::new([stream(steps), status(204)]);
    let mut events = events(&server, Policy::feed().idle(secs(10)));
    events.next().await.unwrap().unwrap();
    // It begins to wait, but then is not polled for a while.
    assert!(events.next().now_or_never().is_none());
    sleep(secs(100)).await;
    assert_eq!(events.next().await.unwrap().unwrap(), "2");
}

#[tokio::test(start_paused = true)]
async fn case_30_silence_is_noticed_once_there_were_comments() {
    let beats = |count| (0..count).flat_map(|_| [Step::Sleep(secs(20)), Step::data(":\n\n")]);
    let server = Server::new([stream(beats(2).chain([Step::Hang])), status(204)]);
    let start = Instant::now();
    assert!(events(&server, Policy::feed()).next().await.is_none());
    assert!(start.elapsed() >= secs(100) && start.elapsed() <= secs(102), "{:?}", start.elapsed());

    // A server that sends no comments may be silent for a day.
    let day = secs(24 * 3_600);
    let server =
        Server::new([stream(beats(1).chain([Step::Sleep(day), Step::data("data: x\n\n")])), status(204)]);
    assert_eq!(events(&server, Policy::feed()).count().await, 1);
    assert_eq!(server.attempts().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn case_32_a_head_that_never_comes() {
    let server = Server::new([Answer::Hang, status(204)]);
    let start = Instant::now();
    let updates = tell(source(server.connect(), Policy::feed()).updates()).await;
    assert_eq!(updates, ["connecting 1", "waiting: nohead", "connecting 2", "NoContent"]);
    assert!(start.elapsed() >= secs(60) && start.elapsed() <= secs(62), "{:?}", start.elapsed());
    assert_eq!(server.alive(), 0);

    let server = Server::new([Answer::Hang]);
    let mut events = events(&server, Policy::until_first_event());
    tokio::time::timeout(secs(100_000), events.next()).await.unwrap_err();
}
