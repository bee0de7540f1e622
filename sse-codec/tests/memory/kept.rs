//! The memory that an event holds, and the decoder after it.

use bytes::Bytes;
use sse_codec::{Decoder, decode::ItemRef};

use crate::{CONSTANT, drain, drain_owned, held, region};

/// Memory that an allocator takes in addition to the bytes of a text.
const PER_TEXT: isize = 32;

/// In chunks of any size, an event never holds the bytes around it.
pub(super) fn an_event_holds_its_own_texts() {
    for len in [3, 30, 90, 1_000, 2_000, 20_000, 100_000] {
        for (content, around) in [("x", 1_000), ("日本語", 1_000), ("x", 0)] {
            let data = content.repeat(len / content.len());
            let small = "event: ping\nid: 1\ndata: 123\n\n".repeat(around);
            let stream = format!("{small}event: {0}\ndata: {data}\n\n{small}", "t".repeat(50));
            for size in [usize::MAX, 16 * 1024, 1_400, 64] {
                let chunks: Vec<Bytes> = stream.as_bytes().chunks(size).map(Bytes::copy_from_slice).collect();
                let mut decoder = Decoder::new();
                for chunk in &chunks {
                    drain_owned(&mut decoder, chunk);
                }
                // Memory with the event and without it.
                let region = region();
                let mut event = None;
                for chunk in &chunks {
                    for found in decoder.decode_bytes(chunk.clone()) {
                        let found = found.unwrap();
                        if found.data().len() == data.len() && found.event_type().len() == 50 {
                            event = Some(found);
                        }
                    }
                }
                let with_event = held(&region.change());
                let texts = (data.len() + 50) as isize;
                drop(event.take().unwrap());
                let of_event = with_event - held(&region.change());
                assert!(of_event <= texts + 2 * PER_TEXT, "{of_event} bytes for {texts}, chunks of {size}");
                assert!(held(&region.change()) <= CONSTANT, "{} bytes", held(&region.change()));
            }
        }
    }
}

/// Once its guard is dropped, only the owner of a chunk holds it.
pub(super) fn no_event_holds_its_chunk() {
    for len in [1, 100, 20_000, 100_000] {
        for tail in ["", "da", "data: 2\n\n", "data: 2\n\ndata: 3\ndata: 4"] {
            let chunk = Bytes::from(format!("id: 7\nevent: ping\ndata: {}\n\n{tail}", "x".repeat(len)));
            let mut decoder = Decoder::new();
            let events: Vec<_> = decoder.decode_bytes(chunk.clone()).collect();
            assert!(chunk.is_unique(), "{len}, {tail:?}");
            drop(events);

            // Left after its first event, and read on.
            let mut decoder = Decoder::new();
            let event = decoder.decode_bytes(chunk.clone()).next().unwrap().unwrap();
            drain(&mut decoder, b"");
            assert!(chunk.is_unique(), "{len}, {tail:?}, unread");
            assert_eq!(event.data().len(), len);

            // Left before its first event, and dropped.
            let mut decoder = Decoder::new();
            drop(decoder.decode_bytes(chunk.clone()));
            decoder.reconnect();
            assert!(chunk.is_unique(), "{len}, {tail:?}, dropped");
        }
    }

    // A comment does not hold its chunk either.
    let chunk = Bytes::from(format!(":{}\n", "x".repeat(20_000)));
    let mut decoder = Decoder::builder().comments(true).build();
    let comment = decoder.decode_bytes(chunk.clone()).items().next().unwrap().unwrap();
    assert!(chunk.is_unique(), "{comment:.20?}");
}

/// The memory is released at the next event, or when the guard is dropped.
pub(super) fn a_decoder_gives_back_what_a_large_event_took() {
    const LEN: usize = 1_000_000;
    let not_utf8 = |len: usize| [&b"data: "[..], &b"\xFF".repeat(len), b"\n\n"].concat();
    let text = |content: &str| format!("data: {}\n\n", content.repeat(LEN / content.len())).into_bytes();
    let lines = b"data: 1234567890\n".repeat(LEN / 17);
    for (what, event) in [
        ("ASCII", text("x")),
        ("characters", text("日本語")),
        ("lines", [&lines[..], b"\n"].concat()),
        ("not UTF-8", not_utf8(LEN)),
        ("not UTF-8, with a larger text", not_utf8(15_000)),
        ("a type", [b"event: ", &b"x".repeat(LEN)[..], b"\ndata\n\n"].concat()),
    ] {
        let stream = Bytes::from([&event[..], b"data: small\n\n"].concat());
        for size in [usize::MAX, 16 * 1024, 1_400] {
            let chunks: Vec<Bytes> = stream.chunks(size).map(|chunk| stream.slice_ref(chunk)).collect();
            for owned in [false, true] {
                let mut decoder = Decoder::new();
                let region = region();
                let mut count = 0;
                for chunk in &chunks {
                    if owned {
                        for event in decoder.decode_bytes(chunk.clone()) {
                            drop(event.unwrap());
                            count += 1;
                            assert!(count < 2 || held(&region.change()) <= CONSTANT, "{what}, {size}");
                        }
                    } else {
                        let mut events = decoder.decode(chunk);
                        while let Some(event) = events.next_event() {
                            assert!(event.is_ok());
                            count += 1;
                            // The second event is borrowed, and the first one is released.
                            assert!(count < 2 || held(&region.change()) <= CONSTANT, "{what}, {size}");
                        }
                    }
                }
                assert_eq!(count, 2);
                let held = held(&region.change());
                assert!(held <= CONSTANT, "{held} bytes after {what} in chunks of {size}, owned: {owned}");
            }
        }
    }
}

/// The same for a comment.
pub(super) fn a_decoder_gives_back_what_a_large_comment_took() {
    for content in [&b"x"[..], "日".as_bytes(), b"\xFF"] {
        let comment = [b": ", &content.repeat(60_000 / content.len())[..], b"\n"].concat();
        for size in [usize::MAX, 16 * 1024, 1_400] {
            let mut decoder = Decoder::builder().comments(true).build();
            let region = region();
            let mut comments = 0;
            for chunk in comment.chunks(size) {
                let mut events = decoder.decode(chunk);
                while let Some(item) = events.next_item() {
                    assert!(matches!(item, Ok(ItemRef::Comment(_))));
                    comments += 1;
                }
            }
            assert_eq!(comments, 1);
            let held = held(&region.change());
            assert!(held <= CONSTANT, "{held} bytes after a comment in chunks of {size}");
        }
    }
}
