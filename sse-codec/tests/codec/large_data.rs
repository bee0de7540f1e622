//! Data that is too large for the buffers that a decoder keeps, with sequences cut at every seam.

use proptest::{collection::vec, prelude::*, sample::select};
use sse_conformance::{
    chunkings::in_turns,
    levels::{EVENT_LEVELS, LEVELS, decode},
    oracle::{Output, Settings, expect},
    strategies,
};

/// Sequences of each length, complete and cut, and invalid bytes.
const SEQUENCES: &[&[u8]] = &[
    b"a",
    b"ab",
    b" ",
    "é".as_bytes(),
    "€".as_bytes(),
    "😀".as_bytes(),
    b"\xC3",
    b"\xE2",
    b"\xE2\x82",
    b"\xF0",
    b"\xF0\x9F",
    b"\xF0\x9F\x98",
    b"\x80",
    b"\xFF",
    b"\ndata:",
];

/// A few sequences, or a long run of one.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        2 => vec(select(SEQUENCES), 0..4).prop_map(|sequences| sequences.concat()),
        1 => (select(&["x", "€"][..]), prop_oneof![0..1300_usize, 1300..6000_usize]).prop_map(|(text, count)| text.repeat(count).into_bytes()),
    ]
}

proptest! {
    #![proptest_config(strategies::cases(2_000))]

    #[test]
    fn in_chunks_that_end_anywhere(
        start in select(&["data:", "data:\nevent:"][..]),
        chunks in vec(piece(), 1..12),
        limit in prop_oneof![Just(usize::MAX), 0..5000_usize, 5000..50_000_usize],
    ) {
        let chunks: Vec<&[u8]> = [start.as_bytes()]
            .into_iter()
            .chain(chunks.iter().map(Vec::as_slice))
            .chain([&b"\n\ndata: next\n\n"[..]])
            .collect();
        let settings = Settings::EVENTS.event(limit);
        let expected = expect(&chunks.concat(), settings);
        for &level in LEVELS.iter().chain(EVENT_LEVELS) {
            prop_assert_eq!(&decode(level, &chunks, settings), &expected, "{:?}", level);
        }
        let whole = chunks.concat();
        prop_assert_eq!(&decode(LEVELS[0], &[&whole], settings), &expected, "whole");
    }
}

/// A sequence is cut where data is about to become long, so that an owned event takes its buffer.
#[test]
fn a_sequence_cut_at_every_length() {
    let large = [&b"y".repeat(600)[..], b"\n\n"].concat();
    for cut in [&b""[..], b"\xE2", b"\xE2\x82", b"\xF0\x9F\x98", b"\xFF"] {
        for len in 16_378..16_388 {
            for next in
                [&b"\n\n"[..], b"\r\n\r\n", b"\ndata: \x82\n\n", b"\x82\xAC\n\n", b"\xF0\x9F\n\n", &large]
            {
                let input = [b"data:", &b"x".repeat(len)[..], cut, next].concat();
                let expected = expect(&input, Settings::EVENTS);
                assert!(matches!(expected.outputs[..], [Output::Event { .. }]));
                let (head, tail) = input.split_at(5 + len + cut.len());
                for chunks in [&[&input[..]][..], &[head, tail], &input.chunks(1_000).collect::<Vec<_>>()] {
                    for &level in LEVELS {
                        assert_eq!(decode(level, chunks, Settings::EVENTS), expected, "{level:?}, {len}");
                    }
                }
            }
        }
    }
}

/// A buffer that was allocated for a large event is also used for smaller ones.
#[test]
fn after_a_larger_event() {
    let mut input = Vec::new();
    for len in [10, 5000, 1500, 3000, 0, 20, 40_000, 1100, 600, 1] {
        let line = "x".repeat(len);
        input.extend_from_slice(format!("data: {line}\ndata: {line}€\n\n").as_bytes());
    }
    let expected = expect(&input, Settings::EVENTS);
    assert_eq!(expected.outputs.len(), 10);
    for size in [1, 7, 1000, 1500, 3000, 5000, 16 * 1024, usize::MAX] {
        let chunks: Vec<&[u8]> = input.chunks(size).collect();
        for &level in LEVELS {
            assert_eq!(decode(level, &chunks, Settings::EVENTS), expected, "{level:?}, {size}");
        }
    }
}

/// Large events that are complete in a chunk, before and after small ones, with any piece at any position.
#[test]
fn whole_in_its_chunk() {
    let pieces: [&[u8]; 6] =
        [b"x", "é".as_bytes(), &"日本".repeat(40).into_bytes(), b"\xFF", b"\xE2\x82", b"\0"];
    // About the size of a window, and some that are certainly larger.
    for len in [90, 110, 16_300, 16_400, 20_000, 50_000] {
        for piece in pieces {
            for at in [0, 40, len / 16, len / 3, len / 2, len - 1] {
                let data = [&b"x".repeat(at), piece, &b"y".repeat(len - at)].concat();
                let large = [b"id: 1\nevent: \xC3\xA9\ndata: ", &data[..], b"\n\n"].concat();
                let odd = [b"retry: 1\ndata: ", &data[..], b"\nid: 2\n\n"].concat();
                let small = b"event: small\ndata: a\n\n";
                let input = [small, &large[..], small, &odd, &large, &large, small].concat();
                let expected = expect(&input, Settings::EVENTS);
                assert_eq!(expected.outputs.len(), 7);
                for &level in LEVELS.iter().chain(EVENT_LEVELS) {
                    let outcome = decode(level, &[&input], Settings::EVENTS);
                    assert!(outcome == expected, "{level:?}, {len} bytes, {piece:?} at {at}");
                }
            }
        }
    }
}

/// A large event in large chunks, and in large and small ones interleaved, with any piece at any position.
#[test]
fn in_large_chunks() {
    const LEN: usize = 20_000;
    let pieces: [&[u8]; 6] =
        [b"x", "é".as_bytes(), &"日本".repeat(3_000).into_bytes(), b"\xFF", b"\xE2\x82", b"\ndata: "];
    for piece in pieces {
        for at in [0, 1_900, 4_090, 8_185, 12_000, LEN - 1] {
            let data = [&b"x".repeat(at), piece, &b"y".repeat(LEN - at)].concat();
            let large = [b"id: 1\ndata: ", &data[..], b"\n\n"].concat();
            let input = [b"event: small\ndata: a\n\n", &large[..], &large, b"data: b\n\n"].concat();
            let expected = expect(&input, Settings::EVENTS);
            assert_eq!(expected.outputs.len(), 4);
            for sizes in
                [&[4_096][..], &[5_000], &[16_384], &[5_000, 1], &[4_096, 1_400, 300], &[9_000, 3_000]]
            {
                let chunks = in_turns(&input, sizes);
                for &level in LEVELS.iter().chain(EVENT_LEVELS) {
                    let outcome = decode(level, &chunks, Settings::EVENTS);
                    assert!(outcome == expected, "{level:?}, {piece:?} at {at}, chunks of {sizes:?}");
                }
            }
        }
    }
}
