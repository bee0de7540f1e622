//! Shared by all adapters: see `docs/protocol.md`.

use std::{
    convert::Infallible,
    fmt::Display,
    io::{self, BufRead, Read, Write},
};

use bytes::Bytes;
use futures_util::{Stream, stream};
use serde_json::{Value, json};

/// Standard input in chunks of `--chunk N` bytes, or in one.
pub fn chunks() -> Vec<Bytes> {
    let mut args = std::env::args().skip(1);
    let size = match args.next().as_deref() {
        None => usize::MAX,
        Some("--chunk") => args.next().and_then(|size| size.parse().ok()).expect("--chunk takes a number"),
        Some(other) => panic!("unknown argument {other}"),
    };
    let mut stream = Vec::new();
    io::stdin().read_to_end(&mut stream).expect("standard input can be read");
    stream.chunks(size).map(Bytes::copy_from_slice).collect()
}

/// The same as a stream, like the body of a response.
pub fn stream() -> impl Stream<Item = Result<Bytes, Infallible>> + Unpin {
    stream::iter(chunks().into_iter().map(Ok))
}

pub fn event(event_type: &str, data: &str, last_event_id: &str) {
    say(json!({ "event": { "type": event_type, "data": data, "lastEventId": last_event_id } }));
}

pub fn error(error: impl Display) {
    say(json!({ "error": error.to_string() }));
}

/// Prints the values that are known at the end.
pub fn last(last: Value) {
    say(json!({ "final": last }));
}

fn say(line: Value) {
    writeln!(io::stdout(), "{line}").expect("standard output can be written");
}

/// The lines on the standard input of an encoder.
pub fn lines() -> impl Iterator<Item = Value> {
    let lines = io::stdin().lock().lines();
    lines.map(|line| serde_json::from_str(&line.expect("a line of UTF-8")).expect("a line of JSON"))
}

/// The value of a key in a line, as text.
pub fn text<'a>(line: &'a Value, key: &str) -> Option<&'a str> {
    line[key].as_str()
}

pub fn write(bytes: &[u8]) {
    io::stdout().write_all(bytes).expect("standard output can be written");
}
