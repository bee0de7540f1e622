//! Data that is too large to be decoded at once, with sequences cut at every seam.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use proptest::{collection::vec, prelude::*, sample::select};
use support::{LEVELS, decode, expect};

/// Sequences of each length, whole and cut, and what is none.
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
        1 => (select(&["x", "€"][..]), 0..1300_usize).prop_map(|(text, count)| text.repeat(count).into_bytes()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn in_chunks_that_end_anywhere(chunks in vec(piece(), 1..12), limit in prop_oneof![Just(usize::MAX), 0..5000_usize]) {
        let chunks: Vec<&[u8]> = [&b"data:"[..]]
            .into_iter()
            .chain(chunks.iter().map(Vec::as_slice))
            .chain([&b"\n\ndata: next\n\n"[..]])
            .collect();
        let expected = expect(&chunks.concat(), limit, None);
        for &level in LEVELS {
            prop_assert_eq!(&decode(level, &chunks, limit, None), &expected, "{:?}", level);
        }
        let whole = chunks.concat();
        prop_assert_eq!(&decode(LEVELS[0], &[&whole], limit, None), &expected, "whole");
    }
}
