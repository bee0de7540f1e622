//! Level 1 in the most naive way: the lines of a stream, and how each is encoded again.

use std::mem;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// What a [`Splitter`] gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NaiveLine {
    /// A line as it stands on the wire, without its end.
    Line(Vec<u8>),
    /// A line that has more bytes than the limit.
    TooLong {
        /// Where it began.
        offset: u64,
    },
}

/// Splits a stream into lines, one byte at a time.
#[derive(Debug, Clone)]
pub struct Splitter {
    limit: usize,
    /// Of the next byte.
    offset: u64,
    /// What may become a BOM, at the very start: it is no line yet.
    start: Option<Vec<u8>>,
    after_cr: bool,
    line: Vec<u8>,
    /// The start of the line was lost, so it is skipped.
    lost: bool,
}

impl Splitter {
    /// At the start of a stream, for lines of up to `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, offset: 0, start: Some(vec![]), after_cr: false, line: vec![], lost: false }
    }

    /// Takes the next byte: the end of a line gives it, and a byte that is too much gives an error.
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
        // It was none. Only the last byte may end the line, so that one thing comes of them.
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

    /// A guard was leaked, with this many bytes that had not been read: in a line, as far as is known.
    pub fn lose(&mut self, unread: usize) {
        let offset = self.offset + unread as u64;
        *self = Self { offset, start: None, lost: true, ..Self::new(self.limit) };
    }

    /// A new connection: what was begun is gone.
    pub fn reconnect(&mut self) {
        *self = Self::new(self.limit);
    }

    /// Whether this byte, if it is the next one, belongs to the line of the last one.
    pub fn goes_on_with(&self, next: u8) -> bool {
        self.is_mid_line() || (self.after_cr && next == b'\n')
    }

    /// Whether a part of a line would be lost if the stream ended here.
    pub fn is_mid_line(&self) -> bool {
        self.lost || !self.line.is_empty()
    }
}

/// What comes of a stream: its whole lines, and each line that is too long as soon as it is.
pub fn split(stream: &[u8], limit: usize) -> Vec<NaiveLine> {
    let mut splitter = Splitter::new(limit);
    stream.iter().filter_map(|&byte| splitter.feed(byte)).collect()
}

/// A line as it should be encoded again.
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
