//! The seeds pass, with any compiler and without a fuzzer.

use sse_codec_fuzz::{body, decode, encode, lines, seeds, stream};

fn replay(target: &str, least: usize, check: fn(&[u8])) {
    let seeds = seeds();
    let of_target: Vec<_> = seeds.iter().filter(|seed| seed.target == target).collect();
    assert!(of_target.len() >= least);
    for seed in of_target {
        check(&seed.bytes);
    }
}

#[test]
fn body_passes() {
    replay("body", 84, body);
}

#[test]
fn decode_passes() {
    replay("decode", 508, decode);
}

#[test]
fn encode_passes() {
    replay("encode", 508, encode);
}

#[test]
fn lines_pass() {
    replay("lines", 508, lines);
}

#[test]
fn stream_passes() {
    replay("stream", 508, stream);
}
