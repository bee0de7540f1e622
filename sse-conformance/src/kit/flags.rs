//! The flags of all subcommands.

use std::{
    error::Error,
    ffi::OsString,
    fs,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use lexopt::prelude::*;

use super::{check::Check, junit, report::Report};

/// The `--help` of these flags.
pub const HELP: &str = "\
  --only NAME      Only this check, or the checks of this category; may be given several times
  --list           List the checks, and run nothing
  --explain NAME   Explain this check, with the sentence of the standard; runs nothing
  --json FILE      Write the report as JSON as well
  --junit FILE     Write the report in the XML of JUnit as well
  --timeout SECS   How long to wait for an expected event [default: 10]
  --jobs N         How many checks run at the same time [default: 4]
  -h, --help       Show this text

Exit code: 0 if all checks passed or were skipped, 1 if one failed or nothing could be checked.
";

/// The parsed command line.
#[derive(Clone, Debug)]
pub struct Flags {
    /// Names of checks or categories; all checks if it is empty.
    pub only: Vec<String>,
    /// Lists the checks.
    pub list: bool,
    /// Explains a check.
    pub explain: Option<String>,
    /// Shows the help.
    pub help: bool,
    /// Where to write the report.
    pub json: Option<PathBuf>,
    /// Where to write the report in the XML of JUnit.
    pub junit: Option<PathBuf>,
    /// How long to wait for an expected event.
    pub timeout: Duration,
    /// How many checks run at the same time.
    pub jobs: usize,
    /// The command with its arguments, or the URL: the first value that is not a flag, and everything after it.
    pub subject: Vec<OsString>,
}

impl Default for Flags {
    fn default() -> Self {
        Self {
            only: Vec::new(),
            list: false,
            explain: None,
            help: false,
            json: None,
            junit: None,
            timeout: Duration::from_secs(10),
            jobs: 4,
            subject: Vec::new(),
        }
    }
}

impl Flags {
    /// Parses the flags. `own` parses the long flags of one subcommand, and returns whether it knows the flag.
    pub fn parse(
        args: &mut lexopt::Parser,
        mut own: impl FnMut(&str, &mut lexopt::Parser) -> Result<bool, lexopt::Error>,
    ) -> Result<Self, lexopt::Error> {
        let mut flags = Self::default();
        while let Some(arg) = args.next()? {
            match arg {
                Long("only") => flags.only.push(args.value()?.string()?),
                Long("list") => flags.list = true,
                Long("explain") => flags.explain = Some(args.value()?.string()?),
                Long("json") => flags.json = Some(args.value()?.into()),
                Long("junit") => flags.junit = Some(args.value()?.into()),
                Long("timeout") => flags.timeout = Duration::from_secs(args.value()?.parse()?),
                Long("jobs") => flags.jobs = args.value()?.parse::<std::num::NonZeroUsize>()?.get(),
                Short('h') | Long("help") => flags.help = true,
                Value(first) => {
                    flags.subject.push(first);
                    flags.subject.extend(args.raw_args()?);
                }
                Long(name) => {
                    let name = name.to_owned();
                    if !own(&name, args)? {
                        return Err(Long(&name).unexpected());
                    }
                }
                other => return Err(other.unexpected()),
            }
        }
        Ok(flags)
    }

    /// Handles the flags that need no run: `--help`, `--list`, `--explain`. Returns the exit code if one was set.
    pub fn answer(&self, help: &str, checks: &[Check]) -> Result<Option<ExitCode>, Box<dyn Error>> {
        let answer = if self.help {
            format!("{help}{HELP}")
        } else if let Some(name) = &self.explain {
            let check = checks.iter().find(|check| check.name == *name);
            check.ok_or_else(|| format!("no check has the name {name:?}; see --list"))?.to_string()
        } else if self.list {
            self.select(checks)?.iter().map(|check| format!("{}: {}\n", check.name, check.what)).collect()
        } else {
            return Ok(None);
        };
        say(&answer)?;
        Ok(Some(ExitCode::SUCCESS))
    }

    /// The checks that `--only` selects.
    pub fn select(&self, checks: &[Check]) -> Result<Vec<Check>, String> {
        let matches = |check: &Check, name: &String| check.name == *name || check.category == *name;
        for name in &self.only {
            if !checks.iter().any(|check| matches(check, name)) {
                return Err(format!("--only {name:?} names no check and no category; see --list"));
            }
        }
        let is_asked_for =
            |check: &&Check| self.only.is_empty() || self.only.iter().any(|name| matches(check, name));
        Ok(checks.iter().filter(is_asked_for).cloned().collect())
    }

    /// Prints the report and writes the files. The exit code is a failure if a check failed, or if none passed.
    pub fn finish(&self, report: &Report) -> Result<ExitCode, Box<dyn Error>> {
        if let Some(path) = &self.json {
            let json = serde_json::to_vec_pretty(report)?;
            fs::write(path, json).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        if let Some(path) = &self.junit {
            fs::write(path, junit::write(report)?).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        say(&report.to_string())?;
        let count = report.count();
        Ok(if count.failed == 0 && count.passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// The command to check, or an error that says how to pass it.
    pub fn command(&self) -> Result<&[OsString], String> {
        if self.subject.is_empty() {
            return Err("no command to check; put it last, after `--`".to_owned());
        }
        Ok(&self.subject)
    }

    /// The command or the URL as one line.
    pub fn subject(&self) -> String {
        let words: Vec<_> = self.subject.iter().map(|word| word.to_string_lossy()).collect();
        words.join(" ")
    }
}

/// Writes to standard output. A closed pipe is no error.
pub(super) fn say(text: &str) -> io::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}
