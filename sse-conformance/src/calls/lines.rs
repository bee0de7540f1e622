//! Calls of a decoder of lines.

use std::{collections::VecDeque, mem};

use sse_codec::{
    error::{DecodeError, DecodeErrorKind},
    limits::Limits,
    lines::{Line, LineDecoder},
};

use super::{Asks, Script, Step, what};
use crate::naive_lines::{NaiveLine, Splitter, encoding};

/// A line as it is encoded again, or the offset of a line that was too long.
pub type LineRead = Result<Vec<u8>, u64>;

/// Converts a line from a decoder with this limit.
pub fn read_line(line: Result<Line<'_>, DecodeError>, limit: usize) -> LineRead {
    match line {
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
    }
}

impl From<NaiveLine> for LineRead {
    fn from(line: NaiveLine) -> Self {
        match line {
            NaiveLine::Line(line) => Ok(encoding(&line)),
            NaiveLine::TooLong { offset } => Err(offset),
        }
    }
}

/// The expected behaviour of a decoder of lines.
#[derive(Clone, Debug)]
struct Model {
    splitter: Splitter,
    unread: VecDeque<u8>,
    /// Whether a field was read since the last blank line.
    in_block: bool,
}

impl Model {
    fn next(&mut self) -> Option<LineRead> {
        while let Some(byte) = self.unread.pop_front() {
            if let Some(line) = self.splitter.feed(byte) {
                match &line {
                    NaiveLine::Line(line) if line.is_empty() => self.in_block = false,
                    NaiveLine::Line(line) if line[0] != b':' => self.in_block = true,
                    NaiveLine::Line(_) | NaiveLine::TooLong { .. } => {}
                }
                return Some(line.into());
            }
        }
        None
    }

    /// A guard that was called has read whole lines.
    fn end_line(&mut self) {
        while let Some(&byte) = self.unread.front()
            && self.splitter.goes_on_with(byte)
        {
            assert_eq!(self.splitter.feed(byte), None);
            self.unread.pop_front();
        }
    }

    /// A guard is leaked. The bytes that it has not read are lost.
    fn lose(&mut self) {
        if !self.unread.is_empty() {
            self.splitter.lose(self.unread.len());
            self.unread.clear();
        }
    }
}

/// Decodes the lines of the stream in these steps.
pub fn lines(limit: usize, steps: &[u8], stream: &[u8]) {
    let mut script = Script::new(steps, stream);
    let mut decoder = LineDecoder::with_limits(Limits::new().with_line(limit));
    let mut model = Model { splitter: Splitter::new(limit), unread: VecDeque::new(), in_block: false };
    while let Some(step) = script.step() {
        match step.what {
            what::RECONNECT => {
                assert_eq!(decoder.reconnect(), std::mem::take(&mut model.in_block));
                model.unread.clear();
                model.splitter.reconnect();
                check(&decoder, &model);
                continue;
            }
            what::CLONE => decoder = decoder.clone(),
            what::TWIN => {
                let rest = &script.stream[..script.stream.len().min(500)];
                read(&mut decoder.clone(), &mut model.clone(), rest, limit);
            }
            _ => {}
        }
        let chunk = if step.what == what::EMPTY { b"" } else { script.chunk(step.len) };
        lend(&mut decoder, &mut model, chunk, step, limit);
        check(&decoder, &model);
    }
    read(&mut decoder, &mut model, script.stream, limit);
    check(&decoder, &model);
}

fn lend(decoder: &mut LineDecoder, model: &mut Model, chunk: &[u8], step: Step, limit: usize) {
    let mut lines = decoder.decode(chunk);
    model.unread.extend(chunk);
    let mut is_asked = false;
    step.asks.each(|_| {
        is_asked = true;
        let line = lines.next_line().map(|line| read_line(line, limit));
        assert_eq!(line, model.next());
        line.is_some()
    });
    if is_asked {
        model.end_line();
    }
    if step.leaks {
        mem::forget(lines);
        model.lose();
    }
}

fn read(decoder: &mut LineDecoder, model: &mut Model, chunk: &[u8], limit: usize) {
    let step = Step { what: what::LENT, len: chunk.len(), asks: Asks::ALL, leaks: false };
    lend(decoder, model, chunk, step, limit);
}

/// Compares the state of decoder and model.
fn check(decoder: &LineDecoder, model: &Model) {
    // The model reads all unread bytes one by one, which is slow.
    if model.unread.len() >= 1000 {
        return;
    }
    let mut reader = model.clone();
    let is_mid_line = reader.next().is_some() || reader.splitter.is_mid_line();
    if is_mid_line || model.unread.is_empty() {
        assert_eq!(decoder.is_mid_line(), is_mid_line, "is it mid line? {model:?}");
        assert_eq!(decoder.is_mid_block(), is_mid_line || model.in_block, "is it mid block? {model:?}");
    }
}
