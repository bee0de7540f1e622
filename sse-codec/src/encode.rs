//! Encodes blocks to bytes.
//!
//! A block is the lines between two blank lines: an event, or only a comment, an id or a
//! reconnection time. Only [`Block`] writes events to the wire; everything else uses it.

use core::{ops::RangeInclusive, time::Duration};

use alloc::vec::Vec;

use bytes::{BufMut, Bytes};

use crate::{
    EventId, EventType,
    scan::{LineEnd, LineEnds, is_one_line},
};

/// One block of an event stream, to be encoded.
///
/// It is encoded as any of a comment, an id, an event type, a reconnection time and data, in this order,
/// and a blank line. A client dispatches a block as an event if it has data. Blocks without data are
/// also useful: a comment keeps a connection alive, an id alone sets the client's last event ID, and a
/// reconnection time alone sets how long it waits.
///
/// No value can break out of its field: ids and types contain no line breaks, and data and comments are
/// split at theirs.
///
/// ```
/// use core::time::Duration;
/// use sse_codec::{Block, EventId};
///
/// let id = EventId::new("row 7")?;
/// let mut stream = Vec::new();
/// Block::new().comment("padding").encode(&mut stream);
/// Block::new().id(&id).retry(Duration::from_secs(2)).encode(&mut stream);
/// Block::new().data("one\ntwo").encode(&mut stream);
///
/// assert_eq!(stream, b":padding\n\nid: row 7\nretry: 2000\n\ndata: one\ndata: two\n\n");
/// # Ok::<(), sse_codec::error::ValueError>(())
/// ```
///
/// Standard: [9.2.5](https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream), and [9.2.7, advice for authors](https://html.spec.whatwg.org/multipage/server-sent-events.html#authoring-notes).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Block<'a> {
    pub(crate) comment: Option<&'a str>,
    pub(crate) id: Option<&'a str>,
    pub(crate) event_type: Option<&'a str>,
    pub(crate) retry: Option<u64>,
    pub(crate) data: Option<&'a str>,
}

impl<'a> Block<'a> {
    /// Creates an empty block, which is encoded as nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the comment.
    ///
    /// Each line of the text is encoded as `:` and the line, without a space.
    ///
    /// ```
    /// use sse_codec::Block;
    ///
    /// assert_eq!(Block::new().comment("two\nlines").to_bytes(), ":two\n:lines\n\n");
    /// assert_eq!(Block::new().comment("").to_bytes(), ":\n\n"); // the shortest keep-alive
    /// ```
    #[must_use]
    pub fn comment(self, text: &'a str) -> Self {
        Self { comment: Some(text), ..self }
    }

    /// Sets the id.
    ///
    /// The block borrows the id, so the id must live as long as the block:
    ///
    /// ```
    /// use sse_codec::{Block, EventId};
    ///
    /// // In one expression, a temporary id lives long enough.
    /// let bytes = Block::new().id(&EventId::from(7_u64)).to_bytes();
    /// assert_eq!(bytes, "id: 7\n\n");
    ///
    /// // A block in a variable needs an id in a variable.
    /// let id = EventId::from(7_u64);
    /// let block = Block::new().id(&id);
    /// assert_eq!(block.to_bytes(), bytes);
    /// ```
    #[must_use]
    pub fn id(self, id: &'a EventId) -> Self {
        Self { id: Some(id.as_str()), ..self }
    }

    /// Sets the event type.
    ///
    /// A client ignores it if the block has no data.
    #[must_use]
    pub fn event_type(self, event_type: &'a EventType) -> Self {
        Self { event_type: Some(event_type.as_str()), ..self }
    }

    /// Sets the reconnection time, in whole milliseconds as [`Event::with_retry`](crate::Event::with_retry) does.
    #[must_use]
    pub fn retry(self, reconnection_time: Duration) -> Self {
        Self { retry: Some(whole_millis(reconnection_time)), ..self }
    }

    /// Sets the data, which makes the block an event.
    #[must_use]
    pub fn data(self, data: &'a str) -> Self {
        Self { data: Some(data), ..self }
    }

    /// Appends the block and its blank line to a buffer: exactly [`encoded_len`](Self::encoded_len) bytes.
    ///
    /// # Panics
    ///
    /// If a buffer of fixed size has no room, as every write to a [`BufMut`]. `Vec<u8>` and `BytesMut` grow.
    #[inline]
    pub fn encode<B: BufMut + ?Sized>(&self, buf: &mut B) {
        self.write(buf, false);
    }

    /// Appends the block if it has at most `len` bytes, and returns whether it did.
    #[inline]
    pub(crate) fn encode_within<B: BufMut + ?Sized>(&self, len: usize, buf: &mut B) -> bool {
        // Most blocks are so small that the bounds are enough.
        let range = self.encoded_len_range();
        if *range.end() <= len {
            self.write(buf, false);
            return true;
        }
        *range.start() <= len && self.encode_measured_within(len, buf)
    }

    #[inline(never)]
    fn encode_measured_within<B: BufMut + ?Sized>(&self, len: usize, buf: &mut B) -> bool {
        let (measured, is_one_line) = self.measure();
        if measured > len {
            return false;
        }
        self.write(buf, is_one_line);
        true
    }

    /// Appends the block. If `is_one_line`, the data is not searched for line breaks.
    #[inline(always)]
    fn write<B: BufMut + ?Sized>(&self, buf: &mut B, is_one_line: bool) {
        if let Some(comment) = self.comment {
            buf.put_slice(b":");
            put_lines(buf, comment, b"\n:");
            buf.put_slice(b"\n");
        }
        if let Some(id) = self.id {
            put_line(buf, b"id: ", id);
        }
        if let Some(event_type) = self.event_type {
            put_line(buf, b"event: ", event_type);
        }
        if let Some(millis) = self.retry {
            put_line(buf, b"retry: ", decimal(millis, &mut [0; 20]));
        }
        if let Some(data) = self.data {
            // A client removes one space, so that a space at the start of the data survives.
            buf.put_slice(b"data: ");
            if is_one_line {
                buf.put_slice(data.as_bytes());
            } else {
                put_lines(buf, data, b"\ndata: ");
            }
            buf.put_slice(b"\n\n");
        } else if !self.is_empty() {
            buf.put_u8(b'\n');
        }
    }

    /// Returns how many bytes [`encode`](Self::encode) appends.
    pub fn encoded_len(&self) -> usize {
        self.measure().0
    }

    /// Returns how many bytes the block has, and whether its data is one line.
    fn measure(&self) -> (usize, bool) {
        let field = |name: &str, value: &str| name.len() + value.len() + "\n".len();
        let text = |name: &str, (lines, len): (usize, usize)| lines * field(name, "") + len;
        let data = self.data.map(count_lines);
        let len = self.comment.map_or(0, |comment| text(":", count_lines(comment)))
            + self.id.map_or(0, |id| field("id: ", id))
            + self.event_type.map_or(0, |event_type| field("event: ", event_type))
            + self.retry.map_or(0, |millis| field("retry: ", decimal(millis, &mut [0; 20])))
            + data.map_or(0, |data| text("data: ", data))
            + usize::from(!self.is_empty());
        (len, data.is_some_and(|(lines, _)| lines == 1))
    }

    /// Returns bounds of [`encoded_len`](Self::encoded_len) without searching the texts: each is one
    /// line, or all line breaks.
    #[inline]
    pub(crate) fn encoded_len_range(&self) -> RangeInclusive<usize> {
        let field = |name: &str, value: Option<&str>| value.map_or(0, |value| name.len() + value.len());
        let least = field(":\n", self.comment)
            + field("id: \n", self.id)
            + field("event: \n", self.event_type)
            + self.retry.map_or(0, |_| "retry: 0\n".len())
            + field("data: \n", self.data)
            + usize::from(!self.is_empty());
        let len = |text: Option<&str>| text.map_or(0, str::len);
        let breaks = len(self.comment).saturating_add(len(self.data).saturating_mul("data: ".len()));
        let most = least.saturating_add("18446744073709551615".len()).saturating_add(breaks);
        least..=most
    }

    /// Returns the encoded block in a new buffer of exactly its size.
    pub fn to_bytes(&self) -> Bytes {
        let (len, is_one_line) = self.measure();
        let mut buf = Vec::with_capacity(len);
        self.write(&mut buf, is_one_line);
        buf.into()
    }

    /// > *If the data buffer is an empty string, set the data buffer and the event type buffer to the empty string and
    /// > return.* One empty line of data is not an empty buffer.
    #[inline]
    pub(crate) fn events(&self) -> usize {
        usize::from(self.data.is_some())
    }

    fn is_empty(&self) -> bool {
        self.comment.is_none()
            && self.id.is_none()
            && self.event_type.is_none()
            && self.retry.is_none()
            && self.data.is_none()
    }
}

/// Encoded blocks, which can be cloned for many clients without copying.
///
/// They come only from other types of this crate, such as [`Event`](crate::Event), [`Block`] or [`Batch`](crate::Batch), so they are
/// always complete, valid blocks.
///
/// ```
/// use sse_codec::{Encoded, Event};
///
/// let encoded = Encoded::from(Event::new("tick"));
/// let same = encoded.clone();
/// assert_eq!(same.as_bytes(), "data: tick\n\n");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Encoded {
    bytes: Bytes,
    events: usize,
}

impl Encoded {
    /// Creates it from complete blocks, with this many events.
    pub(crate) fn joined(bytes: Bytes, events: usize) -> Self {
        Self { bytes, events }
    }

    /// Returns the bytes.
    pub fn as_bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Returns the bytes without copying them.
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }

    /// Returns how many events it has: blocks with data, which clients dispatch.
    ///
    /// ```
    /// use sse_codec::{Block, Encoded, Event};
    ///
    /// assert_eq!(Encoded::from(Event::new("")).events(), 1);
    /// assert_eq!(Encoded::from(Block::new().comment("keep-alive")).events(), 0);
    /// ```
    pub fn events(&self) -> usize {
        self.events
    }
}

impl From<Block<'_>> for Encoded {
    fn from(block: Block<'_>) -> Self {
        Self { bytes: block.to_bytes(), events: block.events() }
    }
}

impl From<Encoded> for Bytes {
    fn from(encoded: Encoded) -> Self {
        encoded.bytes
    }
}

impl AsRef<[u8]> for Encoded {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Appends the lines of a text, with `between` between them.
#[inline(always)]
fn put_lines<B: BufMut + ?Sized, const N: usize>(buf: &mut B, text: &str, between: &[u8; N]) {
    let mut text = text.as_bytes();
    // Each part is copied while it is still in the cache from the search.
    while let Some((part, rest)) = text.split_at_checked(PART)
        && is_one_line(part)
    {
        buf.put_slice(part);
        text = rest;
    }
    if is_one_line(text) {
        buf.put_slice(text);
    } else {
        put_several_lines(buf, text, between);
    }
}

/// The size of a part, in bytes. It fits into the smallest caches.
const PART: usize = 16 * 1024;

/// Appends text that may have line breaks. It is not inlined, so that everything else stays in registers.
#[inline(never)]
fn put_several_lines<B: BufMut + ?Sized, const N: usize>(buf: &mut B, text: &[u8], between: &[u8; N]) {
    let mut start = 0;
    let mut line_ends = LineEnds::starting_at(text, 0);
    while let Some(LineEnd { end, next }) = line_ends.next(text) {
        buf.put_slice(&text[start..end]);
        buf.put_slice(between);
        start = next;
    }
    buf.put_slice(&text[start..]);
}

#[inline(always)]
fn put_line<B: BufMut + ?Sized>(buf: &mut B, name: &[u8], value: &str) {
    buf.put_slice(name);
    buf.put_slice(value.as_bytes());
    buf.put_u8(b'\n');
}

/// Returns how many lines a text has, and how many bytes are in them.
fn count_lines(text: &str) -> (usize, usize) {
    let text = text.as_bytes();
    let (mut lines, mut len) = (1, text.len());
    if !is_one_line(text) {
        let mut line_ends = LineEnds::starting_at(text, 0);
        while let Some(LineEnd { end, next }) = line_ends.next(text) {
            lines += 1;
            len -= next - end;
        }
    }
    (lines, len)
}

/// Converts to whole milliseconds, the unit on the wire.
pub(crate) fn whole_millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Writes a number without allocating.
fn decimal(mut number: u64, digits: &mut [u8; 20]) -> &str {
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    core::str::from_utf8(&digits[start..]).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;

    /// Encodes character by character.
    fn naive(data: &str) -> String {
        let mut stream = String::from("data: ");
        let mut chars = data.chars().peekable();
        while let Some(char) = chars.next() {
            match char {
                '\r' if chars.peek() == Some(&'\n') => {}
                '\r' | '\n' => stream += "\ndata: ",
                char => stream.push(char),
            }
        }
        stream + "\n\n"
    }

    #[track_caller]
    fn check(data: &str) {
        let block = Block::new().data(data);
        let expected = naive(data);
        let mut encoded = Vec::new();
        block.encode(&mut encoded);
        assert_eq!(encoded, expected.as_bytes(), "{data:?}");
        assert_eq!(block.to_bytes(), expected, "{data:?}");
        assert_eq!(block.encoded_len(), expected.len(), "{data:?}");
        assert!(block.encoded_len_range().contains(&expected.len()), "{data:?}");
    }

    /// The length of a text decides how it is searched.
    #[test]
    fn a_line_break_is_found_wherever_it_is() {
        for len in 0..200 {
            let text = "x".repeat(len);
            check(&text);
            for at in 0..=len {
                for line_break in ["\n", "\r", "\r\n", "\t", "\0", "é"] {
                    let mut text = text.clone();
                    text.insert_str(at, line_break);
                    check(&text);
                }
            }
        }
    }

    /// A long line is searched in larger steps, and a tab looks like a line break at first.
    #[test]
    fn a_line_break_is_found_wherever_it_is_in_a_long_text() {
        for tabs in [usize::MAX, 300, 40] {
            let text: String = (1..=1300).map(|n| if n % tabs == 0 { '\t' } else { 'x' }).collect();
            for at in 0..=text.len() {
                let mut text = text.clone();
                text.insert_str(at, if at % 2 == 0 { "\r\n" } else { "\n" });
                check(&text);
            }
        }
    }

    #[test]
    fn a_line_break_is_found_where_parts_meet() {
        for at in [0, PART - 2, PART - 1, PART, PART + 1, 2 * PART - 1, 2 * PART] {
            for line_break in ["\n", "\r", "\r\n", "\n\r", "é"] {
                let mut text = "x".repeat(2 * PART);
                text.insert_str(at, line_break);
                check(&text);
                check(&(text.clone() + &text));
            }
        }
    }

    #[test]
    fn the_bounds_are_reached_by_texts_of_one_line_and_by_texts_of_line_breaks() {
        let (id, event_type) = (EventId::from(1_u8), EventType::MESSAGE);
        let retry = Duration::from_millis(7);
        let all = Block::new().comment("c").id(&id).event_type(&event_type).retry(retry).data("d");
        let each = [
            Block::new(),
            Block::new().comment("c"),
            Block::new().id(&id),
            Block::new().event_type(&event_type),
            Block::new().retry(retry),
            Block::new().data("d"),
        ];
        for block in each.into_iter().chain([all]) {
            assert_eq!(*block.encoded_len_range().start(), block.encoded_len(), "{block:?}");
        }
        for count in [0, 1, 10] {
            let breaks = "\n".repeat(count);
            let block = all.comment(&breaks).retry(Duration::MAX).data(&breaks);
            // The upper bound counts one digit of the number twice.
            assert_eq!(*block.encoded_len_range().end(), block.encoded_len() + 1, "{count}");
        }
    }
}
