//! Random streams and settings, for proptest.

use proptest::{collection::vec, option, prelude::*, sample::select, test_runner::RngAlgorithm};

use crate::oracle::Settings;

/// Pieces that exercise the decisions of a decoder: names and almost-names, line ends, boundaries.
const PIECES: &[&[u8]] = &[
    b"data",
    b"data:",
    b"data: ",
    b"data:  ",
    b"dat",
    b"datax:",
    b"Data: ",
    b"event",
    b"event:",
    b"event: ping",
    b"event: ",
    b"even",
    b"id",
    b"id:",
    b"id: ",
    b"id: 1",
    b"id: \0",
    b"id: 12345",
    b"id:1234567890",
    b"id: 123\x0045",
    b"id: a\0b",
    b"i",
    b"retry",
    b"retry:",
    b"retry: ",
    b"retry: 1500",
    b"retry: 18446744073709551615",
    b"retry: 18446744073709551616",
    b"retry: 1x",
    b"retry: 007",
    b"r",
    b":",
    b": ",
    b":comment",
    b"::",
    b" ",
    b"  data: x",
    b"x",
    b"xyzzy",
    b"unknown: y",
    b"0",
    b"\n",
    b"\n",
    b"\n",
    b"\n\n",
    b"\n\n",
    b"\r",
    b"\r",
    b"\r\n",
    b"\r\n",
    b"\r\n\r\n",
    b"\r\r",
    b"\n\r",
    b"\0",
    b"\xEF\xBB\xBF",
    b"\xEF\xBB",
    b"\xEF",
    b"\xBF",
    "é".as_bytes(),
    "€".as_bytes(),
    "😀".as_bytes(),
    b"\xE2\x82",
    b"\xF0\x9F\x98",
    b"\xC0\x80",
    b"\xED\xA0\x80",
    b"\xFF",
    b"\x80",
    "\u{2028}".as_bytes(),
    "\u{85}".as_bytes(),
    b"data: hello\n\n",
    b"event: a\ndata: b\nid: c\n\n",
    b"0123456789012345678901234567890123456789012345678901234567890123",
];

/// This many cases, or as many as `PROPTEST_CASES` says.
pub fn cases(count: u32) -> ProptestConfig {
    // Each part of a strategy gets its own generator. To set up the default one takes longer than most tests.
    let config = ProptestConfig { rng_algorithm: RngAlgorithm::XorShift, ..ProptestConfig::default() };
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => config,
        None => ProptestConfig { cases: count, ..config },
    }
}

/// Any stream.
pub fn stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        12 => select(PIECES).prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 0..5),
        1 => (select(&b"a \0\n\r:\xFF"[..]), 0..200_usize).prop_map(|(byte, count)| vec![byte; count]),
    ];
    vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// A few kinds of lines: common events whole in their chunk, and sizes near the limits, where a wrong sum shows first.
pub fn fields() -> impl Strategy<Value = Vec<u8>> {
    const LINES: &[&[u8]] = &[
        b"data: 123\n\n",
        b"data: 123\n\n",
        b"data: 123\n",
        b"data\n",
        b"event: 1234\n",
        b"event\n",
        b"event:\n",
        b"id: 12345\n",
        b"id: 1\x002345\n",
        b"id\n",
        b"id:\n",
        b"id:1\n",
        b":123\n",
        b"retry: 5\n",
        b"\n",
    ];
    vec(select(LINES), 0..12).prop_map(|lines| lines.concat())
}

/// Lengths of chunks: many small ones, or few large ones, or both.
pub fn lengths() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![Just(vec![]), vec(0..4_usize, 0..200), vec(0..40_usize, 0..40), vec(0..200_usize, 0..10)]
}

/// A limit: none, a small one, or a larger one.
pub fn limit() -> impl Strategy<Value = usize> {
    prop_oneof![3 => Just(usize::MAX), 3 => 0..40_usize, 1 => 40..400_usize]
}

/// Any settings.
pub fn settings() -> impl Strategy<Value = Settings> {
    let id = prop_oneof![2 => Just(usize::MAX), 2 => 0..8_usize, 1 => 8..200_usize];
    let comment = option::of(prop_oneof![1 => Just(usize::MAX), 1 => 0..10_usize]);
    (limit(), id, comment).prop_map(|(event, id, comment)| Settings { event, id, comment })
}

/// Settings near the sizes of `fields`.
pub fn tight_settings() -> impl Strategy<Value = Settings> {
    let event = prop_oneof![Just(usize::MAX), 0..50_usize];
    let id = prop_oneof![Just(usize::MAX), 0..7_usize];
    let comment = option::of(0..5_usize);
    (event, id, comment).prop_map(|(event, id, comment)| Settings { event, id, comment })
}
