//! Streams as servers send them, up to about 60 KB, with unusual pieces in them.

use std::time::Duration;

use proptest::{collection::vec, prelude::*, sample::select};
use sse_codec::{Decoder, decode::ItemRef};
use sse_conformance::{
    chunkings::in_turns,
    levels::{EVENT_LEVELS, LEVELS, Level, decode},
    oracle::{Settings, expect},
    strategies,
};

/// One event of each kind of stream. A digit makes them different.
const EVENTS: &[&str] = &[
    "id: 170000000#\nevent: ping\ndata: 170000000#\n\n",
    "id: 170000000#\r\nevent: ping\r\ndata: 170000000#\r\n\r\n",
    "id: #\revent: ping\rdata: #\r\r",
    "data: {\"choices\":[{\"delta\":{\"content\":\"#####\"},\"index\":0,\"finish_reason\":null}],\"model\":\"some-model\"}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"text\":\"#\"}}\n\n",
    "data: line # of several\ndata:  with spaces\ndata:\ndata: \ndata: the last one\n\n",
    ": keep-alive #\n\ndata: #\n\n",
    "data: 日本語のテキスト # と絵文字 😀\nevent: 日本\n\n",
    "retry: 10#\ndata: #\nid\n\n",
    "data: #\n\n",
];

/// Pieces that break the pattern.
const ODD: &[&[u8]] = &[
    b"\n",
    b"\r",
    b"\r\n",
    b":",
    b"data",
    b"data\n",
    b"data:\n",
    b"dat",
    b"event\n",
    b"id: \0\n",
    b"id: other\n",
    b"id\n",
    b"retry: 5\n",
    b"retry: 5x\n",
    b"\0",
    b"\xEF\xBB\xBF",
    b"\xFF",
    b"\xE2\x82",
    "é".as_bytes(),
    b"  ",
    b"unknown: field\n",
    b":comment\n",
    b"\n\n\n",
    b"event: once\n",
];

/// Up to about 60 KB: events of one kind or a few, with unusual pieces at any position.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let odd = vec((any::<prop::sample::Index>(), select(ODD)), 0..4);
    (vec(select(EVENTS), 1..3), 1..500_usize, odd).prop_map(|(kinds, count, odd)| {
        let mut stream: Vec<u8> = kinds
            .iter()
            .cycle()
            .take(count)
            .enumerate()
            .flat_map(|(n, event)| event.replace('#', &(n % 10).to_string()).into_bytes())
            .collect();
        for (at, piece) in odd {
            let at = at.index(stream.len() + 1);
            stream.splice(at..at, piece.iter().copied());
        }
        stream
    })
}

/// The sizes that networks and readers return, and some around those of masks and blocks.
fn chunk_sizes() -> impl Strategy<Value = Vec<usize>> {
    let usual = select(&[usize::MAX, 16_384, 4_096, 1_400, 128, 64, 63, 65, 32, 33, 15, 16, 17, 7, 5][..]);
    prop_oneof![usual.prop_map(|size| vec![size]), vec(1..3_000_usize, 1..10), vec(1..100_usize, 1..10)]
}

proptest! {
    #![proptest_config(strategies::cases(500))]

    #[test]
    fn with_something_odd(
        stream in stream(),
        sizes in chunk_sizes(),
        event_limit in prop_oneof![4 => Just(usize::MAX), 1 => 0..150_usize],
        id_limit in prop_oneof![4 => Just(usize::MAX), 1 => 0..12_usize],
        comment_limit in proptest::option::of(prop_oneof![Just(usize::MAX), 0..20_usize]),
    ) {
        let settings = Settings { event: event_limit, id: id_limit, comment: comment_limit };
        let expected = expect(&stream, settings);
        let chunks = in_turns(&stream, &sizes);
        for &level in LEVELS {
            // In sips, each item copies the unread rest of its chunk.
            let sips = matches!(level, Level::BorrowedInSips | Level::OwnedInSips);
            if sips && sizes[0] > 2_000 {
                continue;
            }
            prop_assert!(decode(level, &chunks, settings) == expected, "{:?}", level);
        }
        let expected = expected.without_comments();
        for &level in EVENT_LEVELS {
            prop_assert!(decode(level, &chunks, settings) == expected, "{:?}", level);
        }
    }
}

/// A comment within an event, after a block with only an id.
#[test]
fn a_comment_within_an_event_behind_an_id_alone() {
    let stream = b"id: 1\n\ndata: a\n:c\ndata: b\n\n";
    let expected = expect(stream, Settings::EVENTS.comment(1));
    assert_eq!(expected.outputs.len(), 2);
    for &level in LEVELS {
        assert_eq!(decode(level, &[stream], Settings::EVENTS.comment(1)), expected, "{level:?}");
    }
}

/// The start of a large chunk completes an event, an empty block or an unusual piece, and anything follows it.
#[test]
fn a_large_chunk_behind_any_two_cuts() {
    let blocks = "data: hello\n\n:only a comment\n\nevent: a\n\ndata: one two\nid: 12345\n\nretry: 7\ndata: two\n\n\
        data: a\ndata: b\n\nid: 2\r\ndata: é\r\n\r\nevent: c\rdata\r\rid: 3\n\n:\n\n";
    let large = format!("data: {}\nid: {}\n\n", "x".repeat(1000), "4".repeat(100));
    let stream = [blocks, &large, &large, "\n\ndata: last\n\n"].concat().into_bytes();
    let last = stream.len() - 14;
    for settings in [Settings::EVENTS, Settings::ITEMS] {
        let expected = expect(&stream, settings);
        for second in 0..=blocks.len() {
            for first in 0..=second {
                let parts = [0..first, first..second, second..last, last..last + 1, last + 1..stream.len()];
                let chunks = parts.map(|part| &stream[part]);
                // Sips would copy the large chunk at each item.
                for level in [Level::Borrowed, Level::Owned] {
                    let seen = decode(level, &chunks, settings);
                    assert!(seen == expected, "{level:?}, cut at {first} and {second}");
                }
            }
        }
    }
}

/// A chunk is searched 64 bytes at a time, even if it is only part of a line.
#[test]
fn a_chunk_within_a_line_has_its_only_line_end_anywhere() {
    for (at, line_end) in (0..200).flat_map(|at| [(at, b'\n'), (at, b'\r')]) {
        let mut chunk = [b'y'; 200];
        chunk[at] = line_end;
        let chunks = [b"data: a line of some length", &chunk[..], b"\n\ndata: next\n\n"];
        let expected = expect(&chunks.concat(), Settings::EVENTS);
        assert_eq!(expected.outputs.len(), 2);
        for &level in LEVELS {
            assert_eq!(decode(level, &chunks, Settings::EVENTS), expected, "{level:?}, {line_end} at {at}");
        }
    }
}

/// A long line is searched in larger steps, and a tab looks like a line end at first.
#[test]
fn a_long_line_has_its_only_line_end_anywhere() {
    const LEN: usize = 1300;
    for tabs in [usize::MAX, 300, 40] {
        for at in 0..LEN {
            let mut text: Vec<u8> = (1..=LEN).map(|n| if n % tabs == 0 { b'\t' } else { b'y' }).collect();
            text[at] = if at % 2 == 0 { b'\n' } else { b'\r' };
            let stream = [b"data: ", &text[..], b"\n\ndata: next\n\n"].concat();
            let expected = expect(&stream, Settings::EVENTS);
            assert_eq!(expected.outputs.len(), 2);
            for &level in LEVELS {
                let seen = decode(level, &[&stream], Settings::EVENTS);
                assert!(seen == expected, "{level:?}, line end at {at}, tabs every {tabs}");
            }
        }
    }
}

/// More bytes than a block are validated. They may be a part of a character, or no character at all.
#[test]
fn a_block_of_any_length_after_and_before_any_bytes() {
    let ends: [&[u8]; 6] = [b"x", "é".as_bytes(), "日".as_bytes(), "😀".as_bytes(), b"\xE2\x82", b"\xFF"];
    for end in ends {
        for first in ["data: ", "id:", "event: e\ndata", "data\ndata:"] {
            for len in 50..150 {
                let other = [b"data: a", end, b"\n\n"].concat();
                let block = format!("{first}: {}\n\n", "y".repeat(len));
                let stream = [&other, block.as_bytes(), &other].concat();
                let expected = expect(&stream, Settings::EVENTS);
                for &level in EVENT_LEVELS {
                    let seen = decode(level, &[&stream], Settings::EVENTS);
                    assert!(seen == expected, "{level:?}, {first:?}, {len}, {end:?}");
                    let chunks = [&other[..], block.as_bytes(), &other];
                    let seen = decode(level, &chunks, Settings::EVENTS);
                    assert!(seen == expected, "{level:?}, {first:?}, {len}, {end:?}, a chunk each");
                }
            }
        }
    }
}

#[test]
fn a_block_of_any_length_is_borrowed_from_its_chunk() {
    for first in ["data", "id:\ndata", "event: e\ndata", ":\ndata"] {
        for len in 1..200 {
            let chunk = format!("{first}: {}\n\n", "y".repeat(len));
            let mut decoder = Decoder::new();
            let mut events = decoder.decode(chunk.as_bytes());
            let data = events.next_event().unwrap().unwrap().data();
            assert!(chunk.as_bytes().as_ptr_range().contains(&data.as_ptr()), "{first:?}, {len}");
        }
    }
}

/// Small chunks are read up to an output, and from there on.
#[test]
fn small_chunks_stop_at_an_event_and_at_a_comment() {
    let streams: &[&[&[u8]]] = &[
        &[b"\xEF\xBB\xBF", b"data: 1\ndata: 2", b"\ndata: 3\n\nx"],
        &[b"\xEF\xBB", b"\xBFdata: 1\nda", b"ta: 2\n\ndata: 3\n\n:"],
        &[b"data: 0\n\n", b"data: 1\n:c", b"\n:d\nid: 2\n: longer than is collected\n\n:e", b"\n"],
        &[b"data: 0\n\n", b"event: a\nx: y", b"\nretry: 1\n\n:c\n\n\ndata: 1", b"\n\n"],
    ];
    for &chunks in streams {
        for settings in [Settings::EVENTS, Settings::EVENTS.comment(100)] {
            let expected = expect(&chunks.concat(), settings);
            for &level in LEVELS {
                assert_eq!(decode(level, chunks, settings), expected, "{level:?}, {chunks:?}");
            }
        }
    }
}

/// The line ends after an event are known from the search for that event.
#[test]
fn several_blocks_in_a_small_chunk() {
    for line_end in ["\n", "\r", "\r\n"] {
        let stream =
            "data:\n\ndata:\nid:1\n\n:\n\ndata:\n\ndata:2\ndata\n\nid\n\ndata:\n\nevent:e\ndata:\n\n";
        let stream = stream.replace('\n', line_end);
        let expected = expect(stream.as_bytes(), Settings::EVENTS);
        for first in 0..stream.len() {
            for size in 1..=stream.len() {
                let (start, rest) = stream.as_bytes().split_at(first);
                let chunks: Vec<_> = [start].into_iter().chain(rest.chunks(size)).collect();
                for &level in LEVELS {
                    let seen = decode(level, &chunks, Settings::EVENTS);
                    assert!(
                        seen == expected,
                        "{level:?}, {line_end:?}, {first} bytes, then {size} at a time"
                    );
                }
            }
        }
    }
}

/// Outputs that do not wait for the end of their block also come at once in a block that is carried.
#[test]
fn retry_and_comments_are_seen_at_the_end_of_their_line() {
    let stream = b"data: 1\n\nid: 2\nretry: 1\nretry: x\n: a\nretry: 30\nevent: 3\n:b\ndata: 4\n\n";
    for comments in [false, true] {
        let mut decoder = Decoder::builder().comments(comments).build();
        for (at, byte) in stream.iter().enumerate() {
            let read = &stream[..=at];
            let line = read.split(|byte| *byte == b'\n').nth_back(1).filter(|_| *byte == b'\n');
            let comment = line.and_then(|line| line.strip_prefix(b":")).filter(|_| comments);
            let mut events = decoder.decode(std::slice::from_ref(byte));
            let mut seen = None;
            while let Some(item) = events.next_item() {
                if let ItemRef::Comment(text) = item.unwrap() {
                    seen = Some(text.as_bytes().to_vec());
                }
            }
            drop(events);
            assert_eq!(seen.as_deref(), comment, "after {at}");
            let count = |retry: &[u8]| read.windows(retry.len()).filter(|part| *part == retry).count();
            let expected = [None, Some(1), Some(30)][count(b"retry: 1\n") + count(b"retry: 30\n")];
            assert_eq!(decoder.retry(), expected.map(Duration::from_millis), "after {at}");
        }
    }
}
