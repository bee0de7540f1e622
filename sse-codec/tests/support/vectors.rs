//! The conformance vectors: streams with what browsers really gave for them.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

/// A stream and what must come out of it, however it is cut.
#[derive(Debug)]
pub struct Vector {
    pub name: String,
    pub input: Vec<u8>,
    /// Where to cut the stream in a way that has tripped parsers; may be empty.
    pub splits: Vec<usize>,
    pub events: Vec<Expected>,
    pub final_last_event_id: String,
    /// In ms; only to be asserted unless `retry_lenient`.
    pub retry: Option<u64>,
    pub retry_lenient: bool,
    /// Captures do not say.
    pub comments: Option<Vec<String>>,
}

/// An event as a browser shows it: the type is never empty.
#[derive(Debug, PartialEq, Eq)]
pub struct Expected {
    pub event_type: String,
    pub data: String,
    pub last_event_id: String,
}

/// All vectors, then all captures.
pub fn all() -> Vec<Vector> {
    let vectors = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/vectors.jsonl"));
    let captures = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/captures.jsonl"));
    vectors.lines().chain(captures.lines()).map(parse).collect()
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
