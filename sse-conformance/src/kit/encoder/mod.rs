//! `encoder`: sends lines to an encoder, and reads the resulting stream.

mod cases;
mod judge;

use std::{error::Error, process::ExitCode};

use futures_util::{StreamExt, stream};

use super::{
    flags::Flags,
    program,
    report::{Finding, Outcome, Report},
};
use cases::{Case, Key, cases};

const HELP: &str = "\
Checks an encoder of event streams.

Usage: sse-conformance encoder [OPTIONS] -- CMD…

Runs CMD with JSON Lines on its standard input, an object for each block of the stream, and reads the event
stream on its standard output:

  {\"data\":TEXT,\"event\":TYPE,\"id\":ID,\"retry\":MS,\"comment\":TEXT}

A block has any of these keys. A key that CMD refuses even in the simplest block is not checked, and the
report says so. A value that would forge a field must be refused, or be written without its hostile part:
the categories `type`, `id`, `data` and `comment` try each hostile character in each place. docs/protocol.md
has the details.

  $ sse-conformance encoder -- target/debug/examples/encode

Options:
";

/// Runs the subcommand.
pub async fn run(mut args: lexopt::Parser) -> Result<ExitCode, Box<dyn Error>> {
    let flags = Flags::parse(&mut args, |_, _| Ok(false))?;
    let checks: Vec<_> = cases().into_iter().map(|case| case.check).collect();
    if let Some(code) = flags.answer(HELP, &checks)? {
        return Ok(code);
    }
    flags.finish(&report(&flags).await?)
}

/// Checks the command of the flags.
pub async fn report(flags: &Flags) -> Result<Report, Box<dyn Error>> {
    let mut report = Report::new("encoder", flags.subject());
    let missing = missing_keys(flags).await?;
    report.notes =
        missing.iter().map(|key| format!("it writes no {}, so this was not checked", key.name())).collect();
    let checks: Vec<_> = cases().into_iter().map(|case| case.check).collect();
    let selected = flags.select(&checks)?;
    let cases = cases().into_iter().filter(|case| selected.iter().any(|check| check.name == case.check.name));
    let findings = stream::iter(cases).map(|case| finding(flags, &missing, case));
    report.findings = findings.buffered(flags.jobs).collect().await;
    Ok(report)
}

/// The keys that the program refuses even in the simplest block. Without data there is nothing to check.
async fn missing_keys(flags: &Flags) -> Result<Vec<Key>, String> {
    let mut missing = Vec::new();
    for key in [Key::Data, Key::Event, Key::Id, Key::Retry, Key::Comment] {
        let ended = program::run(flags.command()?, &[], key.simplest().as_bytes(), flags.timeout).await;
        let ended = ended.map_err(|error| format!("the first try failed: {error}"))?;
        let is_refused = ended.code != Some(0) && ended.out.is_empty();
        match (is_refused, ended.complaint()) {
            (true, complaint) if key == Key::Data => {
                return Err(format!("the first try failed: {}", complaint.unwrap_or_default()));
            }
            (true, _) => missing.push(key),
            (false, _) => {}
        }
    }
    Ok(missing)
}

async fn finding(flags: &Flags, missing: &[Key], case: Case) -> Finding {
    let outcome = match case.keys.iter().find(|key| missing.contains(key)) {
        Some(key) => Outcome::Skipped(format!("it writes no {}", key.name())),
        None => match judge(flags, &case).await {
            Ok(()) => Outcome::Passed,
            Err(reason) => Outcome::Failed(reason),
        },
    };
    case.check.finding(outcome)
}

async fn judge(flags: &Flags, case: &Case) -> Result<(), String> {
    let command = flags.command()?;
    let ended =
        program::run(command, &[], case.input(0..case.blocks.len()).as_bytes(), flags.timeout).await?;
    let segments = judge::segments(&ended.out, case.blocks.len());
    // A program that exits at the first refused line gets the lines one by one.
    if segments.is_none() && ended.code != Some(0) && case.blocks.len() > 1 {
        for number in 0..case.blocks.len() {
            let ended =
                program::run(command, &[], case.input(number..number + 1).as_bytes(), flags.timeout).await?;
            judge::block(&case.blocks[number], judge::segments(&ended.out, 1), &ended)?;
        }
        return Ok(());
    }
    match segments {
        Some(segments) => {
            let mut blocks = case.blocks.iter().zip(segments);
            blocks.try_for_each(|(block, segment)| judge::block(block, Some(vec![segment]), &ended))
        }
        None => judge::block(&case.blocks[0], None, &ended),
    }
}
