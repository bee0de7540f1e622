//! Helpers of the tests: topics and subscriptions without a runtime, and a client's events as short strings.

#![allow(dead_code)] // not every test program uses everything

pub(crate) mod log;

use futures_util::{FutureExt, StreamExt};
use sse_codec::{Decoder, Encoded, Event};
use sse_hub::{
    Hub, Position, Seen, Subscriber, Subscription, Topic,
    error::{PublishError, SubscribeError},
};

/// A topic of a hub that keeps this many events.
pub(crate) fn topic(history: usize) -> Topic {
    Hub::builder().history(history).build().topic("room")
}

/// Publishes. Without a backplane, nothing ever waits.
pub(crate) fn try_publish(topic: &Topic, event: impl Into<Event>) -> Result<Position, PublishError> {
    topic.publish(event).now_or_never().expect("it does not wait")
}

pub(crate) fn publish(topic: &Topic, event: impl Into<Event>) -> Position {
    try_publish(topic, event).unwrap()
}

/// Publishes the numbers of this range.
pub(crate) fn publish_all(topic: &Topic, numbers: impl IntoIterator<Item = u64>) {
    for number in numbers {
        publish(topic, number.to_string());
    }
}

pub(crate) fn finish(topic: &Topic) -> Position {
    topic.finish().now_or_never().expect("it does not wait").unwrap()
}

pub(crate) fn try_open(subscriber: Subscriber) -> Result<Subscription, SubscribeError> {
    subscriber.open().now_or_never().expect("it does not wait")
}

pub(crate) fn open(subscriber: Subscriber) -> Subscription {
    try_open(subscriber).unwrap()
}

pub(crate) fn try_subscribe(topic: &Topic, seen: impl Into<Seen>) -> Result<Subscription, SubscribeError> {
    try_open(topic.subscriber().last_event_id(seen))
}

pub(crate) fn subscribe(topic: &Topic, seen: impl Into<Seen>) -> Subscription {
    try_subscribe(topic, seen).unwrap()
}

/// The next item if one is ready: `Some(None)` at the end of the stream.
pub(crate) fn next(subscription: &mut Subscription) -> Option<Option<Encoded>> {
    subscription.next().now_or_never()
}

/// All events that are ready for a client.
pub(crate) fn read(subscription: &mut Subscription) -> Vec<String> {
    let mut told = Vec::new();
    loop {
        match next(subscription) {
            Some(Some(events)) => told.extend(tell(&events)),
            Some(None) => {
                told.push("closed".into());
                return told;
            }
            None => return told,
        }
    }
}

/// Each event as text: the hub's own with type and data, others with data; all with the number of the id.
pub(crate) fn tell(events: &Encoded) -> Vec<String> {
    decode(events)
        .iter()
        .map(|event| {
            let seq = position(event).seq();
            match event.event_type() {
                "message" => format!("{seq}: {}", event.data()),
                "gap" => format!("gap {} @{seq}", event.data()),
                other => format!("{other} @{seq}"),
            }
        })
        .collect()
}

pub(crate) fn decode(events: &Encoded) -> Vec<Event> {
    let mut decoder = Decoder::new();
    decoder.decode_bytes(events.as_bytes().clone()).map(|event| event.unwrap()).collect()
}

pub(crate) fn position(event: &Event) -> Position {
    event.id().expect("every event has an id").parse().unwrap()
}

/// The text of [`tell`] for a gap.
pub(crate) fn gap(reason: &str, missed: impl Into<Option<u64>>, at: u64) -> String {
    match missed.into() {
        Some(missed) => format!(r#"gap {{"reason":"{reason}","missed":{missed}}} @{at}"#),
        None => format!(r#"gap {{"reason":"{reason}"}} @{at}"#),
    }
}
