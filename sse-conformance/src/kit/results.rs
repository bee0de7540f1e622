//! `results`: runs the adapters of `adapters/peers.json`, and writes RESULTS.md.

use std::{
    error::Error,
    fmt::Write,
    fs,
    path::PathBuf,
    process::{Command, ExitCode},
    time::SystemTime,
};

use lexopt::prelude::*;
use serde::Deserialize;

use super::{
    client, decoder, encoder,
    flags::Flags,
    report::{Count, Finding, Report},
};
use crate::vectors;

const HELP: &str = "\
Runs other crates and packages through the kit, and writes RESULTS.md.

Usage: sse-conformance results [--suite SUITE]… [--peer NAME]… [--out FILE]

From the root of the workspace. It builds and installs the adapters (with cargo, npm and pip), runs each, keeps
its report in target/adapters/reports, and writes a table for each suite. With --suite or --peer only some are
run, and the tables have the last results of the others.

Options:
  --suite SUITE    Only `decoder`, `encoder` or `client`; may be given several times
  --peer NAME      Only this crate or package; may be given several times
  --out FILE       Where to write [default: sse-conformance/RESULTS.md]
  -h, --help       Show this text

Exit code: 0, or 1 if an adapter could not be built or run at all.
";

const ADAPTERS: &str = "sse-conformance/adapters/peers.json";
const REPORTS: &str = "target/adapters/reports";
const TOOLS: [(&str, &str); 3] = [
    ("Rust", "rustc"),
    ("Node", "sse-conformance/adapters/node/node_modules/.bin/node"),
    ("Python", "target/adapters/python/bin/python"),
];

/// The published categories of encoders. Forged fields are reported to the authors first.
const PUBLIC_CATEGORIES: [&str; 2] = ["block", "events"];

#[derive(Deserialize)]
struct Adapters {
    setup: Vec<Setup>,
    peers: Vec<Peer>,
}

/// A command that runs once, before the commands that contain one of these texts.
#[derive(Deserialize)]
struct Setup {
    r#for: Vec<String>,
    run: String,
}

#[derive(Deserialize)]
struct Peer {
    suite: String,
    name: String,
    /// `None` for this workspace.
    version: Option<String>,
    command: String,
}

impl Peer {
    fn report(&self) -> PathBuf {
        PathBuf::from(REPORTS).join(format!("{}-{}.json", self.suite, self.name))
    }
}

/// Runs the subcommand.
///
/// # Errors
///
/// If the flags are wrong, an adapter cannot be built or run, or the file cannot be written.
pub async fn run(mut args: lexopt::Parser) -> Result<ExitCode, Box<dyn Error>> {
    let (mut suites, mut names) = (Vec::new(), Vec::new());
    let mut out = PathBuf::from("sse-conformance/RESULTS.md");
    while let Some(arg) = args.next()? {
        match arg {
            Long("suite") => suites.push(args.value()?.string()?),
            Long("peer") => names.push(args.value()?.string()?),
            Long("out") => out = args.value()?.into(),
            Short('h') | Long("help") => {
                super::flags::say(HELP)?;
                return Ok(ExitCode::SUCCESS);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let text =
        fs::read(ADAPTERS).map_err(|error| format!("{ADAPTERS}: {error}; run it from the workspace"))?;
    let Adapters { setup, peers } = serde_json::from_slice(&text)?;
    let is_asked_for = |peer: &&Peer| {
        (suites.is_empty() || suites.contains(&peer.suite))
            && (names.is_empty() || names.contains(&peer.name))
    };
    let asked_for: Vec<&Peer> = peers.iter().filter(is_asked_for).collect();
    set_up(&setup, &asked_for)?;
    fs::create_dir_all(REPORTS)?;
    for peer in asked_for {
        super::flags::say(&format!("{} {}\n", peer.suite, peer.name))?;
        let report = check(peer).await.map_err(|error| format!("{} {}: {error}", peer.suite, peer.name))?;
        fs::write(peer.report(), serde_json::to_vec(&report)?)?;
    }

    let mut runs = Vec::new();
    for peer in peers {
        match fs::read(peer.report()) {
            Ok(report) => runs.push((peer, serde_json::from_slice(&report)?)),
            Err(_) => {
                super::flags::say(&format!("{} {} was never run, and is left out\n", peer.suite, peer.name))?
            }
        }
    }
    fs::write(&out, page(&runs)?).map_err(|error| format!("{}: {error}", out.display()))?;
    Ok(ExitCode::SUCCESS)
}

fn set_up(setup: &[Setup], peers: &[&Peer]) -> Result<(), Box<dyn Error>> {
    for Setup { r#for: parts, run } in setup {
        if peers.iter().any(|peer| parts.iter().any(|part| peer.command.contains(part))) {
            super::flags::say(&format!("{run}\n"))?;
            let status = Command::new("sh").args(["-c", run]).status()?;
            if !status.success() {
                return Err(format!("{run}: {status}").into());
            }
        }
    }
    Ok(())
}

async fn check(peer: &Peer) -> Result<Report, Box<dyn Error>> {
    let mut flags =
        Flags { subject: peer.command.split_whitespace().map(Into::into).collect(), ..Flags::default() };
    match &*peer.suite {
        // One size only, since some programs start slowly.
        "decoder" => decoder::report(&flags, &[1]).await,
        "encoder" => {
            if peer.version.is_some() {
                flags.only = PUBLIC_CATEGORIES.map(str::to_owned).into();
            }
            encoder::report(&flags).await
        }
        "client" => client::report(&flags).await,
        other => Err(format!("there is no suite {other:?} in peers.json").into()),
    }
}

const INTRODUCTION: &str = "\
# Results of the conformance kit

The results of crates and packages for Server-Sent Events in the checks of `sse-conformance`. This file is generated by

    cargo run -p sse-conformance --features cli -- results

which builds and installs the adapters in `adapters`, and runs each of them. A cell says how many checks of the category
passed, with the total if some failed; `-` is a category that could not be checked. A failed check is a difference from
the HTML standard, which can be intended: for example an error for bytes that are not UTF-8.
`sse-conformance decoder --list` lists the checks, and `--explain NAME` has the sentence of the standard. To see which
checks failed, run the command below the table: `sse-conformance decoder -- COMMAND`. If a cell is wrong or out of date,
please report it.
";

const ABOUT: [(&str, &str, &str); 3] = [
    (
        "decoder",
        "Decoders",
        "Each stream was decoded whole and in chunks of one byte, and passes if both results are right. Clients got it \
         over a\nsocket. Anything that an adapter does not report is not checked: see the notes.",
    ),
    (
        "encoder",
        "Encoders",
        "For other crates, only the categories that check whether events arrive are listed. Try the others \
         (`type`, `id`,\n`data`, `comment`, `value`) on the encoder that you use: with a failure there, a stranger may be \
         able to forge events.",
    ),
    (
        "client",
        "Clients",
        "Each check is a separate server. The adapters use the defaults of the libraries, and do nothing that these \
         leave to the\nprogram. The checks of `waiting` and `redirect` require more than the HTML standard.",
    ),
];

fn page(runs: &[(Peer, Report)]) -> Result<String, Box<dyn Error>> {
    let date = httpdate::fmt_http_date(SystemTime::now());
    let date = date.get(5..16).unwrap_or(&date);
    let mut page = String::from(INTRODUCTION);
    let (kit, vectors) = (env!("CARGO_PKG_VERSION"), vectors::VERSION);
    write!(page, "\nAs of {date}, with `sse-conformance` {kit} and version {vectors} of the vectors.")?;
    writeln!(page, "\nThe adapters ran with {}.", TOOLS.map(version).join(", "))?;
    for (suite, title, about) in ABOUT {
        let runs: Vec<_> = runs.iter().filter(|(peer, _)| peer.suite == suite).collect();
        if !runs.is_empty() {
            write!(page, "\n## {title}\n\n{about}\n\n{}\n{}", table(&runs)?, commands(&runs)?)?;
        }
    }
    Ok(page)
}

/// The name and the version of a tool.
fn version((name, program): (&str, &str)) -> String {
    let output = Command::new(program).arg("--version").output();
    let said = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let version = said.split_whitespace().find(|word| word.contains(|char: char| char.is_ascii_digit()));
    format!("{name} {}", version.unwrap_or("of an unknown version"))
}

/// A column for each peer: there are more categories than peers.
fn table(runs: &[&(Peer, Report)]) -> Result<String, std::fmt::Error> {
    let mut rows: Vec<&str> = Vec::new();
    for (_, report) in runs {
        for finding in &report.findings {
            let row = row_of(&finding.category);
            if !rows.contains(&row) {
                rows.push(row);
            }
        }
    }
    let mut table = String::from("| |");
    for (Peer { name, version, .. }, _) in runs {
        write!(
            table,
            " {name}{} |",
            version.as_ref().map(|version| format!(" {version}")).unwrap_or_default()
        )?;
    }
    write!(table, "\n|---|{}\n", "---|".repeat(runs.len()))?;
    let mut row = |title: &str, is_in: &dyn Fn(&Finding) -> bool| {
        write!(table, "| {title} |")?;
        for (_, report) in runs {
            write!(table, " {} |", cell(report, is_in))?;
        }
        writeln!(table)
    };
    for category in rows {
        row(category, &|finding| row_of(&finding.category) == category)?;
    }
    // For other encoders some categories are left out, so there is no sum.
    if runs.iter().all(|(peer, _)| peer.suite != "encoder") {
        row("**all**", &|_| true)?;
    }
    if runs.iter().any(|(peer, _)| peer.suite == "decoder") {
        let utf8: Vec<String> = vectors::all()
            .into_iter()
            .filter(|vector| std::str::from_utf8(&vector.input).is_ok())
            .map(|vector| vector.name)
            .collect();
        row("of these, streams of UTF-8", &|finding| utf8.contains(&finding.name))?;
    }
    Ok(table)
}

/// The row of a category. All other test suites share one.
fn row_of(category: &str) -> &str {
    if category.starts_with("suite:") { "from other test suites" } else { category }
}

fn cell(report: &Report, is_in: &dyn Fn(&Finding) -> bool) -> String {
    let mut count = Count::default();
    report.findings.iter().filter(|finding| is_in(finding)).for_each(|finding| count.add(&finding.outcome));
    let Count { passed, failed, .. } = count;
    match (passed, failed) {
        (0, 0) => "-".to_owned(),
        (passed, 0) => passed.to_string(),
        (passed, failed) => format!("{passed} of {}", passed + failed),
    }
}

fn commands(runs: &[&(Peer, Report)]) -> Result<String, std::fmt::Error> {
    let mut list = String::new();
    for (Peer { name, command, .. }, report) in runs {
        write!(list, "- {name}: `{command}`")?;
        for note in &report.notes {
            write!(list, "; {note}")?;
        }
        writeln!(list)?;
    }
    Ok(list)
}
