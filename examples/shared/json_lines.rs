//! The JSON Lines of `decode`, a line for each item.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value as Json;
use sse_codec::{Decoder, decode::ItemRef, error::DecodeError};

use super::json::{Skipped, milliseconds, write_line};

/// Writes an item. Ignores kinds that later versions of the codec may add.
pub(crate) fn write_item(output: &mut impl Write, item: &Result<ItemRef<'_>, DecodeError>) -> io::Result<()> {
    line_of(item).map_or(Ok(()), |line| write_line(output, &line))
}

/// Writes the state at the end of the stream.
pub(crate) fn write_final(output: &mut impl Write, decoder: &Decoder) -> io::Result<()> {
    let last_event_id = decoder.last_event_id();
    let retry = decoder.retry().map_or(Json::Null, milliseconds);
    write_line(output, &Line::Final { last_event_id, retry })
}

/// The content of a line.
#[derive(Serialize)]
#[serde(rename_all = "lowercase", rename_all_fields = "camelCase")]
enum Line<'a> {
    Event { r#type: &'a str, data: &'a str, last_event_id: &'a str },
    Comment(&'a str),
    Error(Skipped<'a>),
    Final { last_event_id: &'a str, retry: Json },
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
        Err(error) => Line::Error(error.into()),
    })
}
