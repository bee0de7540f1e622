//! `client`: plays servers to a client.

mod play;
mod record;
mod rules;
mod scenarios;

use std::{cmp::Reverse, error::Error, process::ExitCode};

use futures_util::{StreamExt, stream};

use self::{
    play::{PLACEHOLDER, Player},
    scenarios::Scenario,
};
use super::{
    check::Check,
    flags::Flags,
    report::{Outcome, Report},
};

const HELP: &str = "\
Checks a client of event streams.

Usage: sse-conformance client [OPTIONS] -- CMD… {url} …

Runs CMD once for each check, with the URL of a new server on 127.0.0.1 in place of {url}. The server breaks
connections, refuses them, sends ids and waits, and records the requests of the client with their headers and
times. If the client prints JSON Lines, its events are checked as well:

  {\"event\":{\"type\":TYPE,\"data\":DATA,\"lastEventId\":ID}}

It may exit once it is told not to reconnect; otherwise it is killed. docs/protocol.md has the details.

  $ sse-conformance client -- target/debug/examples/client --json {url}

Options:
";

/// A run mostly waits, so more of them can run at a time than `--jobs` allows.
const RUNS_PER_JOB: usize = 4;

/// Runs the subcommand.
///
/// # Errors
///
/// If the flags are wrong, or the program cannot be checked.
pub async fn run(mut args: lexopt::Parser) -> Result<ExitCode, Box<dyn Error>> {
    let flags = Flags::parse(&mut args, |_, _| Ok(false))?;
    if let Some(code) = flags.answer(HELP, &checks())? {
        return Ok(code);
    }
    flags.finish(&report(&flags).await?)
}

fn checks() -> Vec<Check> {
    scenarios::all().into_iter().map(|scenario| scenario.check).collect()
}

/// Checks the command of the flags.
///
/// # Errors
///
/// If there is no command, if it has no `{url}`, or if it makes no request.
pub async fn report(flags: &Flags) -> Result<Report, Box<dyn Error>> {
    let command = flags.command()?;
    if !command.iter().any(|word| word.to_string_lossy().contains(PLACEHOLDER)) {
        return Err(format!("the command has no {PLACEHOLDER}; put it in the place of the URL").into());
    }
    let selected = flags.select(&checks())?;
    let mut scenarios = scenarios::all();
    scenarios.retain(|scenario| selected.iter().any(|check| check.name == scenario.check.name));

    let player = &Player::new(command, flags.timeout, flags.jobs);
    let first = player.play(&scenarios::probe()).await?;
    first.request(0).map_err(|_| format!("the first try failed: {}", first.why_no_request()))?;
    let tells_events = first.tells_events();
    let mut report = Report::new("client", flags.subject());
    if !tells_events {
        report.notes.push("it prints no events as JSON Lines, so only its requests were checked".to_owned());
    }
    // The longest first, so that the others run at the same time.
    let mut order: Vec<_> = scenarios.iter().enumerate().collect();
    order.sort_by_key(|(_, scenario)| Reverse(scenario.until.longest()));
    let findings = stream::iter(order).map(|(number, scenario)| async move {
        let outcome = match player.play(scenario).await {
            Ok(record) => scenario.outcome(&record.telling(tells_events)),
            Err(reason) => Outcome::Failed(reason),
        };
        (number, scenario.check.finding(outcome))
    });
    let mut findings: Vec<_> = findings.buffer_unordered(flags.jobs * RUNS_PER_JOB).collect().await;
    findings.sort_by_key(|(number, _)| *number);
    report.findings = findings.into_iter().map(|(_, finding)| finding).collect();
    Ok(report)
}

impl Scenario {
    fn outcome(&self, record: &record::Record) -> Outcome {
        (self.judge)(record).err().unwrap_or(Outcome::Passed)
    }
}
