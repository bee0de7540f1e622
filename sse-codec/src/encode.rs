//! Blocks to bytes.
//!
//! A block is what stands between two blank lines: an event, or only a comment, an id or a
//! reconnection time. [`Block`] is the one place that writes to the wire; everything else is made
//! of it.

use core::time::Duration;

use alloc::vec::Vec;

use bytes::{BufMut, Bytes};
use wide::{u8x16, u8x32, u8x64};

use crate::{Event, EventId, EventRef, EventType, event::whole_millis};

/// One block of an event stream, as it will be written: any of a comment, an id, an event type, a
/// reconnection time and data, in this order, and a blank line.
///
/// A client dispatches a block as an event if it has data. Blocks without are of use as well: a
/// comment keeps a connection alive, an id alone moves the client's last event ID, a reconnection
/// time alone tells it how long to wait.
///
/// Nothing that is set here can break out of its field: ids and types are checked by their types,
/// data and comments are split at their line breaks.
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
/// # Ok::<(), sse_codec::ValueError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Block<'a> {
    pub(crate) comment: Option<&'a str>,
    pub(crate) id: Option<&'a str>,
    pub(crate) event_type: Option<&'a str>,
    pub(crate) retry: Option<u64>,
    pub(crate) data: Option<&'a str>,
}

impl<'a> Block<'a> {
    /// A block with nothing in it, which is encoded as nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the comment: `:` and the text, nothing added, once for each line of it.
    #[must_use]
    pub fn comment(self, text: &'a str) -> Self {
        Self { comment: Some(text), ..self }
    }

    /// Sets the id.
    #[must_use]
    pub fn id(self, id: &'a EventId) -> Self {
        Self { id: Some(id.as_str()), ..self }
    }

    /// Sets the event type. A client ignores it if the block has no data.
    #[must_use]
    pub fn event_type(self, event_type: &'a EventType) -> Self {
        Self { event_type: Some(event_type.as_str()), ..self }
    }

    /// Sets the reconnection time, in whole milliseconds as [`Event::with_retry`] does.
    #[must_use]
    pub fn retry(self, reconnection_time: Duration) -> Self {
        Self { retry: Some(whole_millis(reconnection_time)), ..self }
    }

    /// Sets the data, and so makes the block an event.
    #[must_use]
    pub fn data(self, data: &'a str) -> Self {
        Self { data: Some(data), ..self }
    }

    /// Appends the block, up to and with its blank line: exactly [`encoded_len`](Self::encoded_len)
    /// bytes. Buffers that grow, such as `Vec<u8>` and `BytesMut`, always have room.
    ///
    /// # Panics
    ///
    /// As every write to a [`BufMut`] does, if a buffer of fixed size has no room.
    #[inline(always)]
    pub fn encode<B: BufMut + ?Sized>(&self, buf: &mut B) {
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
            // Always with the space, so that a space at the start of the data survives.
            buf.put_slice(b"data: ");
            put_lines(buf, data, b"\ndata: ");
            buf.put_slice(b"\n\n");
        } else if !self.is_empty() {
            buf.put_u8(b'\n');
        }
    }

    /// How many bytes [`encode`](Self::encode) appends.
    pub fn encoded_len(&self) -> usize {
        let field = |name: &str, value: &str| name.len() + value.len() + "\n".len();
        let text = |name: &str, text: &str| lines(text).map(|line| field(name, line)).sum::<usize>();
        self.comment.map_or(0, |comment| text(":", comment))
            + self.id.map_or(0, |id| field("id: ", id))
            + self.event_type.map_or(0, |event_type| field("event: ", event_type))
            + self.retry.map_or(0, |millis| field("retry: ", decimal(millis, &mut [0; 20])))
            + self.data.map_or(0, |data| text("data: ", data))
            + usize::from(!self.is_empty())
    }

    /// The encoded block in a buffer of its own, of exactly the right size.
    pub fn to_bytes(&self) -> Bytes {
        let mut buf = Vec::with_capacity(self.encoded_len());
        self.encode(&mut buf);
        buf.into()
    }

    fn is_empty(&self) -> bool {
        self.comment.is_none()
            && self.id.is_none()
            && self.event_type.is_none()
            && self.retry.is_none()
            && self.data.is_none()
    }
}

impl<'a> From<&'a Event> for Block<'a> {
    fn from(event: &'a Event) -> Self {
        event.as_block()
    }
}

impl<'a> From<EventRef<'a>> for Block<'a> {
    fn from(event: EventRef<'a>) -> Self {
        event.as_block()
    }
}

/// A block that is encoded: made once, cloned for many clients without copying.
///
/// It can only be made of a [`Block`] or an [`Event`], so it is always one whole, valid block.
///
/// ```
/// use sse_codec::{Encoded, Event};
///
/// let encoded = Encoded::from(&Event::new("tick"));
/// let same = encoded.clone();
/// assert_eq!(same.as_bytes(), "data: tick\n\n");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Encoded {
    bytes: Bytes,
    is_event: bool,
}

impl Encoded {
    /// The bytes of the block.
    pub fn as_bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The bytes of the block, without copying.
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }

    /// Whether a client dispatches this block, that is, whether it has data.
    pub fn is_event(&self) -> bool {
        self.is_event
    }
}

impl From<Block<'_>> for Encoded {
    fn from(block: Block<'_>) -> Self {
        Self { bytes: block.to_bytes(), is_event: block.data.is_some() }
    }
}

impl From<&Event> for Encoded {
    fn from(event: &Event) -> Self {
        event.as_block().into()
    }
}

impl From<Event> for Encoded {
    fn from(event: Event) -> Self {
        event.as_block().into()
    }
}

impl AsRef<[u8]> for Encoded {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The lines of a text, with this between them.
#[inline(always)]
fn put_lines<B: BufMut + ?Sized>(buf: &mut B, mut text: &str, between: &[u8]) {
    if !is_short_line(text.as_bytes()) {
        while let Some((line, rest)) = split_line(text) {
            buf.put_slice(line.as_bytes());
            buf.put_slice(between);
            text = rest;
        }
    }
    buf.put_slice(text.as_bytes());
}

#[inline(always)]
fn put_line<B: BufMut + ?Sized>(buf: &mut B, name: &[u8], value: &str) {
    buf.put_slice(name);
    buf.put_slice(value.as_bytes());
    buf.put_u8(b'\n');
}

/// The first line of a text, and what is behind its line break.
#[inline]
fn split_line(text: &str) -> Option<(&str, &str)> {
    let (line, behind) = text.split_at(memchr::memchr2(b'\n', b'\r', text.as_bytes())?);
    Some((line, behind.strip_prefix("\r\n").unwrap_or(&behind[1..])))
}

/// Whether this is a text of up to 128 bytes without CR and LF: calling `memchr` would cost more.
///
/// Two words or blocks, which may overlap, cover any text of up to twice their size. So there is no loop,
/// whose end the processor could not foresee.
#[inline(always)]
fn is_short_line(text: &[u8]) -> bool {
    /// Whether these hold no CR or LF.
    macro_rules! are_clean {
        ($block:ty, $first:expr, $last:expr) => {{
            let [first, last] = [<$block>::new(*$first), <$block>::new(*$last)];
            let [lf, cr] = [<$block>::splat(b'\n'), <$block>::splat(b'\r')];
            !(first.simd_eq(lf) | first.simd_eq(cr) | last.simd_eq(lf) | last.simd_eq(cr)).any()
        }};
    }
    let len = text.len();
    if len < 16 {
        return match (text.first_chunk(), text.last_chunk()) {
            (Some(first), Some(last)) => !(has_low_byte(*first) || has_low_byte(*last)),
            _ => !text.iter().any(|&byte| byte < 16),
        };
    }
    if len <= 32 && let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        return are_clean!(u8x16, first, last);
    }
    if len <= 64 && let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        return are_clean!(u8x32, first, last);
    }
    if len <= 128 && let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        return are_clean!(u8x64, first, last);
    }
    false
}

/// Whether any of eight bytes is below 16.
#[inline(always)]
fn has_low_byte(bytes: [u8; 8]) -> bool {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let word = u64::from_ne_bytes(bytes);
    word.wrapping_sub(EACH * 16) & !word & (EACH * 128) != 0
}

/// The lines of a text.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    core::iter::from_fn(move || {
        let text = rest?;
        let Some((line, behind)) = split_line(text) else {
            return rest.take();
        };
        rest = Some(behind);
        Some(line)
    })
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
