//! Tests of the oracle, since a wrong oracle would prove nothing.

#![allow(clippy::panic)] // clippy knows test functions, not their helpers

use sse_conformance::{
    oracle::{Oracle, Outcome, Output, Settings, expect},
    utf8::decode_utf8,
    vectors,
};

const EVENTS: Settings = Settings::EVENTS;

fn event(data: &str) -> Output {
    Output::Event {
        event_type: None,
        data: data.to_owned(),
        id: None,
        retry: None,
        last_event_id: String::new(),
    }
}

fn too_large(limit: usize, offset: u64, id: Option<&str>) -> Output {
    let id = id.map(str::to_owned);
    Output::EventTooLarge { limit, offset, id }
}

fn comment(text: &str) -> Output {
    Output::Comment(text.to_owned())
}

fn too_long(limit: usize, offset: u64) -> Output {
    Output::IdTooLong { limit, offset }
}

fn outputs(input: &[u8], settings: Settings) -> Vec<Output> {
    expect(input, settings).outputs
}

/// The size of the largest event, and the offset at which the stream exceeds a limit that is one byte smaller.
fn size(input: &[u8]) -> Option<(usize, usize)> {
    (0..input.len()).rev().find_map(|limit| {
        let mut oracle = Oracle::new(EVENTS.event(limit), "");
        let at = input.iter().position(|&byte| {
            oracle.feed(byte);
            let outputs = oracle.take_outputs();
            outputs.iter().any(|o| matches!(o, Output::EventTooLarge { .. }))
        });
        at.map(|at| (limit + 1, at))
    })
}

#[test]
fn passes_all_vectors() {
    for vector in vectors::all() {
        // No event and no comment is larger than its stream.
        let limit = vector.input.len();
        let settings = EVENTS.event(limit).id(limit).comment(limit);
        let Outcome { outputs, last_event_id, retry } = expect(&vector.input, settings);
        let mut events = Vec::new();
        let mut comments = Vec::new();
        for output in outputs {
            match output {
                Output::Event { event_type, data, last_event_id, .. } => {
                    let event_type = event_type.unwrap_or_else(|| "message".to_owned());
                    events.push(vectors::Expected { event_type, data, last_event_id });
                }
                Output::Comment(text) => comments.push(text),
                other => panic!("{}: {other:?}", vector.name),
            }
        }
        assert_eq!(events, vector.events, "{}", vector.name);
        assert_eq!(last_event_id, vector.final_last_event_id, "{}", vector.name);
        if !vector.retry_lenient {
            assert_eq!(retry, vector.retry, "{}", vector.name);
        }
        if let Some(expected) = vector.comments {
            assert_eq!(comments, expected, "{}", vector.name);
        }
    }
}

#[test]
fn keeps_what_the_block_has_set() {
    let input = b"id: 1\nid: 2\x00\nretry: 5\nretry: x\nevent: a\ndata\n\nid\ndata: b\ndata:\n\n";
    let first = Output::Event {
        event_type: Some("a".to_owned()),
        data: String::new(),
        id: Some("1".to_owned()),
        retry: Some(5),
        last_event_id: "1".to_owned(),
    };
    let second = Output::Event {
        event_type: None,
        data: "b\n".to_owned(),
        id: Some(String::new()),
        retry: None,
        last_event_id: String::new(),
    };
    let expected = Outcome { outputs: vec![first, second], last_event_id: String::new(), retry: Some(5) };
    assert_eq!(expect(input, EVENTS), expected);
}

#[test]
fn cr_dispatches_at_once_and_swallows_one_lf() {
    let mut oracle = Oracle::new(EVENTS, "");
    oracle.feed_all(b"data: a\r\n\r");
    assert_eq!(oracle.take_outputs(), [event("a")]);
    oracle.feed_all(b"\ndata: b\n");
    assert_eq!(oracle.take_outputs(), []);
    oracle.feed(b'\n');
    assert_eq!(oracle.take_outputs(), [event("b")]);
}

#[test]
fn retry_that_is_empty_or_does_not_fit_is_ignored() {
    let retry = |input: &[u8]| expect(input, EVENTS).retry;
    assert_eq!(retry(b"retry\nretry:\n"), None);
    assert_eq!(retry(b"retry: 7\nretry\nretry: \nretry: 18446744073709551616\n"), Some(7));
    assert_eq!(retry(b"retry: 00018446744073709551615\n"), Some(u64::MAX));
    assert_eq!(retry(b"retry: 7"), None);
}

#[test]
fn reconnect_keeps_what_is_committed() {
    let mut oracle = Oracle::new(EVENTS.event(13), "0");
    assert_eq!(oracle.last_event_id(), "0");
    oracle.feed_all(b"id: 1\n\nretry: 9\nid: 2\ndata: abc\r");
    assert_eq!(oracle.take_outputs(), [too_large(13, 7, Some("2"))]);
    oracle.reconnect();
    // The LF is a separate line here. A BOM is removed again, and offsets begin at 0.
    oracle.feed_all(b"\ndata: a\n\n");
    oracle.reconnect();
    oracle.feed_all(b"\xEF\xBB\xBFdata: b\n\ndata: abcdefgh\n");
    let [Output::Event { data: a, last_event_id, .. }, Output::Event { data: b, .. }, dropped] =
        &oracle.take_outputs()[..]
    else {
        panic!("two events and an error");
    };
    assert_eq!([a, b, last_event_id], ["a", "b", "1"]);
    assert_eq!(dropped, &too_large(13, 12, None));
    assert_eq!((oracle.last_event_id(), oracle.retry()), ("1", Some(9)));
}

#[test]
fn size_counts_the_lines_of_data_type_and_id() {
    assert_eq!(size(b"data: abc\n\n"), Some((9, 8)));
    assert_eq!(size(b"data:abc\ndata: d\n\n"), Some((15, 15)));
    assert_eq!(size(b"event: ab\nid: cde\ndata: f\n\n"), Some((23, 24)));
    assert_eq!(size(b"event: ab\r\nid: cde\r\ndata: f\r\n\r\n"), Some((23, 26)));
    assert_eq!(size("data: ä\u{FEFF}\n\n".as_bytes()), Some((11, 10)));
    assert_eq!(size(b"data: \xFF\n\n"), Some((7, 6)));
    assert_eq!(size(b"retry: 100\nfoo: bar\n: comment\nDATA: a\n data: a\nDATA\nfoo\n\n"), None);
    // Each block has its own size.
    assert_eq!(size(b"data: abc\n\ndata: d\n\n"), Some((9, 8)));
}

#[test]
fn line_counts_from_its_colon_or_its_end() {
    assert_eq!(size(b"data:\n\n"), Some((5, 4)));
    assert_eq!(size(b"data: \n\n"), Some((6, 5)));
    for (line, expected) in [("data", (4, 4)), ("event", (5, 5)), ("id", (2, 2))] {
        for end in ["\n\n", "\r\n\r\n", "\r"] {
            assert_eq!(size(format!("{line}{end}").as_bytes()), Some(expected));
        }
        assert_eq!(size(line.as_bytes()), None);
        assert_eq!(size(format!("{line}x: a\n").as_bytes()), None);
    }
}

#[test]
fn lines_that_change_nothing_count_too() {
    assert_eq!(size(b"event: abcd\nevent: ef\ndata: ghi\n\n"), Some((29, 30)));
    assert_eq!(size(b"event: abcd\nevent\ndata: ghi\n\n"), Some((25, 26)));
    assert_eq!(size(b"id: abcd\nid: ef\n\n"), Some((14, 14)));
    assert_eq!(size(b"id: \x00abcdef\n\n"), Some((11, 10)));
    assert_eq!(size(b"id: abc\nid: d\x00\ndata:\n\n"), Some((18, 19)));
}

#[test]
fn dropped_block_commits_nothing_and_ends_at_the_blank_line() {
    let input = b"data: a\r\n\r\nid: 1\rid: 2\x00\ndata: abcdef\nid: 3\ndata: x\nretry: 4\n:c\n\ndata: b\n\n";
    let Outcome { outputs, last_event_id, retry } = expect(input, EVENTS.event(16).comment(1));
    let expected = [event("a"), too_large(16, 11, Some("1")), comment("c"), event("b")];
    assert_eq!(outputs, expected);
    assert_eq!((last_event_id.as_str(), retry), ("", Some(4)));
}

#[test]
fn id_whose_line_is_too_much_is_not_reported() {
    assert_eq!(outputs(b"id: abc\n\n", EVENTS.event(6)), [too_large(6, 0, None)]);
    assert_eq!(outputs(b"id\nid: abc\n\n", EVENTS.event(8)), [too_large(8, 0, Some(""))]);
    assert_eq!(outputs(b"id\n", EVENTS.event(1)), [too_large(1, 0, None)]);
    assert_eq!(outputs(b"id: a\nid\n", EVENTS.event(6)), [too_large(6, 0, Some("a"))]);
}

#[test]
fn id_that_is_too_long_is_ignored_and_reported_at_its_first_byte_too_many() {
    let mut oracle = Oracle::new(EVENTS.id(3), "");
    oracle.feed_all(b"data: a\nid: 123");
    assert_eq!(oracle.take_outputs(), []);
    oracle.feed(b'4');
    assert_eq!(oracle.take_outputs(), [too_long(3, 8)]);
    oracle.feed_all(b"5678\r\n\n");
    assert_eq!(oracle.take_outputs(), [event("a")]);
    assert_eq!(oracle.last_event_id(), "");

    let with_id = |id: &str| Output::Event {
        event_type: None,
        data: "a".to_owned(),
        id: Some(id.to_owned()),
        retry: None,
        last_event_id: id.to_owned(),
    };
    let of = |input: &[u8], limit| outputs(input, EVENTS.id(limit));
    assert_eq!(of(b"id: 1\nid: 1234\ndata: a\n\n", 3), [too_long(3, 6), with_id("1")]);
    assert_eq!(of(b"id:1234\nid:567\ndata: a\n\n", 3), [too_long(3, 0), with_id("567")]);
    assert_eq!(of(b"id:  123\nid:1234\n", 3), [too_long(3, 0), too_long(3, 9)]);
    assert_eq!(of(b"id: a\n\nid:\ndata: a\n\nid: \nid\nid:b\n", 0)[1..], [with_id(""), too_long(0, 28)]);
}

#[test]
fn id_with_nul_may_be_too_long_as_well() {
    for (id, is_too_long) in [("\0abc", true), ("abc\0", true), ("ab\0", false), ("\0", false)] {
        let input = format!("id: {id}\ndata: a\n\n");
        let mut expected = vec![event("a")];
        if is_too_long {
            expected.insert(0, too_long(3, 0));
        }
        assert_eq!(outputs(input.as_bytes(), EVENTS.id(3)), expected, "{id:?}");
    }
}

#[test]
fn id_counts_until_it_is_reported() {
    let input = b"id: 1234567\ndata: a\nevent: b\n\n";
    let of = |event| outputs(input, EVENTS.event(event).id(3));
    assert_eq!(of(14), [too_long(3, 0), too_large(14, 0, None)]);
    assert!(matches!(&of(15)[..], [first, Output::Event { .. }] if *first == too_long(3, 0)));
    // Exceeds both limits at the same byte.
    assert_eq!(of(7), [too_large(7, 0, None)]);
    assert_eq!(of(8), [too_long(3, 0), too_large(8, 0, None)]);
    // In a dropped block.
    assert_eq!(outputs(b"data: a\nid: 1234\n", EVENTS.event(6).id(3)), [too_large(6, 0, None)]);
}

#[test]
fn block_begins_after_the_blank_line() {
    let offset = |input: &[u8]| match &outputs(input, EVENTS.event(0))[..] {
        [Output::EventTooLarge { offset, .. }] => *offset,
        other => panic!("{other:?}"),
    };
    assert_eq!(offset(b"data:"), 0);
    assert_eq!(offset(b"\xEF\xBB\xBFdata:"), 3);
    assert_eq!(offset(b"\xEF\xBB\n\ndata:"), 4);
    assert_eq!(offset(b"\xEF\xBB\xBF\r\ndata:"), 5);
    assert_eq!(offset(b":c\n\n\ndata:"), 5);
    assert_eq!(offset(b":c\r\n\r\n:c\r\ndata:"), 6);
    assert_eq!(offset(b"\r\rfoo\rdata:"), 2);
}

#[test]
fn comments_come_at_their_line_ends() {
    let input = b"data: a\n: b\r\n:\n::c\xFF\n\n:unfinished";
    let expected = [comment(" b"), comment(""), comment(":c\u{FFFD}"), event("a")];
    assert_eq!(outputs(input, Settings::ITEMS), expected);
    assert_eq!(outputs(input, EVENTS), [event("a")]);
}

#[test]
fn long_comment_is_reported_once_and_harms_no_event() {
    let input = b"data: a\r\n:bc\n:bcdef\r\n:\n\n";
    let long = Output::CommentTooLarge { limit: 2, offset: 13 };
    let expected = [comment("bc"), long, comment(""), event("a")];
    assert_eq!(outputs(input, EVENTS.event(7).comment(2)), expected);
    let long = Output::CommentTooLarge { limit: 0, offset: 3 };
    assert_eq!(outputs(b"\xEF\xBB\xBF: ", EVENTS.event(0).comment(0)), [long]);
    assert_eq!(outputs(b"\xEF\xBB: \n", EVENTS.event(0).comment(0)), []);
}

#[test]
fn what_is_lost_ends_in_a_line_of_a_dropped_block() {
    let lost = |start: &[u8], unread| {
        let mut oracle = Oracle::new(EVENTS.event(8).comment(1), "");
        oracle.feed_all(start);
        oracle.take_outputs();
        oracle.lose(unread);
        oracle
    };
    for start in [&b""[..], b"id: 1\n", b"data: 1\r", b"data", b":c", b"\xEF\xBB", b"\r"] {
        for (rest, expected) in [
            (&b"\n\ndata: a\n\n"[..], &[event("a")][..]),
            (b"\r\n\r\ndata: a\n\n", &[event("a")]),
            (b"\xBFdata: 1\n\ndata: a\n\n", &[event("a")]),
            (b"\ndata: 1234\n\ndata: a\n\n", &[event("a")]),
            (
                b":a\n:b\ndata: 1\n:c\n:12\n\ndata: a\n\n",
                &[comment("b"), comment("c"), Output::CommentTooLarge { limit: 1, offset: 27 }, event("a")],
            ),
            (b"\n\ndata: 123\n", &[too_large(8, 12, None)]),
        ] {
            let mut oracle = lost(start, 10 - start.len());
            assert!(oracle.is_mid_event());
            oracle.feed_all(rest);
            assert_eq!(oracle.take_outputs(), expected, "{start:?}, {rest:?}");
            assert_eq!((oracle.last_event_id(), oracle.retry()), ("", None));
        }
    }

    let mut oracle = lost(b"id: 1\nretry: 5\n\n", 10);
    oracle.feed_all(b"retry: 6\nid: 2\n");
    assert_eq!((oracle.last_event_id(), oracle.retry()), ("1", Some(5)));
    oracle.feed_all(b"retry: 7\n\n");
    assert_eq!((oracle.last_event_id(), oracle.retry()), ("1", Some(7)));
    assert!(!oracle.is_mid_event());
}

#[test]
fn it_knows_what_is_mid_event() {
    let mid =
        ["d", "data", "data:", "even", "event:", "i", "id: 1", "id: 1\n", "data\n", "event: a\n", "id: \0"];
    let not = [
        "", "x", "datax", ":", "retry: 1", "event\n", "id: \0\n", "data\n\n", "data\n\r", "id: 1234",
        "\u{FEFF}",
    ];
    for (streams, expected) in [(&mid[..], true), (&not, false)] {
        for stream in streams {
            let mut oracle = Oracle::new(EVENTS.id(3), "");
            oracle.feed_all(stream.as_bytes());
            assert_eq!(oracle.is_mid_event(), expected, "{stream:?}");
        }
    }
}

#[test]
fn utf8_is_decoded_as_std_does_it() {
    // Both sides of every bound in the decoder.
    let bytes = [
        0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED,
        0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
    ];
    for a in bytes {
        for b in bytes {
            for c in bytes {
                for d in bytes {
                    let input = [a, b, c, d, b'.'];
                    for input in [&input[..3], &input[..4], &input] {
                        assert_eq!(decode_utf8(input), String::from_utf8_lossy(input));
                    }
                }
            }
        }
    }
}
