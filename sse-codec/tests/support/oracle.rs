//! The test oracle: a naive `text/event-stream` decoder, one byte at a time.
//!
//! It follows the sentences of the WHATWG HTML standard, section 9.2, and nothing else: each line is
//! collected and then decided on. It is slow on purpose, shares no code and no idea with the decoder
//! under test, and needs nothing but `std`. Quotes are from the standard.

use std::mem;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// What the stream gave, in the order in which it became certain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    Event {
        /// `None`: the event type buffer was empty, so the event is a `message`.
        event_type: Option<String>,
        data: String,
        /// The last `id` accepted in this block.
        id: Option<String>,
        /// The last valid `retry` in this block, in ms.
        retry: Option<u64>,
        /// The last event ID string once this event is dispatched.
        last_event_id: String,
    },
    /// All that followed the first colon.
    Comment(String),
    EventTooLarge {
        limit: u64,
        /// Where the dropped block begins.
        offset: u64,
        /// The last `id` accepted in the block before it was dropped.
        id: Option<String>,
    },
    CommentTooLarge {
        limit: u64,
        /// Where the comment's line begins.
        offset: u64,
    },
}

/// The naive decoder.
#[derive(Debug, Clone)]
pub struct Oracle {
    event_limit: u64,
    comment_limit: Option<u64>,
    last_event_id: String,
    retry: Option<u64>,
    /// Of the next byte.
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
}

/// What the lines since the last blank line have set, as on the wire.
#[derive(Debug, Clone, Default)]
struct Block {
    start: Option<u64>,
    /// Each value with an LF after it, so its length is the sum of (value bytes + 1).
    data: Vec<u8>,
    event_type: Vec<u8>,
    id: Option<Vec<u8>>,
    retry: Option<u64>,
    /// Was over the limit: ignored up to the next blank line.
    dropped: bool,
}

impl Oracle {
    /// `comments`: `None` skips them, `Some(limit)` reports those of at most `limit` bytes of text.
    #[must_use]
    pub fn new(event_limit: u64, comments: Option<u64>, last_event_id: &str) -> Self {
        Self {
            event_limit,
            comment_limit: comments,
            last_event_id: last_event_id.to_owned(),
            retry: None,
            offset: 0,
            after_cr: false,
            line: Line::default(),
            block: Block::default(),
            outputs: Vec::new(),
        }
    }

    /// Takes the next byte of the stream.
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
            let line = mem::take(&mut self.line);
            self.end_line(&line.bytes);
        } else {
            self.line.bytes.push(byte);
            // "The UTF-8 decode algorithm strips one leading UTF-8 Byte Order Mark (BOM), if any."
            if self.offset == 3 && self.line.bytes == BOM {
                self.line = Line::default();
                self.block = Block::default();
            }
            self.check_comment();
        }
        self.check_event();
    }

    /// Takes many bytes, one after the other.
    pub fn feed_all(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.feed(byte);
        }
    }

    /// A new connection: the unfinished event is gone, what was committed stays.
    pub fn reconnect(&mut self) {
        self.offset = 0;
        self.after_cr = false;
        self.line = Line::default();
        self.block = Block::default();
    }

    /// What has come out since the last call.
    pub fn take_outputs(&mut self) -> Vec<Output> {
        mem::take(&mut self.outputs)
    }

    /// As of the last blank line.
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// The last valid reconnection time, in ms.
    #[must_use]
    pub fn retry(&self) -> Option<u64> {
        self.retry
    }

    fn end_line(&mut self, line: &[u8]) {
        if line.is_empty() {
            // "If the line is empty (a blank line): Dispatch the event, as defined below."
            self.dispatch();
        } else if let Some(text) = line.strip_prefix(b":") {
            // "If the line starts with a U+003A COLON character (:): Ignore the line."
            // A longer comment was reported at its first byte too many.
            if self.comment_limit.is_some_and(|limit| len(text) <= limit) {
                self.outputs.push(Output::Comment(decode_utf8(text)));
            }
        } else if let Some(colon) = line.iter().position(|&b| b == b':') {
            // "Collect the characters on the line before the first U+003A COLON character (:)"
            self.field(&line[..colon], without_space(&line[colon + 1..]));
        } else {
            // "using the whole line as the field name, and the empty string as the field value"
            self.field(line, b"");
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
            // LF is never inside a UTF-8 sequence: the lines decode together as they do one by one.
            data: decode_utf8(data),
            id,
            retry: block.retry,
            last_event_id: self.last_event_id.clone(),
        });
    }

    /// After each byte: the block is dropped as soon as it is over the limit.
    fn check_event(&mut self) {
        if self.block.dropped || self.event_size() <= self.event_limit {
            return;
        }
        self.block.dropped = true;
        self.outputs.push(Output::EventTooLarge {
            limit: self.event_limit,
            offset: self.block.start.expect("an empty block is never over"),
            id: self.block.id.as_deref().map(decode_utf8),
        });
    }

    /// The size of the block if its current line ended here, except that a line is known for what it
    /// is only from its colon on.
    fn event_size(&self) -> u64 {
        let mut data = len(&self.block.data);
        let mut event_type = len(&self.block.event_type);
        let mut id = self.block.id.as_deref().map_or(0, len);

        if let Some(value) = self.line.value_of(b"data:") {
            data += len(value) + 1;
        } else if let Some(value) = self.line.value_of(b"event:") {
            event_type = len(value);
        } else if let Some(value) = self.line.value_of(b"id:")
            // Searched only where it matters, or a long id takes most of the time of all the tests.
            && (data + event_type + len(value) <= self.event_limit || !value.contains(&0))
        {
            id = len(value);
        }
        data + event_type + id
    }

    /// After each byte of a line: reports a comment at its first byte too many, so only once.
    fn check_comment(&mut self) {
        if let Some(limit) = self.comment_limit
            && let Some(text) = self.line.bytes.strip_prefix(b":")
            && limit.checked_add(1) == Some(len(text))
        {
            let offset = self.line.start.expect("the line has a colon");
            self.outputs.push(Output::CommentTooLarge { limit, offset });
        }
    }
}

impl Line {
    /// The value so far, if the line starts with this name and colon.
    fn value_of(&self, name_and_colon: &[u8]) -> Option<&[u8]> {
        self.bytes.strip_prefix(name_and_colon).map(without_space)
    }
}

/// Decodes a whole stream; also gives the last event ID and the reconnection time at its end.
#[must_use]
pub fn decode(bytes: &[u8], event_limit: u64, comments: Option<u64>) -> (Vec<Output>, String, Option<u64>) {
    let mut oracle = Oracle::new(event_limit, comments, "");
    oracle.feed_all(bytes);
    // "Once the end of the file is reached, any pending data must be discarded."
    (oracle.outputs, oracle.last_event_id, oracle.retry)
}

fn len(bytes: &[u8]) -> u64 {
    bytes.len() as u64
}

/// "If value starts with a U+0020 SPACE character, remove it from value."
fn without_space(value: &[u8]) -> &[u8] {
    value.strip_prefix(b" ").unwrap_or(value)
}

/// At least one digit, nothing else, and it fits.
fn parse_digits(value: &[u8]) -> Option<u64> {
    if value.is_empty() {
        return None;
    }
    value.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| byte - b'0')?;
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// The Encoding standard's UTF-8 decoder with error mode "replacement"; names are the standard's.
/// A BOM is kept: only the stream's own first one is removed.
pub fn decode_utf8(bytes: &[u8]) -> String {
    let mut text = String::new();
    let (mut code_point, mut bytes_needed) = (0_u32, 0);
    let (mut lower, mut upper) = (0x80, 0xBF);

    for &byte in bytes {
        if bytes_needed > 0 {
            let expected = lower <= byte && byte <= upper;
            (lower, upper) = (0x80, 0xBF);
            if expected {
                code_point = code_point << 6 | u32::from(byte & 0x3F);
                bytes_needed -= 1;
                if bytes_needed == 0 {
                    text.push(char::from_u32(code_point).expect("the bounds exclude all others"));
                }
                continue;
            }
            // "Restore byte to ioQueue": it is looked at again below, as the start of a sequence.
            bytes_needed = 0;
            text.push(char::REPLACEMENT_CHARACTER);
        }
        match byte {
            0x00..=0x7F => text.push(char::from(byte)),
            0xC2..=0xDF => (bytes_needed, code_point) = (1, u32::from(byte & 0x1F)),
            0xE0..=0xEF => {
                (bytes_needed, code_point) = (2, u32::from(byte & 0x0F));
                match byte {
                    0xE0 => lower = 0xA0,
                    0xED => upper = 0x9F,
                    _ => {}
                }
            }
            0xF0..=0xF4 => {
                (bytes_needed, code_point) = (3, u32::from(byte & 0x07));
                match byte {
                    0xF0 => lower = 0x90,
                    0xF4 => upper = 0x8F,
                    _ => {}
                }
            }
            _ => text.push(char::REPLACEMENT_CHARACTER),
        }
    }
    if bytes_needed > 0 {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    text
}
