//! The conformance vectors: streams with the results of browsers.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

/// The version of the vectors, which differs from that of the crate.
pub const VERSION: &str = include_str!("../vectors/VERSION").trim_ascii_end();

/// A stream and its expected result, for any chunking.
#[derive(Debug)]
pub struct Vector {
    /// The name, as `group/name`.
    pub name: String,
    /// Its topic, or `suite:` and the test suite that it comes from.
    pub category: String,
    /// What it shows, in one line.
    pub why: String,
    /// Where it comes from: `spec` is the standard, `generated` random, others are test suites.
    pub source: String,
    /// The stream.
    pub input: Vec<u8>,
    /// Offsets at which to cut the stream that have caused errors in parsers; may be empty.
    pub splits: Vec<usize>,
    /// The events that a browser dispatches, in order.
    pub events: Vec<Expected>,
    /// The last event ID that a reconnection would send; empty if none.
    pub final_last_event_id: String,
    /// The reconnection time in ms. Not checked if `retry_lenient`.
    pub retry: Option<u64>,
    /// Whether browsers and the standard differ about `retry`.
    pub retry_lenient: bool,
    /// The text after the first colon of each comment. `None` for captures.
    pub comments: Option<Vec<String>>,
}

/// An event as a browser dispatches it: the type is never empty.
#[derive(Debug, PartialEq, Eq)]
pub struct Expected {
    /// The type, `message` if the stream has none.
    pub event_type: String,
    /// The data lines, with an LF between each two.
    pub data: String,
    /// The last event ID as of this event.
    pub last_event_id: String,
}

/// All vectors, then all captures.
pub fn all() -> Vec<Vector> {
    lines().map(parse).collect()
}

/// The same as lines of JSON, one object each. `vectors/README.md` describes the fields.
pub fn lines() -> impl Iterator<Item = &'static str> {
    let vectors = include_str!("../vectors/vectors.jsonl");
    let captures = include_str!("../vectors/captures.jsonl");
    vectors.lines().chain(captures.lines())
}

fn parse(line: &str) -> Vector {
    let json: Value = serde_json::from_str(line).expect("each line is a JSON object");
    let input = STANDARD.decode(string(&json["input_b64"])).expect("the input is base64");
    let lenient = list(&json["lenient"], string);
    // If you add another lenient field, make the tests honour it.
    assert!(lenient.iter().all(|field| field == "retry"), "{lenient:?}");
    let retry_lenient = !lenient.is_empty();
    Vector {
        name: string(&json["name"]),
        category: string(&json["cat"]),
        why: string(&json["why"]),
        source: string(&json["source"]),
        input,
        splits: list(&json["splits"], |split| number(split).try_into().expect("a split fits")),
        events: list(&json["events"], |event| Expected {
            event_type: string(&event["type"]),
            data: string(&event["data"]),
            last_event_id: string(&event["lastEventId"]),
        }),
        final_last_event_id: string(&json["final_last_event_id"]),
        retry: match &json["retry"] {
            Value::Null => None,
            // Above 2^53-1 it is a string, and lenient if it does not fit.
            Value::String(digits) if retry_lenient => digits.parse().ok(),
            Value::String(digits) => Some(digits.parse().expect("retry fits u64")),
            retry => Some(number(retry)),
        },
        retry_lenient,
        comments: json.get("comments").map(|comments| list(comments, string)),
    }
}

fn string(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a whole number")
}

/// A missing list is an empty one.
fn list<T>(value: &Value, item: impl Fn(&Value) -> T) -> Vec<T> {
    value.as_array().into_iter().flatten().map(item).collect()
}
