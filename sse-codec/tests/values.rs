//! Texts, types, ids and events as values: however they are made, read and compared, it is the same text.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use sse_codec::{
    Block, Decoder, Encoded, Event, EventId, EventType, Limits, LineDecoder, Outgoing, Text, ValueError,
};

/// Empty, short, the longest that is stored in place, one byte more, and long; not only of ASCII.
fn texts() -> Vec<String> {
    let mut texts: Vec<String> = [0, 1, 23, 24, 25, 1000].map(|len| "x".repeat(len)).into();
    texts.extend(["é".repeat(12), "é".repeat(13), "ab\0\r\n \"".into()]);
    texts
}

#[test]
fn a_text_is_the_same_however_it_is_made() {
    for text in texts() {
        let made = [
            Text::from(text.as_str()),
            Text::from(text.clone()),
            Text::from(Cow::Borrowed(text.as_str())),
            Text::from(Cow::<str>::Owned(text.clone())),
            Text::from(text.as_str()).clone(),
            Text::from_static(Box::leak(text.clone().into_boxed_str())),
        ];
        for a in &made {
            assert_eq!(a.as_str(), text);
            assert_eq!(AsRef::<str>::as_ref(a), text);
            assert_eq!(*a, *text);
            assert_eq!(*a, text.as_str());
            assert_eq!(String::from(a.clone()), text);
            assert_eq!(a.to_string(), text);
            assert_eq!(format!("{a:?}"), format!("{text:?}"));
            assert_eq!(format!("{a:>30}"), format!("{text:>30}"));
            assert!(made.iter().all(|b| a == b));
        }
        // Equal ones are one key, which a `str` finds.
        let map: HashMap<Text, ()> = made.iter().map(|text| (text.clone(), ())).collect();
        assert!(map.len() == 1 && map.contains_key(text.as_str()));
        let map: BTreeMap<Text, ()> = made.into_iter().map(|text| (text, ())).collect();
        assert!(map.len() == 1 && map.contains_key(text.as_str()));
    }
    assert_eq!(Text::default(), "");
    assert_eq!(Text::from('€'), "€");
}

#[test]
fn texts_are_in_the_order_of_their_bytes() {
    let mut texts = texts();
    let mut sorted: Vec<Text> = texts.iter().map(|text| text.as_str().into()).collect();
    texts.sort();
    sorted.sort();
    assert_eq!(sorted, texts.iter().map(|text| Text::from(text.as_str())).collect::<Vec<_>>());
    let (a, b) = (Text::from("a"), Text::from("b"));
    assert!(a < b && a != b && a != *"b" && a != "b");
}

#[test]
fn a_long_text_is_moved_and_not_copied() {
    let long = "x".repeat(100);
    let start = long.as_ptr();
    let event = Event::new(Text::from(long));
    assert_eq!(event.data().as_ptr(), start);
    let data = String::from(event.into_data());
    assert_eq!(data.as_ptr(), start);
}

#[test]
fn types_and_ids_are_the_same_however_they_are_made() {
    for text in texts() {
        let types = [
            EventType::new(text.as_str()),
            EventType::try_from(text.as_str()),
            EventType::try_from(text.clone()),
            text.parse(),
        ];
        assert!(types.iter().all(|event_type| *event_type == types[0]));
        assert_eq!(types[0].is_ok(), !text.is_empty() && !text.contains('\r'));
        let ids = [
            EventId::new(text.as_str()),
            EventId::try_from(text.as_str()),
            EventId::try_from(text.clone()),
            text.parse(),
        ];
        assert!(ids.iter().all(|id| *id == ids[0]));
        assert_eq!(ids[0].is_ok(), !text.contains('\r'));

        if let [Ok(event_type), ..] = types {
            assert_eq!(event_type, *text);
            assert_eq!(event_type, text.as_str());
            assert_eq!(event_type.as_ref(), text);
            assert_eq!(format!("{event_type:>30}"), format!("{text:>30}"));
            assert_eq!(format!("{event_type:?}"), format!("{text:?}"));
            assert!(HashMap::from([(event_type.clone(), ())]).contains_key(text.as_str()));
            assert_eq!(event_type.into_text(), text.as_str());
        }
        if let [Ok(id), ..] = ids {
            assert_eq!(id.is_empty(), text.is_empty());
            assert_eq!(id, *text);
            assert_eq!(id, text.as_str());
            assert_eq!(id.as_ref(), text);
            assert_eq!(format!("{id:>30}"), format!("{text:>30}"));
            assert_eq!(format!("{id:?}"), format!("{text:?}"));
            assert!(HashMap::from([(id.clone(), ())]).contains_key(text.as_str()));
            assert_eq!(id.into_text(), text.as_str());
        }
    }
    assert_ne!(EventType::MESSAGE, EventType::new("Message").unwrap());
    assert_eq!(EventType::MESSAGE, "message");
}

/// What is not checked while compiling is checked all the same.
mod what_is_not_const {
    use super::*;

    #[test]
    fn passes_if_it_is_good() {
        assert_eq!(EventType::from_static(Box::leak("a b".into())), "a b");
        assert_eq!(EventId::from_static(Box::leak("".into())), "");
    }

    #[test]
    #[should_panic(expected = "line break")]
    fn type_with_cr() {
        EventType::from_static(Box::leak("a\rb".into()));
    }

    #[test]
    #[should_panic(expected = "empty")]
    fn empty_type() {
        EventType::from_static(Box::leak("".into()));
    }

    #[test]
    #[should_panic(expected = "NUL")]
    fn id_with_nul() {
        EventId::from_static(Box::leak("a\0b".into()));
    }

    #[test]
    #[should_panic(expected = "line break")]
    fn id_with_lf() {
        EventId::from_static(Box::leak("a\n".into()));
    }
}

#[test]
fn each_integer_becomes_its_digits() {
    macro_rules! check {
        ($($integer:ty)*) => {$(
            for number in [<$integer>::MIN, <$integer>::MAX, 0, 7] {
                assert_eq!(EventId::from(number), number.to_string().as_str());
            }
        )*};
    }
    check!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);
}

#[test]
fn errors_say_what_is_wrong_and_where() {
    let text = |result: Result<EventId, ValueError>| result.unwrap_err().to_string();
    assert!(text(EventId::new("ab\ncd")).contains("line break at byte 2"));
    assert!(text(EventId::new("abc\0")).contains("NUL at byte 3"));
    assert!(EventType::new("").unwrap_err().to_string().contains("must not be empty"));

    let mut decoder =
        Decoder::builder().limits(Limits::new().with_event(1).with_comment(2)).comments(true).build();
    let mut events = decoder.decode(b"data: 1\n\n:123\n");
    let event = events.next_item().unwrap().unwrap_err();
    assert_eq!((event.limit(), event.offset()), (1, 0));
    let event = event.to_string();
    assert!(event.contains("event at byte 0 ") && event.contains("limit of 1 bytes"), "{event}");
    let comment = events.next_item().unwrap().unwrap_err();
    assert_eq!((comment.limit(), comment.offset()), (2, 9));
    let comment = comment.to_string();
    assert!(comment.contains("comment at byte 9 ") && comment.contains("Limits::with_comment"), "{comment}");
    let mut decoder = LineDecoder::with_limits(Limits::new().with_line(3));
    let line = decoder.decode(b"data").next_line().unwrap().unwrap_err().to_string();
    assert!(line.contains("line at byte 0 ") && line.contains("Limits::with_line"), "{line}");
}

#[test]
fn a_block_is_made_of_an_event_in_each_form() {
    let event = Event::new("1").with_id(7_u8).with_type(EventType::from_static("t"));
    assert_eq!(Block::from(&event), event.as_block());
    let mut decoder = Decoder::new();
    let bytes = event.to_bytes();
    let mut events = decoder.decode(&bytes);
    let lent = events.next_event().unwrap().unwrap();
    assert_eq!(Block::from(lent), event.as_block());
    assert_eq!(
        format!("{lent:?}"),
        r#"EventRef { data: "1", event_type: Some("t"), id: Some("7"), retry: None, last_event_id: "7" }"#
    );
    let encoded = Encoded::from(event);
    assert_eq!(encoded.as_ref(), &bytes[..]);
    assert_eq!(encoded.into_bytes(), bytes);
}

#[test]
fn an_event_gives_what_was_put_into_it() {
    let plain = Event::new("1");
    assert_eq!((plain.data(), plain.event_type()), ("1", "message"));
    assert_eq!((plain.explicit_type(), plain.id(), plain.retry()), (None, None, None));

    let second = Duration::from_secs(1);
    let event = plain.with_retry(second).with_id(7_u8).with_type(EventType::from_static("t"));
    assert_eq!((event.data(), event.event_type()), ("1", "t"));
    assert_eq!(event.explicit_type().map(ToString::to_string).as_deref(), Some("t"));
    assert_eq!(event.id().map(ToString::to_string).as_deref(), Some("7"));
    assert_eq!(event.retry(), Some(second));
    let lone_retry = Event::new("").with_retry(second);
    assert_eq!((lone_retry.retry(), lone_retry.explicit_type()), (Some(second), None));

    let stream = event.to_bytes();
    let mut decoder = Decoder::new();
    let mut events = decoder.decode(&stream);
    let lent = events.next_event().unwrap().unwrap();
    assert_eq!((lent.data(), lent.event_type(), lent.explicit_type()), ("1", "t", Some("t")));
    assert_eq!((lent.id(), lent.last_event_id(), lent.retry()), (Some("7"), "7", Some(second)));
    assert_eq!(lent.to_event(), event);
    drop(events);
    let mut events = decoder.decode(b"data: 2\n\n");
    let lent = events.next_event().unwrap().unwrap();
    assert_eq!((lent.data(), lent.event_type(), lent.explicit_type()), ("2", "message", None));
    assert_eq!((lent.id(), lent.last_event_id(), lent.retry()), (None, "7", None));
}

#[test]
fn what_goes_out_knows_its_length() {
    let event = Event::new("1");
    for item in [Outgoing::from(event.clone()), Encoded::from(event).into()] {
        assert_eq!(item.encoded_len(), "data: 1\n\n".len());
        assert_eq!(*item.encoded_len_range().start(), item.encoded_len());
        assert!(item.encoded_len_range().contains(&item.encoded_len()));
    }
    let encoded = Outgoing::from(Encoded::from(Event::new("1\n2")));
    assert_eq!(encoded.encoded_len_range(), 17..=17);
    assert_eq!(Outgoing::from(Encoded::from(Block::new())).encoded_len(), 0);
}

#[test]
fn the_defaults_are_the_new_ones() {
    let new = format!("{:?}", Decoder::new());
    assert_eq!(format!("{:?}", Decoder::default()), new);
    assert_eq!(format!("{:?}", LineDecoder::default()), format!("{:?}", LineDecoder::new()));
    assert_eq!(Event::default(), Event::new(""));
}
