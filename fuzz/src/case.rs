//! The fuzzer's bytes as a stream, and how it is to be decoded.

/// A stream, and how it is to be decoded. The settings are one byte each and stand before the stream,
/// so a file of the corpus is easily read and made.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    /// Of an event, or of a line on level 1.
    pub(crate) event_limit: usize,
    /// Of a comment, if comments are asked for.
    pub(crate) comment_limit: Option<usize>,
    /// After so many questions what lends or yields is dropped, and made anew.
    pub(crate) sip: usize,
    /// How it is made larger. Read by `decode` alone.
    pub(crate) large: u8,
    /// How the stream comes: what the numbers mean is up to each target.
    pub(crate) steps: &'a [u8],
    pub(crate) stream: &'a [u8],
}

impl<'a> Case<'a> {
    pub(crate) fn parse(input: &'a [u8]) -> Option<Self> {
        let (&[event_limit, comment_limit, sip, large, steps], rest) = input.split_first_chunk()?;
        let (steps, stream) = rest.split_at_checked(steps.into())?;
        Some(Self {
            event_limit: limit(event_limit),
            comment_limit: (comment_limit != 254).then(|| limit(comment_limit)),
            sip: if sip == 0 { usize::MAX } else { sip.into() },
            large,
            steps,
            stream,
        })
    }

    /// The bytes of a case.
    pub(crate) fn to_bytes(settings: [u8; 4], steps: &[u8], stream: &[u8]) -> Vec<u8> {
        let count = u8::try_from(steps.len()).expect("few steps");
        [&settings[..], &[count], steps, stream].concat()
    }

    /// The stream in chunks: the steps are their lengths, over and over.
    pub(crate) fn chunks(&self) -> Vec<&'a [u8]> {
        // Empty chunks bring it no further.
        let most = 2 * self.stream.len() + self.steps.len();
        let (mut rest, mut chunks) = (self.stream, Vec::new());
        for &step in self.steps.iter().cycle().take(most) {
            if rest.is_empty() {
                break;
            }
            let (chunk, behind) = rest.split_at(rest.len().min(chunk_len(step)));
            chunks.push(chunk);
            rest = behind;
        }
        chunks.push(rest);
        chunks
    }
}

/// Most numbers are lengths as they are, some are large ones.
pub(crate) fn chunk_len(step: u8) -> usize {
    match step {
        0xC0..0xD0 => usize::from(step - 0xBF) * 64,
        _ => step.into(),
    }
}

fn limit(byte: u8) -> usize {
    if byte == u8::MAX { usize::MAX } else { byte.into() }
}
