//! Limits of the line decoder are the same in every chunking.

use proptest::{collection::vec, prelude::*, sample::select};
use sse_codec::{limits::Limits, lines::LineDecoder};
use sse_conformance::{
    calls::{LineRead, read_line},
    naive_lines, strategies,
};

const PIECES: &[&[u8]] =
    &[b"\n", b"\r", b"\r\n", b"", b":", b"a", b"data: x\n", b"\xEF\xBB\xBF", b"\xEF", b"\xEF\xBB"];

fn expected(stream: &[u8], limit: usize) -> Vec<LineRead> {
    naive_lines::split(stream, limit).into_iter().map(LineRead::from).collect()
}

proptest! {
    #![proptest_config(strategies::cases(20_000))]

    #[test]
    fn any_lines_in_any_chunking_under_any_limit(chunks in vec(select(PIECES), 0..12), limit in 0..10_usize) {
        let mut decoder = LineDecoder::with_limits(Limits::new().with_line(limit));
        let mut decoded = Vec::new();
        for chunk in &chunks {
            let mut lines = decoder.decode(chunk);
            while let Some(line) = lines.next_line() {
                decoded.push(read_line(line, limit));
            }
        }
        prop_assert_eq!(decoded, expected(&chunks.concat(), limit));
    }
}

/// Neither its text nor its position.
#[test]
fn nothing_of_a_line_goes_on_in_the_next_connection() {
    for next in [&b"\xEF12\n1234\n"[..], b"\xEF123\n12\n", b"1234\n"] {
        let mut decoder = LineDecoder::with_limits(Limits::new().with_line(3));
        let mut lines = decoder.decode(b"\n\nab");
        while lines.next_line().is_some() {}
        drop(lines);
        assert!(!decoder.reconnect());
        let mut decoded = Vec::new();
        for chunk in next.chunks(1) {
            decoded.extend(decoder.decode(chunk).next_line().map(|line| read_line(line, 3)));
        }
        assert_eq!(decoded, expected(next, 3), "{next:?}");
    }

    // Bytes that were read as part of a BOM, but not as a line, do not go on either.
    let mut decoder = LineDecoder::with_limits(Limits::new().with_line(0));
    drop(decoder.decode(b"\xEF"));
    drop(decoder.decode(b"x"));
    assert!(!decoder.reconnect());
    assert!(!decoder.is_mid_line());
    assert_eq!(decoder.decode(b"\n").next_line().map(|line| read_line(line, 0)), Some(Ok(b"\n".to_vec())));
}
