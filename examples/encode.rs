//! JSON Lines in, an event stream out: see `HELP`.

mod shared {
    pub(crate) mod cli;
    pub(crate) mod input;
}

use std::{
    error::Error,
    io::{self, BufRead, BufReader, BufWriter, Read, Write},
    process::ExitCode,
    time::Duration,
};

use lexopt::prelude::*;
use serde::Deserialize;
use serde_json::Value as Json;
use sse_codec::{Block, Encoded, EventId, EventType};

use shared::{cli, input};

const HELP: &str = "\
Encodes JSON Lines as an event stream (text/event-stream).

Usage: encode [FILE]

Reads FILE, or standard input if there is none or it is `-`, and writes one block of the stream for
each line:

  $ echo '{\"event\": \"ping\", \"id\": 7, \"data\": \"two\\nlines\"}' | encode
  id: 7
  event: ping
  data: two
  data: lines

A line is an object with any of these keys, at least one; `null` counts as left out:
  data     string: makes the block an event; may have several lines
  event    string: the event type, one line, not empty (default: message)
  id       string of one line without NUL, or integer; \"\" resets the last event ID
  retry    integer: the reconnection time in milliseconds
  comment  string: seen by no page; may have several lines

Blank lines are skipped. A line that cannot be encoded is reported on standard error, and nothing of
it is written; all others are encoded.

Options:
  -h, --help  Show this text

Exit code: 0 if all is encoded, 2 if some lines are not, 1 if reading or writing failed.
";

fn main() -> ExitCode {
    cli::end("encode", run())
}

/// Reads the flags, and encodes.
fn run() -> Result<ExitCode, Box<dyn Error>> {
    let mut file = None;
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Short('h') | Long("help") => {
                cli::say(HELP);
                return Ok(ExitCode::SUCCESS);
            }
            Value(path) if file.is_none() => file = Some(path),
            other => return Err(other.unexpected().into()),
        }
    }
    let all_encoded = encode_lines(input::open(file)?)?;
    Ok(if all_encoded { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

/// Whether every line could be encoded.
fn encode_lines(mut input: BufReader<Box<dyn Read>>) -> io::Result<bool> {
    let mut output = BufWriter::new(io::stdout().lock());
    let mut all_encoded = true;
    let mut line = Vec::new();
    for number in 1_u64.. {
        // The next read may wait for long: let the reader of the stream have what there is.
        if !input.buffer().contains(&b'\n') {
            output.flush()?;
        }
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let json = line.trim_ascii();
        if json.is_empty() {
            continue;
        }
        match encode_line(json) {
            Ok(block) => output.write_all(block.as_bytes())?,
            Err(reason) => {
                cli::complain("encode", &format!("line {number}: {reason}"));
                all_encoded = false;
            }
        }
    }
    output.flush()?;
    Ok(all_encoded)
}

/// What a line may hold. An unknown key is an error, since it is most likely a misspelt one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct Line {
    data: Option<String>,
    event: Option<String>,
    id: Option<Json>,
    retry: Option<Json>,
    comment: Option<String>,
}

fn encode_line(json: &[u8]) -> Result<Encoded, String> {
    // Of an array, serde would take the items for the values of the keys.
    if json.starts_with(b"[") {
        return Err("an array; a line must be an object".into());
    }
    let line: Line = serde_json::from_slice(json).map_err(|error| describe(&error))?;
    let event_type = line.event.map(EventType::new).transpose().map_err(|error| format!("event: {error}"))?;
    let id = line.id.map(event_id).transpose().map_err(|error| format!("id: {error}"))?;
    let retry = line.retry.map(reconnection_time).transpose().map_err(|error| format!("retry: {error}"))?;

    let mut block = Block::new();
    if let Some(comment) = &line.comment {
        block = block.comment(comment);
    }
    if let Some(id) = &id {
        block = block.id(id);
    }
    if let Some(event_type) = &event_type {
        block = block.event_type(event_type);
    }
    if let Some(retry) = retry {
        block = block.retry(retry);
    }
    if let Some(data) = &line.data {
        block = block.data(data);
    }
    if block == Block::new() {
        return Err("nothing to encode; set at least one of data, event, id, retry and comment".into());
    }
    Ok(block.into())
}

fn event_id(value: Json) -> Result<EventId, Box<dyn Error>> {
    match value {
        Json::String(text) => Ok(EventId::new(text)?),
        Json::Number(number) if number.is_u64() || number.is_i64() => Ok(EventId::new(number.to_string())?),
        other => Err(format!("{other} is neither a string nor an integer of 64 bits").into()),
    }
}

fn reconnection_time(value: Json) -> Result<Duration, String> {
    let millis = value.as_u64().ok_or_else(|| format!("{value} is not a whole number of milliseconds"))?;
    Ok(Duration::from_millis(millis))
}

/// The text of a JSON error, which counts lines on its own: here there is only ever one.
fn describe(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&position) {
        Some(reason) => format!("column {}: {reason}", error.column()),
        None => text,
    }
}
