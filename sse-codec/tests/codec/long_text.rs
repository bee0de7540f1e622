//! Long text. Its source and its destination decide how it is copied.

use std::iter;

use sse_codec::{Block, Decoder, Event};

/// The destination stays the same, so each distance modulo 4096 occurs once.
#[test]
fn it_is_the_same_wherever_it_lies() {
    let mut place = String::with_capacity(20_000);
    let mut encoded = Vec::with_capacity(20_000);
    let mut decoder = Decoder::new();
    for count in [2000, 3000] {
        // At most positions, a piece would end within a character.
        let text = "€".repeat(count) + "x";
        for before in 0..4096 {
            place.clear();
            place.extend(iter::repeat_n(' ', before));
            place.push_str(&text);
            let there = &place[before..];

            assert!(Event::new(there).data() == text, "kept, {before}");

            encoded.clear();
            Block::new().data(there).encode(&mut encoded);
            assert!(encoded == format!("data: {text}\n\n").as_bytes(), "encoded, {before}");

            assert!(decoder.decode(b"data: ").next_event().is_none());
            assert!(decoder.decode(there.as_bytes()).next_event().is_none());
            let mut events = decoder.decode(b"\n\n");
            assert!(events.next_event().unwrap().unwrap().data() == text, "decoded, {before}");
        }
    }
}
