//! The conformance vectors: streams with what browsers really gave for them.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

/// The version of the vectors, which is not that of the crate.
pub const VERSION: &str = include_str!("../vectors/VERSION").trim_ascii_end();

/// A stream and what must come out of it, however it is cut.
#[derive(Debug)]
pub struct Vector {
    /// A group and a slash, and what it is.
    pub name: String,
    /// What it is about, or `suite:` and the test suite that it comes from.
    pub category: String,
    /// What it shows, in one line.
    pub why: String,
    /// Where it comes from: `spec` is the standard, `generated` random, others are test suites.
    pub source: String,
    /// The stream.
    pub input: Vec<u8>,
    /// Where to cut the stream in a way that has tripped parsers; may be empty.
    pub splits: Vec<usize>,
    /// What a browser dispatches, in this order.
    pub events: Vec<Expected>,
    /// What a reconnection would send; empty: nothing.
    pub final_last_event_id: String,
    /// In ms; only to be asserted unless `retry_lenient`.
    pub retry: Option<u64>,
    /// Browsers and the standard differ about `retry`.
    pub retry_lenient: bool,
    /// All that followed the first colon of each comment. Captures do not say.
    pub comments: Option<Vec<String>>,
}

/// An event as a browser shows it: the type is never empty.
#[derive(Debug, PartialEq, Eq)]
pub struct Expected {
    /// `message` if the stream names none.
    pub event_type: String,
    /// The data lines, with an LF between each two.
    pub data: String,
    /// As of this event.
    pub last_event_id: String,
}

/// All vectors, then all captures.
pub fn all() -> Vec<Vector> {
    lines().map(parse).collect()
}

/// The same as JSON objects. `vectors/README.md` explains their fields.
pub fn lines() -> impl Iterator<Item = &'static str> {
    let vectors = include_str!("../vectors/vectors.jsonl");
    let captures = include_str!("../vectors/captures.jsonl");
    vectors.lines().chain(captures.lines())
}

fn parse(line: &str) -> Vector {
    let json: Value = serde_json::from_str(line).expect("each line is a JSON object");
    let input = STANDARD.decode(string(&json["input_b64"])).expect("the input is base64");
    let lenient = list(&json["lenient"], string);
    // Whoever adds another lenient field must see to it that it is honoured.
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
            // Above 2^53-1 it is a string, and lenient where it does not fit.
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
