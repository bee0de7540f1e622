//! Unread bytes are kept at a cost that is linear in the input, not quadratic.

use bytes::Bytes;
use sse_codec::{Decoder, lines::LineDecoder};
use stats_alloc::Stats;

use crate::{CONSTANT, calls, count, drain, drain_owned, held, region};

const EVENT: &[u8] = b"id: 1\ndata: 12\n\n";

/// Counts the items of a chunk if each guard is used once.
type Read = fn(&Bytes) -> usize;

fn lent(chunk: &Bytes) -> usize {
    let mut decoder = Decoder::new();
    let (mut chunk, mut count) = (&chunk[..], 0);
    while decoder.decode(chunk).next_event().is_some() {
        chunk = &[];
        count += 1;
    }
    count
}

fn owned(chunk: &Bytes) -> usize {
    let mut decoder = Decoder::new();
    let (mut chunk, mut count) = (chunk.clone(), 0);
    while decoder.decode_bytes(chunk).next().is_some() {
        chunk = Bytes::new();
        count += 1;
    }
    count
}

/// Owned and borrowed guards alternate over a chunk that was left unread.
fn by_turns(chunk: &Bytes) -> usize {
    let mut decoder = Decoder::new();
    drop(decoder.decode(chunk));
    let mut count = 0;
    while decoder.decode_bytes(Bytes::new()).next().is_some() {
        count += 1;
        if decoder.decode(b"").next_event().is_none() {
            break;
        }
        count += 1;
    }
    count
}

fn lines(chunk: &Bytes) -> usize {
    let mut decoder = LineDecoder::new();
    let (mut chunk, mut count) = (&chunk[..], 0);
    while decoder.decode(chunk).next_line().is_some() {
        chunk = &[];
        count += 1;
    }
    // An event has two fields and a blank line.
    count / 3
}

const READ: [(&str, Read); 4] =
    [("borrowed", lent), ("owned", owned), ("alternating", by_turns), ("lines", lines)];

pub(super) fn each_event_by_a_guard_of_its_own() {
    const EVENTS: usize = 64_000;
    for (what, read) in READ {
        let chunk = Bytes::from(EVENT.repeat(EVENTS));
        let (events, stats) = count(|| read(&chunk));
        assert_eq!(events, EVENTS, "{what}");
        check(what, &stats, chunk.len());
    }
}

/// More bytes come than are read. Bytes that were read must not be kept, and others not be copied each time.
pub(super) fn more_comes_than_is_read() {
    const CHUNKS: usize = 20_000;
    let chunk = Bytes::from(EVENT.repeat(2));
    let total = CHUNKS * chunk.len();

    let mut decoder = Decoder::new();
    let (events, stats) = count(|| {
        let read = (0..CHUNKS).filter(|_| decoder.decode(&chunk).next_event().is_some()).count();
        read + drain(&mut decoder, b"")
    });
    assert_eq!(events, 2 * CHUNKS);
    check("lent", &stats, total);

    let mut decoder = Decoder::new();
    let (events, stats) = count(|| {
        let read = (0..CHUNKS).filter(|_| decoder.decode_bytes(chunk.clone()).next().is_some()).count();
        read + drain_owned(&mut decoder, &Bytes::new())
    });
    assert_eq!(events, 2 * CHUNKS);
    check("owned", &stats, total);

    let mut decoder = LineDecoder::new();
    let (lines, stats) = count(|| {
        let read = (0..CHUNKS).filter(|_| decoder.decode(&chunk).next_line().is_some()).count();
        let mut lines = decoder.decode(b"");
        read + std::iter::from_fn(|| lines.next_line().map(drop)).count()
    });
    assert_eq!(lines, 6 * CHUNKS);
    check("lines", &stats, total);
}

/// The guard that reads the last of them releases them.
pub(super) fn what_was_unread_is_given_back() {
    let chunk = Bytes::from(EVENT.repeat(10_000));
    let assert_given_back = |held: isize, what| assert!(held <= CONSTANT, "{what}: {held} bytes");

    let mut decoder = Decoder::new();
    let region = region();
    drop(decoder.decode(&chunk));
    assert_eq!(drain(&mut decoder, b""), 10_000);
    assert_given_back(held(&region.change()), "lent");

    drop(decoder.decode_bytes(chunk.clone()));
    assert_eq!(drain_owned(&mut decoder, &Bytes::new()), 10_000);
    assert_given_back(held(&region.change()), "owned");

    let mut decoder = LineDecoder::new();
    drop(decoder.decode(&chunk));
    let mut lines = decoder.decode(b"");
    while lines.next_line().is_some() {}
    drop(lines);
    assert_given_back(held(&region.change()), "lines");
}

/// Buffers double, and each may be copied once or twice.
fn check(what: &str, stats: &Stats, len: usize) {
    assert!(calls(stats) <= 100, "{what}: {} calls of the allocator", calls(stats));
    let bytes = stats.bytes_allocated;
    assert!(bytes <= 8 * len, "{what}: {bytes} bytes allocated for {len}");
}
