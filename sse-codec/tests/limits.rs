//! Limits: the same in every chunking, exact to the byte, and memory stays under them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use sse_codec::{DecodeErrorKind, Decoder, Limits};
use support::{LEVELS, chunkings::for_each_chunking, decode, expect, oracle::Output};

#[test]
fn exactly_the_limit_passes_and_one_byte_more_does_not() {
    // Each event has the size that stands behind it.
    let events: &[(&str, usize)] = &[
        ("data: 12345\n\n", 6),
        ("data:\n\n", 1),
        ("data\n\n", 1),
        ("data: 1\ndata\ndata:  3\n\n", 6),
        ("data: 1\ndata\n\n", 3),
        ("event: type\ndata: 123\n\n", 8),
        ("event: longer than the next\nevent: t\ndata: 123\n\n", 20),
        ("id: 12\ndata: 123\n\n", 6),
        ("id: 12\nid:\ndata: 1\n\n", 2),
        // Whatever comes last.
        ("id: 12\ndata: 123\nevent: type\n\n", 10),
        ("data: 123\nevent: type\nid: 12\n\n", 10),
        ("event: type\nid: 12\ndata: 123\n\n", 10),
        ("data: 123\nevent: type\n\n", 8),
        ("data: 123\nid: 12\n\n", 6),
        ("data: \u{20AC}\n\n", 4),
        ("retry: 12345\nunknown: field\n: comment\ndata: 1\n\n", 2),
        // More is kept than is still to come.
        ("event: longer than the line behind it\ndata: 1\n\n", 32),
        ("id: longer than the line behind it\ndata: 1\n\n", 32),
    ];
    for (event, size) in events {
        let input = format!("id: 0\ndata: \n\ndata\n\n:\n\n\n{event}data:\n\n");
        for line_end in ["\n", "\r", "\r\n"] {
            let input = input.replace('\n', line_end);
            for_each_chunking(input.as_bytes(), &[], |chunking, chunks| {
                for &level in LEVELS {
                    let passes = decode(level, chunks, *size.max(&2), None);
                    let what = format!("{event:?}, {level:?}, {chunking}");
                    assert_eq!(passes.outputs.len(), 4, "{what}");
                    assert!(passes.outputs.iter().all(|o| matches!(o, Output::Event { .. })), "{what}");
                    if *size > 2 {
                        let fails = decode(level, chunks, size - 1, None);
                        assert_eq!(fails.outputs.len(), 4, "{what}");
                        assert!(
                            matches!(&fails.outputs[2], Output::EventTooLarge { limit, offset, .. }
                            if *limit == *size as u64 - 1 && *offset == 16 + 8 * line_end.len() as u64),
                            "{what}: {fails:?}"
                        );
                        assert!(
                            matches!(&fails.outputs[3], Output::Event { data, .. } if data.is_empty()),
                            "{what}"
                        );
                    }
                }
            });
        }
    }
}

#[test]
fn the_error_comes_at_the_byte_that_is_too_much() {
    let mut decoder = Decoder::builder().limits(Limits::new().with_event(5)).build();
    assert!(decoder.decode(b"data: 1234").next_event().is_none());
    let error = decoder.decode(b"5").next_event().unwrap().unwrap_err();
    assert_eq!(error.kind(), DecodeErrorKind::EventTooLarge);
    assert!(decoder.is_mid_event());
    assert!(decoder.decode(b"6\ndata: 7\nid: 8\nevent: 9\n\n").next_event().is_none());
    assert!(!decoder.is_mid_event());
    assert_eq!(decoder.last_event_id(), "");
}

/// A short line that is cut is not read before its end, but it is measured.
#[test]
fn the_error_comes_at_that_byte_in_a_short_line_too() {
    for (line, limit) in [("data:12", 2), ("event:1", 0), ("id:1234", 3)] {
        let (start, too_much) = line.split_at(line.len() - 1);
        let mut decoder = Decoder::builder().limits(Limits::new().with_event(limit)).build();
        assert!(decoder.decode(start.as_bytes()).next_event().is_none(), "{line}");
        assert!(decoder.decode(too_much.as_bytes()).next_event().unwrap().is_err(), "{line}");
    }
}

/// U+FFFD would take three bytes for one.
#[test]
fn what_is_not_utf8_counts_as_it_came() {
    let input = b"event: \xFF\xE2\x82\nid: \xFF\xFF\ndata: \xFF\n\n";
    for_each_chunking(input, &[], |chunking, chunks| {
        for &level in LEVELS {
            let outputs = [7, 6].map(|limit| decode(level, chunks, limit, None).outputs);
            assert!(matches!(&outputs[0][..], [Output::Event { .. }]), "{level:?}, {chunking}");
            assert!(matches!(&outputs[1][..], [Output::EventTooLarge { .. }]), "{level:?}, {chunking}");
        }
    });
}

/// However long they are, and however they are cut.
#[test]
fn of_a_dropped_event_no_line_counts_any_more() {
    let streams: &[(&[u8], usize)] = &[
        (b"data: 12\ndata:12\nevent:12\nid:12\n\ndata\n\n", 1),
        (b"data: 12345678901\nid: 1234567\nevent: 1234567\ndata: 1234567\n\ndata: next\n\n", 10),
    ];
    for &(input, limit) in streams {
        for_each_chunking(input, &[], |chunking, chunks| {
            for &level in LEVELS {
                let outcome = decode(level, chunks, limit, None);
                assert_eq!(outcome, expect(input, limit, None), "{level:?}, {chunking}");
                assert_eq!(outcome.outputs.len(), 2);
                assert_eq!(outcome.last_event_id, "");
            }
        });
    }
}

/// An id with NUL is ignored, but one that is too large before the NUL comes is too large.
#[test]
fn an_id_with_nul_around_the_limit() {
    for (nul_at, is_dropped) in [(4, false), (5, false), (6, true), (7, true)] {
        let mut id = *b"12345678901234567890";
        id[nul_at] = 0;
        let input = [b"id:", &id[..], b"\ndata\n\ndata\n\n"].concat();
        for_each_chunking(&input, &[], |chunking, chunks| {
            for &level in LEVELS {
                let outcome = decode(level, chunks, 5, None);
                assert_eq!(outcome, expect(&input, 5, None), "{level:?}, {chunking}, NUL at {nul_at}");
                assert_eq!(outcome.outputs.len(), 2);
                let dropped = matches!(outcome.outputs[0], Output::EventTooLarge { offset: 0, .. });
                assert_eq!(dropped, is_dropped, "NUL at {nul_at}");
            }
        });
    }
}

#[test]
fn a_block_whose_first_line_begins_like_a_bom_begins_there() {
    let input = b"\xEF\xBB\ndata: 1\n\n";
    for_each_chunking(input, &[], |chunking, chunks| {
        for &level in LEVELS {
            let outcome = decode(level, chunks, 1, None);
            assert_eq!(
                outcome.outputs,
                [Output::EventTooLarge { limit: 1, offset: 0, id: None }],
                "{level:?}, {chunking}"
            );
        }
    });
}

/// Also far from the limit, where nothing is measured: chunks may hold any number of blank lines.
#[test]
fn the_offset_is_that_of_the_block_however_it_is_cut() {
    let input = b"data: 1\n\n: 23\n\n\ndata: 4\nid: 5\ndata: 678901234567890\n\n";
    for_each_chunking(input, &[], |chunking, chunks| {
        for &level in LEVELS {
            let outputs = decode(level, chunks, 15, None).outputs;
            let dropped = Output::EventTooLarge { limit: 15, offset: 16, id: Some("5".into()) };
            assert_eq!(outputs[1..], [dropped], "{level:?}, {chunking}");
        }
    });
}

#[test]
fn a_dropped_comment_takes_no_event_with_it() {
    let input = b"data: 1\n: too long\nid: 2\n\n:short\n\n";
    for_each_chunking(input, &[], |chunking, chunks| {
        for &level in LEVELS {
            let outcome = decode(level, chunks, 100, Some(5));
            assert_eq!(outcome, expect(input, 100, Some(5)), "{level:?}, {chunking}");
            assert_eq!(outcome.outputs[0], Output::CommentTooLarge { limit: 5, offset: 8 });
            assert_eq!(outcome.outputs.len(), 3);
        }
    });
}

#[test]
fn the_error_says_what_to_do() {
    let mut decoder = Decoder::builder().limits(Limits::new().with_event(0)).build();
    let error = decoder.decode(b"\xEF\xBB\xBFid:\ndata\n\n").next_event().unwrap().unwrap_err();
    assert_eq!(error.offset(), 3);
    assert_eq!(error.event_id().unwrap(), "");
    assert_eq!(
        error.to_string(),
        "the event at byte 3 is larger than the limit of 0 bytes and was dropped; raise Limits::with_event if it is legitimate"
    );
}

#[test]
fn the_default_limits_are_finite_and_as_documented() {
    const EVENT: usize = 16 * 1024 * 1024;
    const COMMENT: usize = 64 * 1024;
    let mut decoder = Decoder::builder().comments(true).build();
    for (start, fits) in [(&b"data: "[..], EVENT - 1), (b":", COMMENT)] {
        let end: &[u8] = b"\n\n";
        let value = vec![b'x'; fits];
        for (more, is_ok) in [(&b""[..], true), (b"x", false)] {
            let stream = [start, &value, more, end].concat();
            let mut events = decoder.decode(&stream);
            assert_eq!(events.next_item().unwrap().is_ok(), is_ok);
            assert!(events.next_item().is_none());
        }
    }
}
