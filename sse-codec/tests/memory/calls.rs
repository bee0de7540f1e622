//! The number of allocations.

use bytes::Bytes;
use sse_codec::{Decoder, limits::Limits, lines::LineDecoder};

use crate::{calls, count, drain, drain_owned};

pub(super) fn events_that_are_whole_in_their_chunk() {
    // With one valid data line, even the first events allocate nothing.
    let mut decoder = Decoder::new();
    let (events, stats) = count(|| drain(&mut decoder, b"event: ping\nretry: 5\ndata: \xE2\x82\xAC 1\n\n"));
    assert_eq!((events, calls(&stats)), (1, 0));
    let (events, stats) = count(|| drain(&mut decoder, b"data: 2\n\n"));
    assert_eq!((events, calls(&stats)), (1, 0));

    // An id allocates only the decoder's copy, and only if it did not fit into the buffer of the last one.
    let mut decoder = Decoder::new();
    let (events, stats) = count(|| drain(&mut decoder, b"id: 1\ndata: 1\n\nid: 2\ndata: 2\n\n"));
    assert_eq!((events, calls(&stats)), (2, 1));

    // After a warm-up nothing allocates: several lines, text that is not UTF-8, cut events.
    let chunk = b"id: 1\r\nevent: a\r\ndata: 1\r\ndata: 2\r\n\r\nevent: \xFF\ndata: \xFE\n\n: c\n\nid: \xFF\n\ndata: \xE2\n\n";
    for comments in [false, true] {
        let mut decoder = Decoder::builder().comments(comments).build();
        assert_eq!(drain(&mut decoder, chunk), 3);
        let (events, stats) = count(|| (0..100).map(|_| drain(&mut decoder, chunk)).sum::<usize>());
        assert_eq!((events, calls(&stats)), (300, 0));

        for at in 1..chunk.len() {
            let (head, tail) = chunk.split_at(at);
            let mut pass = || drain(&mut decoder, head) + drain(&mut decoder, tail);
            assert_eq!(pass() + pass(), 6);
            let (events, stats) = count(|| (0..10).map(|_| pass()).sum::<usize>());
            assert_eq!((events, calls(&stats)), (30, 0), "cut at {at}");
        }
    }
}

/// After a large event its buffer is shrunk. The next large event grows from there, and small ones need nothing more.
pub(super) fn large_events_one_after_another() {
    let large = format!("id: 1\nevent: a\ndata: {}\n\n", "x".repeat(40_000)).repeat(100).into_bytes();
    let small = b"id: 1\nevent: a\ndata: 1\ndata: 2\n\n".repeat(100);
    for len in [16 * 1024, 1400, 64] {
        let mut decoder = Decoder::new();
        let mut pass =
            |stream: &[u8]| stream.chunks(len).map(|chunk| drain(&mut decoder, chunk)).sum::<usize>();
        assert_eq!(pass(&large), 100);
        let (events, stats) = count(|| pass(&large));
        assert_eq!(events, 100);
        assert!(calls(&stats) <= 500, "{} calls in chunks of {len} bytes", calls(&stats));

        assert_eq!(pass(&small), 100);
        let (events, stats) = count(|| pass(&small));
        assert_eq!((events, calls(&stats)), (100, 0), "chunks of {len} bytes");
    }
}

/// Each text that is too long to be inline is one allocation, and there is no other. Only the buffer of data that is too
/// long to be kept grows, and becomes the text.
pub(super) fn owned_events() {
    let long = |len: usize| "x".repeat(len);
    let events: &[(String, usize)] = &[
        ("data: 1\n\n".into(), 0),
        ("id: 12\nevent: ping\ndata: 12345678901234567890\n\n".into(), 0),
        ("data: 1\ndata: 2\n\n".into(), 0),
        (format!("data: {}\n\n", long(40)), 1),
        (format!("event: a\ndata: {}\n\n", long(280)), 1),
        (format!("event: {}\ndata: {}\n\n", long(40), long(300)), 2),
        (format!("event: {0}\nid: {0}\ndata: {0}\n\n", long(40)), 3),
        (format!("event: {0}\nid: {0}\ndata: 1\n\n", long(40)), 2),
        (format!("data: {0}\ndata: {0}\ndata: {0}\n\n", long(400)), 1),
        (format!("data: é{}\n\n", long(300)), 1),
        (format!("data: {}\n\n", long(16_000)), 1),
        (format!("data: {}\n\n", long(40_000)), 1),
        // The rest of its block becomes no text.
        (format!("x: {0}\n:{0}\nevent: {0}\nevent\ndata: 1\n\n", long(40)), 0),
    ];
    for (event, texts) in events {
        let stream = Bytes::from(event.repeat(100));
        for len in [stream.len(), 10 * event.len(), event.len(), 1400, 64, 7] {
            let chunks: Vec<Bytes> = stream.chunks(len).map(|chunk| stream.slice_ref(chunk)).collect();
            let mut decoder = Decoder::new();
            let mut pass = || chunks.iter().map(|chunk| drain_owned(&mut decoder, chunk)).sum::<usize>();
            assert_eq!(pass(), 100);
            let (events, stats) = count(&mut pass);
            assert_eq!(events, 100);
            let grows = event.len() > 16 * 1024 && len < event.len();
            assert!(
                calls(&stats) <= 100 * if grows { 9 } else { *texts },
                "{} calls in chunks of {len} bytes: {event:.60?}",
                calls(&stats)
            );
        }
    }

    // Text that is not UTF-8 as well.
    let stream =
        Bytes::from(b"event: \xFF\ndata: \xFFxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n\n".repeat(100));
    let mut decoder = Decoder::new();
    assert_eq!(drain_owned(&mut decoder, &stream), 100);
    let (events, stats) = count(|| drain_owned(&mut decoder, &stream));
    assert_eq!((events, calls(&stats)), (100, 100));
}

/// Chunks are small. A buffer that grew by a fixed size would be copied again and again.
pub(super) fn what_grows_doubles() {
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
        let limits = Limits::new().with_id(2 * SIZE).with_comment(2 * SIZE);
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

/// A buffer gives back what the other one needs. If it did so with each part, it could be copied each time.
pub(super) fn what_is_shared_is_not_copied_often() {
    const SIZE: usize = 1 << 20;
    for [first, second] in [[&b"event: "[..], b"data: "], [b"data: ", b"event: "]] {
        for content in [b"x", b"\xFF"] {
            let part = content.repeat(2048);
            let limits = Limits::new().with_event(2 * SIZE + 14);
            let mut decoder = Decoder::builder().limits(limits).build();
            let (_, stats) = count(|| {
                for name in [first, second] {
                    drain(&mut decoder, name);
                    for _ in 0..SIZE / part.len() {
                        assert_eq!(drain(&mut decoder, &part), 0);
                    }
                    drain(&mut decoder, b"\n");
                }
            });
            assert!(calls(&stats) <= 100, "{} for {content:?}", calls(&stats));
        }
    }
}
