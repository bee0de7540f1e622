use sse_codec::{limits::Limits, lines::LineDecoder};
use sse_conformance::{
    calls::{self, read_line},
    oracle::{Outcome, Output, Settings, expect},
};

use crate::case::Case;

/// Any bytes, in any calls, under any limit, give the lines of the naive splitter. The encoded lines have the same
/// meaning.
pub fn lines(input: &[u8]) {
    let Some(case) = Case::parse(input) else { return };
    calls::lines(case.settings.event, case.steps, case.stream);
    assert_eq!(meaning(&forwarded(case.stream)), meaning(case.stream), "{case:?}");
}

/// Encodes the lines again, as a proxy does.
fn forwarded(stream: &[u8]) -> Vec<u8> {
    let mut decoder = LineDecoder::with_limits(Limits::new().with_line(usize::MAX));
    let mut lines = decoder.decode(stream);
    let mut forwarded = Vec::new();
    while let Some(line) = lines.next_line() {
        forwarded.extend(read_line(line, usize::MAX).expect("there is no limit"));
    }
    forwarded
}

/// The outputs that a client sees, without empty comments: one is encoded before a name that begins with a BOM.
fn meaning(stream: &[u8]) -> Outcome {
    let mut outcome = expect(stream, Settings::ITEMS);
    outcome.outputs.retain(|output| *output != Output::Comment(String::new()));
    outcome
}
