//! Case 26: names from clients, and topics that are removed from memory.

use std::time::Duration;

use sse_hub::{
    Hub,
    error::{PublishError, SubscribeError, TopicError},
};

use crate::support::*;

#[test]
fn case_26_names_are_limited() {
    let hub = Hub::builder().max_name(10).build();
    let long = hub.topic("12345678901");
    let Err(SubscribeError::Topic(error)) = try_subscribe(&long, None) else { panic!("no error") };
    assert_eq!(error, TopicError::NameTooLong { len: 11, max: 10 });
    assert_eq!(error.status(), 404);
    assert!(matches!(try_publish(&long, ""), Err(PublishError::Topic(_))));
    assert!(matches!(try_subscribe(&hub.topic(""), None), Err(SubscribeError::Topic(TopicError::EmptyName))));
    subscribe(&hub.topic("1234567890"), None);
}

#[test]
fn case_26_the_number_of_topics_is_limited() {
    let hub = Hub::builder().max_topics(3).build();
    let clients: Vec<_> = ["a", "b"].map(|name| subscribe(&hub.topic(name), None)).into();
    publish(&hub.topic("c"), "1");
    // A topic with a subscriber and one with history stay.
    let Err(SubscribeError::Topic(error)) = try_subscribe(&hub.topic("d"), None) else { panic!("no error") };
    assert_eq!(error, TopicError::TooMany { max: 3 });
    assert_eq!((error.status(), error.retry_after().is_some()), (503, true));
    subscribe(&hub.topic("a"), None);
    drop(clients);
    subscribe(&hub.topic("d"), None);
    assert_eq!(read(&mut subscribe(&hub.topic("c"), None)), ["ready @1"]);
}

#[test]
fn case_26_topics_without_history_leave_when_others_come() {
    let hub = Hub::new();
    let stays = hub.topic("stays");
    let client = subscribe(&stays, None);
    for n in 0..10_000 {
        subscribe(&hub.topic(n.to_string()), None);
        assert!(hub.stats().topics <= 40, "{} topics", hub.stats().topics);
    }
    assert!(stays.stats().is_some());
    drop(client);
}

#[test]
fn case_26_a_topic_that_left_without_history_is_the_same_when_it_comes_back() {
    let hub = Hub::builder().max_topics(1).build();
    let topic = hub.topic("room");
    let seen = subscribe(&topic, None).position();
    subscribe(&hub.topic("other"), None);
    assert!(topic.stats().is_none());
    let mut client = subscribe(&topic, seen);
    publish(&topic, "1");
    assert_eq!(read(&mut client), ["1: 1"]);
}

#[test]
fn case_26_one_that_left_with_its_history_uses_no_position_again() {
    let hub = Hub::builder().max_topics(1).idle(Duration::ZERO).build();
    let topic = hub.topic("room");
    let seen = publish(&topic, "1");
    publish(&hub.topic("other"), "2");
    assert!(topic.stats().is_none());
    let again = publish(&topic, "3");
    assert_ne!(seen, again);
    assert_eq!(read(&mut subscribe(&topic, seen)), [&gap("reset", None, 0), "1: 3"]);
}

#[test]
fn case_26_history_that_is_not_idle_stays() {
    let hub = Hub::builder().max_topics(20).build();
    let names: Vec<_> = (0..20).map(|n| n.to_string()).collect();
    for name in &names {
        publish(&hub.topic(name.as_str()), "1");
    }
    assert!(try_publish(&hub.topic("one more"), "1").is_err());
    for name in &names {
        assert_eq!(hub.topic(name.as_str()).stats().unwrap().events, 1);
    }
    assert_eq!(hub.stats().events, 20);
}

/// When there are too many topics, the refusal must be fast.
#[test]
fn case_26_topics_that_can_go_are_not_looked_for_at_each_refusal() {
    let hub = Hub::builder().max_topics(1600).build();
    let clients: Vec<_> = (0..1600).map(|n| subscribe(&hub.topic(n.to_string()), None)).collect();
    let more = hub.topic("one more");
    assert!(try_subscribe(&more, None).is_err());
    drop(clients);
    let refused = (0..1000).take_while(|_| try_subscribe(&more, None).is_err()).count();
    assert!((1..=100).contains(&refused), "{refused}");
}
