//! Decodes bytes to lines and blocks, for proxies that must see lines that clients ignore.
//!
//! [`BlockDecoder`] and [`BlockStream`](crate::lines) return complete blocks, which can be edited and forwarded.
//! [`LineDecoder`] returns each line at once. A proxy that only observes events forwards the bytes unchanged, and also
//! passes them to a [`Decoder`](crate::Decoder).
//!
//! ```
//! use sse_codec::lines::LineDecoder;
//!
//! let mut forwarded = Vec::new();
//! let mut decoder = LineDecoder::new();
//! for chunk in [&b"\xEF\xBB\xBF: hi\r\nx-trace:7\r"[..], b"\ndata: 1\r\n\r", b"\n"] {
//!     let mut lines = decoder.decode(chunk);
//!     while let Some(line) = lines.next_line() {
//!         line?.encode(&mut forwarded);
//!     }
//! }
//! assert_eq!(forwarded, b": hi\nx-trace: 7\ndata: 1\n\n");
//! # Ok::<(), sse_codec::error::DecodeError>(())
//! ```

#[cfg(feature = "stream")]
mod block_stream;
mod blocks;
mod input;
mod line;
mod raw_block;

use core::mem;

use alloc::vec::Vec;

use bytes::BytesMut;

#[cfg(feature = "stream")]
pub use block_stream::BlockStream;
pub use blocks::{BlockDecoder, Blocks};
pub use line::{Comment, Field, Line};
pub use raw_block::RawBlock;

use crate::{
    bom::{BOM, continue_bom},
    buffer::{clear, push},
    error::{DecodeError, DecodeErrorKind},
    limits::Limits,
    scan::LineEnds,
};
use input::Input;

/// Decodes an event stream to its lines.
///
/// Comments and unknown fields are returned too, and each line can be [encoded](Line::encode) again. The fields,
/// values, comments and blank lines stay the same, in the same order, even if they are not UTF-8. Every line end becomes
/// LF, every field gets a colon and one space after it, and a BOM at the start is removed.
///
/// Standard: [9.2.5](https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream).
#[derive(Clone, Debug)]
pub struct LineDecoder {
    limit: usize,
    state: State,
    /// The line that the last chunk cut, or the last line that was returned from this buffer.
    line: Vec<u8>,
    /// The bytes that a guard did not read.
    unread: BytesMut,
    /// The offset in the stream of the first byte of the input.
    offset: u64,
    /// The offset at which the next input begins.
    input_end: u64,
    /// Whether the input has unread bytes, and its guard has not been dropped.
    is_reading: bool,
    /// Whether the last byte was a CR, to which an LF belongs.
    after_cr: bool,
    /// The offset in the stream of the first byte of the line.
    line_offset: u64,
    /// Whether a field was returned since the last blank line.
    in_block: bool,
}

/// The next bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// The rest of a BOM after this many bytes of it, or a line.
    Bom(usize),
    /// A line.
    LineStart,
    /// The rest of a line.
    InLine,
    /// The rest of a line that is ignored.
    Skipping,
}

/// A guard that returns the lines of one chunk, one at a time.
///
/// It is returned by [`LineDecoder::decode`].
#[derive(Debug)]
pub struct Lines<'d> {
    decoder: &'d mut LineDecoder,
    input: Input<'d>,
    ends: LineEnds,
    pos: usize,
}

impl LineDecoder {
    /// Creates a decoder with the default limit of 16 MiB for a line.
    pub fn new() -> Self {
        Self::with_limits(Limits::new())
    }

    /// Creates a decoder with another [limit of a line](Limits::with_line).
    pub fn with_limits(limits: Limits) -> Self {
        Self {
            limit: limits.line(),
            state: State::Bom(0),
            line: Vec::new(),
            unread: BytesMut::new(),
            offset: 0,
            input_end: 0,
            is_reading: false,
            after_cr: false,
            line_offset: 0,
            in_block: false,
        }
    }

    /// Decodes a chunk, and returns a guard that yields its lines.
    ///
    /// As with [`Decoder::decode`](crate::Decoder::decode), a guard that is dropped early leaves the rest of its chunk
    /// for the next call. A leaked guard loses its chunk and the rest of the line in which the chunk ended.
    pub fn decode<'d>(&'d mut self, chunk: &'d [u8]) -> Lines<'d> {
        let input = Input::new(&mut self.unread, chunk);
        if self.is_reading {
            // Where in a line the leaked guard stopped is unknown.
            self.state = State::Skipping;
            self.after_cr = false;
            clear(&mut self.line);
        }
        self.offset = self.input_end;
        self.input_end += input.len() as u64;
        self.is_reading = !input.is_empty();
        Lines { ends: LineEnds::starting_at(&input, 0), decoder: self, input, pos: 0 }
    }

    /// Returns how many bytes at the start of the input belong to no line.
    fn skip(&mut self, input: &[u8]) -> usize {
        if input.is_empty() {
            return 0;
        }
        match self.state {
            State::Bom(seen) => match continue_bom(seen, input) {
                Some(len) if seen + len < BOM.len() => {
                    self.state = State::Bom(seen + len);
                    len
                }
                Some(len) => {
                    self.state = State::LineStart;
                    len
                }
                None if seen == 0 => {
                    self.state = State::LineStart;
                    0
                }
                None => {
                    // These bytes are not a BOM, but belong to the first line.
                    self.state = State::InLine;
                    self.line.extend_from_slice(&BOM[..seen]);
                    0
                }
            },
            State::LineStart | State::InLine | State::Skipping => {
                usize::from(mem::take(&mut self.after_cr) && input[0] == b'\n')
            }
        }
    }

    /// Returns whether the stream is within a line.
    ///
    /// If it ends here, a line was cut off.
    ///
    /// It also returns true if a guard left bytes unread.
    pub fn is_mid_line(&self) -> bool {
        self.is_reading || !self.unread.is_empty() || matches!(self.state, State::InLine | State::Skipping)
    }

    /// Returns whether the stream is within a block.
    ///
    /// ```
    /// let mut decoder = sse_codec::lines::LineDecoder::new();
    /// assert!(decoder.decode(b"data: 1\n").next_line().is_some());
    /// assert!(decoder.is_mid_block());
    /// assert!(decoder.decode(b"\n").next_line().is_some());
    /// assert!(!decoder.is_mid_block());
    /// ```
    ///
    /// This is so if a field was returned since the last blank line, or the stream is
    /// [within a line](Self::is_mid_line).
    pub fn is_mid_block(&self) -> bool {
        self.in_block || self.is_mid_line()
    }

    /// Prepares for the stream of a new connection, and returns whether a block was left open.
    ///
    /// An unfinished or unread line is dropped, and a BOM is expected again. Offsets in errors count from here.
    ///
    /// A block is left open if some of its fields were returned, but not its blank line. A proxy that has forwarded
    /// these fields must not send the lines of the new connection after them, since its client would read both as one
    /// event. The proxy can end its response, so that the client discards the unfinished event and reconnects. Or it
    /// forwards only complete blocks, which takes two lines:
    ///
    /// ```
    /// # use sse_codec::lines::{Line, LineDecoder};
    /// # let (mut decoder, mut block, mut client) = (LineDecoder::new(), Vec::new(), Vec::new());
    /// # for connection in [&b"id: 1\ndata: a\n"[..], b"data: b\n\n"] {
    /// #     let mut lines = decoder.decode(connection);
    /// #     while let Some(line) = lines.next_line() {
    /// #         let line = line?;
    /// line.encode(&mut block);
    /// if line == Line::Blank { client.append(&mut block) } // a complete block: forward it
    /// #     }
    /// #     drop(lines);
    /// // When the connection is cut:
    /// if decoder.reconnect() { block.clear() }
    /// # }
    /// # assert_eq!(client, b"data: b\n\n");
    /// # Ok::<(), sse_codec::error::DecodeError>(())
    /// ```
    #[must_use = "a block that was left open must not be continued by the lines of another connection"]
    pub fn reconnect(&mut self) -> bool {
        let was_open = self.in_block;
        *self = Self::with_limits(Limits::new().with_line(self.limit));
        was_open
    }

    fn line<'a>(in_block: &mut bool, line: &'a [u8]) -> Line<'a> {
        let line = Line::parse(line);
        match line {
            Line::Blank => *in_block = false,
            Line::Field(_) => *in_block = true,
            Line::Comment(_) => {}
        }
        line
    }

    /// Adds a part to the cut line.
    fn add(&mut self, part: &[u8]) -> Option<DecodeError> {
        if self.state == State::Skipping {
            return None;
        }
        if part.len() <= self.limit.saturating_sub(self.line.len()) && self.line.len() <= self.limit {
            push(&mut self.line, part, self.limit);
            return None;
        }
        self.state = State::Skipping;
        clear(&mut self.line);
        let (limit, offset) = (self.limit, self.line_offset);
        Some(DecodeError { kind: DecodeErrorKind::LineTooLong, limit, offset, event_id: None })
    }
}

impl Default for LineDecoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Lines<'_> {
    /// Returns the next line of the chunk, or `None` at its end.
    ///
    /// # Errors
    ///
    /// If a line is longer than the limit. Call it again after an error: other lines are not affected.
    pub fn next_line(&mut self) -> Option<Result<Line<'_>, DecodeError>> {
        self.next_line_at().map(|(line, _)| line)
    }

    /// Returns the next line, and the offset of its first byte in the stream.
    fn next_line_at(&mut self) -> Option<(Result<Line<'_>, DecodeError>, u64)> {
        let Self { decoder, input, ends, pos } = self;
        if *pos == 0 {
            *pos = decoder.skip(input);
            *ends = LineEnds::starting_at(input, *pos);
        }
        loop {
            let end = ends.next(input);
            let part = *pos..end.map_or(input.len(), |line| line.end);
            *pos = end.map_or(input.len(), |line| line.next);
            if *pos == input.len() && !input.is_empty() {
                decoder.is_reading = false;
                decoder.after_cr = input.last() == Some(&b'\r');
            }
            if !matches!(decoder.state, State::InLine | State::Skipping) {
                if end.is_none() && part.is_empty() {
                    return None;
                }
                decoder.line_offset = decoder.offset + part.start as u64;
                if end.is_some() && part.len() <= decoder.limit {
                    let line = LineDecoder::line(&mut decoder.in_block, &input[part]);
                    return Some((Ok(line), decoder.line_offset));
                }
                clear(&mut decoder.line);
                decoder.state = State::InLine;
            }
            let error = decoder.add(&input[part]);
            if end.is_none() {
                return error.map(|error| (Err(error), decoder.line_offset));
            }
            let state = mem::replace(&mut decoder.state, State::LineStart);
            match (error, state) {
                (Some(error), _) => return Some((Err(error), decoder.line_offset)),
                (None, State::Skipping) => {}
                (None, _) => {
                    let line = LineDecoder::line(&mut decoder.in_block, &decoder.line);
                    return Some((Ok(line), decoder.line_offset));
                }
            }
        }
    }
}

impl Drop for Lines<'_> {
    fn drop(&mut self) {
        let Self { decoder, input, pos, .. } = self;
        if decoder.state != State::InLine {
            clear(&mut decoder.line);
        }
        if decoder.is_reading {
            decoder.is_reading = false;
            decoder.input_end = decoder.offset + *pos as u64;
            decoder.unread = input.take_unread(*pos);
        }
    }
}
