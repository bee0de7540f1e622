//! What is left unread is kept, at a cost that grows with the input and not with its square.

use std::time::{Duration, Instant};

use bytes::Bytes;
use sse_codec::{Decoder, LineDecoder};

use crate::{calls, count, drain, drain_owned};

const EVENT: &[u8] = b"id: 1\ndata: 12\n\n";
/// What an event has of lines.
const LINES: usize = 3;

/// Reads a stream of so many events, each with a guard of its own, and counts them.
type Read = fn(usize) -> usize;

const IN_ONE_CHUNK: [(&str, Read); 4] =
    [("lent", lent), ("owned", owned), ("lent and owned, interleaved", interleaved), ("lines", lines)];

fn lent(events: usize) -> usize {
    let mut decoder = Decoder::new();
    let input = EVENT.repeat(events);
    let (mut chunk, mut count) = (&input[..], 0);
    while decoder.decode(chunk).next_event().is_some() {
        chunk = &[];
        count += 1;
    }
    count
}

fn owned(events: usize) -> usize {
    let mut decoder = Decoder::new();
    let (mut chunk, mut count) = (Bytes::from(EVENT.repeat(events)), 0);
    while decoder.decode_bytes(chunk).next().is_some() {
        chunk = Bytes::new();
        count += 1;
    }
    count
}

fn interleaved(events: usize) -> usize {
    let mut decoder = Decoder::new();
    drop(decoder.decode(&EVENT.repeat(events)));
    let mut count = 0;
    loop {
        let is_event = if count % 2 == 0 {
            decoder.decode_bytes(Bytes::new()).next().is_some()
        } else {
            decoder.decode(b"").next_event().is_some()
        };
        if !is_event {
            return count;
        }
        count += 1;
    }
}

fn lines(events: usize) -> usize {
    let mut decoder = LineDecoder::new();
    let input = EVENT.repeat(events);
    let (mut chunk, mut count) = (&input[..], 0);
    while decoder.decode(chunk).next_line().is_some() {
        chunk = &[];
        count += 1;
    }
    count / LINES
}

pub(super) fn each_event_by_a_guard_of_its_own() {
    for (what, read) in IN_ONE_CHUNK {
        check(what, read);
    }
}

/// Two events come at a time, and one of them is read: what was read of the rest must not be kept, and what was not
/// must not be copied each time.
const IN_MORE_AND_MORE: [(&str, Read); 3] =
    [("lent", more_lent), ("owned", more_owned), ("lines", more_lines)];

fn more_lent(events: usize) -> usize {
    let mut decoder = Decoder::new();
    let chunk = EVENT.repeat(2);
    let read = (0..events / 2).filter(|_| decoder.decode(&chunk).next_event().is_some()).count();
    read + drain(&mut decoder, b"")
}

fn more_owned(events: usize) -> usize {
    let mut decoder = Decoder::new();
    let chunk = Bytes::from(EVENT.repeat(2));
    let read = (0..events / 2).filter(|_| decoder.decode_bytes(chunk.clone()).next().is_some()).count();
    read + drain_owned(&mut decoder, &Bytes::new())
}

fn more_lines(events: usize) -> usize {
    let mut decoder = LineDecoder::new();
    let chunk = EVENT.repeat(2);
    let read = (0..events / 2).filter(|_| decoder.decode(&chunk).next_line().is_some()).count();
    let mut lines = decoder.decode(b"");
    let mut rest = 0;
    while lines.next_line().is_some() {
        rest += 1;
    }
    (read + rest) / LINES
}

pub(super) fn more_comes_than_is_read() {
    for (what, read) in IN_MORE_AND_MORE {
        check(what, read);
    }
}

fn check(what: &str, read: Read) {
    const EVENTS: usize = 64_000;
    let (events, stats) = count(|| read(EVENTS));
    assert_eq!(events, EVENTS, "{what}");
    // Buffers double, and each byte may be copied once or twice.
    assert!(calls(&stats) <= 100, "{what}: {} calls of the allocator", calls(&stats));
    let (bytes, len) = (stats.bytes_allocated, EVENTS * EVENT.len());
    assert!(bytes <= 8 * len, "{what}: {bytes} bytes allocated for {len}");

    // Bytes that are moved are not allocated, so the time is looked at as well: for eight times as much it is about eight
    // times as long, and not 64 times.
    let (short, long) = (fastest(read, EVENTS / 8), fastest(read, EVENTS));
    assert!(long < 24 * short, "{what}: {short:?} for an eighth, {long:?} for all");
}

fn fastest(read: Read, events: usize) -> Duration {
    let time = || {
        let start = Instant::now();
        assert_eq!(read(events), events);
        start.elapsed()
    };
    (0..3).map(|_| time()).min().unwrap()
}
