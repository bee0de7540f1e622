//! A leaked guard loses its chunk, and the bytes after it are never misread.

use std::{mem, time::Duration};

use bytes::Bytes;
use sse_codec::{
    Decoder,
    limits::Limits,
    lines::{Line, LineDecoder},
};

#[test]
fn a_leaked_guard_loses_its_chunk_and_the_rest_of_the_block() {
    let mut decoder = Decoder::new();
    let mut events = decoder.decode(b"data: 1\n\ndata: 2\n\nevent: cut\ndata: 3\nda");
    assert_eq!(events.next_event().unwrap().unwrap().data(), "1");
    mem::forget(events);
    let mut events = decoder.decode(b"ta: 3\ndata: 3\n\ndata: 4\n\n");
    assert_eq!(events.next_event().unwrap().unwrap().data(), "4");
    assert!(events.next_event().is_none());
    drop(events);

    // The decoder also had unread bytes, or the guard was one of owned events.
    drop(decoder.decode(b"data: 5\n\n"));
    mem::forget(decoder.decode(b"data: 6\n\n"));
    mem::forget(decoder.decode_bytes("data: 7\n\n".into()));
    let mut events = decoder.decode_bytes("\n\ndata: 8\n\n".into());
    assert_eq!(events.next().unwrap().unwrap().data(), "8");
    drop(events);

    mem::forget(decoder.decode(b"data: 9\n"));
    decoder.reconnect();
    assert!(!decoder.is_mid_event());
    assert_eq!(decoder.decode(b"data: 10\n\n").next_event().unwrap().unwrap().data(), "10");
}

/// Whether or not the guard was used.
#[test]
fn a_leaked_guard_loses_what_it_has_not_given_out() {
    for first in [&b""[..], b"data: 1"] {
        for lent in 0..2 {
            for owned in [false, true] {
                let mut decoder = Decoder::new();
                drop(decoder.decode(b"data: 0\n\n").next_event());
                assert!(decoder.decode(first).next_event().is_none());
                let chunk = if first.is_empty() { &b"data: 1\n\ndata: 2"[..] } else { b"\n\ndata: 2" };
                if owned {
                    let mut events = decoder.decode_bytes(Bytes::from_static(chunk));
                    assert_eq!(events.by_ref().take(lent).count(), lent);
                    mem::forget(events);
                } else {
                    let mut events = decoder.decode(chunk);
                    (0..lent).for_each(|_| assert!(events.next_event().unwrap().is_ok()));
                    mem::forget(events);
                }
                let mut events = decoder.decode(b"\ndata: 3\n\ndata: 4\n\n");
                assert_eq!(events.next_event().unwrap().unwrap().data(), "4", "{first:?}, {lent}, {owned}");
                assert!(events.next_event().is_none());
            }
        }
    }
}

/// Bytes that were unread before belong to the lost chunk.
#[test]
fn a_leaked_guard_loses_what_was_unread_as_well() {
    let leaked = || {
        let mut decoder = Decoder::new();
        drop(decoder.decode(b"data: 1\n\n"));
        mem::forget(decoder.decode(b"data: 2\n\n"));
        decoder
    };
    let mut decoder = leaked();
    let mut events = decoder.decode(b"\n\ndata: 3\n\n");
    assert_eq!(events.next_event().unwrap().unwrap().data(), "3");
    assert!(events.next_event().is_none());

    let mut decoder = leaked();
    let mut events = decoder.decode_bytes("\n\ndata: 3\n\n".into());
    assert_eq!(events.next().unwrap().unwrap().data(), "3");
    assert!(events.next().is_none());
}

/// Where in a line the chunk ended is unknown.
#[test]
fn a_line_end_after_a_leaked_guard_ends_a_line_and_no_block() {
    let mut decoder = Decoder::new();
    mem::forget(decoder.decode(b"data: 1\nda"));
    let mut events = decoder.decode(b"\ndata: 2\n\ndata: 3\n\n");
    assert_eq!(events.next_event().unwrap().unwrap().data(), "3");
    assert!(events.next_event().is_none());
}

/// Its committed values stay, and offsets count the lost bytes.
#[test]
fn a_leaked_guard_keeps_what_it_has_given_out() {
    let limits = Limits::new().with_event(12);
    for owned in [false, true] {
        let mut decoder = Decoder::builder().limits(limits).build();
        let chunk = b"retry: 1\nid: 1\ndata: 1\n\nid: 2\nretry: 2\n\ndata: 3\n\nid: 4";
        if owned {
            let mut events = decoder.decode_bytes(Bytes::from_static(chunk));
            assert!(events.next().unwrap().is_ok());
            mem::forget(events);
        } else {
            let mut events = decoder.decode(chunk);
            assert!(events.next_event().unwrap().is_ok());
            mem::forget(events);
        }
        let state = (decoder.last_event_id(), decoder.retry());
        assert_eq!(state, ("1", Some(Duration::from_millis(1))));
        assert!(decoder.is_mid_event());

        // The first line end ends the lost line. A retry field counts in any block.
        let mut events = decoder.decode(b"retry: 3\nretry: 4\nid: 5\n\ndata: 1234567\n\nid: 6\n\n");
        let error = events.next_event().unwrap().unwrap_err();
        assert_eq!(error.offset(), chunk.len() as u64 + 25);
        assert_eq!((events.last_event_id(), events.retry()), ("1", Some(Duration::from_millis(4))));
        assert!(events.next_event().is_none());
        assert_eq!(events.last_event_id(), "6");
    }
}

/// A guard that was read to its end has nothing to lose, even if its last event is not released yet.
#[test]
fn a_guard_that_is_leaked_after_its_end_loses_nothing() {
    for asked in 1..3 {
        for owned in [false, true] {
            let mut decoder = Decoder::new();
            assert!(decoder.decode(b"data: 0\nda").next_event().is_none());
            if owned {
                let mut events = decoder.decode_bytes(Bytes::from_static(b"ta: 1\n\r"));
                (0..asked).for_each(|_| _ = events.next());
                mem::forget(events);
            } else {
                let mut events = decoder.decode(b"ta: 1\n\r");
                (0..asked).for_each(|_| _ = events.next_event());
                mem::forget(events);
            }
            assert!(!decoder.is_mid_event());
            let mut events = decoder.decode(b"\ndata: 2\n\n");
            assert_eq!(events.next_event().unwrap().unwrap().data(), "2");
        }
    }
    let mut decoder = LineDecoder::new();
    let mut lines = decoder.decode(b"data: 1\nda");
    while lines.next_line().is_some() {}
    mem::forget(lines);
    assert!(decoder.is_mid_line());
    let mut encoded = Vec::new();
    decoder.decode(b"ta: 2\n").next_line().unwrap().unwrap().encode(&mut encoded);
    assert_eq!(encoded, b"data: 2\n");
}

/// An empty chunk has no bytes to lose.
#[test]
fn a_leaked_guard_over_an_empty_chunk_loses_nothing() {
    let cut: &[(&[u8], &[u8], &str)] = &[
        (b"", b"data: 1\n\n", "1"),
        (b"data: 1\nda", b"ta: 2\n\n", "1\n2"),
        (b"data: 1\r", b"\ndata: 2\n\n", "1\n2"),
        (b"data: 1\n", b"\n", "1"),
        (b"\xEF\xBB", b"\xBFdata: 1\n\n", "1"),
        (b"data: 0\n\r", b"\ndata: 1\n\n", "1"),
    ];
    for &(start, rest, data) in cut {
        for way in 0..4 {
            let mut decoder = Decoder::new();
            let mut events = decoder.decode(start);
            while events.next_event().is_some() {}
            drop(events);
            let is_mid_event = decoder.is_mid_event();
            match way {
                0 => mem::forget(decoder.decode(b"")),
                1 => {
                    let mut events = decoder.decode(b"");
                    assert!(events.next_item().is_none());
                    mem::forget(events);
                }
                2 => mem::forget(decoder.decode_bytes(Bytes::new())),
                _ => {
                    let mut events = decoder.decode_bytes(Bytes::new());
                    assert!(events.next().is_none());
                    mem::forget(events);
                }
            }
            assert_eq!(decoder.is_mid_event(), is_mid_event);
            let mut events = decoder.decode(rest);
            assert_eq!(events.next_event().unwrap().unwrap().data(), data, "{start:?}, {way}");
        }
    }

    // Unread bytes can be lost.
    let mut decoder = Decoder::new();
    drop(decoder.decode(b"data: 1\n\n"));
    mem::forget(decoder.decode(b""));
    let mut events = decoder.decode(b"\ndata: 2\n\ndata: 3\n\n");
    assert_eq!(events.next_event().unwrap().unwrap().data(), "3");
}

#[test]
fn a_leaked_guard_of_lines_forges_no_line() {
    let read = |decoder: &mut LineDecoder, chunk: &[u8]| {
        let mut lines = decoder.decode(chunk);
        let mut encoded = Vec::new();
        while let Some(line) = lines.next_line() {
            line.unwrap().encode(&mut encoded);
        }
        String::from_utf8(encoded).unwrap()
    };
    for asked in 0..2 {
        let mut decoder = LineDecoder::new();
        let mut lines = decoder.decode(b"data: 1\nx-comment");
        (0..asked).for_each(|_| _ = lines.next_line());
        mem::forget(lines);
        assert!(decoder.is_mid_line());
        assert_eq!(read(&mut decoder, b"data: forged"), "");
        assert_eq!(read(&mut decoder, b": forged\r"), "");
        assert_eq!(read(&mut decoder, b"\ndata: 2\n\n"), "data: 2\n\n", "{asked}");
        assert!(!decoder.is_mid_line());
    }

    // The start of a lost line is not joined to the next one. Unread bytes are lost as well.
    let mut decoder = LineDecoder::new();
    assert_eq!(read(&mut decoder, b"data: 1"), "");
    drop(decoder.decode(b"2\ndata: 3\n"));
    mem::forget(decoder.decode(b"data: 4\nda"));
    assert_eq!(read(&mut decoder, b"\nta: 5\n"), "ta: 5\n");

    // An empty chunk has no bytes to lose.
    for (start, rest, expected) in
        [("da", "ta: 1\n", "data: 1\n"), ("a:\r", "\nb:\n", "b: \n"), ("\u{FEFF}", "a:\n", "a: \n")]
    {
        let mut decoder = LineDecoder::new();
        let (start, cut) = start.as_bytes().split_at(start.len() - 1);
        _ = read(&mut decoder, start);
        mem::forget(decoder.decode(b""));
        _ = read(&mut decoder, cut);
        let mut lines = decoder.decode(b"");
        assert!(lines.next_line().is_none());
        mem::forget(lines);
        assert_eq!(read(&mut decoder, rest.as_bytes()), expected);
    }
}

/// The offset of an error counts the lost bytes. `reconnect` resets the rest.
#[test]
fn after_a_leaked_guard_of_lines() {
    let mut decoder = LineDecoder::with_limits(Limits::new().with_line(3));
    mem::forget(decoder.decode(b"1234567890"));
    let mut lines = decoder.decode(b"too long, but lost\n1234\n");
    assert_eq!(lines.next_line().unwrap().unwrap_err().offset(), 10 + 19);
    assert!(lines.next_line().is_none());
    drop(lines);
    mem::forget(decoder.decode(b"ab"));
    assert!(!decoder.reconnect());
    assert!(!decoder.is_mid_line());
    let mut lines = decoder.decode(b"\xEF\xBB\xBFa:\n1234");
    assert!(matches!(lines.next_line(), Some(Ok(Line::Field(field))) if field.name() == b"a"));
    assert_eq!(lines.next_line().unwrap().unwrap_err().offset(), 6);
}
