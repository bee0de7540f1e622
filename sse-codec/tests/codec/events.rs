//! A decoded event equals one that was created.

use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use bytes::Bytes;
use sse_codec::{Decoder, Event, EventId, EventType};

fn decoded(stream: &str) -> Event {
    decoded_from(&[stream])
}

fn decoded_from(chunks: &[&str]) -> Event {
    let mut decoder = Decoder::new();
    let decode = |chunk: &&str| -> Vec<Event> {
        decoder.decode_bytes(Bytes::copy_from_slice(chunk.as_bytes())).map(Result::unwrap).collect()
    };
    let mut events = chunks.iter().flat_map(decode);
    let event = events.next().unwrap();
    assert!(events.next().is_none());
    event
}

/// Decodes the event from one chunk and from a chunk for each character, with and without a long comment before it.
fn decoded_in_every_way(stream: &str) -> [Event; 4] {
    let long_comment = format!(":{}\n", "c".repeat(100));
    let with_comment = [long_comment.as_str(), stream].concat();
    let in_parts = |stream: &str| {
        let parts: Vec<_> =
            stream.char_indices().map(|(at, char)| &stream[at..at + char.len_utf8()]).collect();
        decoded_from(&parts)
    };
    [decoded(stream), decoded(&with_comment), in_parts(stream), in_parts(&with_comment)]
}

/// Each event as in a stream, and as created. Events with two data lines take another path in the decoder.
fn pairs() -> Vec<(Event, Event)> {
    let ping = || EventType::new("ping").unwrap();
    let id = |text: &str| EventId::new(text.to_owned()).unwrap();
    let pairs = [
        ("data: one\n\n", Event::new("one")),
        ("id: 7\nevent: ping\ndata: é\n\n", Event::new("é").with_event_type(ping()).with_id(7_u8)),
        ("id\ndata:\n\n", Event::new("").with_id(id(""))),
        ("id:\nevent:\ndata:\n\n", Event::new("").with_id(id(""))),
        ("event: ping\ndata: 1\ndata: 2\n\n", Event::new("1\n2").with_event_type(ping())),
        (
            "retry: 5\nid: a longer id than fits in place\ndata: 1\n\n",
            Event::new("1")
                .with_retry(Duration::from_millis(5))
                .with_id(id("a longer id than fits in place")),
        ),
        (
            "event: a type and then data\ndata: that do not fit in place together\n\n",
            Event::new("that do not fit in place together")
                .with_event_type(EventType::new("a type and then data").unwrap()),
        ),
    ];
    let each =
        |(stream, made): (&str, Event)| decoded_in_every_way(stream).map(|event| (event, made.clone()));
    pairs.into_iter().flat_map(each).collect()
}

#[test]
fn the_same_parts() {
    let state = RandomState::new();
    for (decoded, made) in pairs() {
        assert_eq!(decoded, made);
        assert_eq!(decoded.clone(), made);
        assert_eq!(format!("{decoded:?}"), format!("{made:?}"));
        assert_eq!(state.hash_one(&decoded), state.hash_one(&made));
        assert_eq!(decoded.data(), made.data());
        assert_eq!(decoded.event_type(), made.event_type());
        assert_eq!(decoded.explicit_event_type(), made.explicit_event_type());
        assert_eq!(decoded.id(), made.id());
        assert_eq!(Event::from(decoded.clone().into_parts()), made);
        assert_eq!(decoded.retry(), made.retry());
        assert_eq!(decoded.encoded_len(), made.encoded_len());
        assert_eq!(decoded.to_bytes(), made.to_bytes());
        assert_eq!(decoded.into_data(), made.into_data());
    }
}

#[test]
fn different_where_one_part_is() {
    let events: Vec<Event> = pairs().into_iter().flat_map(|(decoded, made)| [decoded, made]).collect();
    assert_eq!(events.iter().collect::<HashSet<_>>().len(), 6);
    let state = RandomState::new();
    assert_eq!(events.iter().map(|event| state.hash_one(event)).collect::<HashSet<_>>().len(), 6);
    let event = &decoded("id: 7\nevent: ping\ndata: é\n\n");
    for other in [
        Event::new("other")
            .with_event_type(event.explicit_event_type().unwrap())
            .with_id(event.id().unwrap()),
        Event::new("é").with_id(event.id().unwrap()),
        Event::new("é").with_event_type(event.explicit_event_type().unwrap()),
        event.clone().with_retry(Duration::from_millis(1)),
    ] {
        assert_ne!(*event, other);
    }
}

#[test]
fn each_part_can_be_changed_and_the_others_stay() {
    const OTHER: EventType = EventType::from_static("other");
    for (decoded, made) in pairs() {
        assert_eq!(decoded.clone().with_event_type(OTHER), made.clone().with_event_type(OTHER));
        assert_eq!(decoded.clone().with_event_type(OTHER).explicit_event_type(), Some(&OTHER));
        assert_eq!(decoded.clone().with_id(8_u8), made.clone().with_id(8_u8));
        assert_eq!(decoded.clone().with_id(8_u8).id(), Some(&8_u8.into()));
        assert_eq!(decoded.clone().with_data("other"), made.clone().with_data("other"));
        let other = decoded.clone().with_data("other").without_id().without_event_type().without_retry();
        assert_eq!(other, Event::new("other"));
        assert_eq!(decoded.clone().without_id().with_id(8_u8), made.clone().with_id(8_u8));
        let retry = Duration::from_secs(1);
        assert_eq!(decoded.with_retry(retry), made.with_retry(retry));
    }
}

#[test]
fn what_debug_shows() {
    assert_eq!(
        format!("{:?}", decoded("id: 7\nevent: ping\ndata: 1\n\n")),
        r#"Event { data: "1", event_type: Some("ping"), id: Some("7"), retry: None }"#
    );
}
