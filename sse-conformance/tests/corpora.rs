//! The corpora of the benchmarks. A fault in one of them would be a fault in published measurements.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows test functions, not their helpers

use std::collections::HashSet;

use sse_conformance::{
    corpora::{Block, CHUNKINGS, Chunking, Corpus, NAMES},
    oracle::{Output, Settings, expect},
};

fn all() -> impl Iterator<Item = (&'static str, Corpus)> {
    NAMES.into_iter().map(|name| (name, Corpus::new(name).unwrap()))
}

/// The blocks of a stream, by the oracle. A comment is a block of its own.
fn decoded(stream: &[u8]) -> Vec<Block> {
    let outcome = expect(stream, Settings::ITEMS);
    let block = |output| match output {
        Output::Event { event_type, data, id, .. } => {
            Block { comment: None, id, event_type, data: Some(data) }
        }
        Output::Comment(text) => {
            Block { comment: Some(text.strip_prefix(' ').unwrap().to_owned()), ..Block::default() }
        }
        other => panic!("{other:?}"),
    };
    outcome.outputs.into_iter().map(block).collect()
}

#[test]
fn a_corpus_is_the_stream_of_its_blocks() {
    for (name, corpus) in all() {
        // The oracle is slow, so only the first of the many events, and at least two.
        let count = corpus.event_ends.iter().position(|&end| end > 256 * 1024).unwrap().max(2);
        let end = corpus.event_ends[count - 1];
        let blocks = decoded(&corpus.bytes[..end]);
        assert!(blocks == corpus.blocks[..blocks.len()], "{name}");
        assert_eq!(blocks.iter().filter(|block| block.data.is_some()).count(), count, "{name}");
        let with_data = corpus.blocks.iter().filter(|block| block.data.is_some()).count();
        assert_eq!(corpus.event_ends.len(), with_data, "{name}");
        assert!(corpus.event_ends.is_sorted_by(|one, next| one < next), "{name}");
    }
}

#[test]
fn the_sizes_are_those_that_are_published() {
    for (name, corpus) in all() {
        let len = corpus.bytes.len();
        assert!((4 << 20..(5 << 20) + 100).contains(&len), "{name}: {len} bytes");
        let sizes = corpus.blocks.iter().filter_map(|block| block.data.as_ref()).map(String::len);
        let (least, most) = (sizes.clone().min().unwrap(), sizes.max().unwrap());
        let (from, to) = match name {
            "ping" | "crlf" => (10, 10),
            "llm" => (245, 350),
            "tokens" => (60, 140),
            "multiline" => (10 * 80 + 9, 10 * 80 + 9),
            "large" => (64 << 10, 64 << 10),
            "huge" => (1 << 20, 1 << 20),
            "comments" => (7, 13),
            // 20 to 50 characters of three or four bytes.
            "utf8" => (60, 200),
            "records" => (11, 381),
            _ => panic!("{name}"),
        };
        assert!(from <= least && most <= to, "{name}: {least} to {most} bytes");
    }
}

#[test]
fn each_chunking_is_the_whole_stream() {
    for (name, corpus) in all() {
        for chunking in CHUNKINGS {
            let chunks: Vec<_> = chunking.cut(&corpus.bytes, &corpus.flushes).collect();
            assert!(chunks.concat() == corpus.bytes, "{name} in {chunking}");
            match chunking {
                Chunking::Whole => assert_eq!(chunks.len(), 1),
                Chunking::Bytes(len) => {
                    assert!(chunks[..chunks.len() - 1].iter().all(|chunk| chunk.len() == len), "{name}");
                }
                // Each chunk is one to three blocks: a flush never cuts one.
                Chunking::Event => {
                    let end = if name == "crlf" { &b"\r\n\r\n"[..] } else { b"\n\n" };
                    assert!(chunks.iter().all(|chunk| chunk.ends_with(end)), "{name}");
                    let most = if name == "records" { 3 } else { 1 };
                    assert!(corpus.blocks.len().div_ceil(most) <= chunks.len(), "{name}");
                    assert!((name == "records") == (chunks.len() < corpus.blocks.len()), "{name}");
                }
            }
        }
        // The start of a corpus is cut in the same way.
        let start = &corpus.bytes[..corpus.flushes[0] + 1];
        let chunks: Vec<_> = Chunking::Event.cut(start, &corpus.flushes).map(<[u8]>::len).collect();
        assert_eq!(chunks, [corpus.flushes[0], 1], "{name}");
    }
    let names: Vec<_> = CHUNKINGS.map(|chunking| format!("{chunking:>6}")).into();
    assert_eq!(names, [" event", " 16384", "  1400", " whole", "    64", "     7"]);
}

#[test]
fn a_corpus_is_the_same_each_time_and_differs_from_the_others() {
    let mut streams = HashSet::new();
    for (name, corpus) in all() {
        assert!(corpus.bytes == Corpus::new(name).unwrap().bytes, "{name}");
        assert!(streams.insert(corpus.bytes), "{name}");
    }
    assert!(Corpus::new("pong").is_none());
}
