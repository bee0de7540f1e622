//! The fuzzer's bytes as a stream, and how to decode it.

use sse_conformance::oracle::Settings;

/// A stream, and how to decode it. The settings are one byte each and come before the stream, so a file of
/// the corpus is easy to read and to write.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    pub(crate) settings: Settings,
    /// A setting of the target: see `README.md`.
    pub(crate) more: u8,
    /// The chunks and calls. Each target gives the numbers a meaning.
    pub(crate) steps: &'a [u8],
    pub(crate) stream: &'a [u8],
}

impl<'a> Case<'a> {
    pub(crate) fn parse(input: &'a [u8]) -> Option<Self> {
        let (&[event, id, comment, more, steps], rest) = input.split_first_chunk()?;
        let (steps, stream) = rest.split_at_checked(steps.into())?;
        let comment = (comment != 254).then(|| limit(comment));
        Some(Self { settings: Settings { event: limit(event), id: limit(id), comment }, more, steps, stream })
    }

    /// The bytes of a case.
    pub(crate) fn to_bytes(settings: [u8; 4], steps: &[u8], stream: &[u8]) -> Vec<u8> {
        let count = u8::try_from(steps.len()).expect("few steps");
        [&settings[..], &[count], steps, stream].concat()
    }
}

fn limit(byte: u8) -> usize {
    if byte == u8::MAX { usize::MAX } else { byte.into() }
}
