//! Case 27: a topic that is finished.

use sse_hub::{OnGap, Position, Start, error::SubscribeError};

use crate::support::*;

#[test]
fn case_27_subscribers_get_the_rest_then_end() {
    let topic = topic(100);
    let mut waiting = subscribe(&topic, None);
    publish(&topic, "1");
    assert_eq!(read(&mut waiting), ["ready @0", "1: 1"]);
    let mut late = subscribe(&topic, Position::new(waiting.position().epoch(), 0));
    publish(&topic, "2");
    finish(&topic);
    assert_eq!(read(&mut waiting), ["2: 2", "end @3", "closed"]);
    assert_eq!(read(&mut waiting), ["closed"]);
    assert_eq!(read(&mut late), ["1: 1", "2: 2", "end @3", "closed"]);
}

#[test]
fn case_27_with_the_id_of_the_end_there_is_nothing_to_come_back_for() {
    let topic = topic(100);
    let last = publish(&topic, "1");
    let end = finish(&topic);
    let error = try_subscribe(&topic, end).unwrap_err();
    assert!(matches!(error, SubscribeError::Finished));
    assert_eq!((error.status(), error.retry_after()), (204, None));
    // With an earlier id there is a stream.
    assert_eq!(read(&mut subscribe(&topic, last)), ["end @2", "closed"]);
}

#[test]
fn case_27_all_others_get_to_the_end_as_well() {
    let topic = topic(3);
    let first = publish(&topic, "1");
    publish_all(&topic, 2..=5);
    let end = finish(&topic);
    assert_eq!(read(&mut subscribe(&topic, None)), ["ready @5", "end @6", "closed"]);
    for (start, wanted) in [
        (Start::Oldest, &["ready @3", "4: 4", "5: 5", "end @6", "closed"][..]),
        (Start::Last(1), &["ready @4", "5: 5", "end @6", "closed"]),
        (Start::Last(0), &["ready @5", "end @6", "closed"]),
    ] {
        assert_eq!(read(&mut open(topic.subscriber().start(start))), wanted);
    }
    assert_eq!(
        read(&mut subscribe(&topic, first)),
        [&gap("trimmed", 2, 3), "4: 4", "5: 5", "end @6", "closed"]
    );
    let latest = topic.subscriber().last_event_id(first).on_gap(OnGap::Latest);
    assert_eq!(read(&mut open(latest)), [&gap("trimmed", 4, 5), "end @6", "closed"]);
    let ahead = Position::new(end.epoch(), 9);
    assert_eq!(read(&mut subscribe(&topic, ahead)).last().unwrap(), "closed");
}

#[test]
fn a_topic_that_is_finished_at_once() {
    let topic = topic(100);
    let mut client = subscribe(&topic, None);
    finish(&topic);
    assert_eq!(read(&mut client), ["ready @0", "end @1", "closed"]);
    assert_eq!(read(&mut subscribe(&topic, None)), ["ready @0", "end @1", "closed"]);
}
