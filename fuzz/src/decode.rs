use sse_conformance::calls::{self, Levels};

use crate::case::Case;

/// Any bytes, in any calls of the guards, under any limits, give what the oracle gives.
pub fn decode(input: &[u8]) {
    let Some(case) = Case::parse(input) else { return };
    calls::decoder(case.settings, Levels::Guards, case.steps, &enlarged(&case));
}

/// A buffer larger than this is given back.
const KEPT: usize = 16 * 1024;

/// The stream, with what the fuzzer cannot easily make: long runs in it, or so much before it that it begins where a
/// buffer of that size ends.
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
