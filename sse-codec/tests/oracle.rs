//! Any bytes, in any chunking, under any limits, give exactly what the naive oracle gives.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use proptest::{collection::vec, prelude::*, sample::select};
use sse_codec::{Decoder, EventStream, StreamError};
use support::{EVENT_LEVELS, LEVELS, decode, expect, oracle::Oracle};

/// Pieces that make the decisions of a decoder: names and almost-names, line ends, seams.
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

/// Many cases, since they are cheap; `PROPTEST_CASES` asks for fewer or more.
fn config() -> ProptestConfig {
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => ProptestConfig::default(),
        None => ProptestConfig::with_cases(20_000),
    }
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        12 => select(PIECES).prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 0..5),
        1 => (select(&b"a \0\n\r:\xFF"[..]), 0..200_usize).prop_map(|(byte, count)| vec![byte; count]),
    ];
    vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Where to cut: many small chunks, or few large ones, or both.
fn cut<'a>(input: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
    let mut rest = input;
    let mut chunks = Vec::new();
    for &length in lengths {
        let (chunk, behind) = rest.split_at(length.min(rest.len()));
        chunks.push(chunk);
        rest = behind;
    }
    chunks.push(rest);
    chunks
}

fn lengths() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![Just(vec![]), vec(0..4_usize, 0..200), vec(0..40_usize, 0..40), vec(0..200_usize, 0..10)]
}

fn limit() -> impl Strategy<Value = usize> {
    prop_oneof![3 => Just(usize::MAX), 3 => 0..20_usize, 1 => 20..300_usize]
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_bytes_in_any_chunking_under_any_limits(
        input in stream(),
        lengths in lengths(),
        event_limit in limit(),
        comment_limit in proptest::option::of(limit()),
    ) {
        let expected = expect(&input, event_limit, comment_limit);
        let chunks = cut(&input, &lengths);
        for &level in LEVELS {
            prop_assert_eq!(&decode(level, &chunks, event_limit, comment_limit), &expected, "{:?}", level);
        }
        let expected = expected.without_comments();
        for &level in EVENT_LEVELS {
            prop_assert_eq!(&decode(level, &chunks, event_limit, comment_limit), &expected, "{:?}", level);
        }
    }

    #[test]
    fn one_connection_after_another(
        streams in vec((stream(), lengths()), 1..4),
        event_limit in limit(),
    ) {
        let mut oracle = Oracle::new(event_limit as u64, Some(u64::MAX), "start");
        let limits = sse_codec::Limits::new().with_event(event_limit).with_comment(usize::MAX);
        let start = sse_codec::EventId::from_static("start");
        let mut decoder = sse_codec::Decoder::builder().limits(limits).comments(true).last_event_id(start).build();
        for (input, lengths) in &streams {
            oracle.reconnect();
            decoder.reconnect();
            oracle.feed_all(input);
            let mut outputs = Vec::new();
            for chunk in cut(input, lengths) {
                let mut events = decoder.decode(chunk);
                while let Some(item) = events.next_item() {
                    outputs.push(support::borrowed(item));
                }
            }
            prop_assert_eq!(outputs, oracle.take_outputs());
            prop_assert_eq!(decoder.last_event_id(), oracle.last_event_id());
            prop_assert_eq!(decoder.reconnection_time().map(|t| t.as_millis() as u64), oracle.retry());
        }
    }

    #[test]
    fn a_guard_dropped_at_any_time_loses_nothing(
        input in stream(),
        lengths in lengths(),
        asked in vec((select(WAYS), 0..4_usize), 1..60),
        event_limit in limit(),
        comment_limit in proptest::option::of(limit()),
    ) {
        let expected = expect(&input, event_limit, comment_limit);
        let mut decoder = support::decoder(event_limit, comment_limit);
        let mut outputs = Vec::new();
        let mut asked = asked.iter().cycle();
        let chunks = cut(&input, &lengths);
        for chunk in chunks.iter().copied() {
            let &(way, count) = asked.next().unwrap();
            decoder = sip(decoder, chunk, way, count, &mut outputs);
        }
        decoder = sip(decoder, b"", Way::Lent, usize::MAX, &mut outputs);
        prop_assert_eq!(support::outcome(outputs, &decoder), expected);
    }
}

/// The ways to read a chunk, which may take turns on one decoder.
#[derive(Clone, Copy, Debug)]
enum Way {
    Lent,
    Owned,
    Stream,
}

const WAYS: &[Way] = &[Way::Lent, Way::Owned, Way::Stream];

/// Reads so many items at most, and gives up the guard or stream.
fn sip(
    mut decoder: Decoder,
    chunk: &[u8],
    way: Way,
    count: usize,
    outputs: &mut Vec<support::oracle::Output>,
) -> Decoder {
    match way {
        Way::Lent => {
            let mut events = decoder.decode(chunk);
            for _ in 0..count {
                let Some(item) = events.next_item() else { break };
                outputs.push(support::borrowed(item));
            }
        }
        Way::Owned => {
            let mut events = decoder.decode_bytes(Bytes::copy_from_slice(chunk));
            for _ in 0..count {
                let Some(item) = events.next_item() else { break };
                outputs.push(support::owned(item, events.last_event_id()));
            }
        }
        Way::Stream => {
            let mut source = support::ready(&[chunk]);
            let mut items = EventStream::with_decoder(&mut source, decoder).items();
            for _ in 0..count {
                match items.next().now_or_never().unwrap() {
                    Some(Ok(item)) => outputs.push(support::owned(Ok(item), items.decoder().last_event_id())),
                    Some(Err(StreamError::Decode(error))) => outputs.push(support::owned(Err(error), "")),
                    Some(Err(error)) => panic!("{error}"),
                    None => break,
                }
            }
            decoder = items.into_decoder();
            // What the stream did not ask for any more.
            if let Some(Ok(chunk)) = source.next().now_or_never().unwrap() {
                drop(decoder.decode(&chunk));
            }
        }
    }
    decoder
}

/// Few kinds of lines: usual events that lie whole in their chunk, and under limits near their sizes
/// where the sum that a limit is compared with goes wrong first.
fn fields() -> impl Strategy<Value = Vec<u8>> {
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
        b":123\n",
        b"\n",
    ];
    vec(select(LINES), 0..12).prop_map(|lines| lines.concat())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn few_kinds_of_lines(
        input in fields(),
        lengths in prop_oneof![Just(vec![]), vec(0..6_usize, 0..30)],
        event_limit in prop_oneof![Just(usize::MAX), 0..20_usize],
        comment_limit in proptest::option::of(0..5_usize),
    ) {
        let expected = expect(&input, event_limit, comment_limit);
        let chunks = cut(&input, &lengths);
        for &level in LEVELS {
            prop_assert_eq!(&decode(level, &chunks, event_limit, comment_limit), &expected, "{:?}", level);
        }
        let expected = expected.without_comments();
        for &level in EVENT_LEVELS {
            prop_assert_eq!(&decode(level, &chunks, event_limit, comment_limit), &expected, "{:?}", level);
        }
    }
}
