//! Cases 16 to 18: publishing. `log.rs` has the cases with a backplane.

use std::thread;

use futures_util::FutureExt;
use sse_codec::{Event, EventType};
use sse_hub::{Hub, error::PublishError};

use crate::support::*;

#[test]
fn case_16_several_publishers_one_order() {
    let topic = topic(10_000);
    let mut clients: Vec<_> = (0..3).map(|_| subscribe(&topic, None)).collect();
    thread::scope(|scope| {
        for publisher in 0..4 {
            let topic = &topic;
            scope.spawn(move || publish_all(topic, (1..=500).map(|n| publisher * 1000 + n)));
        }
    });
    let told: Vec<_> = clients.iter_mut().map(read).collect();
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0], told[2]);
    assert_eq!(told[0].len(), 2001);
    // The events of each publisher are in its order.
    let numbers: Vec<u64> =
        told[0][1..].iter().map(|told| told.split(": ").nth(1).unwrap().parse().unwrap()).collect();
    for publisher in 0..4 {
        assert!(numbers.iter().filter(|n| *n / 1000 == publisher).is_sorted());
    }
}

#[test]
fn case_17_after_the_end() {
    let topic = topic(100);
    let last = publish(&topic, "1");
    let end = finish(&topic);
    assert_eq!(end.seq(), last.seq() + 1);
    let error = try_publish(&topic, "2").unwrap_err();
    assert!(matches!(error, PublishError::Closed));
    assert_eq!((error.status(), error.retry_after()), (410, None));
    assert!(matches!(topic.finish().now_or_never(), Some(Err(PublishError::Closed))));
}

#[test]
fn case_17_too_large() {
    let hub = Hub::builder().max_event(100).build();
    let topic = hub.topic("room");
    let id = publish(&topic, "").to_string().len();
    let overhead = "id: \ndata: \n\n".len() + id;
    let position = publish(&topic, "x".repeat(100 - overhead));
    for data in ["x".repeat(101 - overhead), "\n".repeat(20), "x".repeat(10_000)] {
        let len = Event::new(data.as_str()).with_id(position).encoded_len();
        let error = try_publish(&topic, data).unwrap_err();
        assert!(
            matches!(error, PublishError::TooLarge { len: found, max: 100 } if found == len),
            "{error:?}"
        );
        assert_eq!(error.status(), 413);
    }
    // It took no position.
    assert_eq!(topic.stats().unwrap().last, position);
    assert_eq!(publish(&topic, "").seq(), position.seq() + 1);
}

#[test]
fn case_17_the_types_of_the_hub_are_its_own() {
    let topic = topic(100);
    for reserved in ["ready", "gap", "end"] {
        let event = Event::new("{}").with_event_type(EventType::new(reserved).unwrap());
        let error = try_publish(&topic, event).unwrap_err();
        assert!(matches!(error, PublishError::ReservedType));
        assert_eq!(error.status(), 400);
    }
}

#[test]
fn an_event_has_its_position_as_id_and_all_else_as_it_was() {
    let topic = topic(100);
    let mut client = subscribe(&topic, None);
    read(&mut client);
    let event = Event::new("two\nlines").with_event_type(EventType::from_static("said"));
    let event = event.with_retry(std::time::Duration::from_secs(1));
    let position = publish(&topic, event.clone().with_id(7_u8));
    assert_eq!(decode(&next(&mut client).unwrap().unwrap()), [event.with_id(position)]);
}

#[test]
fn case_18_the_same_key_again_is_the_first_position() {
    let topic = topic(3);
    let publish_once = |key: &str, text: &str| topic.publish_once(key, text).now_or_never().unwrap();
    let first = publish_once("a", "1").unwrap();
    let second = publish_once("b", "2").unwrap();
    assert_ne!(first, second);
    assert_eq!(publish_once("a", "other").unwrap(), first);
    assert_eq!(publish_once("b", "2").unwrap(), second);
    publish(&topic, "3");
    // Even when the topic is finished.
    finish(&topic);
    assert_eq!(publish_once("b", "2").unwrap(), second);
    // The first event is no longer kept, so its key is forgotten.
    assert!(matches!(publish_once("a", "1"), Err(PublishError::Closed)));
    assert_eq!(read(&mut subscribe(&topic, first)), ["2: 2", "3: 3", "end @4", "closed"]);

    let long = "x".repeat(257);
    assert!(matches!(publish_once(&long, ""), Err(PublishError::KeyTooLong { len: 257, max: 256 })));
}
