//! Limits are the same in every chunking, exact to the byte, and reported at once.

use sse_codec::{Decoder, error::DecodeErrorKind, limits::Limits};
use sse_conformance::{
    chunkings::for_each_chunking,
    levels::{EVENT_LEVELS, LEVELS, decode},
    oracle::{Output, Settings, expect},
};

const EVENTS: Settings = Settings::EVENTS;

/// Checks these outputs at each level in every chunking. Each output comes at its byte: a stream that ends there
/// gives it.
fn check(input: &[u8], settings: Settings, outputs: &[Output]) {
    let expected = expect(input, settings);
    assert_eq!(expected.outputs, outputs, "the oracle, {input:?}, {settings:?}");
    let events = expect(input, settings).without_comments();
    for_each_chunking(input, &[], |chunking, chunks| {
        for &level in LEVELS {
            assert_eq!(decode(level, chunks, settings), expected, "{level:?}, {chunking}, {settings:?}");
        }
        for &level in EVENT_LEVELS {
            assert_eq!(decode(level, chunks, settings), events, "{level:?}, {chunking}, {settings:?}");
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

/// An event with only this data.
fn event(data: &str) -> Output {
    Output::Event {
        event_type: None,
        data: data.to_owned(),
        id: None,
        retry: None,
        last_event_id: String::new(),
    }
}

fn event_with_id(data: &str, id: &str) -> Output {
    Output::Event {
        event_type: None,
        data: data.to_owned(),
        id: Some(id.to_owned()),
        retry: None,
        last_event_id: id.to_owned(),
    }
}

pub(crate) fn too_large(limit: usize, offset: u64, id: Option<&str>) -> Output {
    Output::EventTooLarge { limit, offset, id: id.map(str::to_owned) }
}

pub(crate) fn too_long(limit: usize, offset: u64) -> Output {
    Output::IdTooLong { limit, offset }
}

#[test]
fn exactly_the_limit_passes_and_one_byte_more_does_not() {
    // Each event and its size.
    let events: &[(&str, usize)] = &[
        ("data\n\n", 4),
        ("data:\n\n", 5),
        ("data: \n\n", 6),
        ("data: 12345\n\n", 11),
        ("data:12345\n\n", 10),
        ("data: 1\ndata\ndata:  3\n\n", 19),
        ("data: 1\ndata\n\n", 11),
        ("event: type\ndata: 123\n\n", 20),
        ("event: longer than the next\nevent: t\ndata: 123\n\n", 44),
        ("event: type\nevent\ndata\n\n", 20),
        ("id: 12\ndata: 123\n\n", 15),
        ("id: 12\nid:\nid\ndata: 1\n\n", 18),
        ("id: 1\x002\ndata: 1\n\n", 14),
        // Any field can be the last.
        ("id: 12\ndata: 123\nevent: type\n\n", 26),
        ("data: 123\nevent: type\nid: 12\n\n", 26),
        ("event: type\nid: 12\ndata: 123\n\n", 26),
        ("data: 123\nid\n\n", 11),
        ("data: 123\nevent\n\n", 14),
        ("data: \u{20AC}\n\n", 9),
        ("retry: 12345\nunknown: field\n: comment\ndatax\n data\ndata: 1\n\n", 7),
        // The buffered bytes are more than those that follow.
        ("event: longer than the line after it\ndata: 1\n\n", 43),
        ("id: longer than the line after it\ndata: 1\n\n", 40),
        // The blank line before the event can come at any time.
        ("\n\n: comment\ndata: 1\n\n", 7),
    ];
    for &(event, size) in events {
        let input = format!("data\n\ndata\n\n:\n\n\n{event}data\n\n");
        for line_end in ["\n", "\r", "\r\n"] {
            let input = input.replace('\n', line_end);
            let blank_lines = event.len() - event.trim_start_matches('\n').len();
            let offset = (9 + (7 + blank_lines) * line_end.len()) as u64;
            let passes = expect(input.as_bytes(), EVENTS.event(size));
            assert_eq!(passes.outputs.len(), 4, "{event:?}");
            assert!(passes.outputs.iter().all(|o| matches!(o, Output::Event { .. })), "{event:?}");
            // The surrounding events have a size of four bytes.
            let fails = (size > 4).then(|| expect(input.as_bytes(), EVENTS.event(size - 1)));
            if let Some(fails) = &fails {
                assert_eq!(fails.outputs.len(), 4, "{event:?}");
                assert!(
                    matches!(&fails.outputs[2], Output::EventTooLarge { limit, offset: o, .. }
                        if *limit == size - 1 && *o == offset),
                    "{event:?}, {fails:?}"
                );
            }
            for_each_chunking(input.as_bytes(), &[], |chunking, chunks| {
                for &level in LEVELS.iter().chain(EVENT_LEVELS) {
                    let what = format!("{event:?}, {line_end:?}, {level:?}, {chunking}");
                    assert_eq!(decode(level, chunks, EVENTS.event(size)), passes, "{what}");
                    if let Some(fails) = &fails {
                        assert_eq!(&decode(level, chunks, EVENTS.event(size - 1)), fails, "{what}");
                    }
                }
            });
        }
    }
}

#[test]
fn the_error_comes_at_the_byte_that_is_too_much() {
    let mut decoder = Decoder::builder().limits(Limits::new().with_event(10)).build();
    assert!(decoder.decode(b"data: 1234").next_event().is_none());
    let error = decoder.decode(b"5").next_event().unwrap().unwrap_err();
    assert_eq!(error.kind(), DecodeErrorKind::EventTooLarge);
    assert!(decoder.is_mid_event());
    assert!(decoder.decode(b"6\ndata: 7\nid: 8\nevent: 9\n\n").next_event().is_none());
    assert!(!decoder.is_mid_event());
    assert_eq!(decoder.last_event_id(), "");
}

/// A line with a colon counts at the colon, one without at its end: `data` may become `datax`.
#[test]
fn a_line_counts_once_it_is_known_what_it_is() {
    for name in ["data", "event", "id"] {
        let limit = name.len() - 1;
        let error = [too_large(limit, 0, None)];
        check(name.as_bytes(), EVENTS.event(limit), &[]);
        check(format!("{name}x: too much\n\n").as_bytes(), EVENTS.event(limit), &[]);
        for rest in ["\n", "\r", "\r\n\r\n", ":", ": x", ":\n\n"] {
            check(format!("{name}{rest}").as_bytes(), EVENTS.event(limit), &error);
        }
        // The colon exceeds the limit.
        check(
            format!("{name}:").as_bytes(),
            EVENTS.event(limit + 1),
            &error.map(|_| too_large(limit + 1, 0, None)),
        );
        check(format!("{name}\n").as_bytes(), EVENTS.event(limit + 1), &[]);
    }
}

/// The error has the id that the block had before the line that exceeds the limit.
#[test]
fn an_error_has_the_id_of_whole_lines() {
    check(b"id: 7\ndata: 1\n\n", EVENTS.event(11), &[too_large(11, 0, Some("7"))]);
    check(b"id: 7\nid: 8\n\n", EVENTS.event(9), &[too_large(9, 0, Some("7"))]);
    check(b"id: 7\nid\n\n", EVENTS.event(6), &[too_large(6, 0, Some("7"))]);
    check(b"id: 7\n\ndata: 123\n\n", EVENTS.event(8), &[too_large(8, 7, None)]);
    check(b"id: 7\nid: 1\0\ndata\n\n", EVENTS.event(14), &[too_large(14, 0, Some("7"))]);
    check(b"id\ndata:\n\n", EVENTS.event(6), &[too_large(6, 0, Some(""))]);
    check(b"id: \xFF\ndata:\n\n", EVENTS.event(6), &[too_large(6, 0, Some("\u{FFFD}"))]);
}

/// U+FFFD would take three bytes for one.
#[test]
fn what_is_not_utf8_counts_as_it_came() {
    let input = b"event: \xFF\xE2\x82\nid: \xFF\xFF\ndata: \xFF\n\n";
    for_each_chunking(input, &[], |chunking, chunks| {
        for &level in LEVELS {
            let outputs = [23, 22].map(|limit| decode(level, chunks, EVENTS.event(limit)).outputs);
            assert!(matches!(&outputs[0][..], [Output::Event { .. }]), "{level:?}, {chunking}");
            assert!(matches!(&outputs[1][..], [Output::EventTooLarge { .. }]), "{level:?}, {chunking}");
        }
    });
}

/// This applies to lines of any length and in any chunking. A retry field still counts.
#[test]
fn of_a_dropped_event_no_line_counts_any_more() {
    let input = b"data: 12\ndata:12\nevent:12\nid:12\n\ndata\n\n";
    check(input, EVENTS.event(4), &[too_large(4, 0, None), event("")]);
    let input = b"data: 12345678901\nid: 1234567\nevent: 1234567\nretry: 5\ndata: 1234567\n\ndata: next\n\n";
    check(input, EVENTS.event(10).id(3), &[too_large(10, 0, None), event("next")]);
    assert_eq!(decode(LEVELS[0], &[input], EVENTS.event(10)).retry, Some(5));
}

#[test]
fn comments_of_a_dropped_event_come() {
    let input = b"data: 1\n:a\ndata: 2\n:b\n:long\n\n:c\ndata: 3\n\n";
    let comment = |text: &str| Output::Comment(text.to_owned());
    let expected = [
        comment("a"),
        too_large(10, 0, None),
        comment("b"),
        Output::CommentTooLarge { limit: 1, offset: 22 },
        comment("c"),
        event("3"),
    ];
    check(input, EVENTS.event(10).comment(1), &expected);
}

#[test]
fn a_block_whose_first_line_begins_like_a_bom_begins_there() {
    check(b"\xEF\xBB\ndata: 1\n\n", EVENTS.event(1), &[too_large(1, 0, None)]);
    check(b"\xEF\xBB\xBFdata: 1\n\n", EVENTS.event(1), &[too_large(1, 3, None)]);
    check(b"\xEF\xBB\xBF\xEF\xBB\xBF\ndata: 1\n\n", EVENTS.event(1), &[too_large(1, 3, None)]);
    check(b"\xEF\xBB\xBFid: 123\n\n", EVENTS.id(1), &[too_long(1, 3)]);
}

/// A chunk can have any number of blank lines.
#[test]
fn the_offset_is_that_of_the_block_however_it_is_cut() {
    let input = b"data: 1\n\n: 23\n\n\ndata: 4\nid: 5\ndata: 678901234567890\n\n";
    check(input, EVENTS.event(25), &[event("1"), too_large(25, 16, Some("5"))]);
}

#[test]
fn a_dropped_comment_takes_no_event_with_it() {
    let input = b"data: 1\n: too long\nid: 2\n\n:short\n\n";
    let expected = [
        Output::CommentTooLarge { limit: 5, offset: 8 },
        event_with_id("1", "2"),
        Output::Comment("short".into()),
    ];
    check(input, EVENTS.event(100).comment(5), &expected);
}

/// Only lines without a size are within the limits.
#[test]
fn limits_of_zero() {
    let zero = EVENTS.event(0).id(0).comment(0);
    check(b"\nretry: 1\nx\n:\n\n", zero, &[Output::Comment(String::new())]);
    check(b":x\n\n", zero, &[Output::CommentTooLarge { limit: 0, offset: 0 }]);
    for line in ["data", "data:x", "event", "event:", "id", "id:x", "id: "] {
        let input = format!("{line}\n:\n\n\ndatax\n\n");
        check(input.as_bytes(), zero, &[too_large(0, 0, None), Output::Comment(String::new())]);
    }
}

/// No sum of sizes overflows.
#[test]
fn the_largest_limits() {
    let input = b"id: 1\nevent\ndata: a\n:c\ndata\n\nid: \0\ndata\xFF\ndata:\n\n";
    let last = Output::Event {
        event_type: None,
        data: String::new(),
        id: None,
        retry: None,
        last_event_id: "1".to_owned(),
    };
    for less in 0..3 {
        let limit = usize::MAX - less;
        let expected = [Output::Comment("c".into()), event_with_id("a\n", "1"), last.clone()];
        check(input, EVENTS.event(limit).id(limit).comment(limit), &expected);
    }
}

#[test]
fn the_errors_say_what_to_do() {
    let limits = Limits::new().with_event(20).with_id(2);
    let mut decoder = Decoder::builder().limits(limits).build();
    let mut events = decoder.decode(b"\xEF\xBB\xBFid:\nid: 123\ndata: 1234567890123\n\n");
    let error = events.next_event().unwrap().unwrap_err();
    assert_eq!((error.kind(), error.limit(), error.offset()), (DecodeErrorKind::IdTooLong, 2, 7));
    assert_eq!(error.event_id(), None);
    assert_eq!(
        error.to_string(),
        "the id at byte 7 is larger than the limit of 2 bytes and was dropped; raise Limits::with_id if it is legitimate"
    );
    let error = events.next_event().unwrap().unwrap_err();
    assert_eq!((error.kind(), error.limit(), error.offset()), (DecodeErrorKind::EventTooLarge, 20, 3));
    assert_eq!(error.event_id().unwrap(), "");
    assert_eq!(
        error.to_string(),
        "the event at byte 3 is larger than the limit of 20 bytes and was dropped; raise Limits::with_event if it is legitimate"
    );
}

#[test]
fn the_default_limits_are_finite_and_as_documented() {
    const EVENT: usize = 16 * 1024 * 1024;
    const ID: usize = 8 * 1024;
    const COMMENT: usize = 64 * 1024;
    for (start, fits, end) in
        [("data: ", EVENT - 6, "\n\n"), ("id: ", ID, "\ndata\n\n"), (":", COMMENT, "\n\n")]
    {
        let value = "x".repeat(fits);
        for (more, is_ok) in [("", true), ("x", false)] {
            let mut decoder = Decoder::builder().comments(true).build();
            let stream = [start, &value, more, end].concat();
            let mut events = decoder.decode(stream.as_bytes());
            assert_eq!(events.next_item().unwrap().is_ok(), is_ok, "{start:?}");
            let has_more = !is_ok && start == "id: ";
            assert_eq!(events.next_item().is_some(), has_more, "{start:?}");
        }
    }
}
