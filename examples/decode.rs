//! An event stream in, JSON Lines out: see `HELP`.

mod cli;

use std::{
    error::Error,
    io::{self, BufRead, BufReader, BufWriter, Read, Write},
    num::NonZeroU64,
    process::ExitCode,
    time::Duration,
};

use lexopt::prelude::*;
use serde::Serialize;
use serde_json::Value as Json;
use sse_codec::{DecodeError, DecodeErrorKind, Decoder, ItemRef, Limits};

const HELP: &str = "\
Decodes an event stream (text/event-stream) to JSON Lines, as a browser would see it.

Usage: decode [--chunk N] [--max-event N] [--comments] [FILE]

Reads FILE, or standard input if there is none or it is `-`, and writes a line for each event as soon
as it is there:

  $ curl -sN http://127.0.0.1:8080/sse | decode
  {\"event\":{\"type\":\"ping\",\"data\":\"1700000000\",\"lastEventId\":\"1700000000\"}}

and in between, or at the end:

  {\"comment\":TEXT}  with --comments: all that is behind the colon
  {\"error\":{\"kind\":KIND,\"limit\":BYTES,\"offset\":BYTE,\"id\":ID}}
      something was dropped since it is too large: KIND is `event_too_large` or `comment_too_large`,
      BYTE is where it begins, ID the event's id if one was seen
  {\"final\":{\"lastEventId\":ID,\"retry\":MS}}
      MS is the reconnection time: null if never set, a string above 2^53-1

Options:
  --chunk N      Feed the decoder N bytes at a time, and wait for them [default: what is there]
  --max-event N  The largest event, in bytes [default: 16 MiB]
  --comments     Show comments, of up to 64 KiB each
  -h, --help     Show this text

Exit code: 0, or 1 if reading or writing failed.
";

/// The largest integer that every JSON reader keeps exactly.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

fn main() -> ExitCode {
    cli::end("decode", run())
}

/// Reads the flags, and decodes.
fn run() -> Result<ExitCode, Box<dyn Error>> {
    let (mut file, mut chunk_size) = (None, None);
    let (mut limits, mut comments) = (Limits::new(), false);
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("chunk") => chunk_size = Some(args.value()?.parse()?),
            Long("max-event") => limits = limits.event(args.value()?.parse()?),
            Long("comments") => comments = true,
            Short('h') | Long("help") => {
                io::stdout().write_all(HELP.as_bytes())?;
                return Ok(ExitCode::SUCCESS);
            }
            Value(path) if file.is_none() => file = Some(path),
            other => return Err(other.unexpected().into()),
        }
    }
    let decoder = Decoder::builder().limits(limits).comments(comments).build();
    decode(cli::open(file)?, chunk_size, decoder)?;
    Ok(ExitCode::SUCCESS)
}

fn decode(
    mut input: BufReader<Box<dyn Read>>,
    chunk_size: Option<NonZeroU64>,
    mut decoder: Decoder,
) -> io::Result<()> {
    let mut output = BufWriter::new(io::stdout().lock());
    let mut chunk = Vec::new();
    loop {
        read_chunk(&mut input, chunk_size, &mut chunk)?;
        if chunk.is_empty() {
            break;
        }
        let mut events = decoder.decode(&chunk);
        while let Some(item) = events.next_item() {
            if let Some(line) = line_of(&item) {
                write_line(&mut output, &line)?;
            }
        }
        output.flush()?;
    }
    let last_event_id = decoder.last_event_id();
    let retry = decoder.reconnection_time().map_or(Json::Null, milliseconds);
    write_line(&mut output, &Line::Final { last_event_id, retry })?;
    output.flush()
}

/// Nothing at the end of the input.
fn read_chunk(
    input: &mut BufReader<Box<dyn Read>>,
    size: Option<NonZeroU64>,
    chunk: &mut Vec<u8>,
) -> io::Result<()> {
    chunk.clear();
    match size {
        Some(size) => {
            input.take(size.get()).read_to_end(chunk)?;
        }
        None => {
            chunk.extend_from_slice(input.fill_buf()?);
            input.consume(chunk.len());
        }
    }
    Ok(())
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

/// Nothing for what later versions of the codec may add.
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
    serde_json::to_writer(&mut *output, line)?;
    output.write_all(b"\n")
}
