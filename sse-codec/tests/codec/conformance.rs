//! The vectors, with the results of browsers for these streams.

use sse_conformance::{
    chunkings::for_each_chunking,
    levels::{EVENT_LEVELS, LEVELS, Level, decode},
    oracle::{Outcome, Output, Settings},
    vectors,
};

fn check(vector: &vectors::Vector, outcome: &Outcome, what: &str) {
    let name = &vector.name;
    let (mut events, mut comments) = (vector.events.iter(), Vec::new());
    for output in &outcome.outputs {
        match output {
            Output::Event { event_type, data, last_event_id, .. } => {
                let event_type = event_type.as_deref().unwrap_or("message");
                let expected =
                    events.next().unwrap_or_else(|| panic!("{name}, {what}: one more: {output:?}"));
                assert_same(event_type, &expected.event_type, name, what);
                assert_same(data, &expected.data, name, what);
                assert_same(last_event_id, &expected.last_event_id, name, what);
            }
            Output::Comment(text) => comments.push(text.clone()),
            error => panic!("{name}, {what}: {error:?}"),
        }
    }
    assert_eq!(events.next(), None, "{name}, {what}");
    assert_eq!(outcome.last_event_id, vector.final_last_event_id, "{name}, {what}");
    if !vector.retry_lenient {
        assert_eq!(outcome.retry, vector.retry, "{name}, {what}");
    }
    if let Some(expected) = &vector.comments {
        assert_eq!(&comments, expected, "{name}, {what}");
    }
}

/// Compares texts that are mostly empty: a comparison of no bytes costs as much as decoding an event, with glibc on Zen 4.
fn assert_same(actual: &str, expected: &str, name: &str, what: &str) {
    let same = actual.len() == expected.len() && (actual.is_empty() || actual == expected);
    assert!(same, "{name}, {what}: {actual:?} is not {expected:?}");
}

fn check_all(level: Level) {
    let vectors = vectors::all();
    assert_eq!(vectors.len(), 508);
    let sips = matches!(level, Level::BorrowedInSips | Level::OwnedInSips);
    for vector in &vectors {
        // Reading in sips copies the rest for each item, which is too slow for every split of a long capture.
        if sips && vector.input.len() > 1000 {
            continue;
        }
        for_each_chunking(&vector.input, &vector.splits, |chunking, chunks| {
            let outcome = decode(level, chunks, Settings::ITEMS);
            check(vector, &outcome, &format!("{level:?}, {chunking}"));
        });
    }
}

#[test]
fn borrowed_in_every_chunking() {
    check_all(Level::Borrowed);
}

#[test]
fn borrowed_in_sips_in_every_chunking() {
    check_all(Level::BorrowedInSips);
}

#[test]
fn owned_in_every_chunking() {
    check_all(Level::Owned);
}

#[test]
fn owned_in_sips_in_every_chunking() {
    check_all(Level::OwnedInSips);
}

#[test]
fn stream_in_every_chunking() {
    check_all(Level::Stream);
}

#[test]
fn reader_in_every_chunking() {
    check_all(Level::Reader);
}

#[test]
fn codec_in_every_chunking() {
    check_all(Level::Codec);
}

#[test]
fn events_alone() {
    for vector in vectors::all() {
        let whole = [&vector.input[..]];
        let bytewise: Vec<_> = vector.input.chunks(1).collect();
        for chunks in [&whole[..], &bytewise] {
            for &level in EVENT_LEVELS {
                let mut outcome = decode(level, chunks, Settings::ITEMS);
                let comments = vector.comments.iter().flatten().cloned().map(Output::Comment);
                outcome.outputs.extend(comments);
                check(&vector, &outcome, &format!("{level:?}, {} chunks", chunks.len()));
            }
        }
    }
}

#[test]
fn comments_that_nobody_asked_for_change_nothing() {
    for vector in vectors::all() {
        let chunks = [&vector.input[..]];
        for &level in LEVELS {
            let with = decode(level, &chunks, Settings::ITEMS);
            let mut without = decode(level, &chunks, Settings::EVENTS);
            let comments = with.outputs.iter().filter(|output| matches!(output, Output::Comment(_)));
            assert_eq!(comments.count() + without.outputs.len(), with.outputs.len(), "{}", vector.name);
            without.outputs = with.outputs.clone();
            assert_eq!(without, with, "{}", vector.name);
        }
    }
}
