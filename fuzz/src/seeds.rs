//! What the fuzzer begins with: the vectors and the captures.

use crate::{case::Case, support::vectors};

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

/// Ways to decode a vector: limits of events and comments, sip, how it is made larger, and the steps.
const WAYS: &[(&str, [u8; 4], &[u8])] = &[
    ("whole", [255, 255, 0, 0], &[]),
    ("bytewise", [255, 254, 1, 0], &[1]),
    ("cut", [255, 255, 2, 0], &[7, 0xD0, 1, 0, 3, 0xE0, 64]),
    ("limits", [12, 4, 3, 0], &[5, 0xE0, 2, 0xD0, 31, 0xF0]),
    ("large", [255, 254, 1, 0], &[0xC9, 0xCF, 1]),
    ("tiny-limits", [1, 0, 1, 0], &[2, 1, 1]),
];
/// The same for what is not ASCII.
const LARGE_WAYS: &[(&str, [u8; 4], &[u8])] = &[
    ("in-staged-data", [255, 255, 0, 140], &[]),
    ("in-staged-data-bytewise", [255, 255, 0, 150], &[1]),
    ("in-window", [255, 255, 0, 200], &[]),
];

/// All seeds of all targets.
pub fn seeds() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for vector in vectors::all() {
        let name = vector.name.replace('/', "-");
        for (way, settings, steps) in WAYS {
            let bytes = Case::to_bytes(*settings, steps, &vector.input);
            for target in ["decode", "lines", "stream"] {
                seeds.push(Seed { target, name: format!("{name}-{way}"), bytes: bytes.clone() });
            }
        }
        if !vector.input.is_ascii() {
            for (way, settings, steps) in LARGE_WAYS {
                let bytes = Case::to_bytes(*settings, steps, &vector.input);
                seeds.push(Seed { target: "decode", name: format!("{name}-{way}"), bytes });
            }
        }
        seeds.push(Seed { target: "encode", name, bytes: vector.input });
    }
    seeds
}
