//! Lines and fields, as they stand on the wire.

use core::ops::Range;

use alloc::vec::Vec;

use bytes::BufMut;

use super::{
    data::push,
    line_ends::LineEnds,
    start::{BOM, Start, StreamStart},
};
use crate::{DecodeError, DecodeErrorKind, Limits};

/// Decodes an event stream to its lines: for proxies and gateways, which must see what a client
/// ignores.
///
/// Comments and unknown fields come as they are, and each line can be [encoded](Line::encode) again.
/// "As they are" means the same fields, values, comments and blank lines in the same order, byte by
/// byte also where they are not UTF-8, but not the same line ends, and not whether a space stood
/// behind the colon of a field.
///
/// ```
/// use sse_codec::LineDecoder;
///
/// let mut forwarded = Vec::new();
/// let mut decoder = LineDecoder::new();
/// for chunk in [&b"\xEF\xBB\xBF: hi\r\nx-trace:7\r"[..], b"\ndata: 1\r\n\r", b"\n"] {
///     let mut lines = decoder.decode(chunk);
///     while let Some(line) = lines.next_line() {
///         line?.encode(&mut forwarded);
///     }
/// }
/// assert_eq!(forwarded, b": hi\nx-trace: 7\ndata: 1\n\n");
/// # Ok::<(), sse_codec::DecodeError>(())
/// ```
///
/// Standard: [9.2.5](https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream).
#[derive(Clone, Debug)]
pub struct LineDecoder {
    limit: usize,
    start: StreamStart,
    state: State,
    /// What was seen of a line that is cut.
    line: Vec<u8>,
    /// The start of a BOM that was none: the first bytes of the first line.
    not_a_bom: &'static [u8],
    /// What was left unread of an earlier chunk.
    rest: Vec<u8>,
    /// Offset in the stream of the first byte of the chunk.
    chunk_offset: u64,
    /// Offset in the stream of the first byte of the line that is cut.
    line_offset: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    LineStart,
    InLine,
    /// In a line that passed the limit.
    Skipping,
}

/// What comes of one chunk: a guard that lends one line after another.
///
/// Made by [`LineDecoder::decode`].
#[derive(Debug)]
pub struct Lines<'d> {
    decoder: &'d mut LineDecoder,
    chunk: &'d [u8],
    /// An unread rest of earlier chunks with this chunk behind it, which then takes its place.
    rest: Vec<u8>,
    pos: usize,
    ends: LineEnds,
}

/// A line of an event stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A blank line: the end of a block.
    Blank,
    /// A comment.
    Comment(Comment<'a>),
    /// A field, known or not.
    Field(Field<'a>),
}

/// A comment line. It cannot hold a line break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comment<'a>(&'a [u8]);

/// A field line. Neither its name nor its value can hold a line break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    name: &'a [u8],
    value: &'a [u8],
}

impl LineDecoder {
    /// A decoder of lines up to 16 MiB.
    pub fn new() -> Self {
        Self::with_limits(Limits::new())
    }

    /// A decoder with another [limit of a line](Limits::with_line).
    pub fn with_limits(limits: Limits) -> Self {
        Self {
            limit: limits.line(),
            start: StreamStart::default(),
            state: State::LineStart,
            line: Vec::new(),
            not_a_bom: &[],
            rest: Vec::new(),
            chunk_offset: 0,
            line_offset: 0,
        }
    }

    /// Decodes a chunk; its lines are asked for from the guard that is returned.
    ///
    /// The same rules as for [`Decoder::decode`](crate::Decoder::decode) hold.
    pub fn decode<'d>(&'d mut self, chunk: &'d [u8]) -> Lines<'d> {
        let mut rest = core::mem::take(&mut self.rest);
        if !rest.is_empty() {
            rest.extend_from_slice(chunk);
        }
        let pos = match self.start.begin(if rest.is_empty() { chunk } else { &rest }) {
            Start::Skip(pos) => pos,
            Start::NotABom(seen) => {
                self.not_a_bom = seen;
                self.line.clear();
                self.line_offset = 0;
                self.state = State::InLine;
                0
            }
        };
        let ends = LineEnds::starting_at(if rest.is_empty() { chunk } else { &rest }, pos);
        Lines { decoder: self, chunk, rest, pos, ends }
    }

    /// Whether the stream stands within a line. Where it ends here, a line was cut off.
    pub fn is_mid_line(&self) -> bool {
        !self.rest.is_empty() || self.state != State::LineStart
    }

    /// Prepares for the stream of a new connection: a line that is unfinished or unread is dropped,
    /// and a BOM is expected again. Offsets in errors count from here.
    pub fn reconnect(&mut self) {
        self.rest.clear();
        self.start = StreamStart::default();
        self.state = State::LineStart;
        self.not_a_bom = &[];
        self.chunk_offset = 0;
    }
}

impl Default for LineDecoder {
    fn default() -> Self {
        Self::new()
    }
}

/// Where a line stands.
enum Place {
    Text(Range<usize>),
    Scratch,
}

impl Lines<'_> {
    /// The next line of the chunk; nothing when the chunk is used up.
    ///
    /// # Errors
    ///
    /// When a line is longer than the limit. Go on after it: the next line is not touched by it.
    pub fn next_line(&mut self) -> Option<Result<Line<'_>, DecodeError>> {
        Some(match self.step()? {
            Ok(Place::Text(range)) if self.rest.is_empty() => Ok(Line::parse(&self.chunk[range])),
            Ok(Place::Text(range)) => Ok(Line::parse(&self.rest[range])),
            Ok(Place::Scratch) => Ok(Line::parse(&self.decoder.line)),
            Err(error) => Err(error),
        })
    }

    fn step(&mut self) -> Option<Result<Place, DecodeError>> {
        let not_a_bom = core::mem::take(&mut self.decoder.not_a_bom);
        if let Some(error) = self.decoder.take_part(not_a_bom) {
            return Some(Err(error));
        }
        let text = if self.rest.is_empty() { self.chunk } else { &self.rest };
        loop {
            let end = self.ends.next(text);
            let part = self.pos..end.map_or(text.len(), |line| line.end);
            self.pos = end.map_or(text.len(), |line| line.next);
            let decoder = &mut *self.decoder;
            if decoder.state == State::LineStart {
                if end.is_none() && part.is_empty() {
                    return None;
                }
                decoder.line_offset = decoder.chunk_offset + part.start as u64;
                if end.is_some() && part.len() <= decoder.limit {
                    return Some(Ok(Place::Text(part)));
                }
                decoder.line.clear();
                decoder.state = State::InLine;
            }
            let error = decoder.take_part(&text[part]);
            if end.is_none() {
                return error.map(Err);
            }
            let state = core::mem::replace(&mut decoder.state, State::LineStart);
            match (error, state) {
                (Some(error), _) => return Some(Err(error)),
                (None, State::Skipping) => {}
                (None, _) => return Some(Ok(Place::Scratch)),
            }
        }
    }
}

impl LineDecoder {
    fn take_part(&mut self, part: &[u8]) -> Option<DecodeError> {
        if self.state == State::Skipping {
            return None;
        }
        if part.len() <= self.limit.saturating_sub(self.line.len()) {
            push(&mut self.line, part, self.limit);
            return None;
        }
        self.state = State::Skipping;
        self.line = Vec::new();
        let (limit, offset) = (self.limit, self.line_offset);
        Some(DecodeError { kind: DecodeErrorKind::LineTooLong, limit, offset, event_id: None })
    }
}

impl Drop for Lines<'_> {
    fn drop(&mut self) {
        let text = if self.rest.is_empty() { self.chunk } else { &self.rest };
        let (read, unread) = text.split_at(self.pos);
        self.decoder.start.end(read);
        self.decoder.chunk_offset += read.len() as u64;
        if !unread.is_empty() {
            self.decoder.rest = unread.to_vec();
        }
    }
}

impl<'a> Line<'a> {
    fn parse(line: &'a [u8]) -> Self {
        // > If the line is empty (a blank line)
        if line.is_empty() {
            return Line::Blank;
        }
        match memchr::memchr(b':', line) {
            // > If the line starts with a U+003A COLON character (:)
            Some(0) => Line::Comment(Comment(&line[1..])),
            // > Collect the characters on the line before the first U+003A COLON character (:), and
            // > let field be that string. […] If value starts with a U+0020 SPACE character, remove it
            // > from value.
            Some(colon) => {
                let (name, value) = (&line[..colon], &line[colon + 1..]);
                Line::Field(Field { name, value: value.strip_prefix(b" ").unwrap_or(value) })
            }
            None => Line::Field(Field { name: line, value: &[] }),
        }
    }

    /// Appends the line, with an LF.
    ///
    /// A field whose name begins with a BOM gets an empty comment before it: as the first line of a
    /// stream it would lose the BOM, and might become a field that the sender's clients did not see.
    ///
    /// # Panics
    ///
    /// As every write to a [`BufMut`] does, if a buffer of fixed size has no room.
    pub fn encode<B: BufMut + ?Sized>(&self, buf: &mut B) {
        match self {
            Line::Blank => {}
            Line::Comment(comment) => {
                buf.put_u8(b':');
                buf.put_slice(comment.0);
            }
            Line::Field(field) => {
                if field.name.starts_with(BOM) {
                    buf.put_slice(b":\n");
                }
                buf.put_slice(field.name);
                buf.put_slice(b": ");
                buf.put_slice(field.value);
            }
        }
        buf.put_u8(b'\n');
    }
}

impl<'a> Comment<'a> {
    /// All that is behind the first colon, as it came.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.0
    }
}

impl<'a> Field<'a> {
    /// The name, as it came.
    pub fn name(&self) -> &'a [u8] {
        self.name
    }

    /// The value without the space that may follow the colon, otherwise as it came. Empty if there is
    /// no colon.
    pub fn value(&self) -> &'a [u8] {
        self.value
    }
}
