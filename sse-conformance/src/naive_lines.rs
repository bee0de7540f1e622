//! A naive decoder of lines, and the encoding of each line.

use std::mem;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// A line from a [`Splitter`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NaiveLine {
    /// A line as sent, without its line end.
    Line(Vec<u8>),
    /// A line with more bytes than the limit.
    TooLong {
        /// Where it began.
        offset: u64,
    },
}

/// Splits a stream into lines, one byte at a time.
#[derive(Debug, Clone)]
pub struct Splitter {
    limit: usize,
    /// The offset of the next byte.
    offset: u64,
    /// The first bytes of the stream, while they may be a BOM.
    start: Option<Vec<u8>>,
    after_cr: bool,
    line: Vec<u8>,
    /// The start of the line was lost, so the line is skipped.
    lost: bool,
}

impl Splitter {
    /// A splitter at the start of a stream, for lines of up to `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, offset: 0, start: Some(vec![]), after_cr: false, line: vec![], lost: false }
    }

    /// Reads the next byte. Returns a line at its end, or an error at the first byte over the limit.
    pub fn feed(&mut self, byte: u8) -> Option<NaiveLine> {
        self.offset += 1;
        let Some(mut start) = self.start.take() else { return self.take(self.offset - 1, byte) };
        start.push(byte);
        if start == BOM {
            return None;
        }
        if BOM.starts_with(&start) {
            self.start = Some(start);
            return None;
        }
        // It was no BOM. Only the last of these bytes can end a line, so there is at most one result.
        (0..).zip(start).fold(None, |line, (at, byte)| self.take(at, byte).or(line))
    }

    fn take(&mut self, at: u64, byte: u8) -> Option<NaiveLine> {
        let after_cr = mem::replace(&mut self.after_cr, byte == b'\r');
        match byte {
            b'\n' if after_cr => None,
            b'\n' | b'\r' => {
                let (line, lost) = (mem::take(&mut self.line), mem::take(&mut self.lost));
                (!lost && line.len() <= self.limit).then_some(NaiveLine::Line(line))
            }
            _ if self.lost => None,
            _ => {
                self.line.push(byte);
                let is_too_long = Some(self.line.len()) == self.limit.checked_add(1);
                is_too_long.then(|| NaiveLine::TooLong { offset: at + 1 - self.line.len() as u64 })
            }
        }
    }

    /// A guard was leaked with this many unread bytes. The position in the line is unknown.
    pub fn lose(&mut self, unread: usize) {
        let offset = self.offset + unread as u64;
        *self = Self { offset, start: None, lost: true, ..Self::new(self.limit) };
    }

    /// A new connection: an incomplete line is discarded.
    pub fn reconnect(&mut self) {
        *self = Self::new(self.limit);
    }

    /// Whether the next byte, if it is this one, belongs to the current line or its end.
    pub fn goes_on_with(&self, next: u8) -> bool {
        self.is_mid_line() || (self.after_cr && next == b'\n')
    }

    /// Whether a part of a line would be lost if the stream ended here.
    pub fn is_mid_line(&self) -> bool {
        self.lost || !self.line.is_empty()
    }
}

/// The lines of a stream. A line that is too long is reported at its first byte over the limit.
pub fn split(stream: &[u8], limit: usize) -> Vec<NaiveLine> {
    let mut splitter = Splitter::new(limit);
    stream.iter().filter_map(|&byte| splitter.feed(byte)).collect()
}

/// The expected encoding of a decoded line.
pub fn encoding(line: &[u8]) -> Vec<u8> {
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
