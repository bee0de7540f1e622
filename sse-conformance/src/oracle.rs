//! The test oracle: a naive `text/event-stream` decoder, one byte at a time.
//!
//! It follows the sentences of the WHATWG HTML standard, section 9.2, and the limits of sse-codec: each line is
//! collected and then processed. It is slow on purpose, shares no code and no idea with the decoder under test, and
//! needs only `std`. Quotes are from the standard.

use std::mem;

use crate::utf8::decode_utf8;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// The limits, and whether comments are returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// The most bytes of the `data`, `event` and `id` lines of an event.
    pub event: usize,
    /// The most bytes of an id.
    pub id: usize,
    /// The most bytes of a comment. `None` skips comments.
    pub comment: Option<usize>,
}

impl Settings {
    /// No limits, and no comments.
    pub const EVENTS: Self = Self { event: usize::MAX, id: usize::MAX, comment: None };
    /// No limits, and comments too.
    pub const ITEMS: Self = Self { comment: Some(usize::MAX), ..Self::EVENTS };

    /// The same with this limit for an event.
    pub const fn event(self, limit: usize) -> Self {
        Self { event: limit, ..self }
    }

    /// The same with this limit for an id.
    pub const fn id(self, limit: usize) -> Self {
        Self { id: limit, ..self }
    }

    /// The same with comments up to this limit.
    pub const fn comment(self, limit: usize) -> Self {
        Self { comment: Some(limit), ..self }
    }
}

/// An output, at the byte at which it is certain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// An event is dispatched.
    Event {
        /// `None`: the event type buffer was empty, so the event is a `message`.
        event_type: Option<String>,
        /// The data lines, with an LF between each two.
        data: String,
        /// The last `id` accepted in this block.
        id: Option<String>,
        /// The last valid `retry` in this block, in ms.
        retry: Option<u64>,
        /// The last event ID string once this event is dispatched.
        last_event_id: String,
    },
    /// A comment: everything after the first colon.
    Comment(String),
    /// A block is dropped, since its event is over the limit.
    EventTooLarge {
        /// The limit.
        limit: usize,
        /// Where the dropped block begins.
        offset: u64,
        /// The last `id` accepted in the block before it was dropped.
        id: Option<String>,
    },
    /// An id is ignored, since it is over the limit.
    IdTooLong {
        /// The limit.
        limit: usize,
        /// Where the line of the id begins.
        offset: u64,
    },
    /// A comment is skipped, since it is over the limit.
    CommentTooLarge {
        /// The limit.
        limit: usize,
        /// Where the comment's line begins.
        offset: u64,
    },
}

/// The outputs of a whole stream, and the state at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The outputs, in order.
    pub outputs: Vec<Output>,
    /// The last event ID.
    pub last_event_id: String,
    /// The reconnection time, in ms.
    pub retry: Option<u64>,
}

impl Outcome {
    /// The same without comments.
    #[must_use]
    pub fn without_comments(mut self) -> Self {
        self.outputs.retain(|output| !matches!(output, Output::Comment(_)));
        self
    }
}

/// The naive decoder.
#[derive(Debug, Clone)]
pub struct Oracle {
    settings: Settings,
    last_event_id: String,
    retry: Option<u64>,
    /// The offset of the next byte.
    offset: u64,
    after_cr: bool,
    line: Line,
    block: Block,
    outputs: Vec<Output>,
}

/// The line so far, without its end.
#[derive(Debug, Clone, Default)]
struct Line {
    start: Option<u64>,
    bytes: Vec<u8>,
    /// Whether it is an id that was reported as too long.
    too_long: bool,
    /// Whether its start was lost, so its field is unknown.
    lost: bool,
}

/// The fields since the last blank line, as sent.
#[derive(Debug, Clone, Default)]
struct Block {
    start: Option<u64>,
    /// The size of its complete lines.
    size: usize,
    /// The data values, each with an LF after it.
    data: Vec<u8>,
    event_type: Vec<u8>,
    id: Option<Vec<u8>>,
    retry: Option<u64>,
    /// Whether it was over the limit or lost: ignored up to the next blank line.
    dropped: bool,
}

impl Oracle {
    /// A decoder at the start of a stream, with the last event ID of earlier connections.
    #[must_use]
    pub fn new(settings: Settings, last_event_id: &str) -> Self {
        Self {
            settings,
            last_event_id: last_event_id.to_owned(),
            retry: None,
            offset: 0,
            after_cr: false,
            line: Line::default(),
            block: Block::default(),
            outputs: Vec::new(),
        }
    }

    /// Reads the next byte of the stream.
    pub fn feed(&mut self, byte: u8) {
        let at = self.offset;
        self.offset += 1;

        // "a U+000D CARRIAGE RETURN U+000A LINE FEED (CRLF) character pair": the CR has ended the
        // line, its LF belongs neither to the next line nor to the next block.
        if mem::take(&mut self.after_cr) && byte == b'\n' {
            return;
        }
        self.line.start.get_or_insert(at);
        self.block.start.get_or_insert(at);

        if byte == b'\n' || byte == b'\r' {
            self.after_cr = byte == b'\r';
            self.end_line();
            return;
        }
        self.line.bytes.push(byte);
        // "The UTF-8 decode algorithm strips one leading UTF-8 Byte Order Mark (BOM), if any."
        if self.offset == 3 && self.line.bytes == BOM {
            self.line = Line::default();
            self.block = Block::default();
        }
        self.check_event(self.line.size_so_far());
        self.check_id();
        self.check_comment();
    }

    /// Reads these bytes one after the other.
    pub fn feed_all(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.feed(byte);
        }
    }

    /// A new connection: an unfinished event is discarded, the last event ID stays.
    pub fn reconnect(&mut self) {
        self.offset = 0;
        self.after_cr = false;
        self.line = Line::default();
        self.block = Block::default();
    }

    /// A guard was leaked with this many unread bytes. The position in the block is unknown, so the block is dropped.
    pub fn lose(&mut self, unread: usize) {
        self.offset += unread as u64;
        self.after_cr = false;
        self.line = Line { lost: true, ..Line::default() };
        self.block = Block { dropped: true, ..Block::default() };
    }

    /// Whether the next byte, if it is this one, belongs to the current line or its end.
    pub fn is_mid_line(&self, next: u8) -> bool {
        !self.line.bytes.is_empty() || self.line.lost || (self.after_cr && next == b'\n')
    }

    /// The outputs since the last call.
    pub fn take_outputs(&mut self) -> Vec<Output> {
        mem::take(&mut self.outputs)
    }

    /// The last event ID as of the last blank line.
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// The last valid reconnection time, in ms.
    #[must_use]
    pub fn retry(&self) -> Option<u64> {
        self.retry
    }

    /// Whether a part of an event would be lost if the stream ended here.
    #[must_use]
    pub fn is_mid_event(&self) -> bool {
        let block = &self.block;
        let has_field = !block.data.is_empty() || !block.event_type.is_empty() || block.id.is_some();
        block.dropped || has_field || self.line.may_be_of_event()
    }

    fn end_line(&mut self) {
        let line = mem::take(&mut self.line);
        if line.lost {
            return;
        }
        // Check the size first: a line over the limit has no effect.
        self.check_event(line.size());
        self.block.size += line.size();

        let bytes = &line.bytes[..];
        if bytes.is_empty() {
            // "If the line is empty (a blank line): Dispatch the event, as defined below."
            self.dispatch();
        } else if line.too_long {
            // The id was ignored when it was reported.
        } else if let Some(text) = bytes.strip_prefix(b":") {
            // "If the line starts with a U+003A COLON character (:): Ignore the line." A longer comment was reported at
            // its first byte over the limit.
            if self.settings.comment.is_some_and(|limit| text.len() <= limit) {
                self.outputs.push(Output::Comment(decode_utf8(text)));
            }
        } else if let Some(colon) = bytes.iter().position(|&b| b == b':') {
            // "Collect the characters on the line before the first U+003A COLON character (:)"
            self.field(&bytes[..colon], without_space(&bytes[colon + 1..]));
        } else {
            // "using the whole line as the field name, and the empty string as the field value"
            self.field(bytes, b"");
        }
    }

    fn field(&mut self, name: &[u8], value: &[u8]) {
        let block = &mut self.block;
        // "Field names must be compared literally, with no case folding performed."
        match name {
            b"event" | b"data" | b"id" if block.dropped => {}
            // "Set the event type buffer to field value."
            b"event" => block.event_type = value.to_vec(),
            // "Append the field value to the data buffer, then append a single U+000A LINE FEED
            // (LF) character to the data buffer."
            b"data" => {
                block.data.extend(value);
                block.data.push(b'\n');
            }
            // "If the field value does not contain U+0000 NULL, then set the last event ID buffer
            // to the field value. Otherwise, ignore the field."
            b"id" if !value.contains(&0) => block.id = Some(value.to_vec()),
            // "If the field value consists of only ASCII digits, then interpret the field value as
            // an integer in base ten, and set the event stream's reconnection time to that integer."
            b"retry" => {
                if let Some(ms) = parse_digits(value) {
                    block.retry = Some(ms);
                    self.retry = Some(ms);
                }
            }
            // "Otherwise: The field is ignored."
            _ => {}
        }
    }

    fn dispatch(&mut self) {
        let block = mem::take(&mut self.block);
        if block.dropped {
            return;
        }
        let id = block.id.as_deref().map(decode_utf8);
        // "Set the last event ID string of the event source to the value of the last event ID buffer."
        if let Some(id) = &id {
            self.last_event_id.clone_from(id);
        }
        // "If the data buffer is an empty string, set the data buffer and the event type buffer to
        // the empty string and return." Otherwise "remove the last character", which is an LF.
        let Some((_lf, data)) = block.data.split_last() else {
            return;
        };
        // "If the event type buffer has a value other than the empty string, change the type"
        let has_type = !block.event_type.is_empty();
        self.outputs.push(Output::Event {
            event_type: has_type.then(|| decode_utf8(&block.event_type)),
            // LF is never inside a UTF-8 sequence, so lines can be decoded together.
            data: decode_utf8(data),
            id,
            retry: block.retry,
            last_event_id: self.last_event_id.clone(),
        });
    }

    /// Drops the block as soon as it, with its current line, is over the limit.
    fn check_event(&mut self, line: usize) {
        if self.block.dropped || self.block.size + line <= self.settings.event {
            return;
        }
        self.outputs.push(Output::EventTooLarge {
            limit: self.settings.event,
            offset: self.block.start.expect("an empty block is never over"),
            id: self.block.id.as_deref().map(decode_utf8),
        });
        self.block = Block { dropped: true, ..Block::default() };
    }

    /// After each byte of a line: reports an id as soon as it is too long. Not in a dropped block.
    fn check_id(&mut self) {
        let limit = self.settings.id;
        let too_long = self.line.value_of(b"id:").is_some_and(|value| value.len() > limit);
        if too_long && !self.block.dropped && !mem::replace(&mut self.line.too_long, true) {
            let offset = self.line.start.expect("the line has a colon");
            self.outputs.push(Output::IdTooLong { limit, offset });
        }
    }

    /// After each byte of a line: reports a comment at its first byte over the limit, so only once.
    fn check_comment(&mut self) {
        if let Some(limit) = self.settings.comment
            && let Some(text) = self.line.value_of_comment()
            && limit.checked_add(1) == Some(text.len())
        {
            let offset = self.line.start.expect("the line has a colon");
            self.outputs.push(Output::CommentTooLarge { limit, offset });
        }
    }
}

impl Line {
    /// The size of the complete line, as part of its event.
    fn size(&self) -> usize {
        match &self.bytes[..] {
            _ if self.lost => 0,
            name @ (b"data" | b"event" | b"id") => name.len(),
            _ => self.size_so_far(),
        }
    }

    /// The size of the incomplete line: zero before its colon, and for an id that was reported.
    fn size_so_far(&self) -> usize {
        let counts = !self.too_long && NAMES.iter().any(|name| self.value_of(name).is_some());
        if counts { self.bytes.len() } else { 0 }
    }

    /// Whether the line is a field of an event, or may become one.
    fn may_be_of_event(&self) -> bool {
        let may_become = |name: &&[u8]| !self.bytes.is_empty() && name.starts_with(&self.bytes);
        !self.lost && (self.size_so_far() > 0 || NAMES.iter().any(may_become))
    }

    /// The value so far, if the line starts with this name and colon.
    fn value_of(&self, name_and_colon: &[u8]) -> Option<&[u8]> {
        let value = self.bytes.strip_prefix(name_and_colon).filter(|_| !self.lost)?;
        Some(without_space(value))
    }

    fn value_of_comment(&self) -> Option<&[u8]> {
        self.bytes.strip_prefix(b":").filter(|_| !self.lost)
    }
}

/// The fields that count for the size of an event.
const NAMES: [&[u8]; 3] = [b"data:", b"event:", b"id:"];

/// Decodes a whole stream.
#[must_use]
pub fn expect(bytes: &[u8], settings: Settings) -> Outcome {
    let mut oracle = Oracle::new(settings, "");
    oracle.feed_all(bytes);
    // "Once the end of the file is reached, any pending data must be discarded."
    Outcome { outputs: oracle.outputs, last_event_id: oracle.last_event_id, retry: oracle.retry }
}

/// "If value starts with a U+0020 SPACE character, remove it from value."
fn without_space(value: &[u8]) -> &[u8] {
    value.strip_prefix(b" ").unwrap_or(value)
}

/// A number of digits only that fits.
fn parse_digits(value: &[u8]) -> Option<u64> {
    if value.is_empty() {
        return None;
    }
    value.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| byte - b'0')?;
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })
}
