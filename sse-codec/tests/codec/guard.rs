//! The guard over a chunk: it is read, called again, or dropped early.

use std::time::Duration;

use bytes::Bytes;
use sse_codec::{Decoder, EventId, decode::ItemRef, limits::Limits, lines::LineDecoder};

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

/// The chunk also continues a line that began before it, and the next chunk has no line end.
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

/// Before and after each event, which is complete in its chunk or cut by its end.
#[test]
fn a_chunk_may_be_left_at_any_event() {
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

#[test]
fn state_is_that_of_the_event_which_was_given_out() {
    let mut decoder = Decoder::builder().last_event_id(EventId::from(0_u8)).build();
    let mut events = decoder
        .decode(b"data: 0\n\nretry: 10\nid: 1\ndata: 1\n\nid: 2\n\nretry: 20\ndata: 2\n\nid: 3\ndata: 3");
    let mut next = || {
        let event = events.next_event()?.unwrap();
        let seen = (event.last_event_id().to_owned(), event.id().map(str::to_owned), event.retry());
        assert_eq!(events.last_event_id(), seen.0);
        Some((seen, events.retry()))
    };
    let ms = |ms| Some(Duration::from_millis(ms));
    let id = |id: &str| id.to_owned();
    assert_eq!(next(), Some(((id("0"), None, None), None)));
    assert_eq!(next(), Some(((id("1"), Some(id("1")), ms(10)), ms(10))));
    assert_eq!(next(), Some(((id("2"), None, ms(20)), ms(20))));
    assert_eq!(next(), None);
    drop(events);
    assert_eq!(decoder.last_event_id(), "2");
    assert_eq!(decoder.retry(), ms(20));
    assert!(decoder.is_mid_event());
    decoder.reconnect();
    assert_eq!((decoder.last_event_id(), decoder.retry()), ("2", ms(20)));
    assert!(!decoder.is_mid_event());
}

#[test]
fn state_is_also_that_of_the_owned_event() {
    let mut decoder = Decoder::new();
    let mut events = decoder.decode_bytes("data: 0\n\nretry: 10\nid: 1\ndata: 1\n\nretry: 20\n".into());
    let mut next = || {
        let id = events.next().map(|event| event.unwrap().id().map(|id| id.as_str().to_owned()));
        (id, events.last_event_id().to_owned(), events.retry())
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
        ("event: longer than is kept in place", true),
        ("id: longer than is kept in place", true),
        ("id: with \0 that makes nothing of it", true),
        ("id: with \0 that makes nothing of it\n", false),
        ("datax", false),
        ("data: 1\n\nx: 2\n: 3\n", false),
        ("data: 1\n: 2\nx: 3\nretry: 4", true),
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

/// The unread bytes decide: whether an event or an error would follow, or else how they end.
#[test]
fn what_is_mid_event_with_something_unread() {
    let cases: &[(&str, &str, bool)] = &[
        ("", "data: 1\n\n", true),
        ("", "data: 1", true),
        ("", "event: 1\n\n", false),
        ("", "id: 1\n\n", false),
        ("", ":1\n", false),
        ("", "retry: 1\n", false),
        ("data: 1", "\n\n", true),
        ("event: 1\nid:", "\n\n", false),
        ("event: 1", "\n", true),
        ("event:1\n", "event\n", false),
        ("da", "tax", false),
        ("data: 1\n\r", "\n", false),
        ("", "data: 1234567\n\n", true),
        ("", "id: 1234\n\n", true),
        ("data: 1234567\n", "x\n", true),
        ("data: 1234567\n", "\n", false),
    ];
    for (read, unread, expected) in cases {
        for owned in [false, true] {
            let limits = Limits::new().with_event(12).with_id(3);
            let mut decoder = Decoder::builder().limits(limits).comments(true).build();
            let mut events = decoder.decode(read.as_bytes());
            while events.next_event().is_some() {}
            drop(events);
            if owned {
                drop(decoder.decode_bytes(Bytes::from_static(unread.as_bytes())));
            } else {
                drop(decoder.decode(unread.as_bytes()));
            }
            assert_eq!(decoder.is_mid_event(), *expected, "{read:?}, {unread:?}");
            assert_eq!(decoder.clone().is_mid_event(), *expected, "{read:?}, {unread:?}");
        }
    }
}

/// A guard that has returned `None` returns it again, and keeps the values of its last block.
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

/// This is checked at each level.
#[test]
fn nothing_comes_after_the_end() {
    for chunk in [&b""[..], b"data: 1\n\n", b":c\n", b"data: 1\n\ndata: 2\nda", b"id: 1\n\n", b"\r", b"\xEF"]
    {
        let mut decoder = Decoder::builder().comments(true).build();
        let mut events = decoder.decode(chunk);
        while events.next_item().is_some() {}
        for _ in 0..3 {
            assert!(events.next_item().is_none());
            assert!(events.next_event().is_none());
        }
        drop(events);

        let mut decoder = Decoder::builder().comments(true).build();
        let mut items = decoder.decode_bytes(Bytes::from_static(chunk)).items();
        while items.next().is_some() {}
        for _ in 0..3 {
            assert!(items.next().is_none());
            assert!(items.get_mut().next().is_none());
        }
        drop(items);

        let mut decoder = LineDecoder::new();
        let mut lines = decoder.decode(chunk);
        while lines.next_line().is_some() {}
        for _ in 0..3 {
            assert!(lines.next_line().is_none());
        }
    }
}
