use crate::{
    case::Case,
    support::{self, Level, expect},
};

/// Any bytes, in any chunking, under any limits, give what the oracle gives.
pub fn decode(input: &[u8]) {
    let Some(case) = Case::parse(input) else { return };
    let chunks = enlarged(&case);
    let chunks: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();

    let (event_limit, comment_limit) = (case.event_limit, case.comment_limit);
    let expected = expect(&chunks.concat(), event_limit, comment_limit);
    for level in [Level::Borrowed, Level::BorrowedInSips, Level::Owned, Level::OwnedInSips] {
        let outcome = support::decode(level, &chunks, event_limit, comment_limit);
        assert_eq!(outcome, expected, "{level:?}, {case:?}");
    }
}

/// The decoder collects so much data before it decodes it, and looks at text window by window.
const STAGED: usize = 1024;
const WINDOW: usize = 16 * 1024;

/// The chunks, with what the fuzzer cannot easily make: long runs in them, or so much before the first
/// that one of these sizes ends within it.
fn enlarged(case: &Case<'_>) -> Vec<Vec<u8>> {
    let run = |n| vec![b'x'; n];
    let mut chunks: Vec<Vec<u8>> = case.chunks().into_iter().map(<[u8]>::to_vec).collect();
    match case.large {
        0..64 => {}
        64..128 => {
            for chunk in &mut chunks {
                let parts: Vec<&[u8]> = chunk.split(|&byte| byte == 1).collect();
                *chunk = parts.join(&run(10 * usize::from(case.large))[..]);
            }
        }
        128..192 => {
            let before = run(STAGED - usize::from(case.large - 128));
            chunks[0] = [b"data:", &before[..], b"\ndata:", &chunks[0]].concat();
        }
        192.. => {
            let before = run(WINDOW - usize::from(case.large - 192));
            chunks[0] = [b"data:", &before[..], b"\n\n", &chunks[0]].concat();
        }
    }
    chunks
}
