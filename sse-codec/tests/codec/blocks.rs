//! Complete blocks for proxies: nothing is lost in any chunking, and no parts of two blocks are joined.

use std::{
    mem,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use futures_util::{FutureExt, Stream, StreamExt, stream};
use proptest::prelude::*;
use sse_codec::{
    Encoded,
    error::{DecodeError, DecodeErrorKind, StreamError, ValueError},
    limits::Limits,
    lines::{BlockDecoder, BlockStream, Comment, Field, Line, RawBlock},
};
use sse_conformance::{
    chunkings::for_each_chunking,
    levels::Trickle,
    naive_lines::{self, NaiveLine},
    oracle::{Output, Settings, expect},
    strategies, vectors,
};

/// An encoded block, or the limit that a dropped block exceeded.
type Read = Result<Vec<u8>, usize>;

/// Splits naively at blank lines. The size of a block is the size of its encoded lines.
fn naive(input: &[u8], limit: usize) -> Vec<Read> {
    let (mut blocks, mut block) = (vec![], vec![]);
    for line in naive_lines::split(input, usize::MAX) {
        let NaiveLine::Line(line) = line else { panic!("there is no limit") };
        if !line.is_empty() {
            let encoded = naive_lines::encoding(&line);
            // Only the first line of a block can be the first line of a stream.
            let is_later = !block.is_empty() && line.starts_with(b"\xEF\xBB\xBF");
            block.push(if is_later { encoded[2..].to_vec() } else { encoded });
        } else if !block.is_empty() {
            let mut block: Vec<u8> = mem::take(&mut block).concat();
            let size = block.len() - if block.starts_with(b":\n\xEF\xBB\xBF") { 2 } else { 0 };
            block.push(b'\n');
            blocks.push(if size > limit { Err(limit) } else { Ok(block) });
        }
    }
    blocks
}

fn read(block: Result<RawBlock, DecodeError>) -> Read {
    match block {
        Ok(block) => {
            let encoded = Encoded::from(&block);
            let mut again = Vec::new();
            block.encode(&mut again);
            assert_eq!(encoded.as_bytes(), &again);
            assert_eq!(block.lines().collect::<RawBlock>(), block);
            Ok(again)
        }
        Err(error) => {
            assert_eq!(error.kind(), DecodeErrorKind::EventTooLarge);
            Err(error.limit())
        }
    }
}

fn limits(limit: usize) -> Limits {
    Limits::new().with_event(limit)
}

/// Reads each chunk to its end, or one block per guard if `in_sips`.
fn decode(chunks: &[&[u8]], limit: usize, in_sips: bool) -> Vec<Read> {
    let mut decoder = BlockDecoder::with_limits(limits(limit));
    let mut blocks = vec![];
    for chunk in chunks {
        if in_sips {
            blocks.extend(decoder.decode(chunk).next().map(read));
            while let Some(block) = decoder.decode(b"").next() {
                blocks.push(read(block));
            }
        } else {
            blocks.extend(decoder.decode(chunk).map(read));
        }
    }
    blocks
}

fn stream(chunks: &[&[u8]], limit: usize) -> Vec<Read> {
    let mut blocks = BlockStream::with_limits(Trickle::new(chunks), limits(limit));
    let mut cx = Context::from_waker(Waker::noop());
    let mut seen = vec![];
    loop {
        match Pin::new(&mut blocks).poll_next(&mut cx) {
            Poll::Pending | Poll::Ready(Some(Err(StreamError::Source(_)))) => {}
            Poll::Ready(Some(Ok(block))) => seen.push(read(Ok(block))),
            Poll::Ready(Some(Err(StreamError::Decode(error)))) => seen.push(read(Err(error))),
            Poll::Ready(Some(Err(error))) => panic!("{error}"),
            Poll::Ready(None) => break seen,
        }
    }
}

#[test]
fn each_block_of_each_vector_in_every_chunking() {
    for vector in vectors::all() {
        let expected = naive(&vector.input, usize::MAX);
        for_each_chunking(&vector.input, &vector.splits, |how, chunks| {
            assert_eq!(decode(chunks, usize::MAX, false), expected, "{}, {how}", vector.name);
        });
        assert_eq!(decode(&[&vector.input], usize::MAX, true), expected, "{}", vector.name);
        assert_eq!(stream(&[&vector.input], usize::MAX), expected, "{}", vector.name);
    }
}

/// The oracle, which does not know blocks, sees the same events, comments and ids before and after.
#[test]
fn a_client_of_a_proxy_sees_what_the_proxy_saw() {
    for vector in vectors::all() {
        // A block without its blank line is not forwarded.
        let mut whole = vector.input.clone();
        whole.extend(b"\n\n");
        let mut sent = vec![];
        for block in BlockDecoder::new().decode(&whole) {
            block.unwrap().encode(&mut sent);
        }
        let is_shown = |output: &Output| !matches!(output, Output::Comment(text) if text.is_empty());
        let shown = |input: &[u8]| {
            let mut outcome = expect(input, Settings::ITEMS);
            // An empty comment can precede a BOM.
            outcome.outputs.retain(is_shown);
            outcome
        };
        assert_eq!(shown(&sent), shown(&whole), "{}", vector.name);
    }
}

proptest! {
    #![proptest_config(strategies::cases(2_000))]

    #[test]
    fn any_stream_with_any_limit(
        input in strategies::stream(), lengths in strategies::lengths(), limit in 0..60_usize, in_sips in any::<bool>(),
    ) {
        let mut chunks = vec![];
        let mut rest = &input[..];
        for len in lengths.iter().cycle().take(200) {
            let (chunk, more) = rest.split_at((*len).min(rest.len()));
            chunks.push(chunk);
            rest = more;
        }
        chunks.push(rest);
        let expected = naive(&input, limit);
        let mut decoded = decode(&chunks, limit, in_sips);
        prop_assert_eq!(stream(&chunks, limit), &decoded[..]);
        // The error comes when the limit is exceeded, even if the block never ends.
        if decoded.len() > expected.len() {
            prop_assert_eq!(decoded.pop(), Some(Err(limit)));
        }
        prop_assert_eq!(&decoded, &expected);
    }
}

#[test]
fn a_block_over_the_limit_is_dropped_and_told_once() {
    let stream = b"\n:hi\ndata: 1\n\nid: 7\nid: a\0b\ndata: 12345\ndata: 6\ndata: 7\n\nid: 8\n\ndata: 123456789012345678\n:x\n\ndata: 2\n\n";
    for size in [1, 5, 1_000] {
        let mut decoder = BlockDecoder::with_limits(limits(30));
        let mut errors = vec![];
        let mut blocks = vec![];
        for chunk in stream.chunks(size) {
            for block in decoder.decode(chunk) {
                match block {
                    Ok(block) => blocks.push(Encoded::from(block).into_bytes()),
                    Err(error) => errors.push(error),
                }
            }
        }
        assert_eq!(
            blocks,
            [&b":hi\ndata: 1\n\n"[..], b"id: 8\n\n", b"data: 123456789012345678\n:x\n\n", b"data: 2\n\n"]
        );
        let [error] = &errors[..] else { panic!("{errors:?}") };
        assert_eq!((error.limit(), error.offset(), error.event_id().unwrap().as_str()), (30, 14, "7"));
    }

    // A line that is longer than the limit, at any position of its block.
    let mut decoder = BlockDecoder::with_limits(limits(10));
    let mut blocks = decoder.decode(b"id: 7\ndata: too long\n\ndata: too long\nid: 7\n\nid: 9\n\n");
    let error = blocks.next().unwrap().unwrap_err();
    assert_eq!((error.offset(), error.event_id().unwrap().as_str()), (0, "7"));
    let error = blocks.next().unwrap().unwrap_err();
    assert_eq!((error.offset(), error.event_id()), (22, None));
    assert_eq!(Encoded::from(blocks.next().unwrap().unwrap()).as_bytes(), "id: 9\n\n");
    assert!(blocks.next().is_none());
}

/// It counts encoded lines: one space after a colon, and one byte for the line end.
#[test]
fn the_limit_counts_each_kind_of_line() {
    for (block, size) in
        [("a\n\n", 4), ("a: b\n\n", 5), ("a:b\n\n", 5), (":\n\n", 2), (":ab\r\n\r\n", 4), ("a\n:b\n\n", 7)]
    {
        let is_ok = |limit| decode(&[block.as_bytes()], limit, false)[0].is_ok();
        assert_eq!([is_ok(size), is_ok(size - 1)], [true, false], "{block:?}");
    }
}

#[test]
fn nothing_is_joined_over_a_connection_or_a_leak() {
    let mut decoder = BlockDecoder::new();
    assert!(decoder.decode(b"id: 1\ndata: a\n").next().is_none());
    assert!(decoder.is_mid_block());
    decoder.reconnect();
    assert!(!decoder.is_mid_block());
    let block = decoder.decode(b"\xEF\xBB\xBFdata: b\n\n").next().unwrap().unwrap();
    assert_eq!(Encoded::from(block).as_bytes(), "data: b\n\n");

    let mut decoder = BlockDecoder::new();
    assert!(decoder.decode(b"data: a\n").next().is_none());
    mem::forget(decoder.decode(b"data: leaked\n"));
    let blocks: Vec<_> = decoder.decode(b"data: b\n\ndata: c\n\n").map(Result::unwrap).collect();
    assert!(blocks.iter().map(|block| Encoded::from(block).into_bytes()).eq(["data: c\n\n"]));

    // The first chunk ends in a line, and the decoder has dropped a block.
    let mut decoder = BlockDecoder::with_limits(limits(9));
    assert!(decoder.decode(b"da").next().is_none());
    assert!(decoder.is_mid_block() && BlockDecoder::default().decode(b"").next().is_none());
    assert!(decoder.decode(b"ta: long\n").next().unwrap().is_err());
    assert!(decoder.is_mid_block());
    assert!(decoder.decode(b"\n").next().is_none());
    assert!(!decoder.is_mid_block());
}

#[test]
fn a_block_is_edited() {
    let mut decoder = BlockDecoder::new();
    let block = decoder.decode(b":c\nevent: a\nx: \xFF\ndata: 1\nid: 7\ndata\n\n").next().unwrap().unwrap();
    assert!(block.values("data").eq([&b"1"[..], b""]));
    assert!(block.is_event() && !block.is_empty());
    let renamed: RawBlock = block
        .lines()
        .map(|line| match line {
            Line::Field(field) if field.name() == b"event" => Field::new("event", "b").unwrap().into(),
            line => line,
        })
        .collect();
    let mut expected = b":c\nevent: b\nx: \xFF\ndata: 1\nid: 7\ndata: \n\n".to_vec();
    assert_eq!(Encoded::from(&renamed).as_bytes(), &expected);
    assert_eq!(Encoded::from(&renamed).events(), 1);

    let mut block = renamed;
    block.retain(|line| !matches!(line, Line::Comment(_)));
    block.push(Line::Blank);
    block.push(Comment::new(" sent on").unwrap());
    expected.splice(0..3, []);
    expected.splice(expected.len() - 1.., *b": sent on\n\n");
    assert_eq!(Encoded::from(&block).as_bytes(), &expected);
    block.retain(|line| matches!(line, Line::Comment(_)));
    assert_eq!(Encoded::from(&block).events(), 0);
    block.retain(|_| false);
    assert!(block.is_empty());
    assert_eq!(Encoded::from(block).as_bytes(), "");
    let debug =
        format!("{:?}", [Line::from(Field::new("a", "b").unwrap())].into_iter().collect::<RawBlock>());
    assert!(debug.starts_with("[Field(Field { name: [97]"), "{debug}");
}

#[test]
fn no_field_and_no_comment_reaches_into_the_next_line() {
    for (name, value, error) in [
        ("", "v", ValueError::EmptyName),
        ("a:", "v", ValueError::Colon { at: 1 }),
        ("a\n", "v", ValueError::LineBreak { at: 1 }),
        ("a", "\rv", ValueError::LineBreak { at: 0 }),
        ("a", "v\n", ValueError::LineBreak { at: 1 }),
    ] {
        assert_eq!(Field::new(name, value), Err(error));
        assert!(!error.to_string().is_empty());
    }
    assert_eq!(Comment::new("a\nb"), Err(ValueError::LineBreak { at: 1 }));
    let field = Field::new(b"n\xFF", &b" v\0"[..]).unwrap();
    assert_eq!((field.name(), field.value()), (&b"n\xFF"[..], &b" v\0"[..]));
    assert_eq!(Comment::new(": a").unwrap().as_bytes(), b": a");
}

#[test]
fn the_source_waits_for_who_takes_the_blocks() {
    let mut asked = 0;
    let source = stream::iter(0..3).map(|n| {
        asked += 1;
        Ok::<_, std::convert::Infallible>(format!("data: {n}\n\ndata: again\n\n"))
    });
    let mut blocks = BlockStream::new(source);
    assert!(blocks.next().now_or_never().unwrap().unwrap().is_ok());
    assert!(blocks.next().now_or_never().unwrap().unwrap().is_ok());
    drop(blocks);
    assert_eq!(asked, 1);
}
