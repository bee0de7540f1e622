//! What is allocated, counted by the allocator. A program of its own: the counts are those of the whole
//! process, and the thread of a test runner allocates as well.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::alloc::System;

use bytes::Bytes;
use sse_codec::{DecodeErrorKind, Decoder, Limits, LineDecoder};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, Stats, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn count<T>(work: impl FnOnce() -> T) -> (T, Stats) {
    let region = Region::new(ALLOCATOR);
    let result = work();
    (result, region.change())
}

/// What is held more than before.
fn held(stats: &Stats) -> isize {
    stats.bytes_allocated as isize - stats.bytes_deallocated as isize
}

fn calls(stats: &Stats) -> usize {
    stats.allocations + stats.reallocations
}

fn drain(decoder: &mut Decoder, chunk: &[u8]) -> usize {
    let mut events = decoder.decode(chunk);
    let mut count = 0;
    while let Some(event) = events.next_event() {
        assert!(event.is_ok());
        count += 1;
    }
    count
}

fn main() {
    events_that_lie_whole_in_their_chunk();
    small_events_of_small_chunks();
    events_that_are_dropped_one_after_another();
    an_event_that_is_kept();
    a_large_event_that_is_kept();
    endless_input();
    what_grows_doubles();
}

fn events_that_lie_whole_in_their_chunk() {
    // With one valid data line not even the first events.
    let mut decoder = Decoder::new();
    let (events, stats) = count(|| drain(&mut decoder, b"event: ping\nretry: 5\ndata: \xE2\x82\xAC 1\n\n"));
    assert_eq!((events, calls(&stats)), (1, 0));
    let (events, stats) = count(|| drain(&mut decoder, b"data: 2\n\n"));
    assert_eq!((events, calls(&stats)), (1, 0));

    // With an id only the decoder's copy of it, and only if it did not fit the last one.
    let mut decoder = Decoder::new();
    let (events, stats) = count(|| drain(&mut decoder, b"id: 1\ndata: 1\n\nid: 2\ndata: 2\n\n"));
    assert_eq!((events, calls(&stats)), (2, 1));

    // After a warm-up nothing: several lines, text that is not UTF-8, cut events.
    let chunk = b"id: 1\r\nevent: a\r\ndata: 1\r\ndata: 2\r\n\r\nevent: \xFF\ndata: \xFE\n\n: c\n\nid: \xFF\n\ndata: \xE2\n\n";
    for comments in [false, true] {
        let mut decoder = Decoder::builder().comments(comments).build();
        assert_eq!(drain(&mut decoder, chunk), 3);
        let (events, stats) = count(|| (0..100).map(|_| drain(&mut decoder, chunk)).sum::<usize>());
        assert_eq!((events, calls(&stats)), (300, 0));

        let (head, tail) = chunk.split_at(20);
        // Twice, since a cut type is collected in two buffers in turns.
        for part in [head, tail, head, tail] {
            drain(&mut decoder, part);
        }
        let (events, stats) =
            count(|| (0..100).map(|_| drain(&mut decoder, head) + drain(&mut decoder, tail)).sum::<usize>());
        assert_eq!((events, calls(&stats)), (300, 0));
    }
}

/// They stand in place, whether they are whole in the chunk or gathered.
fn small_events_of_small_chunks() {
    let mut decoder = Decoder::new();
    let mut owned = |chunk: &'static [u8]| decoder.decode_bytes(Bytes::from_static(chunk)).count();
    let parts: [&[u8]; 4] = [b"id: 10\neve", b"nt: ping\ndata: 1234567890", b"\n\ndata: 2\n", b"\n"];
    let mut pass = || parts.into_iter().map(&mut owned).sum::<usize>();
    assert_eq!(pass(), 2);
    let (events, stats) = count(|| (0..100).map(|_| pass()).sum::<usize>());
    assert_eq!(events, 200);
    // In tests that are not optimised nearly nothing is gathered.
    if !cfg!(debug_assertions) {
        assert_eq!(calls(&stats), 0);
    }
}

/// They are slices of one buffer.
fn events_that_are_dropped_one_after_another() {
    let event = format!("event: a\ndata: {}\n\n", "x".repeat(280));
    let stream = Bytes::from(event.repeat(100));
    // Of whole events, and cut; in tests that are not optimised such events are not gathered.
    for len in [10 * event.len(), if cfg!(debug_assertions) { event.len() } else { 1400 }] {
        let chunks: Vec<Bytes> = stream.chunks(len).map(|chunk| stream.slice_ref(chunk)).collect();
        let mut decoder = Decoder::new();
        let mut pass =
            || chunks.iter().map(|chunk| decoder.decode_bytes(chunk.clone()).count()).sum::<usize>();
        assert_eq!(pass(), 100);
        let (events, stats) = count(&mut pass);
        assert_eq!((events, calls(&stats)), (100, 0), "in chunks of {len} bytes");
    }
}

fn an_event_that_is_kept() {
    const WINDOW: isize = 16 * 1024;
    const CONSTANT: isize = 200;
    let kept = |stream: &Bytes, nth| {
        let (event, stats) = count(|| Decoder::new().decode_bytes(stream.clone()).nth(nth).unwrap().unwrap());
        (event.data().len(), held(&stats))
    };

    // It shares its text with the events around it, but never with all of a large chunk.
    let stream = Bytes::from(b"data: 123\n\n".repeat(100_000));
    for nth in [0, 1, 50_000] {
        let (len, held) = kept(&stream, nth);
        assert_eq!(len, 3);
        assert!(held <= WINDOW + CONSTANT, "{held} bytes for event {nth}");
    }

    // It does not keep the buffer which a larger event before it needed.
    let [large, small] = [100_000, 2_000].map(|len| format!("data: {}\ndata\n\n", "x".repeat(len)));
    let (len, held) = kept(&Bytes::from(large + &small), 1);
    assert_eq!(len, 2_001);
    assert!(held <= 2 * len as isize + CONSTANT, "{held} bytes");

    // Nor is it put into the buffer of a larger one that is gone.
    let [large, small] = [100_000, 2_000].map(|len| Bytes::from(format!("data: {}\n\n", "x".repeat(len))));
    let (len, held) = kept(&[&large[..], &small].concat().into(), 1);
    assert_eq!(len, 2_000);
    assert!(held <= WINDOW + CONSTANT, "{held} bytes");

    // The decoder itself keeps no more for the next event.
    for chunk in [&large, &small] {
        let mut decoder = Decoder::new();
        let (events, stats) = count(|| decoder.decode_bytes(chunk.clone()).count());
        assert_eq!(events, 1);
        assert!(self::held(&stats) <= WINDOW + CONSTANT, "{stats:?}");
    }
}

/// It is a slice of its chunk, if it is a considerable part of that, and ASCII.
fn a_large_event_that_is_kept() {
    const LEN: usize = 20_000;
    const CONSTANT: isize = 200;
    let line = |text: &str| format!("data: {}\n\n", text.repeat(LEN / text.len()));
    let kept = |text: &str, behind: usize| {
        let chunk = Bytes::from(line(text) + &line("x").repeat(behind));
        let (event, stats) = count(|| Decoder::new().decode_bytes(chunk.clone()).next().unwrap().unwrap());
        assert!(event.data().len() > LEN - 5);
        (held(&stats), chunk.is_unique())
    };
    for behind in [0, 50, 120] {
        let (held, is_copy) = kept("x", behind);
        assert!(held <= CONSTANT && !is_copy, "{held} bytes, with {behind} more events");
    }
    for (text, behind) in [("x", 130), ("é", 0), ("日本語", 50)] {
        let (held, is_copy) = kept(text, behind);
        assert!(held <= LEN as isize + CONSTANT && is_copy, "{held} bytes, with {behind} more events");
    }

    // A small one is not, also if it is read in another way.
    let chunk = Bytes::from(format!("retry: 1\ndata: {}\n\n", "x".repeat(90)));
    let event = Decoder::new().decode_bytes(chunk.clone()).next().unwrap().unwrap();
    assert!(chunk.is_unique(), "{event:?}");

    // What came in parts is copied once more if the buffer that it was collected in is more than twice as large.
    for size in [1000, 10_000] {
        let mut decoder = Decoder::new();
        let mut last = |len: usize| {
            let stream = format!("data: {}\n\n", "x".repeat(len));
            let events = stream
                .as_bytes()
                .chunks(size)
                .filter_map(|chunk| decoder.decode_bytes(Bytes::copy_from_slice(chunk)).next());
            events.last().unwrap().unwrap()
        };
        last(10 * LEN);
        for len in [LEN, 9 * LEN, LEN] {
            let region = Region::new(ALLOCATOR);
            let event = last(len);
            let with_event = held(&region.change());
            drop(event);
            let held = with_event - held(&region.change());
            assert!(held <= 2 * len as isize + CONSTANT, "{held} bytes for {len} in chunks of {size}");
        }
    }

    // The decoder itself keeps nothing of it.
    for text in ["x", "日本語"] {
        let chunk = Bytes::from(line(text));
        let mut decoder = Decoder::new();
        let (events, stats) = count(|| decoder.decode_bytes(chunk.clone()).count());
        assert_eq!(events, 1);
        assert!(held(&stats) <= CONSTANT, "{stats:?}");
    }
}

fn endless_input() {
    const LIMIT: usize = 100_000;
    // The parts that data is collected in, the block that is gathered, and what buffers round up to.
    const CONSTANT: isize = 3_000;
    type Case = (&'static str, &'static [u8], &'static [u8], Option<DecodeErrorKind>);
    let endless: &[Case] = &[
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
        ("id line", b"id: ", b"xxxxxxxxxx", Some(DecodeErrorKind::EventTooLarge)),
        ("id line with NUL", b"id: \0", b"xxxxxxxxxx", None),
        ("retry line", b"retry: ", b"0000000000", None),
        ("unknown field", b"unknown: ", b"xxxxxxxxxx", None),
        ("name", b"", b"dataxxxxxx", None),
        ("event types", b"", b"event: xx\n", None),
        ("ids", b"", b"id: xxxxx\n", None),
        ("comment", b": ", b"xxxxxxxxxx", Some(DecodeErrorKind::CommentTooLarge)),
        ("comments", b"", b": xxxxxxxx\n", None),
    ];
    for comments in [false, true] {
        for &(what, start, more, expected) in endless {
            let expected = expected.filter(|kind| comments || *kind != DecodeErrorKind::CommentTooLarge);
            // In chunks of one piece, in chunks of many, and in both by turns.
            for pieces in [&[1][..], &[10], &[200], &[1000], &[1000, 190, 200, 1], &[1000, 390, 380, 1]] {
                let chunks: Vec<_> = pieces.iter().map(|&pieces| more.repeat(pieces)).collect();
                let len: usize = chunks.iter().map(Vec::len).sum();
                let limits = Limits::new().with_event(LIMIT).with_comment(LIMIT);
                let mut decoder = Decoder::builder().limits(limits).comments(comments).build();
                assert_eq!(drain(&mut decoder, b"data: before\n\n"), 1);
                let region = Region::new(ALLOCATOR);
                let mut errors = Vec::with_capacity(10);
                drop(decoder.decode(start));
                for chunk in chunks.iter().cycle().take(10 * LIMIT / len * chunks.len()) {
                    let mut events = decoder.decode(chunk);
                    while let Some(event) = events.next_event() {
                        errors.push(event.unwrap_err());
                    }
                    drop(events);
                    // What was dropped is given back.
                    let limit = if errors.is_empty() { LIMIT as isize } else { 0 };
                    let held = held(&region.change());
                    assert!(held <= limit + CONSTANT, "{what}: {held} bytes");
                }
                assert_eq!(errors.len(), usize::from(expected.is_some()), "{what}: {errors:?}");
                if let (Some(kind), Some(error)) = (expected, errors.first()) {
                    assert_eq!((error.kind(), error.limit(), error.offset()), (kind, LIMIT, 14), "{what}");
                }
                // The next good event arrives.
                let mut events = decoder.decode(b"\n\ndata: after\n\n");
                assert_eq!(events.next_event().unwrap().unwrap().data(), "after", "{what}");
            }
        }
    }

    // Nor does an event keep what one before it was collected in, if that came in other chunks.
    let chunk = b"x".repeat(LIMIT);
    let sizes = [1, 100, 1500, 3000, 10_000, 50_000];
    for (first, second) in sizes.iter().flat_map(|first| sizes.map(|second| (*first, second))) {
        let mut decoder = Decoder::builder().limits(Limits::new().with_event(LIMIT)).build();
        let region = Region::new(ALLOCATOR);
        for size in [first, second, first] {
            drain(&mut decoder, b"data: ");
            for chunk in chunk[..LIMIT - 1].chunks(size) {
                assert_eq!(drain(&mut decoder, chunk), 0);
                let held = held(&region.change());
                assert!(held <= LIMIT as isize + CONSTANT, "{held} bytes in chunks of {first} and {second}");
            }
            assert_eq!(drain(&mut decoder, b"\n\n"), 1);
        }
    }

    // Nor does its end take more room, wherever it comes.
    let drain_owned = |decoder: &mut Decoder, chunk: &[u8]| {
        decoder.decode_bytes(Bytes::copy_from_slice(chunk)).filter(Result::is_ok).count()
    };
    for drain in [drain, drain_owned] {
        for len in (LIMIT / 2..LIMIT).step_by(997) {
            let mut decoder = Decoder::builder().limits(Limits::new().with_event(LIMIT)).build();
            let region = Region::new(ALLOCATOR);
            drain(&mut decoder, b"data: ");
            for chunk in chunk[..len].chunks(10_000) {
                assert_eq!(drain(&mut decoder, chunk), 0);
            }
            assert_eq!(drain(&mut decoder, b"\n\n"), 1);
            let held = held(&region.change());
            assert!(held <= LIMIT as isize + CONSTANT, "{held} bytes for {len}");
        }
    }

    // Of a dropped event nothing is kept, however long its lines are.
    let mut decoder = Decoder::builder().limits(Limits::new().with_event(LIMIT)).build();
    let line = |name: &str| [name.as_bytes(), &b"x".repeat(2 * LIMIT), b"\n"].concat();
    assert!(decoder.decode(&line("data: ")).next_event().unwrap().is_err());
    for name in ["data: ", "event: ", "id: "] {
        let line = line(name);
        let region = Region::new(ALLOCATOR);
        assert_eq!(drain(&mut decoder, &line), 0);
        assert!(held(&region.change()) <= CONSTANT, "{name}");
    }

    // The same for the lines of level 1.
    let mut decoder = LineDecoder::with_limits(Limits::new().with_line(LIMIT));
    let region = Region::new(ALLOCATOR);
    let mut errors = 0;
    for _ in 0..10 * LIMIT / 10 {
        errors += decoder.decode(b"xxxxxxxxxx").next_line().map_or(0, |line| usize::from(line.is_err()));
        let limit = if errors == 0 { LIMIT as isize } else { 0 };
        assert!(held(&region.change()) <= limit + CONSTANT);
    }
    assert_eq!(errors, 1);
}

/// However small the chunks are: a buffer that grew by a fixed size would be copied again and again.
fn what_grows_doubles() {
    const SIZE: usize = 1 << 20;
    for (start, more) in [
        (&b"data: "[..], &b"0123456789012345"[..]),
        (b"data: ", b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"),
        (b"data: ", &[b'x'; 2048]),
        (b"event: ", b"0123456789012345"),
        (b"id: ", b"0123456789012345"),
        (b":", b"0123456789012345"),
        (b"", b"data: 0123456789\n"),
        (b"", b"data\n"),
    ] {
        let limits = Limits::new().with_comment(2 * SIZE);
        let mut decoder = Decoder::builder().limits(limits).comments(true).build();
        let (_, stats) = count(|| {
            drain(&mut decoder, start);
            for _ in 0..SIZE / more.len() {
                assert_eq!(drain(&mut decoder, more), 0);
            }
        });
        assert!(calls(&stats) <= 100, "{} for {start:?} and {} bytes", calls(&stats), more.len());
    }

    let mut decoder = LineDecoder::new();
    let (_, stats) = count(|| {
        for _ in 0..SIZE / 16 {
            assert!(decoder.decode(b"0123456789012345").next_line().is_none());
        }
    });
    assert!(calls(&stats) <= 100, "{} for a line", calls(&stats));
}
