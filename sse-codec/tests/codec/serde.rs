//! The feature `serde`: events survive a round trip, and invalid values are refused.

use std::time::Duration;

use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};
use sse_codec::{Event, EventId, EventType, Text};

/// In a human-readable format, and in one that needs each field.
fn there_and_back<T: Serialize + DeserializeOwned>(value: &T) -> [T; 2] {
    let json = serde_json::to_string(value).unwrap();
    let bytes = postcard::to_allocvec(value).unwrap();
    [serde_json::from_str(&json).unwrap(), postcard::from_bytes(&bytes).unwrap()]
}

fn event() -> impl Strategy<Value = Event> {
    let id = proptest::option::of(any::<String>());
    let event_type = proptest::option::of(any::<String>());
    (any::<String>(), event_type, id, proptest::option::of(any::<u64>())).prop_map(
        |(data, event_type, id, retry)| {
            let mut parts = Event::new(data).into_parts();
            parts.event_type = event_type.and_then(|text| EventType::new(text).ok());
            parts.id = id.and_then(|text| EventId::lenient(text).ok());
            parts.retry = retry.map(Duration::from_millis);
            parts.into()
        },
    )
}

proptest! {
    #[test]
    fn every_event_comes_back(event in event()) {
        for back in there_and_back(&event) {
            prop_assert_eq!(&back, &event);
        }
    }

    #[test]
    fn every_text_comes_back(text in any::<String>()) {
        let text = Text::from(text);
        for back in there_and_back(&text) {
            prop_assert_eq!(&back, &text);
        }
    }
}

#[test]
fn the_json_is_what_people_would_write() {
    let json = |event: Event| serde_json::to_string(&event).unwrap();
    assert_eq!(json(Event::new("1")), r#"{"data":"1"}"#);
    let full = Event::new("a\nb")
        .with_event_type(EventType::from_static("t"))
        .with_id(7_u8)
        .with_retry(Duration::from_secs(3));
    assert_eq!(json(full.clone()), r#"{"data":"a\nb","type":"t","id":"7","retry":3000}"#);
    let spelled = r#"{"retry":3000,"id":"7","type":"t","other":[],"data":"a\nb"}"#;
    assert_eq!(serde_json::from_str::<Event>(spelled).unwrap(), full);
    let nulls = r#"{"data":"1","type":null,"id":null,"retry":null}"#;
    assert_eq!(serde_json::from_str::<Event>(nulls).unwrap(), Event::new("1"));
    assert_eq!(serde_json::to_string(&EventId::from(7_u8)).unwrap(), r#""7""#);
    assert_eq!(serde_json::to_string(&EventType::MESSAGE).unwrap(), r#""message""#);
}

#[test]
fn what_the_format_cannot_hold_is_an_error() {
    for (json, reason) in [
        (r#"{"data":"1","id":"a\nb"}"#, "line break at byte 1"),
        (r#"{"data":"1","id":"a\u0000"}"#, "NUL at byte 1"),
        (r#"{"data":"1","type":"a\rb"}"#, "line break at byte 1"),
        (r#"{"data":"1","type":""}"#, "must not be empty"),
        (r#"{"data":1}"#, "expected a string"),
        (r#"{"data":"1","retry":-1}"#, "invalid value"),
        (r#"{"type":"a"}"#, "missing field `data`"),
    ] {
        let error = serde_json::from_str::<Event>(json).unwrap_err().to_string();
        assert!(error.contains(reason), "{json}: {error}");
    }
    let id = postcard::to_allocvec("a\nb").unwrap();
    assert!(postcard::from_bytes::<EventId>(&id).is_err());
}
