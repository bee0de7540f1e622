//! The limit of ids: an id that is too long is ignored and reported, and its event arrives.

use sse_codec::Decoder;
use sse_conformance::{
    chunkings::for_each_chunking,
    levels::{self, EVENT_LEVELS, LEVELS, builder, decode, dropped},
    oracle::{Output, Settings, expect},
};

use crate::limits::{too_large, too_long};

const EVENTS: Settings = Settings::EVENTS;

/// Checks these outputs at each level in every chunking. Each prefix of the stream gives the outputs of its bytes.
fn check(input: &[u8], settings: Settings, outputs: &[Output], last_event_id: &str) {
    let expected = expect(input, settings);
    assert_eq!(expected.outputs, outputs, "the oracle, {input:?}, {settings:?}");
    assert_eq!(expected.last_event_id, last_event_id, "the oracle, {input:?}, {settings:?}");
    for_each_chunking(input, &[], |chunking, chunks| {
        for &level in LEVELS.iter().chain(EVENT_LEVELS) {
            assert_eq!(decode(level, chunks, settings), expected, "{level:?}, {chunking}, {settings:?}");
        }
    });
    for end in 0..input.len() {
        let expected = expect(&input[..end], settings);
        for &level in LEVELS {
            let outcome = decode(level, &[&input[..end]], settings);
            assert_eq!(outcome, expected, "{level:?}, the first {end} bytes, {settings:?}");
        }
    }
}

fn event(id: Option<&str>, last_event_id: &str) -> Output {
    Output::Event {
        event_type: None,
        data: "a".to_owned(),
        id: id.map(str::to_owned),
        retry: None,
        last_event_id: last_event_id.to_owned(),
    }
}

#[test]
fn exactly_the_limit_passes_and_one_byte_more_does_not() {
    for len in [1, 2, 7, 8, 9, 30, 150] {
        let id = "7".repeat(len);
        for line in [format!("id: {id}"), format!("id:{id}")] {
            for end in ["\n", "\r", "\r\n"] {
                let input = format!("{line}{end}data: a{end}{end}");
                check(input.as_bytes(), EVENTS.id(len), &[event(Some(&id), &id)], &id);
                check(input.as_bytes(), EVENTS.id(len - 1), &[too_long(len - 1, 0), event(None, "")], "");
            }
        }
    }
}

/// The id can be the last field, or alone in its block. The offset is that of its line.
#[test]
fn its_event_arrives_without_it() {
    check(b"data: a\nid: 123\n\n", EVENTS.id(2), &[too_long(2, 8), event(None, "")], "");
    check(b"id: 123\n\ndata: a\n\n", EVENTS.id(2), &[too_long(2, 0), event(None, "")], "");
    check(b":\n\r\n\rid: 123\r\n\rdata: a\r\r", EVENTS.id(2), &[too_long(2, 5), event(None, "")], "");
}

#[test]
fn the_other_ids_of_its_block_stay() {
    check(b"id: 1\nid: 234\ndata: a\n\n", EVENTS.id(2), &[too_long(2, 6), event(Some("1"), "1")], "1");
    check(b"id: 234\nid: 1\ndata: a\n\n", EVENTS.id(2), &[too_long(2, 0), event(Some("1"), "1")], "1");
    check(b"id: 1\nid: 234\nid\ndata: a\n\n", EVENTS.id(2), &[too_long(2, 6), event(Some(""), "")], "");
    let input = b"id: 1\n\nid: 234\ndata: a\n\n";
    check(input, EVENTS.id(2), &[too_long(2, 7), event(None, "1")], "1");
    // Each id that is too long is reported.
    let input = b"id: 234\nid: 567\ndata: a\n\nid: 89\x00\n\n";
    let expected = [too_long(2, 0), too_long(2, 8), event(None, ""), too_long(2, 25)];
    check(input, EVENTS.id(2), &expected, "");
}

/// The limit applies to the value in bytes on the wire.
#[test]
fn one_space_does_not_count() {
    check(b"id:  1\ndata: a\n\n", EVENTS.id(2), &[event(Some(" 1"), " 1")], " 1");
    check(b"id:  1\ndata: a\n\n", EVENTS.id(1), &[too_long(1, 0), event(None, "")], "");
    check(
        b"id: \xFF\xFF\ndata: a\n\n",
        EVENTS.id(2),
        &[event(Some("\u{FFFD}\u{FFFD}"), "\u{FFFD}\u{FFFD}")],
        "\u{FFFD}\u{FFFD}",
    );
    check("id: é\ndata: a\n\n".as_bytes(), EVENTS.id(1), &[too_long(1, 0), event(None, "")], "");
}

/// NUL comes before the byte that exceeds the limit, or after it.
#[test]
fn nul_makes_no_difference_to_the_length() {
    for len in [2, 6, 20, 100] {
        for nul in [0, 1, len - 1] {
            let mut id = vec![b'7'; len];
            id[nul] = 0;
            let input = [b"id: 1\nid: ", &id[..], b"\ndata: a\n\n"].concat();
            check(&input, EVENTS.id(len), &[event(Some("1"), "1")], "1");
            check(&input, EVENTS.id(len - 1), &[too_long(len - 1, 6), event(Some("1"), "1")], "1");
            // Its line counts like any other.
            let size = 5 + 4 + len + 7;
            check(&input, EVENTS.event(size), &[event(Some("1"), "1")], "1");
            check(&input, EVENTS.event(size - 1), &[too_large(size - 1, 0, Some("1"))], "");
        }
    }
}

#[test]
fn nul_anywhere_in_an_id() {
    for len in 1..=70 {
        for at in 0..len {
            for byte in [b'\0', b'\t'] {
                let mut id = vec![b'7'; len];
                id[at] = byte;
                let input = [b"id: 1\nid: ", &id[..], b"\ndata: a\n\n"].concat();
                let expected = expect(&input, EVENTS);
                assert_eq!(expected.last_event_id == "1", byte == b'\0');
                for &level in LEVELS {
                    assert_eq!(
                        decode(level, &[&input], EVENTS),
                        expected,
                        "{level:?}, {byte} at {at} of {len}"
                    );
                }
            }
        }
    }
}

/// Once the id is reported, its line does not count towards the size of the event.
#[test]
fn around_the_limit_of_the_event() {
    let input = b"id: 1234567890123456\ndata: a\n\n";
    // `id: 123` has 7 bytes, as has the data.
    check(input, EVENTS.id(2).event(7), &[too_long(2, 0), event(None, "")], "");
    // The limit of the event is exceeded at the same byte, or an earlier one.
    for limit in 4..7 {
        check(input, EVENTS.id(2).event(limit), &[too_large(limit, 0, None)], "");
    }
    check(b"data: a\nid: 123\n\n", EVENTS.id(2).event(14), &[too_long(2, 8), event(None, "")], "");
    check(b"data: a\nid: 123\n\n", EVENTS.id(2).event(13), &[too_large(13, 0, None)], "");
    check(b"id\ndata: a\nid: 123\n\n", EVENTS.id(2).event(15), &[too_large(15, 0, Some(""))], "");
    // The lines after it can exceed the limit as well.
    let input = b"id: 123\ndata: a\nevent\n\n";
    check(input, EVENTS.id(2).event(11), &[too_long(2, 0), too_large(11, 0, None)], "");
    let expected = expect(input, EVENTS.id(2).event(12));
    assert!(matches!(expected.outputs[..], [Output::IdTooLong { .. }, Output::Event { .. }]));
    check(input, EVENTS.id(2).event(12), &expected.outputs, "");
}

#[test]
fn in_a_dropped_block_no_id_is_looked_at() {
    let settings = EVENTS.id(2).event(8);
    check(
        b"data: 123\nid: 123\nid: 1\n\ndata: a\n\n",
        settings,
        &[too_large(8, 0, None), event(None, "")],
        "",
    );
    let input = b"id: 1\ndata: 123\nid: 4567\n\nid: 123\n\n";
    check(input, settings, &[too_large(8, 0, Some("1")), too_long(2, 26)], "");
}

#[test]
fn a_limit_of_zero_leaves_the_empty_id() {
    for line in ["id", "id:", "id: "] {
        let input = format!("{line}\ndata: a\n\n");
        check(input.as_bytes(), EVENTS.id(0), &[event(Some(""), "")], "");
    }
    for line in ["id:x", "id: x", "id:  ", "id: \0"] {
        let input = format!("{line}\ndata: a\n\n");
        check(input.as_bytes(), EVENTS.id(0), &[too_long(0, 0), event(None, "")], "");
    }
}

/// The limit applies to ids in the stream, not to the initial last event ID.
#[test]
fn the_first_last_event_id_may_be_longer() {
    let id = sse_codec::EventId::from_static("given");
    let mut decoder: Decoder = builder(EVENTS.id(2)).last_event_id(id).build();
    let mut events = decoder.decode(b"id: 123\ndata: a\n\n");
    assert!(events.next_event().unwrap().is_err());
    assert_eq!(events.next_event().unwrap().unwrap().last_event_id(), "given");
}

/// The error is reported at its byte, whatever follows in the line, and nothing of the line is buffered.
#[test]
fn a_line_that_never_ends_is_told_once() {
    let mut decoder = levels::decoder(EVENTS.id(1000).event(2000));
    let mut errors = Vec::new();
    for _ in 0..10_000 {
        let mut events = decoder.decode(b"id: 1234567");
        while let Some(event) = events.next_event() {
            errors.push(dropped(&event.unwrap_err()));
        }
    }
    assert_eq!(errors, [too_long(1000, 0)]);
    assert!(!decoder.is_mid_event());
}
