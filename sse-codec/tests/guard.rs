//! The guard over a chunk: read, dropped early, leaked.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{mem, time::Duration};

use bytes::Bytes;
use sse_codec::{Decoder, EventId, ItemRef};

#[test]
fn an_unread_chunk_is_read_first_by_the_next_call() {
    let mut decoder = Decoder::builder().comments(true).build();
    drop(decoder.decode(b"id: 1\ndata: 1\n\n: c\nda"));
    assert!(decoder.is_mid_event());
    assert_eq!(decoder.last_event_id(), "");

    let mut events = decoder.decode(b"ta: 2\n\ndata: 3\n\n");
    assert!(matches!(events.next_item().unwrap().unwrap(), ItemRef::Event(event) if event.data() == "1"));
    assert_eq!(events.last_event_id(), "1");
    assert_eq!(events.next_item().unwrap().unwrap(), ItemRef::Comment(" c"));
    drop(events);

    let mut rest = decoder.decode_bytes("data: 4\n\n".into());
    for expected in ["2", "3", "4"] {
        assert_eq!(rest.next().unwrap().unwrap().data(), expected);
    }
    assert!(rest.next().is_none());
    drop(rest);
    assert!(!decoder.is_mid_event());
}

/// Also where a line goes on that began before it, and the next chunk has no line end.
#[test]
fn what_was_left_unread_comes_before_the_next_part_of_a_line() {
    let mut decoder = Decoder::new();
    assert!(decoder.decode(b"data: first").next_event().is_none());
    drop(decoder.decode(b" line\n\nda"));
    drop(decoder.decode(b"ta: second"));
    let mut events = decoder.decode(b" line\n\n");
    assert_eq!(events.next_event().unwrap().unwrap().data(), "first line");
    assert_eq!(events.next_event().unwrap().unwrap().data(), "second line");
    assert!(events.next_event().is_none());
}

#[test]
fn what_was_left_unread_does_not_go_on_in_the_next_connection() {
    let mut decoder = Decoder::new();
    drop(decoder.decode(b"id: 1\ndata: 1\n\ndata: 2\n\n"));
    decoder.reconnect();
    assert!(!decoder.is_mid_event());
    let mut events = decoder.decode(b"data: 3\n\n");
    assert_eq!(events.next_event().unwrap().unwrap().data(), "3");
    assert!(events.next_event().is_none());
    assert_eq!(events.last_event_id(), "");
}

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

    // Also one that had an unread rest, and one of owned events.
    drop(decoder.decode(b"data: 5\n\n"));
    mem::forget(decoder.decode(b"data: 6\n\n"));
    mem::forget(decoder.decode_bytes("data: 7\n\n".into()));
    let mut events = decoder.decode_bytes("\n\ndata: 8\n\n".into());
    assert_eq!(events.next().unwrap().unwrap().data(), "8");
    drop(events);

    mem::forget(decoder.decode(b"data: 9\n"));
    decoder.reconnect();
    assert_eq!(decoder.decode(b"data: 10\n\n").next_event().unwrap().unwrap().data(), "10");
}

/// An event in a small chunk is found before it is asked for: in the chunk, or at the end of what was gathered.
#[test]
fn a_small_chunk_may_be_left_before_and_behind_each_event() {
    let chunks = [
        &b"data: 1\n\ndata: 2\n\nda"[..],
        b"ta: 3\n\nda",
        b"ta: 4\n",
        b"\nid: 5\ndata: 5\n\n\n",
        b"data: 6\r\r",
    ];
    for owned in [false, true] {
        for asked in 0..4 {
            let mut decoder = Decoder::new();
            let mut data = Vec::new();
            for chunk in chunks.into_iter().chain([&b""[..]; 7]) {
                if owned {
                    let events = decoder.decode_bytes(Bytes::from_static(chunk));
                    data.extend(events.take(asked).map(|event| event.unwrap().data().to_owned()));
                } else {
                    let mut events = decoder.decode(chunk);
                    for _ in 0..asked {
                        let event = events.next_event();
                        data.extend(event.map(|event| event.unwrap().data().to_owned()));
                    }
                }
            }
            let expected: &[&str] = if asked == 0 { &[] } else { &["1", "2", "3", "4", "5", "6"] };
            assert_eq!(data, expected, "{asked} of each chunk, owned: {owned}");
            assert_eq!(decoder.last_event_id(), if asked == 0 { "" } else { "5" });
            assert_eq!(decoder.is_mid_event(), asked == 0);
        }
    }
}

/// Also where the guard had given out what was found, and what is behind it is lost.
#[test]
fn a_leaked_guard_loses_what_is_behind_an_event_of_a_small_chunk() {
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

/// What was left unread before is a part of the chunk that is lost.
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

/// Nobody knows where that chunk ended: in a line, as far as is known.
#[test]
fn a_line_end_behind_a_leaked_guard_ends_a_line_and_no_block() {
    let mut decoder = Decoder::new();
    mem::forget(decoder.decode(b"data: 1\nda"));
    let mut events = decoder.decode(b"\ndata: 2\n\ndata: 3\n\n");
    assert_eq!(events.next_event().unwrap().unwrap().data(), "3");
    assert!(events.next_event().is_none());
}

#[test]
fn state_is_that_of_the_event_which_was_given_out() {
    let mut decoder = Decoder::builder().last_event_id(EventId::from(0_u8)).build();
    let mut events = decoder
        .decode(b"data: 0\n\nretry: 10\nid: 1\ndata: 1\n\nid: 2\n\nretry: 20\ndata: 2\n\nid: 3\ndata: 3");
    let mut next = || {
        let event = events.next_event()?.unwrap();
        let seen = (event.last_event_id().to_owned(), event.id().map(str::to_owned), event.retry());
        assert_eq!(events.last_event_id(), seen.0);
        Some((seen, events.reconnection_time()))
    };
    let ms = |ms| Some(Duration::from_millis(ms));
    let id = |id: &str| id.to_owned();
    assert_eq!(next(), Some(((id("0"), None, None), None)));
    assert_eq!(next(), Some(((id("1"), Some(id("1")), ms(10)), ms(10))));
    assert_eq!(next(), Some(((id("2"), None, ms(20)), ms(20))));
    assert_eq!(next(), None);
    drop(events);
    assert_eq!(decoder.last_event_id(), "2");
    assert_eq!(decoder.reconnection_time(), ms(20));
    assert!(decoder.is_mid_event());
    decoder.reconnect();
    assert_eq!((decoder.last_event_id(), decoder.reconnection_time()), ("2", ms(20)));
    assert!(!decoder.is_mid_event());
}

#[test]
fn state_is_also_that_of_the_owned_event() {
    let mut decoder = Decoder::new();
    let mut events = decoder.decode_bytes("data: 0\n\nretry: 10\nid: 1\ndata: 1\n\nretry: 20\n".into());
    let mut next = || {
        let id = events.next().map(|event| event.unwrap().id().map(str::to_owned));
        (id, events.last_event_id().to_owned(), events.reconnection_time())
    };
    let ms = |ms| Some(Duration::from_millis(ms));
    assert_eq!(next(), (Some(None), String::new(), None));
    assert_eq!(next(), (Some(Some("1".into())), "1".into(), ms(10)));
    assert_eq!(next(), (None, "1".into(), ms(20)));
}

#[test]
fn what_is_mid_event() {
    let cases: &[(&str, bool)] = &[
        ("", false),
        ("data: 1\n\n", false),
        ("data: 1\n", true),
        ("data: 1", true),
        ("data", true),
        ("d", true),
        ("x", false),
        ("id: 1\n", true),
        ("event: a\n", true),
        ("event: a\nevent\n", false),
        ("event: longer than is collected", true),
        ("id: longer than is collected", true),
        ("retry: 12345678901234567890", false),
        (": comment", false),
        (": comment\n", false),
        ("retry: 1\n", false),
        ("data: 1\r\n\r", false),
    ];
    for (stream, expected) in cases {
        let mut decoder = Decoder::new();
        let mut events = decoder.decode(stream.as_bytes());
        while events.next_event().is_some() {}
        drop(events);
        assert_eq!(decoder.is_mid_event(), *expected, "{stream:?}");
    }
}

/// A guard that has said `None` says it again, and what it keeps of its last block is not touched by that.
#[test]
fn a_guard_may_be_asked_again_after_its_end() {
    let before = "data: before\n\n".repeat(30);
    for (cut, rest) in [
        ("data: a\n", "\ndata: b\n\n"),
        ("data: a\nid: 7", "\n\ndata: b\n\n"),
        ("data: a", "\n\ndata: b\n\n"),
    ] {
        for items in [false, true] {
            let mut decoder = Decoder::new();
            let mut data = Vec::new();
            for chunk in [before.clone() + cut, rest.to_owned()] {
                let mut events = decoder.decode(chunk.as_bytes());
                while let Some(event) = events.next_event() {
                    data.push(event.unwrap().data().to_owned());
                }
                for _ in 0..3 {
                    assert!(if items { events.next_item().is_none() } else { events.next_event().is_none() });
                }
            }
            assert_eq!(data[30..], ["a", "b"], "{cut:?}");
            assert_eq!(decoder.last_event_id(), if cut.contains("id") { "7" } else { "" });
        }
    }
}
