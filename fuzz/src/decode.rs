use sse_conformance::calls::{self, Levels};

use crate::case::Case;

/// Any bytes, in any calls of the guards, under any limits, give the outputs of the oracle.
pub fn decode(input: &[u8]) {
    let Some(case) = Case::parse(input) else { return };
    calls::decoder(case.settings, Levels::Guards, case.steps, &enlarged(&case));
}

/// A buffer larger than this is freed.
const KEPT: usize = 16 * 1024;

/// Adds parts that the fuzzer cannot easily create: long runs in the stream, or data before it, so that it begins where
/// a buffer of that size ends.
fn enlarged(case: &Case<'_>) -> Vec<u8> {
    let run = |n| vec![b'x'; n];
    match case.more {
        0..64 => case.stream.to_vec(),
        64..128 => {
            let parts: Vec<&[u8]> = case.stream.split(|&byte| byte == 1).collect();
            parts.join(&run(10 * usize::from(case.more))[..])
        }
        128..192 => {
            let before = run(KEPT - usize::from(case.more - 128));
            [b"data:", &before[..], b"\ndata:", case.stream].concat()
        }
        192.. => {
            let before = run(KEPT - usize::from(case.more - 192));
            [b"data:", &before[..], b"\n\n", case.stream].concat()
        }
    }
}
