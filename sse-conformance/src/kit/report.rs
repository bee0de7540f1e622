//! The outcomes of the checks.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::check::Check;

/// The outcomes of the checks of one program or server.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Report {
    /// The version of the kit.
    pub version: String,
    /// The subcommand: `decoder`, `encoder`, `client` or `server`.
    pub suite: String,
    /// The command or the URL.
    pub subject: String,
    /// What was not checked, and why: a line each.
    pub notes: Vec<String>,
    /// In the order of the checks.
    pub findings: Vec<Finding>,
}

/// A check and its outcome.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Finding {
    /// The name of the check.
    pub name: String,
    /// The category of the check.
    pub category: String,
    /// The requirement.
    pub what: String,
    /// The outcome.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// The outcome of a check.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "outcome", content = "reason", rename_all = "lowercase")]
pub enum Outcome {
    /// The requirement is met.
    Passed,
    /// It is not met. The reason says what was seen instead; it may have several lines.
    Failed(String),
    /// It could not be checked, for this reason.
    Skipped(String),
}

/// The number of checks by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Passed checks.
    pub passed: usize,
    /// Failed checks.
    pub failed: usize,
    /// Skipped checks.
    pub skipped: usize,
}

impl Check {
    /// The check with its outcome.
    pub fn finding(&self, outcome: Outcome) -> Finding {
        let Self { name, category, what, .. } = self.clone();
        Finding { name, category, what, outcome }
    }
}

impl Report {
    /// A report without findings.
    pub fn new(suite: &str, subject: String) -> Self {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Self { version, suite: suite.to_owned(), subject, notes: Vec::new(), findings: Vec::new() }
    }

    /// The categories in the order of their first checks, and their counts.
    pub fn categories(&self) -> Vec<(&str, Count)> {
        let mut order = Vec::new();
        let mut counts: BTreeMap<&str, Count> = BTreeMap::new();
        for finding in &self.findings {
            counts.entry(&finding.category).or_insert_with(|| {
                order.push(&*finding.category);
                Count::default()
            });
            if let Some(count) = counts.get_mut(&*finding.category) {
                count.add(&finding.outcome);
            }
        }
        order.into_iter().map(|category| (category, counts[category])).collect()
    }

    /// The counts of all checks.
    pub fn count(&self) -> Count {
        let mut count = Count::default();
        self.findings.iter().for_each(|finding| count.add(&finding.outcome));
        count
    }
}

impl Count {
    /// Counts one more outcome.
    pub fn add(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Passed => self.passed += 1,
            Outcome::Failed(_) => self.failed += 1,
            Outcome::Skipped(_) => self.skipped += 1,
        }
    }

    /// The number of all checks.
    pub fn all(self) -> usize {
        self.passed + self.failed + self.skipped
    }
}

/// The table, and the reasons of failed and skipped checks.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}\n", self.suite, printable(&self.subject))?;
        let categories = self.categories();
        let width = categories.iter().map(|(category, _)| category.len()).max().unwrap_or(0).max(8);
        writeln!(f, "{:width$}  checks  passed  failed  skipped", "category")?;
        for (category, count) in categories.into_iter().chain([("all", self.count())]) {
            let Count { passed, failed, skipped } = count;
            writeln!(f, "{category:width$}  {:6}  {passed:6}  {failed:6}  {skipped:7}", count.all())?;
        }
        for finding in &self.findings {
            let (word, reason) = match &finding.outcome {
                Outcome::Passed => continue,
                Outcome::Failed(reason) => ("FAILED", reason),
                Outcome::Skipped(reason) => ("SKIPPED", reason),
            };
            writeln!(f, "\n{word} {}: {}", finding.name, finding.what)?;
            for line in reason.lines() {
                writeln!(f, "    {}", printable(line))?;
            }
        }
        if self.count().failed > 0 {
            writeln!(f, "\n`sse-conformance {} --explain NAME` explains a check.", self.suite)?;
        }
        for note in &self.notes {
            writeln!(f, "\nNote: {}", printable(note))?;
        }
        Ok(())
    }
}

/// Replaces control characters, so that the output of a checked program cannot control the terminal.
pub fn printable(text: &str) -> String {
    text.replace(|char: char| char.is_control() && char != '\t', "\u{FFFD}")
}
