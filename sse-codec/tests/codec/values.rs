//! Texts, types, ids and events as values: the same text, however they are created, read and compared.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use sse_codec::{
    Block, Decoder, Encoded, Event, EventId, EventType, Text, error::ValueError, limits::Limits,
    lines::LineDecoder,
};

/// Empty, short, the longest that is stored inline, one byte more, and long; also text that is not ASCII.
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
            Text::from(text.clone().into_boxed_str()),
            Text::from(&text),
            text.parse().unwrap(),
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
        // Equal texts are one key, which a `str` finds.
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
            EventType::try_from(&text),
            EventType::try_from(Cow::Borrowed(text.as_str())),
            EventType::try_from(text.clone().into_boxed_str()),
            EventType::try_from(Text::from(text.as_str())),
            text.parse(),
        ];
        assert!(types.iter().all(|event_type| *event_type == types[0]));
        assert_eq!(types[0].is_ok(), !text.is_empty() && !text.contains('\r'));
        let ids = [
            EventId::new(text.as_str()),
            EventId::try_from(text.as_str()),
            EventId::try_from(text.clone()),
            EventId::try_from(&text),
            EventId::try_from(Cow::Borrowed(text.as_str())),
            EventId::try_from(text.clone().into_boxed_str()),
            EventId::try_from(Text::from(text.as_str())),
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
            assert_eq!(Text::from(event_type), text.as_str());
        }
        if let [Ok(id), ..] = ids {
            assert_eq!(id.is_empty(), text.is_empty());
            assert_eq!(id, *text);
            assert_eq!(id, text.as_str());
            assert_eq!(id.as_ref(), text);
            assert_eq!(format!("{id:>30}"), format!("{text:>30}"));
            assert_eq!(format!("{id:?}"), format!("{text:?}"));
            assert!(HashMap::from([(id.clone(), ())]).contains_key(text.as_str()));
            assert_eq!(Text::from(id), text.as_str());
        }
    }
    assert_ne!(EventType::MESSAGE, EventType::new("Message").unwrap());
    assert_eq!(EventType::MESSAGE, "message");
}

/// Literals outside of a `const` are checked too.
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
    #[should_panic(expected = "could not send this event id back")]
    fn id_with_nul() {
        EventId::from_static(Box::leak("a\0b".into()));
    }

    #[test]
    #[should_panic(expected = "could not send this event id back")]
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
    assert!(text(EventId::new("abc\t")).contains("control character at byte 3"));
    assert!(text(EventId::new("abc ")).contains("space at byte 3"));
    assert!(
        text(EventId::new("x".repeat(8193))).contains("8193 bytes; ")
            && text(EventId::new("x".repeat(8193))).contains("limit is 8192 bytes")
    );
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
    let event = Event::new("1").with_id(7_u8).with_event_type(EventType::from_static("t"));
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
    assert_eq!((plain.explicit_event_type(), plain.id(), plain.retry()), (None, None, None));

    let second = Duration::from_secs(1);
    let event = plain.with_retry(second).with_id(7_u8).with_event_type(EventType::from_static("t"));
    assert_eq!((event.data(), event.event_type()), ("1", "t"));
    assert_eq!(event.explicit_event_type().map(ToString::to_string).as_deref(), Some("t"));
    assert_eq!(event.id().map(ToString::to_string).as_deref(), Some("7"));
    assert_eq!(event.retry(), Some(second));
    let lone_retry = Event::new("").with_retry(second);
    assert_eq!((lone_retry.retry(), lone_retry.explicit_event_type()), (Some(second), None));

    let stream = event.to_bytes();
    let mut decoder = Decoder::new();
    let mut events = decoder.decode(&stream);
    let lent = events.next_event().unwrap().unwrap();
    assert_eq!((lent.data(), lent.event_type(), lent.explicit_event_type()), ("1", "t", Some("t")));
    assert_eq!((lent.id(), lent.last_event_id(), lent.retry()), (Some("7"), "7", Some(second)));
    assert_eq!(lent.to_event(), event);
    drop(events);
    let mut events = decoder.decode(b"data: 2\n\n");
    let lent = events.next_event().unwrap().unwrap();
    assert_eq!((lent.data(), lent.event_type(), lent.explicit_event_type()), ("2", "message", None));
    assert_eq!((lent.id(), lent.last_event_id(), lent.retry()), (None, "7", None));
}

/// Both sides of each comparison, with each type of text.
#[test]
fn values_are_compared_with_texts_from_both_sides() {
    macro_rules! check {
        ($($value:expr),*) => {$(
            let value = $value;
            let (same, more) = (String::from("b"), String::from("c"));
            assert!(value == *"b" && value == "b" && value == same);
            assert!(*"b" == value && "b" == value && same == value);
            assert!(value != *"c" && value != "c" && value != more);
            assert!(*"c" != value && "c" != value && more != value);
            assert!(value < *"c" && value < "c" && value < more);
            assert!(*"c" > value && "c" > value && more > value);
            assert!(!(value < *"b") && !(*"b" < value) && value >= same && same >= value);
        )*};
    }
    check!(Text::from("b"), EventType::from_static("b"), EventId::from_static("b"));
    let (a, b, c) = (Text::from("a"), Text::from("b"), Text::from("c"));
    assert!(EventId::from_static("b") == b && b == EventId::from_static("b"));
    assert!(EventType::from_static("b") < c && a < EventType::from_static("b"));
}

#[test]
fn an_id_is_one_that_a_header_brings_back() {
    for byte in 0..0x80_u8 {
        let text = format!("a{}b", char::from(byte));
        let expected = match byte {
            b'\r' | b'\n' => Err(ValueError::LineBreak { at: 1 }),
            0 => Err(ValueError::Nul { at: 1 }),
            0x01..0x20 | 0x7F => Err(ValueError::ControlCharacter { at: 1 }),
            _ => Ok(()),
        };
        assert_eq!(EventId::new(text.as_str()).map(drop), expected, "{byte:#x}");
        let can_be_decoded = !matches!(byte, b'\r' | b'\n' | 0);
        assert_eq!(EventId::lenient(text.as_str()).is_ok(), can_be_decoded, "{byte:#x}");
    }
    for (text, at) in [(" a", 0), ("a ", 1), (" ", 0), (" a ", 0)] {
        assert_eq!(EventId::new(text), Err(ValueError::OuterSpace { at }), "{text:?}");
        assert_eq!(EventId::lenient(text).unwrap(), text);
    }
    for text in ["", "a b", "é", "\u{85}", "\u{A0}a\u{A0}", "\u{FFFD}"] {
        assert_eq!(EventId::new(text).unwrap(), text);
    }
    let longest = "x".repeat(EventId::MAX_LEN);
    assert_eq!(EventId::new(longest.as_str()).unwrap(), longest);
    let longer = longest + "x";
    assert_eq!(EventId::new(longer.as_str()), Err(ValueError::TooLong { len: longer.len() }));
    assert_eq!(EventId::lenient(longer.as_str()).unwrap(), longer);
    // A decoder accepts any id that the standard accepts.
    let stream = "id:  a\u{1} \ndata: 1\n\n";
    let mut decoder = Decoder::new();
    assert_eq!(decoder.decode(stream.as_bytes()).next_event().unwrap().unwrap().id(), Some(" a\u{1} "));
}

#[test]
fn an_id_is_parsed() {
    assert_eq!(EventId::from(7_u64).parse(), Ok(7_u64));
    assert!(EventId::from_static("seven").parse::<u64>().is_err());
}

#[test]
fn the_defaults_are_the_new_ones() {
    let new = format!("{:?}", Decoder::new());
    assert_eq!(format!("{:?}", Decoder::default()), new);
    assert_eq!(format!("{:?}", LineDecoder::default()), format!("{:?}", LineDecoder::new()));
}

#[test]
fn ids_of_hexadecimal_digits_cannot_be_wrong() {
    assert_eq!(EventId::from_hex([]), "");
    assert_eq!(EventId::from_hex([0, 1, 0x10, 0xAB, 0xFF]), "000110abff");
    assert_eq!(EventId::from_hex(0x0123_4567_89AB_CDEF_u64.to_be_bytes()), "0123456789abcdef");
    let longest = EventId::from_hex([7; EventId::MAX_LEN / 2]);
    assert_eq!(EventId::new(longest.as_str()), Ok(longest));
    let uuid = 0x67e5_5044_10b1_426f_9247_bb68_0e5f_e0c8_u128;
    assert_eq!(EventId::from_uuid(uuid.to_be_bytes()), "67e55044-10b1-426f-9247-bb680e5fe0c8");
}

#[test]
fn an_event_takes_texts_that_are_checked_and_values_that_are_not() {
    let event = |id: &str| Event::new("1").try_with_id(id)?.try_with_event_type(String::from("t"));
    assert_eq!(event("7").unwrap().to_bytes(), "id: 7\nevent: t\ndata: 1\n\n");
    assert_eq!(event("7\n"), Err(ValueError::LineBreak { at: 1 }));
    assert_eq!(Event::new("1").try_with_event_type(""), Err(ValueError::EmptyType));
    let id = EventId::from(7_u8);
    let event = Event::new("1").try_with_id(8_u64).unwrap().try_with_id(&id).unwrap();
    let event = event.try_with_event_type(EventType::MESSAGE).unwrap();
    assert_eq!(event.to_bytes(), "id: 7\nevent: message\ndata: 1\n\n");
}
