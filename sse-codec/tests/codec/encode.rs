//! Encoding is exact and reversible, and no text can break out of its field.

use std::time::Duration;

use bytes::{BufMut, BytesMut};
use proptest::prelude::*;
use sse_codec::{Batch, Block, Decoder, Encoded, Event, EventId, EventType, error::ValueError};
use sse_conformance::{
    levels::owned_event,
    oracle::{Output, Settings, expect},
    strategies,
};

#[test]
fn blocks_are_written_as_the_design_says() {
    let id = EventId::new("7").unwrap();
    let no_id = EventId::default();
    let event_type = EventType::new("ping ").unwrap();
    let full = Block::new()
        .data("a\r\n b\rc\n")
        .retry(Duration::from_micros(2_500_900))
        .event_type(&event_type)
        .id(&id)
        .comment(" one\ntwo");
    let cases: &[(Block<'_>, &str)] = &[
        (full, ": one\n:two\nid: 7\nevent: ping \nretry: 2500\ndata: a\ndata:  b\ndata: c\ndata: \n\n"),
        (Block::new(), ""),
        (Block::new().comment(""), ":\n\n"),
        (Block::new().data(""), "data: \n\n"),
        (Block::new().data("\n"), "data: \ndata: \n\n"),
        (Block::new().data("\n\r"), "data: \ndata: \ndata: \n\n"),
        (Block::new().id(&id), "id: 7\n\n"),
        (Block::new().id(&no_id), "id: \n\n"),
        (Block::new().retry(Duration::ZERO), "retry: 0\n\n"),
        (Block::new().retry(Duration::MAX), "retry: 18446744073709551615\n\n"),
    ];
    for (block, expected) in cases {
        assert_eq!(block.to_bytes(), expected);
        assert_eq!(block.encoded_len(), expected.len());
    }
}

/// Long texts are searched and copied in parts.
#[test]
fn long_texts_are_written_whole() {
    const KIB: usize = 1024;
    let text: String = ('!'..='~').chain(['é', '€', '😀']).cycle().take(40 * KIB).collect();
    let near = |len: usize| len - 4..len + 4;
    let lengths = [2 * KIB, 4 * KIB, 16 * KIB, 18 * KIB, 32 * KIB, 40 * KIB].into_iter().flat_map(near);
    for text in lengths.filter_map(|len| text.get(..len)) {
        let lines = format!("{text}\n{text}");
        for (data, expected) in
            [(text, format!("data: {text}\n\n")), (&lines, format!("data: {text}\ndata: {text}\n\n"))]
        {
            let mut encoded = Vec::new();
            Block::new().data(data).encode(&mut encoded);
            assert!(encoded == expected.as_bytes(), "{} bytes", data.len());
            assert!(Block::new().data(data).to_bytes() == expected.as_bytes(), "{} bytes", data.len());
        }
    }
}

#[test]
fn ids_come_from_integers() {
    let ids = [EventId::from(0_u8), EventId::from(i64::MIN), EventId::from(u128::MAX)];
    assert_eq!(ids[0], "0");
    assert_eq!(ids[1], "-9223372036854775808");
    assert_eq!(ids[2], "340282366920938463463374607431768211455");
}

/// Text that a client or parser could read as a line end, or that an id must not contain.
const HOSTILE: &[&str] = &[
    "\r", "\n", "\r\n", "\n\n", "\r\r", "\0", "\u{2028}", "\u{2029}", "\u{85}", "\u{B}", "\u{C}", "\u{FEFF}",
];

/// The hostile text at the start, in the middle and at the end of a forged field.
fn hostile_texts() -> impl Iterator<Item = String> {
    HOSTILE.iter().flat_map(|hostile| {
        [
            format!("{hostile}data: forged"),
            format!("a{hostile}id: forged"),
            format!("a{hostile}event: forged{hostile}{hostile}data: forged{hostile}"),
            format!("{hostile}: forged"),
            format!("a{hostile}"),
            (*hostile).to_owned(),
        ]
    })
}

fn with_lf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

#[test]
fn nothing_breaks_out_of_data() {
    for text in hostile_texts() {
        let stream = Event::new(text.as_str()).with_id(1_u8).to_bytes();
        let expected = Output::Event {
            event_type: None,
            data: with_lf(&text),
            id: Some("1".into()),
            retry: None,
            last_event_id: "1".into(),
        };
        assert_eq!(expect(&stream, Settings::ITEMS).outputs, [expected], "{text:?}");
    }
}

#[test]
fn nothing_breaks_out_of_a_comment() {
    for text in hostile_texts() {
        let stream = Block::new().comment(&text).to_bytes();
        let expected: Vec<_> =
            with_lf(&text).split('\n').map(|line| Output::Comment(line.to_owned())).collect();
        assert_eq!(expect(&stream, Settings::ITEMS).outputs, expected, "{text:?}");
    }
}

#[test]
fn nothing_breaks_out_of_a_type_or_an_id() {
    for text in hostile_texts() {
        let line_break = text.find(['\r', '\n']);
        match EventType::new(text.as_str()) {
            Err(error) => assert_eq!(Some(error), line_break.map(|at| ValueError::LineBreak { at })),
            Ok(event_type) => {
                assert_eq!(line_break, None);
                let stream = Event::new("x").with_event_type(event_type.clone()).to_bytes();
                let outputs = expect(&stream, Settings::ITEMS).outputs;
                assert!(
                    matches!(&outputs[..], [Output::Event { event_type: Some(read), data, .. }]
                    if *read == *event_type.as_str() && data == "x"),
                    "{text:?}"
                );
            }
        }
        match EventId::lenient(text.as_str()) {
            Err(ValueError::Nul { at }) => assert_eq!(text.find(['\r', '\n', '\0']), Some(at)),
            Err(error) => assert_eq!(Some(error), line_break.map(|at| ValueError::LineBreak { at })),
            Ok(id) => {
                assert!(!text.contains(['\r', '\n', '\0']));
                let stream = Event::new("x").with_id(id.clone()).to_bytes();
                let outputs = expect(&stream, Settings::ITEMS).outputs;
                assert!(
                    matches!(&outputs[..], [Output::Event { id: Some(read), data, .. }]
                    if *read == *id.as_str() && data == "x"),
                    "{text:?}"
                );
            }
        }
    }
    assert_eq!(EventType::new(""), Err(ValueError::EmptyType));
    assert_eq!(EventType::try_from("a\rb".to_owned()), Err(ValueError::LineBreak { at: 1 }));
    assert_eq!("a\0".parse::<EventId>(), Err(ValueError::Nul { at: 1 }));
}

#[test]
fn nothing_breaks_out_across_writes() {
    let mut stream = Vec::new();
    for text in hostile_texts() {
        Event::new(text).encode(&mut stream);
        Block::new().comment("\r").encode(&mut stream);
        stream.put_slice(Encoded::from(Event::new("\r")).as_bytes());
    }
    let outputs = expect(&stream, Settings::EVENTS).outputs;
    assert_eq!(outputs.len(), 2 * hostile_texts().count());
    for (output, text) in outputs.iter().step_by(2).zip(hostile_texts()) {
        assert!(matches!(output, Output::Event { data, .. } if *data == with_lf(&text)));
    }
}

#[test]
fn what_is_encoded_knows_how_many_events_it_has() {
    assert_eq!(Encoded::from(&Event::new("")).events(), 1);
    assert_eq!(Encoded::from(Block::new().comment("x")).events(), 0);
    assert_eq!(Encoded::from(Block::new().retry(Duration::ZERO)).events(), 0);
    assert_eq!(Encoded::from(Block::new().comment("x").data("")).events(), 1);
    assert_eq!(Encoded::from(Block::new()).events(), 0);

    let mut batch = Batch::new();
    batch.push(&Event::new("1"));
    batch.push(Block::new().comment("x"));
    batch.push_encoded(&Encoded::from(Event::new("2")));
    assert!(!batch.try_push(&Event::new("3"), batch.len()));
    assert!(batch.try_push(&Event::new("3"), 100));
    assert_eq!(batch.events(), 3);
    let three = batch.take();
    assert_eq!(three.as_bytes(), "data: 1\n\n:x\n\ndata: 2\n\ndata: 3\n\n");
    assert_eq!(three.events(), 3);

    // An encoded burst counts all its events, also in another batch.
    batch.push_encoded(&three);
    batch.push(&Event::new("4"));
    assert_eq!((batch.events(), batch.len(), batch.is_empty()), (4, three.as_bytes().len() + 9, false));
    assert_eq!(batch.take().events(), 4);
    assert_eq!((batch.events(), batch.len(), batch.is_empty()), (0, 0, true));
}

#[test]
fn a_batch_makes_the_room_that_it_was_asked_for() {
    let mut batch = Batch::with_capacity(100);
    assert!(batch.capacity() >= 100);
    batch.push(&Event::new("1"));
    let kept = batch.take(); // it still uses the first bytes
    batch.push(&Event::new("2"));
    batch.reserve_exact(1_000);
    assert!(batch.capacity() >= batch.len() + 1_000);
    assert_eq!(batch.take().as_bytes(), "data: 2\n\n");
    assert_eq!(kept.as_bytes(), "data: 1\n\n");
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ :a\n\r\0\u{FEFF}\u{2028}€]{0,12}",
        (0..3_usize, 0..200_usize).prop_map(|(n, len)| ["x", "ab\n", "\u{1F600}"][n].repeat(len)),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let id = proptest::option::of(text().prop_map(|text| text.replace(['\r', '\n', '\0'], "")));
    let event_type = proptest::option::of(text().prop_map(|text| text.replace(['\r', '\n'], "")));
    (text(), event_type, id, proptest::option::of(any::<u64>())).prop_map(|(data, event_type, id, retry)| {
        let mut event = Event::new(data);
        if let Some(Ok(event_type)) = event_type.map(EventType::new) {
            event = event.with_event_type(event_type);
        }
        if let Some(id) = id {
            event = event.with_id(EventId::lenient(id).unwrap());
        }
        if let Some(millis) = retry {
            event = event.with_retry(Duration::from_millis(millis));
        }
        event
    })
}

proptest! {
    #![proptest_config(strategies::cases(1000))]

    #[test]
    fn a_block_is_written_within_its_length_and_not_within_less(event in event()) {
        let whole = event.to_bytes();
        // A length far above the lower bound skips the measuring.
        for len in [0, whole.len() / 2, whole.len() - 1, whole.len(), whole.len() + 1, 100 * whole.len()] {
            let mut batch = Batch::new();
            batch.push(Block::new().comment("before"));
            let before = batch.len();
            let is_written = batch.try_push(&event, before + len);
            prop_assert_eq!(is_written, len >= whole.len());
            prop_assert_eq!(batch.events(), usize::from(is_written));
            let stream = batch.take().into_bytes();
            prop_assert_eq!(&stream[before..], if is_written { &whole[..] } else { b"" });
        }
    }

    #[test]
    fn decoding_what_was_encoded_gives_the_event(events in proptest::collection::vec(event(), 1..5), chunk in 1..100_usize) {
        let mut stream = BytesMut::new();
        for event in &events {
            let before = stream.len();
            event.encode(&mut stream);
            prop_assert_eq!(stream.len() - before, event.encoded_len());
            prop_assert_eq!(&stream[before..], event.to_bytes());
            prop_assert_eq!(&stream[before..], Encoded::from(event.clone()).into_bytes());
        }
        let mut decoder = Decoder::new();
        let mut decoded = Vec::new();
        for chunk in stream.chunks(chunk) {
            let mut events = decoder.decode(chunk);
            while let Some(event) = events.next_event() {
                let event = event.unwrap();
                prop_assert_eq!(event.as_block().to_bytes(), event.to_event().to_bytes());
                let mut again = Vec::new();
                event.encode(&mut again);
                prop_assert_eq!(&again, &event.to_event().to_bytes());
                prop_assert_eq!(event.encoded_len(), again.len());
                decoded.push(event.to_event());
            }
        }
        let with_lf: Vec<_> = events.iter().map(|event| {
            let mut expected = Event::new(with_lf(event.data()));
            if let Some(event_type) = event.explicit_event_type() { expected = expected.with_event_type(event_type); }
            if let Some(id) = event.id() { expected = expected.with_id(id); }
            if let Some(retry) = event.retry() { expected = expected.with_retry(retry); }
            expected
        }).collect();
        prop_assert_eq!(&decoded, &with_lf);
        // The oracle, which does not know the encoder, sees the same.
        let outputs = expect(&stream, Settings::ITEMS).outputs;
        let mut last_event_id = String::new();
        for (output, event) in outputs.iter().zip(&with_lf) {
            last_event_id = event.id().map_or(last_event_id, ToString::to_string);
            prop_assert_eq!(output, &owned_event(event, &last_event_id));
        }
        prop_assert_eq!(outputs.len(), events.len());
    }

    #[test]
    fn what_was_decoded_can_be_encoded_again(input in "(data|event|id|retry|:|x|[: \n\r\0é]|[0-9]){0,60}") {
        let before = expect(input.as_bytes(), Settings::EVENTS).outputs;
        let mut decoder = Decoder::new();
        let mut again = Vec::new();
        for event in decoder.decode_bytes(input.clone().into()) {
            event.unwrap().encode(&mut again);
        }
        let after = expect(&again, Settings::EVENTS).outputs;
        let strip = |outputs: Vec<Output>| -> Vec<Output> {
            // An id without data is no event, so a forwarded stream of events does not have its id.
            outputs.into_iter().map(|output| match output {
                Output::Event { event_type, data, id, retry, .. } =>
                    Output::Event { event_type, data, id, retry, last_event_id: String::new() },
                other => other,
            }).collect()
        };
        prop_assert_eq!(strip(after), strip(before));
    }
}
