//! A hub with a backplane, here a log in memory: cases 7, 8, 10, 13, 15 to 17, 19 to 23 and 27.

use std::task::{Context, Waker};

use futures_util::FutureExt;
use sse_codec::Event;
use sse_hub::{
    Hub, OnGap, Start,
    backplane::Record,
    error::{PublishError, ReadError, SubscribeError},
};

use crate::support::{
    log::{Log, TOPIC},
    *,
};

fn append(log: &Log, numbers: std::ops::RangeInclusive<u64>) {
    for number in numbers {
        log.append(Record::Event(Event::new(number.to_string())));
    }
}

/// A process that follows the topic, with this many entries in its ring.
fn live(log: &Log, history: usize) -> (crate::support::log::Process, sse_hub::Topic) {
    let (process, hub) = log.process(history);
    let topic = hub.topic(TOPIC);
    let opening = topic.subscribe(None).now_or_never();
    assert!(opening.is_none(), "it has to wait for the first page");
    process.deliver_all();
    // The topic keeps its hub alive.
    (process, topic)
}

#[test]
fn a_subscriber_waits_for_the_first_page() {
    let log = Log::new();
    append(&log, 1..=3);
    let (process, hub) = log.process(100);
    let topic = hub.topic(TOPIC);
    let mut opening = Box::pin(topic.subscribe(None));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(opening.poll_unpin(&mut cx).is_pending());
    process.deliver_all();
    let client = opening.now_or_never().unwrap().unwrap();
    assert_eq!(client.position(), log.last());
}

#[test]
fn case_7_a_log_without_entries() {
    let log = Log::new();
    let (process, topic) = live(&log, 100);
    let mut client = subscribe(&topic, None);
    assert_eq!(read(&mut client), ["ready @0"]);
    let mut back = subscribe(&topic, client.position());
    assert_eq!(read(&mut back), [""; 0]);
    append(&log, 1..=1);
    process.deliver_all();
    assert_eq!(read(&mut client), ["1: 1"]);
    assert_eq!(read(&mut back), ["1: 1"]);
}

#[test]
fn case_8_the_log_says_what_is_ahead_not_the_ring() {
    let log = Log::new();
    append(&log, 1..=3);
    let (process, topic) = live(&log, 100);
    append(&log, 4..=6);
    // Another process was faster.
    let seen = log.last();
    let mut client = subscribe(&topic, seen);
    assert_eq!(client.gap(), None);
    assert_eq!(read(&mut client), [""; 0]);
    process.deliver(2);
    assert_eq!(read(&mut client), [""; 0]);
    append(&log, 7..=7);
    process.deliver_all();
    assert_eq!(read(&mut client), ["7: 7"]);
    // Nothing has that position.
    log.lose(2);
    let (_process, topic) = live(&log, 100);
    let mut client = subscribe(&topic, seen);
    assert_eq!(read(&mut client)[0], gap("ahead", None, 0));
}

#[test]
fn case_10_an_epoch_that_changed_is_no_gap() {
    let log = Log::new();
    append(&log, 1..=3);
    let seen = log.last();
    let (process, topic) = live(&log, 100);
    let mut client = subscribe(&topic, seen);
    log.begin_epoch();
    append(&log, 4..=5);
    log.begin_epoch();
    append(&log, 6..=6);
    process.deliver_all();
    let wanted = ["1: 4", "2: 5", "1: 6"];
    assert_eq!(read(&mut client), wanted);
    assert_eq!(read(&mut subscribe(&topic, seen)), wanted);
    assert_eq!(process.reads(), 0, "the ring has it");
    // With a process that reads the events from the log.
    let (_process, topic) = live(&log, 1);
    assert_eq!(read(&mut subscribe(&topic, seen)), wanted);
    assert_eq!(read(&mut open(topic.subscriber().start(Start::Last(2)))), ["ready @2", "1: 6"]); // a marker counts
    // The last event before an epoch may be trimmed.
    log.trim(5);
    let (_process, topic) = live(&log, 100);
    assert_eq!(read(&mut subscribe(&topic, seen)), wanted);
}

#[test]
fn case_13_below_the_ring_the_log_is_read_by_pages() {
    let log = Log::new();
    let (process, topic) = live(&log, 3);
    let mut client = subscribe(&topic, None);
    read(&mut client);
    append(&log, 1..=2500);
    process.deliver_all();
    process.hold_reads(true);
    assert!(next(&mut client).is_none());
    process.hold_reads(false);
    let wanted: Vec<_> = (1..=2500).map(|n| format!("{n}: {n}")).collect();
    assert_eq!(read(&mut client), wanted);
    // Two full pages, and the rest; the ring has the end.
    assert_eq!(process.reads(), 3);

    append(&log, 2501..=2520);
    process.deliver_all();
    log.trim(10);
    assert_eq!(read(&mut client)[..2], [gap("slow", 10, 2510), "2511: 2511".into()]);
}

#[test]
fn case_13_by_policy() {
    let log = Log::new();
    append(&log, 1..=1);
    let (process, topic) = live(&log, 3);
    let mut latest = open(topic.subscriber().on_gap(OnGap::Latest));
    let mut closed = open(topic.subscriber().close_if_slow(true));
    read(&mut latest);
    read(&mut closed);
    append(&log, 2..=20);
    process.deliver_all();
    log.trim(10);
    assert_eq!(read(&mut latest), [gap("slow", 19, 20)]);
    assert_eq!(read(&mut closed), ["closed"]);
    assert_eq!(topic.stats().unwrap().gaps, 2);
}

#[test]
fn case_6_and_25_with_a_log() {
    let log = Log::new();
    append(&log, 1..=20);
    let positions: Vec<_> = log.entries().iter().map(|(position, _)| *position).collect();
    log.trim(10);
    let (_process, topic) = live(&log, 3);
    assert_eq!(read(&mut subscribe(&topic, positions[5])).len(), 11);
    assert_eq!(read(&mut subscribe(&topic, positions[5]))[..2], [gap("trimmed", 5, 10), "11: 11".into()]);
    let latest = topic.subscriber().last_event_id(positions[5]).on_gap(OnGap::Latest);
    assert_eq!(read(&mut open(latest)), [gap("trimmed", 15, 20)]);
    // The oldest event of the log, not of the ring.
    let oldest = read(&mut open(topic.subscriber().start(Start::Oldest)));
    assert_eq!((oldest.len(), oldest[0].as_str()), (11, "ready @10"));
    let last = read(&mut open(topic.subscriber().start(Start::Last(5))));
    assert_eq!((last.len(), last[0].as_str()), (6, "ready @15"));
    let foreign = sse_hub::Position::new(Position::epoch_of("other", 1), 1);
    assert_eq!(read(&mut subscribe(&topic, foreign))[..2], [gap("foreign", None, 10), "11: 11".into()]);

    let denied = |seen: usize, not_before: usize| {
        read(&mut open(topic.subscriber().last_event_id(positions[seen]).not_before(positions[not_before])))
    };
    assert_eq!(denied(12, 15)[..2], [gap("denied", None, 14), "15: 15".into()]);
    assert_eq!(denied(12, 19)[..2], [gap("denied", None, 18), "19: 19".into()]);
    assert_eq!(denied(3, 5)[..2], [gap("denied", None, 10), "11: 11".into()]);
    assert_eq!(denied(16, 15)[0], "17: 17");
    let start = topic.subscriber().start(Start::Oldest).not_before(positions[15]);
    assert_eq!(read(&mut open(start))[..2], ["ready @14", "15: 15"]);
}

use sse_hub::Position;

#[test]
fn case_15_without_subscribers_nothing_is_followed() {
    let log = Log::new();
    let (process, hub) = log.process(100);
    let topic = hub.topic(TOPIC);
    publish(&topic, "1");
    assert!(!process.follows());
    assert_eq!(log.entries().len(), 2);
    assert_eq!(hub.stats().topics, 0);
}

#[test]
fn case_16_the_order_is_that_of_the_log() {
    let log = Log::new();
    let (one, topic) = live(&log, 100);
    let (other, other_topic) = live(&log, 100);
    let mut clients = [subscribe(&topic, None), subscribe(&other_topic, None)];
    clients.iter_mut().for_each(|client| drop(read(client)));
    publish(&topic, "a");
    publish(&other_topic, "b");
    // Not before the log can be reached again.
    assert_eq!(read(&mut clients[0]), [""; 0]);
    one.deliver_all();
    other.deliver_all();
    for client in &mut clients {
        assert_eq!(read(client), ["1: a", "2: b"]);
    }
}

#[test]
fn case_17_what_cannot_be_appended_is_shown_to_nobody() {
    let log = Log::new();
    let (process, topic) = live(&log, 100);
    let mut client = subscribe(&topic, None);
    read(&mut client);
    process.cut(true);
    assert!(matches!(try_publish(&topic, "1"), Err(PublishError::Unavailable(_))));
    assert_eq!(read(&mut client), [""; 0]);
    process.cut(false);
    process.deliver_all();
    assert_eq!(read(&mut client), [""; 0]);
    publish(&topic, "2");
    process.deliver_all();
    assert_eq!(read(&mut client), ["1: 2"]);
}

#[test]
fn case_19_at_another_process_exactly_the_rest() {
    let log = Log::new();
    let (one, topic) = live(&log, 100);
    let mut client = subscribe(&topic, None);
    append(&log, 1..=5);
    one.deliver(4);
    assert_eq!(read(&mut client).len(), 4);
    let seen = client.position();
    drop((client, one, topic));
    let (_other, topic) = live(&log, 100);
    assert_eq!(read(&mut subscribe(&topic, seen)), ["4: 4", "5: 5"]);
}

#[test]
fn case_20_while_the_log_is_down() {
    let log = Log::new();
    append(&log, 1..=20);
    let positions: Vec<_> = log.entries().iter().map(|(position, _)| *position).collect();
    let (process, topic) = live(&log, 5);
    let mut waiting = subscribe(&topic, log.last());
    let mut slow = subscribe(&topic, positions[3]);
    let first_page = next(&mut slow).unwrap().unwrap();
    assert_eq!(tell(&first_page).len(), 17);
    process.cut(true);
    // Connected clients stay connected, and a client whose id the ring covers is served.
    assert_eq!(read(&mut waiting), [""; 0]);
    assert_eq!(read(&mut subscribe(&topic, positions[18])), ["19: 19", "20: 20"]);
    // Any other client is told to try again.
    let error = try_subscribe(&topic, positions[3]).unwrap_err();
    assert!(matches!(error, SubscribeError::Read(ReadError::Unavailable(_))));
    assert_eq!(error.status(), 503);

    process.cut(false);
    append(&log, 21..=21);
    process.deliver_all();
    assert_eq!(read(&mut waiting), ["21: 21"]);
    assert_eq!(read(&mut slow), ["21: 21"]);
}

#[test]
fn case_20_a_read_that_failed_is_tried_again_when_there_is_news() {
    let log = Log::new();
    let (process, topic) = live(&log, 3);
    let mut client = subscribe(&topic, None);
    read(&mut client);
    append(&log, 1..=10);
    process.deliver_all();
    process.cut(true);
    assert_eq!(read(&mut client), [""; 0]);
    assert_eq!(read(&mut client), [""; 0]);
    assert_eq!(process.reads(), 1, "it asks again and again");
    process.cut(false);
    assert_eq!(read(&mut client), [""; 0]);
    // An empty page wakes the client.
    process.deliver_all();
    assert_eq!(read(&mut client).len(), 10);
}

#[test]
fn case_20_those_who_wait_for_the_first_page_are_bounded() {
    let log = Log::new();
    let (process, _) = log.process(100);
    let hub = Hub::builder().max_waiting(2).backplane(process.clone()).build();
    let topic = hub.topic(TOPIC);
    let mut cx = Context::from_waker(Waker::noop());
    let mut waiting: Vec<_> = (0..3).map(|_| Box::pin(topic.subscribe(None))).collect();
    assert!(waiting[0].poll_unpin(&mut cx).is_pending());
    assert!(waiting[1].poll_unpin(&mut cx).is_pending());
    let refused = waiting[2].as_mut().now_or_never().unwrap();
    assert!(matches!(refused, Err(SubscribeError::Read(ReadError::Busy))));
    // A client that gives up makes room, and nobody waits for a log that is down.
    drop(waiting.remove(0));
    let mut next = Box::pin(topic.subscribe(None));
    assert!(next.poll_unpin(&mut cx).is_pending());
    process.cut(true);
    assert!(matches!(next.now_or_never(), Some(Err(SubscribeError::Read(ReadError::Unavailable(_))))));
    assert!(try_subscribe(&topic, None).is_err());
    process.cut(false);
    process.deliver_all();
    subscribe(&topic, None);
}

#[test]
fn case_21_a_log_that_lost_its_end_is_told() {
    let log = Log::new();
    append(&log, 1..=10);
    let (process, topic) = live(&log, 100);
    let mut client = subscribe(&topic, log.last());
    log.lose(4);
    append(&log, 11..=12);
    // The process sees that the log is another one, and its ring restarts.
    process.deliver_all();
    let told = read(&mut client);
    assert_eq!(told[0], gap("ahead", None, 0));
    assert_eq!(told[7..], ["1: 11", "2: 12"]);
}

#[test]
fn case_21_an_epoch_that_the_log_lost_before_it_had_an_event_is_no_gap() {
    let log = Log::new();
    append(&log, 1..=3);
    let (process, topic) = live(&log, 1);
    let mut client = subscribe(&topic, log.last());
    log.begin_epoch();
    append(&log, 4..=4);
    log.lose(1);
    process.deliver_all();
    assert_eq!(read(&mut client), [""; 0]);
    log.lose(1);
    append(&log, 5..=5);
    process.deliver_all();
    assert_eq!(read(&mut client), ["1: 5"]);
}

#[test]
fn case_22_a_hole_is_a_gap_with_the_number() {
    let log = Log::new();
    append(&log, 1..=3);
    let (process, topic) = live(&log, 100);
    let mut client = subscribe(&topic, log.last());
    append(&log, 4..=20);
    log.trim(5);
    process.deliver_all();
    let told = read(&mut client);
    assert_eq!(told[..2], [gap("slow", 12, 15), "16: 16".into()]);
    // The same for later clients.
    assert_eq!(read(&mut subscribe(&topic, client.position())), [""; 0]);
}

#[test]
fn case_23_many_who_come_back_need_one_read() {
    let log = Log::new();
    append(&log, 1..=50);
    let seen = log.entries()[40].0;
    let (process, topic) = live(&log, 100);
    let mut clients: Vec<_> = (0..1000).map(|_| subscribe(&topic, seen)).collect();
    for client in &mut clients {
        assert_eq!(read(client).len(), 10);
    }
    assert_eq!(process.reads(), 0, "beyond the first page");
}

#[test]
fn case_27_an_end_in_the_log() {
    let log = Log::new();
    append(&log, 1..=5);
    let (first, seen) = (log.entries()[1].0, log.entries()[3].0);
    let (process, topic) = live(&log, 1);
    let mut client = subscribe(&topic, seen);
    let end = finish(&topic);
    process.deliver_all();
    assert_eq!(read(&mut client), ["4: 4", "5: 5", "end @6", "closed"]);
    assert_eq!(read(&mut subscribe(&topic, seen)), ["4: 4", "5: 5", "end @6", "closed"]);
    assert!(matches!(try_subscribe(&topic, end), Err(SubscribeError::Finished)));
    assert!(matches!(try_publish(&topic, "6"), Err(PublishError::Closed)));
    log.trim(3);
    let latest = topic.subscriber().last_event_id(first).on_gap(OnGap::Latest);
    assert_eq!(read(&mut open(latest)), [&gap("trimmed", 4, 5), "end @6", "closed"]);
}

#[test]
fn a_topic_that_nobody_uses_is_not_followed() {
    let log = Log::new();
    let (process, _) = log.process(100);
    let hub = Hub::builder().max_topics(1).idle(std::time::Duration::ZERO).backplane(process.clone()).build();
    let topic = hub.topic(TOPIC);
    assert!(topic.subscribe(None).now_or_never().is_none());
    process.deliver_all();
    let client = subscribe(&topic, None);
    assert!(process.follows());
    drop(client);
    assert!(hub.topic("other").subscribe(None).now_or_never().is_none());
    assert!(topic.stats().is_none());
}

#[test]
fn a_topic_is_idle_without_subscribers_whatever_others_publish() {
    let log = Log::new();
    let (process, _) = log.process(100);
    let idle = std::time::Duration::from_millis(20);
    let hub = Hub::builder().idle(idle).backplane(process.clone()).build();
    let topic = hub.topic(TOPIC);
    assert!(topic.subscribe(None).now_or_never().is_none());
    process.deliver_all();
    drop(subscribe(&topic, None));
    std::thread::sleep(2 * idle);
    append(&log, 1..=1);
    process.deliver_all();
    assert!(hub.topic("other").subscribe(None).now_or_never().is_none());
    assert!(topic.stats().is_none());
}
