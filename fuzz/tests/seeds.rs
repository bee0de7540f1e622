//! The seeds pass, with any compiler and without a fuzzer.

use sse_codec_fuzz::{decode, encode, lines, seeds, stream};

fn replay(target: &str, check: fn(&[u8])) {
    let seeds = seeds();
    let of_target: Vec<_> = seeds.iter().filter(|seed| seed.target == target).collect();
    assert!(of_target.len() >= 443);
    for seed in of_target {
        check(&seed.bytes);
    }
}

#[test]
fn decode_passes() {
    replay("decode", decode);
}

#[test]
fn encode_passes() {
    replay("encode", encode);
}

#[test]
fn lines_pass() {
    replay("lines", lines);
}

#[test]
fn stream_passes() {
    replay("stream", stream);
}
