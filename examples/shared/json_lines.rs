//! What `decode` and `client` tell of an event stream in JSON, a line for each item.

use std::{
    io::{self, Write},
    time::Duration,
};

use serde::Serialize;
use serde_json::{Serializer, Value as Json, ser::Formatter};
use sse_codec::{
    Decoder,
    decode::ItemRef,
    error::{DecodeError, DecodeErrorKind},
};

/// The largest integer that every JSON reader keeps exactly.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// Writes nothing for what later versions of the codec may add.
pub(crate) fn write_item(output: &mut impl Write, item: &Result<ItemRef<'_>, DecodeError>) -> io::Result<()> {
    line_of(item).map_or(Ok(()), |line| write_line(output, &line))
}

/// What is left at the end of the stream.
pub(crate) fn write_final(output: &mut impl Write, decoder: &Decoder) -> io::Result<()> {
    let last_event_id = decoder.last_event_id();
    let retry = decoder.retry().map_or(Json::Null, milliseconds);
    write_line(output, &Line::Final { last_event_id, retry })
}

/// What a line says.
#[derive(Serialize)]
#[serde(rename_all = "lowercase", rename_all_fields = "camelCase")]
enum Line<'a> {
    Event {
        r#type: &'a str,
        data: &'a str,
        last_event_id: &'a str,
    },
    Comment(&'a str),
    Error {
        kind: &'a str,
        limit: usize,
        offset: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
    },
    Final {
        last_event_id: &'a str,
        retry: Json,
    },
}

fn line_of<'a>(item: &'a Result<ItemRef<'_>, DecodeError>) -> Option<Line<'a>> {
    Some(match item {
        Ok(ItemRef::Event(event)) => Line::Event {
            r#type: event.event_type(),
            data: event.data(),
            last_event_id: event.last_event_id(),
        },
        Ok(ItemRef::Comment(text)) => Line::Comment(text),
        Ok(_) => return None,
        Err(error) => Line::Error {
            kind: match error.kind() {
                DecodeErrorKind::EventTooLarge => "event_too_large",
                DecodeErrorKind::IdTooLong => "id_too_long",
                DecodeErrorKind::CommentTooLarge => "comment_too_large",
                _ => "too_large",
            },
            limit: error.limit(),
            offset: error.offset(),
            id: error.event_id().map(|id| id.as_str()),
        },
    })
}

fn milliseconds(time: Duration) -> Json {
    match u64::try_from(time.as_millis()) {
        Ok(millis @ ..=MAX_SAFE_INTEGER) => millis.into(),
        _ => time.as_millis().to_string().into(),
    }
}

fn write_line(output: &mut impl Write, line: &Line<'_>) -> io::Result<()> {
    line.serialize(&mut Serializer::with_formatter(&mut *output, Printable))?;
    output.write_all(b"\n")
}

/// Escapes DEL and C1, too: JSON may have them as they are, but they could do with a terminal as they like.
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
