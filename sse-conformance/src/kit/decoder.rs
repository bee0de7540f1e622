//! `decoder`: plays the vectors to a decoder.

use std::{error::Error, ffi::OsString, num::NonZeroUsize, process::ExitCode};

use futures_util::{StreamExt, stream};
use serde_json::Value;

use super::{
    check::Check,
    flags::Flags,
    lines::{Event, Said, shorten},
    program,
    report::{Finding, Outcome, Report},
    rules,
};
use crate::vectors::{self, Vector};

const HELP: &str = "\
Checks a decoder of event streams.

Usage: sse-conformance decoder [OPTIONS] -- CMD…

Runs CMD for each stream. CMD reads the stream from standard input and writes JSON Lines to standard output:

  {\"event\":{\"type\":TYPE,\"data\":DATA,\"lastEventId\":ID}}
  {\"comment\":TEXT}
  {\"final\":{\"lastEventId\":ID,\"retry\":MS}}

Only events are required. Anything that it never writes (comments, the last event ID, the reconnection time)
is not checked, and the report says so. If CMD accepts `--chunk N`, to feed its decoder N bytes at a time,
each stream is decoded in chunks of several sizes. docs/protocol.md has the details.

  $ sse-conformance decoder -- target/debug/examples/decode --comments

Options:
  --chunk N        Chunks of N bytes; may be given several times [default: 1, 2, 3, 7, and the whole stream]
";

/// Sizes of chunks, if the program accepts `--chunk`.
const SIZES: [usize; 4] = [1, 2, 3, 7];

/// Runs the subcommand.
pub async fn run(mut args: lexopt::Parser) -> Result<ExitCode, Box<dyn Error>> {
    let mut sizes: Vec<NonZeroUsize> = Vec::new();
    let flags = Flags::parse(&mut args, |name, args| {
        let is_known = name == "chunk";
        if is_known {
            use lexopt::ValueExt;
            sizes.push(args.value()?.parse()?);
        }
        Ok(is_known)
    })?;
    let checks: Vec<Check> = vectors::all().iter().map(check_of).collect();
    if let Some(code) = flags.answer(HELP, &checks)? {
        return Ok(code);
    }
    let sizes =
        if sizes.is_empty() { SIZES.to_vec() } else { sizes.into_iter().map(NonZeroUsize::get).collect() };
    flags.finish(&report(&flags, &sizes).await?)
}

/// Checks the command of the flags.
pub async fn report(flags: &Flags, sizes: &[usize]) -> Result<Report, Box<dyn Error>> {
    let decoder = Decoder::ask(flags.command()?, flags, sizes).await?;
    let mut report = Report::new("decoder", flags.subject());
    report.notes = decoder.notes();
    let checks: Vec<Check> = vectors::all().iter().map(check_of).collect();
    let selected = flags.select(&checks)?;
    let vectors = vectors::all().into_iter().zip(checks);
    let vectors = vectors.filter(|(_, check)| selected.iter().any(|selected| selected.name == check.name));
    let findings = stream::iter(vectors).map(|(vector, check)| decoder.finding(vector, check));
    report.findings = findings.buffered(flags.jobs).collect().await;
    Ok(report)
}

pub(super) fn check_of(vector: &Vector) -> Check {
    let rules::Reason { why, rule } = rules::of_vectors(&vector.category);
    let mut check = Check::new(&vector.name, &vector.why, why, rule).from_source(match &*vector.source {
        "spec" => "the text of the standard",
        "generated" => "a random combination of others, with a seed",
        "capture" => "a stream in the style of a service",
        suite => suite,
    });
    check.category.clone_from(&vector.category);
    check
}

/// The program, and the kinds of output that it writes.
struct Decoder<'a> {
    command: &'a [OsString],
    flags: &'a Flags,
    /// Sizes of chunks; empty if it does not accept `--chunk`.
    sizes: &'a [usize],
    tells_comments: bool,
    tells_ids: bool,
    tells_last_id: bool,
    tells_retry: bool,
}

/// A stream that any decoder decodes, with everything that it may report.
const PROBE: &[u8] = b": c\n\nid: 1\nretry: 7\ndata: x\n\n";

impl<'a> Decoder<'a> {
    /// Finds out what the program reports, and whether it accepts `--chunk`.
    async fn ask(command: &'a [OsString], flags: &'a Flags, sizes: &'a [usize]) -> Result<Self, String> {
        let mut decoder = Self {
            command,
            flags,
            sizes: &[],
            tells_comments: false,
            tells_ids: false,
            tells_last_id: false,
            tells_retry: false,
        };
        let said =
            decoder.decode(&[], PROBE).await.map_err(|error| format!("the first try failed: {error}"))?;
        let [event] = &said.events[..] else {
            return Err(format!("a stream with one event gave {}", said.events.len()));
        };
        decoder.tells_comments = !said.comments.is_empty();
        decoder.tells_ids = event.last_event_id.is_some();
        decoder.tells_last_id = said.last.contains_key("lastEventId");
        decoder.tells_retry = said.retry().is_some();
        // A program that accepts any argument and ignores it does not support chunks.
        let takes_a_number = decoder.decode(&["--chunk", "1"], PROBE).await.as_ref() == Ok(&said);
        if takes_a_number && decoder.decode(&["--chunk", "x"], PROBE).await.is_err() {
            decoder.sizes = sizes;
        }
        Ok(decoder)
    }

    /// The parts that were not checked.
    fn notes(&self) -> Vec<String> {
        [
            (!self.sizes.is_empty(), "it has no --chunk, so each stream was decoded in the chunks of a pipe"),
            (self.tells_comments, "it reports no comments, so they were not checked"),
            (self.tells_ids, "its events have no lastEventId, so ids were not checked"),
            (self.tells_last_id, "it does not report the last event ID at the end, so this was not checked"),
            (self.tells_retry, "it does not report the reconnection time, so this was not checked"),
        ]
        .into_iter()
        .filter(|(is_checked, _)| !is_checked)
        .map(|(_, note)| note.to_owned())
        .collect()
    }

    async fn decode(&self, args: &[&str], stream: &[u8]) -> Result<Said, String> {
        let ended = program::run(self.command, args, stream, self.flags.timeout).await?;
        match ended.complaint() {
            Some(complaint) => Err(complaint),
            None => Said::parse(&ended.out),
        }
    }

    async fn finding(&self, vector: Vector, check: Check) -> Finding {
        let mut outcome = self.compare(&vector, &[]).await;
        for size in self.sizes {
            if outcome.is_ok() {
                let of_size = self.compare(&vector, &["--chunk", &size.to_string()]).await;
                outcome = of_size.map_err(|reason| format!("in chunks of {size}: {reason}"));
            }
        }
        check.finding(match outcome {
            Ok(()) => Outcome::Passed,
            Err(reason) => Outcome::Failed(reason),
        })
    }

    async fn compare(&self, vector: &Vector, args: &[&str]) -> Result<(), String> {
        let said = self.decode(args, &vector.input).await?;
        self.compare_events(vector, &said).map_err(|reason| match &said.errors[..] {
            [] => reason,
            [error, ..] => format!("{reason}\nit reported {}", shorten(&error.to_string())),
        })?;
        if let Some(expected) = vector.comments.as_ref().filter(|_| self.tells_comments) {
            // The standard does not define the text of comments, so a decoder may remove the first space as in a value.
            let without_space = expected.iter().map(|text| text.strip_prefix(' ').unwrap_or(text));
            if !without_space.eq(said.comments.iter()) {
                same("the comments", expected, &said.comments)?;
            }
        }
        if self.tells_last_id {
            let expected = Value::from(&*vector.final_last_event_id);
            same(
                "the last event ID at the end",
                &expected,
                said.last.get("lastEventId").unwrap_or(&Value::Null),
            )?;
        }
        if let Some(retry) = said.retry().filter(|_| !vector.retry_lenient) {
            let retry = retry.map_or_else(|text| text, milliseconds);
            same("the reconnection time", &milliseconds(vector.retry), &retry)?;
        }
        Ok(())
    }

    fn compare_events(&self, vector: &Vector, said: &Said) -> Result<(), String> {
        let expected = vector.events.iter().map(|event| Event {
            r#type: event.event_type.clone(),
            data: event.data.clone(),
            last_event_id: self.tells_ids.then(|| event.last_event_id.clone()),
        });
        for (number, expected) in (1..).zip(expected) {
            match said.events.get(number - 1) {
                Some(event) => same(&format!("event {number}"), &expected, event)?,
                None => {
                    return Err(format!("event {number} is missing: {}", shorten(&format!("{expected:?}"))));
                }
            }
        }
        match said.events.get(vector.events.len()) {
            Some(event) => Err(format!("one event more than expected: {}", shorten(&format!("{event:?}")))),
            None => Ok(()),
        }
    }
}

fn milliseconds(retry: Option<u64>) -> String {
    retry.map_or("none".to_owned(), |retry| format!("{retry} ms"))
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, expected: &T, seen: &T) -> Result<(), String> {
    if expected == seen {
        return Ok(());
    }
    let (expected, seen) = (shorten(&format!("{expected:?}")), shorten(&format!("{seen:?}")));
    Err(format!("{what}\n  should be {expected}\n  was       {seen}"))
}
