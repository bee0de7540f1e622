use std::hint::black_box;

use bytes::Bytes;
use sse_codec::{Decoder, limits::Limits, lines::LineDecoder};

use crate::inputs::Input;

/// A way of using the codec.
pub(crate) struct Way {
    pub(crate) name: &'static str,
    /// Whether it reads only one item from each guard, so that the decoder keeps the rest.
    is_one_a_call: bool,
    measured: fn(Vec<Bytes>) -> usize,
}

pub(crate) const WAYS: &[Way] = &[
    Way { name: "lent", is_one_a_call: false, measured: measured_lent },
    Way { name: "owned", is_one_a_call: false, measured: measured_owned },
    Way { name: "lines", is_one_a_call: false, measured: measured_lines },
    Way { name: "lent, one a call", is_one_a_call: true, measured: measured_lent_one_a_call },
    Way { name: "owned, one a call", is_one_a_call: true, measured: measured_owned_one_a_call },
    Way { name: "lines, one a call", is_one_a_call: true, measured: measured_lines_one_a_call },
];

impl Way {
    /// Whether the pair is of interest: an input of few items leaves nothing to keep.
    pub(crate) fn takes(&self, input: &Input) -> bool {
        !self.is_one_a_call || input.has_many_items()
    }

    /// Creates the input, and reads it this way.
    pub(crate) fn run(&self, input: &Input, size: usize) {
        let bytes = Bytes::from(input.bytes(size));
        let chunks = (0..bytes.len()).step_by(input.chunk).map(|start| {
            let end = start.saturating_add(input.chunk).min(bytes.len());
            bytes.slice(start..end)
        });
        black_box((self.measured)(chunks.collect()));
    }
}

fn decoder() -> Decoder {
    Decoder::builder()
        .limits(Limits::new().with_event(usize::MAX).with_comment(usize::MAX))
        .comments(true)
        .build()
}

fn line_decoder() -> LineDecoder {
    LineDecoder::with_limits(Limits::new().with_line(usize::MAX))
}

#[inline(never)]
fn measured_lent(chunks: Vec<Bytes>) -> usize {
    let mut decoder = decoder();
    let mut count = 0;
    for chunk in &chunks {
        let mut events = decoder.decode(chunk);
        while let Some(item) = events.next_item() {
            black_box(&item);
            count += 1;
        }
    }
    count
}

#[inline(never)]
fn measured_owned(chunks: Vec<Bytes>) -> usize {
    let mut decoder = decoder();
    let mut count = 0;
    for chunk in chunks {
        for item in decoder.decode_bytes(chunk).items() {
            black_box(&item);
            count += 1;
        }
    }
    count
}

#[inline(never)]
fn measured_lines(chunks: Vec<Bytes>) -> usize {
    let mut decoder = line_decoder();
    let mut count = 0;
    for chunk in &chunks {
        let mut lines = decoder.decode(chunk);
        while let Some(line) = lines.next_line() {
            black_box(&line);
            count += 1;
        }
    }
    count
}

#[inline(never)]
fn measured_lent_one_a_call(chunks: Vec<Bytes>) -> usize {
    let mut decoder = decoder();
    let mut chunks = chunks.iter().map(|chunk| &chunk[..]);
    let mut count = 0;
    loop {
        let chunk = chunks.next();
        let is_last = chunk.is_none();
        let mut events = decoder.decode(chunk.unwrap_or_default());
        match black_box(events.next_item()) {
            Some(_) => count += 1,
            None if is_last => return count,
            None => {}
        }
    }
}

#[inline(never)]
fn measured_owned_one_a_call(chunks: Vec<Bytes>) -> usize {
    let mut decoder = decoder();
    let mut chunks = chunks.into_iter();
    let mut count = 0;
    loop {
        let chunk = chunks.next();
        let is_last = chunk.is_none();
        match black_box(decoder.decode_bytes(chunk.unwrap_or_default()).items().next()) {
            Some(_) => count += 1,
            None if is_last => return count,
            None => {}
        }
    }
}

#[inline(never)]
fn measured_lines_one_a_call(chunks: Vec<Bytes>) -> usize {
    let mut decoder = line_decoder();
    let mut chunks = chunks.iter().map(|chunk| &chunk[..]);
    let mut count = 0;
    loop {
        let chunk = chunks.next();
        let is_last = chunk.is_none();
        let mut lines = decoder.decode(chunk.unwrap_or_default());
        match black_box(lines.next_line()) {
            Some(_) => count += 1,
            None if is_last => return count,
            None => {}
        }
    }
}
