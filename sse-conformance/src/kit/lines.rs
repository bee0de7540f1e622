//! The output of a decoder or client in JSON Lines: docs/protocol.md describes the lines.

use serde::Deserialize;
use serde_json::{Map, Value};

/// The whole output of a program.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// The events, in order.
    pub events: Vec<Event>,
    /// The comments, in order.
    pub comments: Vec<String>,
    /// Reported errors.
    pub errors: Vec<Value>,
    /// The state at the end of the stream: `lastEventId`, `retry`.
    pub last: Map<String, Value>,
}

/// An event as an `EventSource` would dispatch it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Never empty.
    pub r#type: String,
    /// The data lines, with an LF between each two.
    pub data: String,
    /// The last event ID as of this event. `None` if the program does not report it.
    pub last_event_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    Event(Event),
    Comment(String),
    Error(Value),
    Final(Map<String, Value>),
}

impl Said {
    /// Parses the output of a program. The error says which line is invalid, and why.
    pub fn parse(output: &[u8]) -> Result<Self, String> {
        let mut said = Self::default();
        let lines = output.split(|&byte| byte == b'\n');
        for (number, line) in (1..).zip(lines).filter(|(_, line)| !line.trim_ascii().is_empty()) {
            match serde_json::from_slice(line) {
                Ok(Line::Event(event)) => said.events.push(event),
                Ok(Line::Comment(text)) => said.comments.push(text),
                Ok(Line::Error(error)) => said.errors.push(error),
                Ok(Line::Final(last)) => said.last = last,
                Err(error) => {
                    let line = shorten(&String::from_utf8_lossy(line));
                    return Err(format!(
                        "line {number} of its output does not follow the protocol: {error}\n{line}"
                    ));
                }
            }
        }
        Ok(said)
    }

    /// The reported reconnection time in ms. `None` if it was not reported.
    pub fn retry(&self) -> Option<Result<Option<u64>, String>> {
        Some(match self.last.get("retry")? {
            Value::Null => Ok(None),
            Value::String(digits) => digits.parse().map(Some).map_err(|_| format!("{digits:?}")),
            retry => retry.as_u64().map(Some).ok_or_else(|| retry.to_string()),
        })
    }
}

/// The start of a text, for a message.
pub fn shorten(text: &str) -> String {
    const MOST: usize = 300;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}
