//! Level 1 in the most naive way: the lines of a stream, and how each is encoded again.

const BOM: &[u8] = b"\xEF\xBB\xBF";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NaiveLine {
    /// A line as it stands on the wire, without its end.
    Line(Vec<u8>),
    /// A line that has more bytes than the limit, and began at this offset.
    TooLong { offset: u64 },
}

/// What comes of a stream: its whole lines, and each line that is too long as soon as it is.
pub(crate) fn split(stream: &[u8], limit: usize) -> Vec<NaiveLine> {
    // What may become a BOM is no line yet.
    if BOM.starts_with(stream) {
        return vec![];
    }
    let bom = if stream.starts_with(BOM) { BOM.len() } else { 0 };
    let (mut lines, mut line, mut after_cr) = (Vec::new(), Vec::new(), false);
    for (at, &byte) in stream.iter().enumerate().skip(bom) {
        match byte {
            b'\n' if after_cr => {}
            b'\n' | b'\r' => {
                let line = std::mem::take(&mut line);
                if line.len() <= limit {
                    lines.push(NaiveLine::Line(line));
                }
            }
            _ => {
                line.push(byte);
                if line.len() == limit.saturating_add(1) {
                    lines.push(NaiveLine::TooLong { offset: (at + 1 - line.len()) as u64 });
                }
            }
        }
        after_cr = byte == b'\r';
    }
    lines
}

/// A line as it should be encoded again.
pub(crate) fn encoding(line: &[u8]) -> Vec<u8> {
    let mut encoded = match line.iter().position(|&byte| byte == b':') {
        _ if line.is_empty() => vec![],
        Some(0) => line.to_vec(),
        Some(colon) if line.get(colon + 1) == Some(&b' ') => line.to_vec(),
        Some(colon) => [&line[..colon], b": ", &line[colon + 1..]].concat(),
        None => [line, b": "].concat(),
    };
    if line.starts_with(BOM) {
        encoded = [b":\n", &encoded[..]].concat();
    }
    encoded.push(b'\n');
    encoded
}
