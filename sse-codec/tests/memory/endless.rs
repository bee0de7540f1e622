//! Endless input is buffered up to its limit, and released when it exceeds the limit.

use bytes::Bytes;
use sse_codec::{Decoder, error::DecodeErrorKind, limits::Limits, lines::LineDecoder};

use crate::{CONSTANT, drain, drain_owned, held, region};

const LIMIT: usize = 200_000;
const ID: usize = 50_000;
const COMMENT: usize = 70_000;

type Case = (&'static str, &'static [u8], &'static [u8], Option<DecodeErrorKind>);

/// The start of the input, the part that is repeated, and the limit that it exceeds.
const ENDLESS: &[Case] = &[
    ("data line", b"data: ", b"xxxxxxxxxx", Some(DecodeErrorKind::EventTooLarge)),
    (
        "data line that is not UTF-8",
        b"data: ",
        b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
        Some(DecodeErrorKind::EventTooLarge),
    ),
    (
        "data line of cut sequences",
        b"data: ",
        b"\xF0\x9F\xF0\x9F\xF0\x9F\xF0\x9F\xF0\x9F",
        Some(DecodeErrorKind::EventTooLarge),
    ),
    (
        "data line of characters",
        b"data: ",
        "\u{20AC}\u{1F600}\u{20AC}".as_bytes(),
        Some(DecodeErrorKind::EventTooLarge),
    ),
    ("lines that are not UTF-8", b"", b"data:\xC0\n", Some(DecodeErrorKind::EventTooLarge)),
    ("small lines", b"", b"data: x\n", Some(DecodeErrorKind::EventTooLarge)),
    ("empty data lines", b"", b"data\n", Some(DecodeErrorKind::EventTooLarge)),
    ("event line", b"event: ", b"xxxxxxxxxx", Some(DecodeErrorKind::EventTooLarge)),
    ("event types", b"", b"event: xx\n", Some(DecodeErrorKind::EventTooLarge)),
    ("ids", b"", b"id: xxxxx\n", Some(DecodeErrorKind::EventTooLarge)),
    ("ids with NUL", b"", b"id: \0xxxx\n", Some(DecodeErrorKind::EventTooLarge)),
    ("id line", b"id: ", b"xxxxxxxxxx", Some(DecodeErrorKind::IdTooLong)),
    ("id line with NUL", b"id: \0", b"xxxxxxxxxx", Some(DecodeErrorKind::IdTooLong)),
    ("id line that is not UTF-8", b"id: ", b"\xFF\xFF\xFF\xFF\xFF", Some(DecodeErrorKind::IdTooLong)),
    ("retry line", b"retry: ", b"0000000000", None),
    ("unknown field", b"unknown: ", b"xxxxxxxxxx", None),
    ("unknown fields after a field", b"event: a\n", b"unknown: x\n", None),
    ("retry fields after a field", b"event: a\n", b"retry: 123\n", None),
    ("blank lines", b"", b"\n", None),
    ("name", b"", b"dataxxxxxx", None),
    ("comment", b": ", b"xxxxxxxxxx", Some(DecodeErrorKind::CommentTooLarge)),
    ("comments", b"", b": xxxxxxxx\n", None),
    ("comments after a field", b"event: a\n", b": xxxxxxxx\n", None),
];

pub(super) fn input() {
    for comments in [false, true] {
        for &(what, start, more, expected) in ENDLESS {
            let expected = expected.filter(|kind| comments || *kind != DecodeErrorKind::CommentTooLarge);
            let limits = Limits::new().with_event(LIMIT).with_id(ID).with_comment(COMMENT);
            // The bytes that may be buffered until the error comes.
            let limit = match expected {
                Some(DecodeErrorKind::IdTooLong) => ID,
                Some(DecodeErrorKind::CommentTooLarge) => COMMENT,
                Some(_) => LIMIT,
                None => 0,
            };
            // In chunks of one piece, in chunks of many, and in both, interleaved.
            for pieces in [&[1][..], &[10], &[200], &[1000], &[1000, 190, 200, 1], &[1000, 390, 380, 1]] {
                let chunks: Vec<_> = pieces.iter().map(|&pieces| more.repeat(pieces)).collect();
                let len: usize = chunks.iter().map(Vec::len).sum();
                let mut decoder = Decoder::builder().limits(limits).comments(comments).build();
                assert_eq!(drain(&mut decoder, b"data: before\n\n"), 1);
                let region = region();
                let mut errors = Vec::with_capacity(10);
                assert_eq!(drain(&mut decoder, start), 0);
                for chunk in chunks.iter().cycle().take(4 * LIMIT / len * chunks.len()) {
                    let mut events = decoder.decode(chunk);
                    while let Some(event) = events.next_event() {
                        errors.push(event.unwrap_err());
                    }
                    drop(events);
                    // The buffer of a dropped part is released.
                    let limit = if errors.is_empty() { limit as isize } else { 0 };
                    let held = held(&region.change());
                    assert!(held <= limit + CONSTANT, "{what}: {held} bytes in chunks of {pieces:?}");
                }
                assert_eq!(errors.len(), usize::from(expected.is_some()), "{what}: {errors:?}");
                if let (Some(kind), Some(error)) = (expected, errors.first()) {
                    assert_eq!((error.kind(), error.limit(), error.offset()), (kind, limit, 14), "{what}");
                }
                // The next valid event arrives.
                let mut events = decoder.decode(b"\n\ndata: after\n\n");
                assert_eq!(events.next_event().unwrap().unwrap().data(), "after", "{what}");
            }
        }
    }
}

/// Neither an event nor its end takes more memory because an earlier event came in other chunks.
pub(super) fn events_one_after_another() {
    let chunk = b"x".repeat(LIMIT);
    let limits = Limits::new().with_event(LIMIT);
    let sizes = [1, 100, 1500, 3000, 10_000, 50_000];
    for (first, second) in sizes.iter().flat_map(|first| sizes.map(|second| (*first, second))) {
        let mut decoder = Decoder::builder().limits(limits).build();
        let region = region();
        for size in [first, second, first] {
            drain(&mut decoder, b"data: ");
            for chunk in chunk[..LIMIT - 6].chunks(size) {
                assert_eq!(drain(&mut decoder, chunk), 0);
                let held = held(&region.change());
                assert!(held <= LIMIT as isize + CONSTANT, "{held} bytes in chunks of {first} and {second}");
            }
            assert_eq!(drain(&mut decoder, b"\n\n"), 1);
            assert!(held(&region.change()) <= CONSTANT, "chunks of {first} and {second}");
        }
    }

    let drain_owned =
        |decoder: &mut Decoder, chunk: &[u8]| drain_owned(decoder, &Bytes::copy_from_slice(chunk));
    for drain in [drain, drain_owned] {
        for len in (LIMIT / 2..LIMIT - 6).step_by(1_997) {
            let mut decoder = Decoder::builder().limits(limits).build();
            let region = region();
            drain(&mut decoder, b"data: ");
            for chunk in chunk[..len].chunks(10_000) {
                assert_eq!(drain(&mut decoder, chunk), 0);
                assert!(held(&region.change()) <= LIMIT as isize + CONSTANT, "{len}");
            }
            assert_eq!(drain(&mut decoder, b"\n\n"), 1);
            let held = held(&region.change());
            assert!(held <= CONSTANT, "{held} bytes for {len}");
        }
    }
}

/// A buffer that is full, or nearly full, grows within the limit too: for the next line, and for one that is cut.
pub(super) fn a_full_buffer() {
    // Its first size, from which it would grow beyond the limit.
    const FULL: usize = 4 * 30_000;
    let first = b"x".repeat(FULL / 4);
    for len in FULL - first.len() - 20..FULL - first.len() + 20 {
        let mut decoder = Decoder::builder().limits(Limits::new().with_event(LIMIT)).build();
        let chunk = [b"data:", &first[..], b"\ndata\ndata:", &b"x".repeat(len), b"\ndata:x"].concat();
        let region = region();
        for chunk in [&chunk, &b"x"[..]] {
            assert_eq!(drain(&mut decoder, chunk), 0);
            let held = held(&region.change());
            assert!(held <= LIMIT as isize + CONSTANT, "{held} bytes after a line of {len}");
        }
        assert_eq!(drain(&mut decoder, b"\n\n"), 1);
    }
}

/// Data and type have a buffer each, but together no more than the limit, however it is divided.
pub(super) fn data_and_type() {
    for (first, second) in [("data: ", "event: "), ("event: ", "data: ")] {
        for len in (50_000..950_000).step_by(90_000) {
            let rest = 1_000_000 - len - first.len() - second.len();
            for content in [b"x", b"\xFF"] {
                let start = [first.as_bytes(), &b"x".repeat(len), b"\n"].concat();
                let stream = [&start, second.as_bytes(), &content.repeat(rest)].concat();
                assert_within_a_million(&stream, &format!("{first}of {len} bytes, then {content:?}"));
            }
        }
    }
}

/// A type replaces the one before, which may have used another buffer.
pub(super) fn types_one_after_another() {
    let contents = [&b"x"[..], "日".as_bytes(), b"\xFF"];
    let line = |content: &[u8]| [b"event: ", &content.repeat(490_000 / content.len())[..]].concat();
    for (first, second) in contents.iter().flat_map(|first| contents.map(|second| (*first, second))) {
        let stream = [b"data\n", &line(first)[..], b"\n", &line(second)].concat();
        assert_within_a_million(&stream, &format!("{first:?} and {second:?}"));
    }
}

/// Reads an event, except for its end, with a limit of a million bytes.
fn assert_within_a_million(stream: &[u8], what: &str) {
    const LIMIT: usize = 1_000_000;
    for size in [500, 1_400, 16 * 1024, LIMIT] {
        let mut decoder = Decoder::builder().limits(Limits::new().with_event(LIMIT)).build();
        let region = region();
        for chunk in stream.chunks(size) {
            assert_eq!(drain(&mut decoder, chunk), 0);
            let held = held(&region.change());
            assert!(held <= LIMIT as isize + CONSTANT, "{held} bytes in chunks of {size}, {what}");
        }
        assert_eq!(drain(&mut decoder, b"\n\n"), 1);
    }
}

/// None of its lines are buffered, however long they are.
pub(super) fn a_dropped_event() {
    let mut decoder = Decoder::builder().limits(Limits::new().with_event(LIMIT)).build();
    let line = |name: &str| [name.as_bytes(), &b"x".repeat(2 * LIMIT), b"\n"].concat();
    assert!(decoder.decode(&line("data: ")).next_event().unwrap().is_err());
    assert_eq!(drain(&mut decoder, b""), 0);
    for name in ["data: ", "event: ", "id: ", "x: ", ": ", "retry: "] {
        let line = line(name);
        for size in [usize::MAX, 16 * 1024, 1_000] {
            let region = region();
            for chunk in line.chunks(size) {
                assert_eq!(drain(&mut decoder, chunk), 0);
                assert!(held(&region.change()) <= CONSTANT, "{name} in chunks of {size}");
            }
        }
    }
}

/// The same for the line decoder.
pub(super) fn lines() {
    for size in [1, 10, 1_000, 16 * 1024] {
        let mut decoder = LineDecoder::with_limits(Limits::new().with_line(LIMIT));
        let chunk = b"x".repeat(size);
        let region = region();
        let mut errors = 0;
        for _ in 0..4 * LIMIT / size {
            errors += decoder.decode(&chunk).next_line().map_or(0, |line| usize::from(line.is_err()));
            let limit = if errors == 0 { LIMIT as isize } else { 0 };
            let held = held(&region.change());
            assert!(held <= limit + CONSTANT, "{held} bytes in chunks of {size}");
        }
        assert_eq!(errors, 1);

        // The buffer of a long line is released.
        assert!(decoder.decode(b"\n").next_line().is_none());
        for _ in 0..LIMIT / size {
            assert!(decoder.decode(&chunk).next_line().is_none());
        }
        assert!(decoder.decode(b"\n").next_line().unwrap().is_ok());
        assert!(decoder.decode(b"\n").next_line().unwrap().is_ok());
        let held = held(&region.change());
        assert!(held <= CONSTANT, "{held} bytes after a long line in chunks of {size}");
    }
}
