//! What the fuzzer begins with: the vectors and the captures.

use sse_conformance::{calls::what::*, vectors};

use crate::case::Case;

/// An input for one of the targets, to be written to its corpus.
#[derive(Debug)]
pub struct Seed {
    /// The target.
    pub target: &'static str,
    /// The name of the file.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// The settings, and the steps.
type Way = (&'static str, [u8; 4], &'static [u8]);

/// Sequences of calls: limits of events, ids and comments, how the stream is made larger, and steps of three bytes.
const CALLS: &[Way] = &[
    ("whole", [255, 255, 255, 0], &[LENT, 0xCF, ALL]),
    ("bytewise", [255, 255, 254, 0], &[LENT | EVENT_FIRST, 1, ALL]),
    ("owned", [255, 255, 254, 0], &[OWNED | EVENT_FIRST, 30, ALL, OWNED, 1, ALL]),
    ("sips", [255, 255, 255, 0], &[LENT, 9, 1, OWNED, 3, 1, EMPTY, 0, 1, LENT | MIXED, 7, 2]),
    ("limits", [25, 3, 4, 0], &[LENT, 5, ALL, CLONE, 2, 1, TWIN | MIXED, 31, 2]),
    ("tiny-limits", [7, 0, 0, 0], &[OWNED, 2, ALL, LENT, 1, 1, LENT, 1, 0]),
    ("leaks", [255, 255, 255, 0], &[LENT, 20, 1, LENT | LEAK, 9, 1, OWNED, 9, ALL, OWNED | LEAK, 3, 0]),
    ("reconnects", [255, 255, 254, 0], &[LENT, 40, ALL, RECONNECT, 0, 0, LENT, 60, 1]),
    (
        "streams",
        [255, 255, 255, 0],
        &[STREAM | EVENT_FIRST, 9, 2, CODEC, 5, 1, STREAM | MIXED, 4, 3, LENT, 7, 1],
    ),
];

/// The same for what is not ASCII.
const LARGE_CALLS: &[Way] = &[
    ("where-a-buffer-is-full", [255, 255, 255, 140], &[LENT, 0xCF, ALL]),
    ("where-a-buffer-is-full-bytewise", [255, 255, 255, 150], &[OWNED, 0xCF, ALL, OWNED, 1, ALL]),
    ("after-a-large-event", [255, 255, 255, 200], &[LENT, 0xCF, 1, OWNED, 1, ALL]),
];

/// Connections: limits, how much is asked of a stream before it is taken apart, and steps of one byte.
const CONNECTIONS: &[Way] = &[
    ("connection-whole", [255, 255, 255, 0], &[]),
    ("connection-bytewise", [255, 255, 254, 1], &[1]),
    ("connection-cut", [255, 255, 255, 2], &[7, 0xD0, 1, 0, 3, 0xE0, 64]),
    ("connection-limits", [25, 3, 4, 3], &[5, 0xE0, 2, 0xD0, 31, 0xF0]),
];

/// All seeds of all targets.
pub fn seeds() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for vector in vectors::all() {
        let name = vector.name.replace('/', "-");
        let mut add = |target, ways: &[Way]| {
            seeds.extend(ways.iter().map(|(way, settings, steps)| Seed {
                target,
                name: format!("{name}-{way}"),
                bytes: Case::to_bytes(*settings, steps, &vector.input),
            }));
        };
        for target in ["decode", "lines", "stream"] {
            add(target, CALLS);
        }
        add("stream", CONNECTIONS);
        if !vector.input.is_ascii() {
            add("decode", LARGE_CALLS);
        }
        seeds.push(Seed { target: "encode", name, bytes: vector.input });
    }
    seeds
}
