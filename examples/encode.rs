//! JSON Lines in, an event stream out: see `HELP`.

mod shared {
    pub(crate) mod cli;
    pub(crate) mod input;
}

use std::{
    error::Error,
    io::{self, BufRead, BufReader, BufWriter, IsTerminal, Read, Write},
    num::NonZeroU32,
    process::ExitCode,
    time::Duration,
};

use lexopt::prelude::*;
use serde::Deserialize;
use serde_json::Value as Json;
use sse_codec::{Block, EventId, EventType};

use shared::{cli, input};

const HELP: &str = "\
Encodes JSON Lines as an event stream (text/event-stream).

Usage: encode [--max-line N] [FILE]

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
  id       string without control characters and outer spaces, of up to 8 KiB, or integer;
           \"\" resets the last event ID
  retry    integer, or a string of digits: the reconnection time in milliseconds
  comment  string: ignored by browsers; may have several lines

It can also be a line of `decode`: then `event` is an object, and `id` is written when the last event ID
changes. An `error` of `decode` cannot be encoded, since its data was dropped.

Blank lines and a byte order mark are skipped. A line that cannot be encoded is reported on standard error
and left out; all others are encoded. On a terminal, control characters are shown as U+FFFD.

Options:
  --max-line N  The longest line that is encoded, in bytes [default: 128 MiB]
  -h, --help    Show this text

Exit code: 0 if all lines are encoded, 2 if some are not, 1 if reading or writing failed.
";

/// The longest line by default. `decode` can write 96 MiB for an event of 16 MiB.
const MAX_LINE: u64 = 128 << 20;

const BOM: &[u8] = b"\xEF\xBB\xBF";

fn main() -> ExitCode {
    cli::end("encode", run())
}

/// Reads the flags, and encodes.
fn run() -> Result<ExitCode, Box<dyn Error>> {
    let (mut file, mut max_line) = (None, MAX_LINE);
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("max-line") => max_line = args.value()?.parse::<NonZeroU32>()?.get().into(),
            Short('h') | Long("help") => {
                cli::say(HELP);
                return Ok(ExitCode::SUCCESS);
            }
            Value(path) if file.is_none() => file = Some(path),
            other => return Err(other.unexpected().into()),
        }
    }
    let all_encoded = encode_lines(input::open(file)?, max_line)?;
    Ok(if all_encoded { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

/// Whether every line could be encoded.
fn encode_lines(mut input: BufReader<Box<dyn Read>>, max_line: u64) -> io::Result<bool> {
    let mut output = BufWriter::new(io::stdout().lock());
    let is_terminal = io::stdout().is_terminal();
    let mut encoder = Encoder::default();
    let mut all_encoded = true;
    let mut line = Vec::new();
    for number in 1_u64.. {
        // The next read may wait for long, so send the stream so far to its reader.
        if !input.buffer().contains(&b'\n') {
            output.flush()?;
        }
        line.clear();
        if input.by_ref().take(max_line + 1).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let encoded = if line.len() as u64 > max_line && !line.ends_with(b"\n") {
            input.skip_until(b'\n')?;
            Err(format!("longer than {max_line} bytes; set --max-line for more"))
        } else {
            let start = if number == 1 && line.starts_with(BOM) { BOM.len() } else { 0 };
            match line[start..].trim_ascii() {
                [] => continue,
                json => encoder.encode(json),
            }
        };
        match encoded {
            Ok(block) if is_terminal => output.write_all(printable_lines(&block).as_bytes())?,
            Ok(block) => output.write_all(&block)?,
            Err(reason) => {
                cli::complain("encode", &format!("line {number}: {reason}"));
                all_encoded = false;
            }
        }
    }
    output.flush()?;
    Ok(all_encoded)
}

fn printable_lines(block: &[u8]) -> String {
    let lines: Vec<String> = String::from_utf8_lossy(block).split('\n').map(cli::printable).collect();
    lines.join("\n")
}

/// The keys of a line. An unknown key is an error, since it is most likely a misspelt one.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct Line {
    data: Option<String>,
    event: Option<String>,
    id: Option<Json>,
    retry: Option<Json>,
    comment: Option<String>,
}

/// A line of `decode`, as `json_lines` writes it.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase", rename_all_fields = "camelCase", deny_unknown_fields)]
enum Decoded {
    Event { r#type: String, data: String, last_event_id: String },
    Error { kind: String, limit: u64, offset: u64, id: Option<String> },
    Final { last_event_id: String, retry: Option<Json> },
}

#[derive(Default)]
struct Encoder {
    /// The last id that was written.
    last_event_id: EventId,
}

impl Encoder {
    fn encode(&mut self, json: &[u8]) -> Result<Vec<u8>, String> {
        // serde would read the items of an array as the values of the keys.
        if json.starts_with(b"[") {
            return Err("this is an array; a line must be an object".into());
        }
        match serde_json::from_slice::<Line>(json) {
            Ok(line) if line.is_empty() => {
                Err("nothing to encode; set at least one of data, event, id, retry and comment".into())
            }
            Ok(mut line) => {
                let id = line.id.take().map(event_id).transpose().map_err(|error| format!("id: {error}"))?;
                self.encode_line(line, id)
            }
            Err(error) => match serde_json::from_slice::<Decoded>(json) {
                Ok(decoded) => self.encode_decoded(decoded),
                // Most likely it was meant as a `Line`.
                Err(_) => Err(describe(&error)),
            },
        }
    }

    fn encode_decoded(&mut self, decoded: Decoded) -> Result<Vec<u8>, String> {
        let (line, last_event_id) = match decoded {
            Decoded::Event { r#type, data, last_event_id } => {
                let event = Some(r#type).filter(|event_type| *event_type != EventType::MESSAGE.as_str());
                (Line { data: Some(data), event, ..Line::default() }, last_event_id)
            }
            Decoded::Final { last_event_id, retry } => (Line { retry, ..Line::default() }, last_event_id),
            Decoded::Error { kind, limit, offset, id } => {
                let id = id.map(|id| format!(", with the id {id}")).unwrap_or_default();
                return Err(format!(
                    "`decode` dropped something at byte {offset}{id}: {kind}, with a limit of {limit} bytes"
                ));
            }
        };
        // Streams may have ids that no server should send. `decode` writes the last event ID, even if an earlier block
        // has set it.
        let id = EventId::lenient(last_event_id).map_err(|error| format!("lastEventId: {error}"))?;
        let id = Some(id).filter(|id| *id != self.last_event_id);
        self.encode_line(line, id)
    }

    /// Encodes a line. Empty if it has nothing to write.
    fn encode_line(&mut self, line: Line, id: Option<EventId>) -> Result<Vec<u8>, String> {
        let event_type =
            line.event.map(EventType::new).transpose().map_err(|error| format!("event: {error}"))?;
        let retry =
            line.retry.map(reconnection_time).transpose().map_err(|error| format!("retry: {error}"))?;

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
        let mut encoded = Vec::new();
        if block != Block::new() {
            block.encode(&mut encoded);
        }
        if let Some(id) = id {
            self.last_event_id = id;
        }
        Ok(encoded)
    }
}

impl Line {
    fn is_empty(&self) -> bool {
        let Self { data, event, id, retry, comment } = self;
        data.is_none() && event.is_none() && id.is_none() && retry.is_none() && comment.is_none()
    }
}

fn event_id(value: Json) -> Result<EventId, Box<dyn Error>> {
    match value {
        Json::String(text) => Ok(EventId::new(text)?),
        Json::Number(number) if number.is_u64() || number.is_i64() => Ok(EventId::new(number.to_string())?),
        other => Err(format!("{other} is neither a string nor an integer of 64 bits").into()),
    }
}

fn reconnection_time(value: Json) -> Result<Duration, String> {
    let millis = value.as_u64().or_else(|| value.as_str()?.parse().ok());
    let millis = millis.ok_or_else(|| format!("{value} is not a whole number of milliseconds"))?;
    Ok(Duration::from_millis(millis))
}

/// The text of a JSON error, without its line number: the input is always one line.
fn describe(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&position) {
        Some(reason) => format!("column {}: {reason}", error.column()),
        None => text,
    }
}
