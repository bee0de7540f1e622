//! Cases 4 to 11 and 25: a client reconnects with an id.

use sse_hub::{Hub, OnGap, Position, Reason, Start};

use crate::support::*;

#[test]
fn case_4_nothing_follows_the_last_event() {
    let topic = topic(100);
    publish_all(&topic, 1..=2);
    let last = publish(&topic, "3");
    let mut client = subscribe(&topic, last);
    assert_eq!(read(&mut client), [""; 0]);
    publish(&topic, "4");
    assert_eq!(read(&mut client), ["4: 4"]);
}

#[test]
fn case_5_exactly_what_follows() {
    let topic = topic(3);
    let positions: Vec<_> = (1..=5).map(|n| publish(&topic, n.to_string())).collect();
    // 2 is trimmed, but the events after it are not.
    assert_eq!(read(&mut subscribe(&topic, positions[1])), ["3: 3", "4: 4", "5: 5"]);
    assert_eq!(read(&mut subscribe(&topic, positions[2])), ["4: 4", "5: 5"]);
    assert_eq!(read(&mut subscribe(&topic, positions[3])), ["5: 5"]);
    assert_eq!(subscribe(&topic, positions[1]).gap(), None);
}

#[test]
fn case_6_what_is_trimmed_is_told_with_its_number() {
    let topic = topic(3);
    let positions: Vec<_> = (1..=10).map(|n| publish(&topic, n.to_string())).collect();
    let mut client = subscribe(&topic, positions[3]);
    let told = client.gap().copied().unwrap();
    assert_eq!((told.reason, told.missed), (Reason::Trimmed, Some(3)));
    assert_eq!(read(&mut client), [&gap("trimmed", 3, 7), "8: 8", "9: 9", "10: 10"]);

    let latest = topic.subscriber().last_event_id(positions[3]).on_gap(OnGap::Latest);
    assert_eq!(read(&mut open(latest)), [gap("trimmed", 6, 10)]);
}

#[test]
fn case_6_a_history_of_one_large_event() {
    let hub = Hub::builder().history_bytes(1000).build();
    let topic = hub.topic("room");
    let first = publish(&topic, "1");
    publish(&topic, "x".repeat(2000));
    publish(&topic, "x".repeat(3000));
    assert_eq!(topic.stats().unwrap().events, 1);
    let told = read(&mut subscribe(&topic, first));
    assert_eq!(told[0], gap("trimmed", 1, 2));
    assert_eq!(told.len(), 2);
}

#[test]
fn case_7_a_topic_that_was_never_published_to() {
    let topic = topic(100);
    let mut client = subscribe(&topic, None);
    assert_eq!(read(&mut client), ["ready @0"]);
    let mut back = subscribe(&topic, client.position());
    assert_eq!(read(&mut back), [""; 0]);
    publish(&topic, "1");
    assert_eq!(read(&mut client), ["1: 1"]);
    assert_eq!(read(&mut back), ["1: 1"]);
}

#[test]
fn case_8_ahead_of_the_log() {
    let topic = topic(100);
    let last = publish(&topic, "1");
    let ahead = Position::new(last.epoch(), 7);
    let mut client = subscribe(&topic, ahead);
    assert_eq!(client.gap().unwrap().reason, Reason::Ahead);
    // It does not wait for what it has seen.
    assert_eq!(read(&mut client), [&gap("ahead", None, 0), "1: 1"]);
    publish(&topic, "2");
    assert_eq!(read(&mut client), ["2: 2"]);

    let mut client = open(topic.subscriber().last_event_id(ahead).on_gap(OnGap::Latest));
    assert_eq!(read(&mut client), [gap("ahead", None, 2)]);
}

#[test]
fn case_9_an_id_of_another_topic() {
    let hub = Hub::new();
    let (topic, other) = (hub.topic("room"), hub.topic("other room"));
    publish(&topic, "here");
    publish_all(&other, 1..=3);
    let foreign = publish(&other, "4");
    let mut client = subscribe(&topic, foreign);
    assert_eq!(read(&mut client), [&gap("foreign", None, 0), "1: here"]);
    // The same number in a log that has it.
    publish_all(&topic, 2..=9);
    assert_eq!(read(&mut subscribe(&topic, foreign))[0], gap("foreign", None, 0));
}

#[test]
fn case_9_an_id_of_before_a_restart() {
    let before = topic(100);
    publish_all(&before, 1..=3);
    let seen = publish(&before, "4");
    let after = topic(100);
    publish_all(&after, 1..=9);
    let mut client = subscribe(&after, seen);
    assert_eq!(client.gap().unwrap().reason, Reason::Reset);
    let told = read(&mut client);
    assert_eq!((told.len(), &told[0]), (10, &gap("reset", None, 0)));
    assert_eq!(told[1], "1: 1");
}

#[test]
fn case_11_a_gap_is_told_until_it_arrives_and_then_not_again() {
    let topic = topic(3);
    let positions: Vec<_> = (1..=10).map(|n| publish(&topic, n.to_string())).collect();
    for seen in [positions[2], Position::new(7, 7)] {
        // The gap is lost on its way, so the client reconnects with the same id.
        let told = read(&mut subscribe(&topic, seen));
        assert_eq!(read(&mut subscribe(&topic, seen)), told);
        let first = next(&mut subscribe(&topic, seen)).unwrap().unwrap();
        // Only the gap arrives.
        let rebased = position(&decode(&first)[0]);
        let mut back = subscribe(&topic, rebased);
        assert_eq!(back.gap(), None);
        assert_eq!(read(&mut back), told[1..]);
    }
}

#[test]
fn case_25_a_right_that_is_newer_than_the_history() {
    let topic = topic(5);
    let positions: Vec<_> = (1..=10).map(|n| publish(&topic, n.to_string())).collect();
    let subscriber = || topic.subscriber().not_before(positions[7]); // 8 and later
    let denied = || gap("denied", None, 7);

    // A client that asks for older events gets a gap without a number.
    for seen in [2, 5, 6] {
        let mut client = open(subscriber().last_event_id(positions[seen - 1]));
        assert_eq!(client.gap().unwrap().reason, Reason::Denied);
        assert_eq!(read(&mut client), [&denied(), "8: 8", "9: 9", "10: 10"], "{seen}");
    }
    let latest = subscriber().last_event_id(positions[5]).on_gap(OnGap::Latest);
    assert_eq!(read(&mut open(latest)), [gap("denied", None, 10)]);
    // Other clients get no gap, and no older events.
    assert_eq!(read(&mut open(subscriber().last_event_id(positions[6]))), ["8: 8", "9: 9", "10: 10"]);
    assert_eq!(read(&mut open(subscriber().last_event_id(positions[8]))), ["10: 10"]);
    for start in [Start::Oldest, Start::Last(5)] {
        let told = read(&mut open(subscriber().start(start)));
        assert_eq!(told, ["ready @7", "8: 8", "9: 9", "10: 10"]);
    }
    // After another gap, clients do not get older events either.
    let reset = subscriber().last_event_id(Position::new(Position::epoch_of("room", 1), 1));
    assert_eq!(read(&mut open(reset)), [&gap("reset", None, 7), "8: 8", "9: 9", "10: 10"]);
    // Access that begins in the future.
    let later = Position::new(positions[0].epoch(), 12);
    let mut client = open(topic.subscriber().not_before(later));
    assert_eq!(read(&mut client), ["ready @11"]);
    publish_all(&topic, 11..=12);
    assert_eq!(read(&mut client), ["12: 12"]);
    // With a position of another topic, no past event is shown.
    let other = Position::new(Position::epoch_of("other", 1), 1);
    assert_eq!(read(&mut open(topic.subscriber().start(Start::Oldest).not_before(other))), ["ready @12"]);
}
