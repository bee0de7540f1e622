//! An event stream in, JSON Lines out: see `HELP`.

mod shared {
    pub(crate) mod cli;
    pub(crate) mod input;
    pub(crate) mod json;
    pub(crate) mod json_lines;
}

use std::{
    error::Error,
    io::{self, BufRead, BufReader, BufWriter, Read, Write},
    num::NonZeroU64,
    process::ExitCode,
};

use lexopt::prelude::*;
use sse_codec::{Decoder, limits::Limits};

use shared::{cli, input, json_lines};

const HELP: &str = "\
Decodes an event stream (text/event-stream) to JSON Lines, as a browser would see it.

Usage: decode [--chunk N] [--max-event N] [--comments] [FILE]

Reads FILE, or standard input if there is none or it is `-`, and writes a line for each event as soon
as it is complete:

  $ curl -sN http://127.0.0.1:8080/sse | decode
  {\"event\":{\"type\":\"ping\",\"data\":\"1700000000\",\"lastEventId\":\"1700000000\"}}

and in between, or at the end:

  {\"comment\":TEXT}  with --comments: everything after the colon
  {\"error\":{\"kind\":KIND,\"limit\":BYTES,\"offset\":BYTE,\"id\":ID}}
      something was dropped because it is too large: KIND is `event_too_large`, `id_too_long` (over
      8 KiB; its event follows) or `comment_too_large`, BYTE is where it begins, ID the event's id if
      already read
  {\"final\":{\"lastEventId\":ID,\"retry\":MS}}
      MS is the reconnection time: null if never set, a string above 2^53-1

Control characters are escaped, so a terminal can show every line. `encode` turns the lines into a stream.

Options:
  --chunk N      Feed the decoder N bytes at a time, and wait for them [default: the available bytes]
  --max-event N  The largest event, in bytes of its data, event and id lines [default: 16 MiB]
  --comments     Show comments, of up to 64 KiB each
  -h, --help     Show this text

Exit code: 0, or 1 if reading or writing failed.
";

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
            Long("max-event") => limits = limits.with_event(args.value()?.parse()?),
            Long("comments") => comments = true,
            Short('h') | Long("help") => {
                cli::say(HELP);
                return Ok(ExitCode::SUCCESS);
            }
            Value(path) if file.is_none() => file = Some(path),
            other => return Err(other.unexpected().into()),
        }
    }
    let decoder = Decoder::builder().limits(limits).comments(comments).build();
    decode(input::open(file)?, chunk_size, decoder)?;
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
            json_lines::write_item(&mut output, &item)?;
        }
        output.flush()?;
    }
    json_lines::write_final(&mut output, &decoder)?;
    output.flush()
}

/// Reads the next chunk. Empty at the end of the input.
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
