use crate::{
    case::Case,
    support::{self, Level, expect},
};

/// The decoder looks at text window by window, and collects so much data before it decodes it. So much
/// may stand before the stream that one of these ends within it.
const WINDOW: usize = 16 * 1024;
const STAGED: usize = 1024;

/// Any bytes, in any chunking, under any limits, give what the oracle gives.
pub fn decode(input: &[u8]) {
    let Some(case) = Case::parse(input) else { return };
    let mut chunks = case.chunks();
    let first = padded(case.seam, chunks[0]);
    chunks[0] = &first;

    let (event_limit, comment_limit) = (case.event_limit, case.comment_limit);
    let expected = expect(&chunks.concat(), event_limit, comment_limit);
    for level in [Level::Borrowed, Level::BorrowedInSips, Level::Owned, Level::OwnedInSips] {
        let outcome = support::decode(level, &chunks, event_limit, comment_limit);
        assert_eq!(outcome, expected, "{level:?}, {case:?}");
    }
}

/// The chunk, with what stands before it if there is to be a seam in it. Seldom, since that is slow.
fn padded(seam: u8, chunk: &[u8]) -> Vec<u8> {
    let (len, end): (_, &[u8]) = match seam {
        0..128 => return chunk.to_vec(),
        128..192 => (STAGED - usize::from(seam - 128), b"\ndata:"),
        192.. => (WINDOW - usize::from(seam - 192), b"\n\n"),
    };
    [b"data:", &vec![b'x'; len][..], end, chunk].concat()
}
