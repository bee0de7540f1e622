use std::hint::black_box;

use bytes::Bytes;
use sse_codec::{Decoder, Limits, LineDecoder};

use crate::inputs::Input;

/// A way through the codec.
pub(crate) struct Way {
    pub(crate) name: &'static str,
    measured: fn(Vec<Bytes>) -> usize,
}

pub(crate) const WAYS: &[Way] = &[
    Way { name: "lent", measured: measured_lent },
    Way { name: "owned", measured: measured_owned },
    Way { name: "lines", measured: measured_lines },
];

impl Way {
    /// Makes the input, and then sends it this way.
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
    Decoder::builder().limits(Limits::new().with_event(usize::MAX).with_comment(usize::MAX)).comments(true).build()
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
        let mut events = decoder.decode_bytes(chunk);
        while let Some(item) = events.next_item() {
            black_box(&item);
            count += 1;
        }
    }
    count
}

#[inline(never)]
fn measured_lines(chunks: Vec<Bytes>) -> usize {
    let mut decoder = LineDecoder::with_limits(Limits::new().with_line(usize::MAX));
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
