//! What a program that decodes says, in JSON Lines: docs/protocol.md has the lines.

use serde::Deserialize;
use serde_json::{Map, Value};

/// All that a program said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// In this order.
    pub events: Vec<Event>,
    /// In this order.
    pub comments: Vec<String>,
    /// What it did not like.
    pub errors: Vec<Value>,
    /// What it told at the end of the stream: `lastEventId`, `retry`.
    pub last: Map<String, Value>,
}

/// An event as an `EventSource` would show it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Never empty.
    pub r#type: String,
    /// The data lines, with an LF between each two.
    pub data: String,
    /// As of this event. `None` if the program does not tell.
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
    /// Reads the output of a program. An error says which line is none, and why.
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
                        "line {number} of its output is not one of the protocol: {error}\n{line}"
                    ));
                }
            }
        }
        Ok(said)
    }

    /// What it said of the reconnection time, in ms: `None` if nothing.
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
