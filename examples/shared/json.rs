//! Writes JSON Lines, for `decode` and `client`.

use std::{
    io::{self, Write},
    time::Duration,
};

use serde::Serialize;
use serde_json::{Serializer, Value as Json, ser::Formatter};
use sse_codec::error::{DecodeError, DecodeErrorKind};

/// The largest integer that every JSON reader represents exactly.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// An item that was over its limit.
#[derive(Serialize)]
pub(crate) struct Skipped<'a> {
    kind: &'static str,
    limit: usize,
    offset: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
}

impl<'a> From<&'a DecodeError> for Skipped<'a> {
    fn from(error: &'a DecodeError) -> Self {
        Self {
            kind: match error.kind() {
                DecodeErrorKind::EventTooLarge => "event_too_large",
                DecodeErrorKind::IdTooLong => "id_too_long",
                DecodeErrorKind::CommentTooLarge => "comment_too_large",
                _ => "too_large",
            },
            limit: error.limit(),
            offset: error.offset(),
            id: error.event_id().map(|id| id.as_str()),
        }
    }
}

/// A number, or a string if it is too large for a JSON number.
pub(crate) fn milliseconds(time: Duration) -> Json {
    match u64::try_from(time.as_millis()) {
        Ok(millis @ ..=MAX_SAFE_INTEGER) => millis.into(),
        _ => time.as_millis().to_string().into(),
    }
}

pub(crate) fn write_line(output: &mut impl Write, line: &impl Serialize) -> io::Result<()> {
    line.serialize(&mut Serializer::with_formatter(&mut *output, Printable))?;
    output.write_all(b"\n")
}

/// Also escapes DEL and C1: JSON allows them unescaped, but they could control a terminal.
struct Printable;

impl Formatter for Printable {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, output: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, control)) = rest.char_indices().find(|(_, char)| char.is_control()) {
            output.write_all(&rest.as_bytes()[..at])?;
            write!(output, "\\u{:04x}", u32::from(control))?;
            rest = &rest[at + control.len_utf8()..];
        }
        output.write_all(rest.as_bytes())
    }
}
