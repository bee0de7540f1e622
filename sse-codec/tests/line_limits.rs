//! Level 1 under limits: the same in every chunking.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use proptest::{collection::vec, prelude::*, sample::select};
use sse_codec::LineDecoder;
use support::naive_lines::{self, NaiveLine};

const PIECES: &[&[u8]] =
    &[b"\n", b"\r", b"\r\n", b"", b":", b"a", b"data: x\n", b"\xEF\xBB\xBF", b"\xEF", b"\xEF\xBB"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn any_lines_in_any_chunking_under_any_limit(chunks in vec(select(PIECES), 0..12), limit in 0..10_usize) {
        let expected: Vec<Result<Vec<u8>, u64>> = naive_lines::split(&chunks.concat(), limit)
            .into_iter()
            .map(|line| match line {
                NaiveLine::Line(line) => Ok(naive_lines::encoding(&line)),
                NaiveLine::TooLong { offset } => Err(offset),
            })
            .collect();
        let mut decoder = LineDecoder::with_limit(limit);
        let mut decoded = Vec::new();
        for chunk in &chunks {
            let mut lines = decoder.decode(chunk);
            while let Some(line) = lines.next_line() {
                decoded.push(line.map_err(|error| error.offset()).map(|line| {
                    let mut encoded = Vec::new();
                    line.encode(&mut encoded);
                    encoded
                }));
            }
        }
        prop_assert_eq!(decoded, expected);
    }
}
