use sse_codec::{DecodeErrorKind, LineDecoder, Limits};

use crate::{
    case::Case,
    support::{
        Outcome, expect,
        naive_lines::{self, NaiveLine},
        oracle::Output,
    },
};

/// A line as it is encoded again, or where one that was dropped began.
type Encoded = Result<Vec<u8>, u64>;

/// Any bytes, in any chunking, under any limit, give the lines of the naive splitter; and what is
/// encoded again means the same.
pub fn lines(input: &[u8]) {
    let Some(case) = Case::parse(input) else { return };
    let chunks = case.chunks();

    let expected: Vec<Encoded> = naive_lines::split(case.stream, case.event_limit)
        .into_iter()
        .map(|line| match line {
            NaiveLine::Line(line) => Ok(naive_lines::encoding(&line)),
            NaiveLine::TooLong { offset } => Err(offset),
        })
        .collect();
    for sip in [usize::MAX, case.sip] {
        let decoded = decode(&chunks, case.event_limit, sip);
        assert_eq!(decoded, expected, "{sip} lines at once, {case:?}");
    }

    let forwarded = decode(&chunks, usize::MAX, usize::MAX);
    let forwarded: Vec<u8> =
        forwarded.into_iter().flat_map(|line| line.expect("there is no limit")).collect();
    assert_eq!(meaning(&forwarded), meaning(case.stream), "{case:?}");
}

fn decode(chunks: &[&[u8]], limit: usize, sip: usize) -> Vec<Encoded> {
    let mut decoder = LineDecoder::with_limits(Limits::new().with_line(limit));
    let mut decoded = Vec::new();
    for chunk in chunks {
        let mut lines = decoder.decode(chunk);
        let mut asked = 0;
        while let Some(line) = lines.next_line() {
            decoded.push(match line {
                Ok(line) => {
                    let mut encoded = Vec::new();
                    line.encode(&mut encoded);
                    Ok(encoded)
                }
                Err(error) => {
                    assert_eq!((error.kind(), error.limit()), (DecodeErrorKind::LineTooLong, limit));
                    assert_eq!(error.event_id(), None);
                    Err(error.offset())
                }
            });
            asked += 1;
            if asked % sip == 0 {
                drop(lines);
                lines = decoder.decode(b"");
            }
        }
    }
    decoded
}

/// What a client sees, but for empty comments: one is encoded before a name that begins with a BOM.
fn meaning(stream: &[u8]) -> Outcome {
    let mut outcome = expect(stream, Settings::ITEMS);
    outcome.outputs.retain(|output| *output != Output::Comment(String::new()));
    outcome
}
