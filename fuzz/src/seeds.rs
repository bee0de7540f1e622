//! The first inputs of the fuzzer: the vectors and the captures.

use sse_conformance::{calls::what::*, vectors};

use crate::case::Case;

/// An input for one of the targets, to be written to its corpus.
#[derive(Debug)]
pub struct Seed {
    /// The target.
    pub target: &'static str,
    /// The name of the file.
    pub name: String,
    /// The content of the file.
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

/// The same for streams with bytes that are not ASCII.
const LARGE_CALLS: &[Way] = &[
    ("where-a-buffer-is-full", [255, 255, 255, 140], &[LENT, 0xCF, ALL]),
    ("where-a-buffer-is-full-bytewise", [255, 255, 255, 150], &[OWNED, 0xCF, ALL, OWNED, 1, ALL]),
    ("after-a-large-event", [255, 255, 255, 200], &[LENT, 0xCF, 1, OWNED, 1, ALL]),
];

/// Connections: limits, how many items are read from a stream before it is taken apart, and steps of one byte.
const CONNECTIONS: &[Way] = &[
    ("connection-whole", [255, 255, 255, 0], &[]),
    ("connection-bytewise", [255, 255, 254, 1], &[1]),
    ("connection-cut", [255, 255, 255, 2], &[7, 0xD0, 1, 0, 3, 0xE0, 64]),
    ("connection-limits", [25, 3, 4, 3], &[5, 0xE0, 2, 0xD0, 31, 0xF0]),
];

/// Settings of a response, and what its server does between polls: see `body/case.rs`.
const RESPONSES: &[Way] = &[
    ("bare", [0x01, 0, 0, 0], &[0; 40]),
    ("keep-alive", [0b0000_1010, 0, 20, 0], &[0, 0, 0, 0x49, 0, 0x29, 0, 0, 0x49, 0, 0]),
    ("keep-alive-line", [0b0000_0100, 2, 20, 0], &[0, 0x49, 0x49, 0, 0, 0, 0x49, 0, 0]),
    ("keep-alive-event", [0b0000_1110, 1, 1, 0], &[0x11, 0x11, 0x11, 0x11, 0, 0, 0x11]),
    ("shutdown", [0b0011_1010, 0xFE, 9, 0], &[0, 0, 0, 2, 0, 0, 0]),
    ("shutdown-first", [0b0001_1001, 0xFD, 0, 0], &[2, 0, 0, 0]),
    ("age", [0b0000_1010, 2, 40, 30], &[0, 0, 0x31, 0, 0x49, 0x49, 0, 0]),
    ("break-off", [0b0100_0010, 2, 40, 0], &[3, 0, 0, 0, 0, 0, 0x49, 0, 0xFF, 0, 0]),
    ("break-off-without-timer", [0b0100_0001, 2, 0, 0], &[0; 20]),
    ("patience", [0b0100_0000, 0, 0, 0], &[3, 0, 0, 0, 0, 0, 0, 0xFD, 0, 0]),
    ("left", [0b0000_1010, 2, 40, 0], &[0]),
    ("never-asked", [0b0000_1010, 2, 40, 0], &[]),
];

/// The steps of its stream, of three bytes each, and how often they are repeated.
const STREAMS: &[(&str, usize, &[u8])] = &[
    ("small", 1, &[0, 5, 0, 1, 9, 0, 2, 20, 0, 0xD0, 0, 0, 3, 7, 0, 4, 0, 0, 5, 99, 0, 0xF8, 0, 0]),
    ("sizes", 1, &[0, 0xF0, 15, 0, 0xF8, 15, 3, 0xE0, 31, 0, 0, 16, 5, 0, 32, 0, 32, 78, 0, 9, 0, 3, 0, 16]),
    ("held", 10, &[0, 5, 0, 3, 0, 32]),
    ("busy", 50, &[0, 0xE7, 3, 1, 0x21, 3, 3, 0x85, 3, 2, 44, 1]),
    ("error", 1, &[0, 5, 0, 1, 0, 16, 0xD0, 0, 0, 0, 0xFF, 63, 1, 1, 0, 0xF0, 0, 0]),
    (
        "empty-blocks",
        1,
        &[0, 5, 0, 0xC0, 0xFF, 15, 0, 5, 0, 0xC0, 15, 39, 0, 5, 0, 0xC0, 3, 0, 0xD0, 0, 0, 0xF8, 0, 0],
    ),
    ("silent", 1, &[0xD0, 0, 0, 0xD0, 0, 0, 0, 1, 0]),
];

/// Returns all seeds of all targets.
pub fn seeds() -> Vec<Seed> {
    let mut seeds = of_bodies();
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

fn of_bodies() -> Vec<Seed> {
    let pairs = RESPONSES.iter().flat_map(|response| STREAMS.iter().map(move |stream| (response, stream)));
    let seeds = pairs.map(|((response, settings, steps), (stream, times, ops))| Seed {
        target: "body",
        name: format!("{response}-{stream}"),
        bytes: Case::to_bytes(*settings, steps, &ops.repeat(*times)),
    });
    seeds.collect()
}
