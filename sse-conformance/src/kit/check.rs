//! What is asked of a program, and why.

use std::fmt;

/// One thing that is asked of a program.
#[derive(Clone, Debug)]
pub struct Check {
    /// The category, a slash, and a word: unique in its suite, and it stays, since people give it to `--only`.
    pub name: String,
    /// The row of the table.
    pub category: String,
    /// What is asked for, in one line without an end.
    pub what: String,
    /// What goes wrong for people where it is not so.
    pub why: String,
    /// What says that it must be so.
    pub rule: Rule,
    /// Where the case comes from.
    pub source: String,
}

/// A sentence of a standard.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Verbatim.
    pub text: &'static str,
    /// The standard, and the section.
    pub standard: &'static str,
}

impl Rule {
    /// A sentence of "Interpreting an event stream" of the HTML standard.
    pub const fn interpretation(text: &'static str) -> Self {
        Self { text, standard: "HTML, 9.2.6 Interpreting an event stream" }
    }
}

impl Check {
    /// The category, which is what the name begins with, and the other parts.
    pub fn new(name: impl Into<String>, what: impl Into<String>, why: impl Into<String>, rule: Rule) -> Self {
        let name = name.into();
        let category = name.split('/').next().unwrap_or_default().to_owned();
        let (what, why) = (what.into(), why.into());
        Self { name, category, what, why, rule, source: "this project".to_owned() }
    }

    /// The same from this source.
    #[must_use]
    pub fn from_source(mut self, source: impl Into<String>) -> Self {
        self.source = source.into();
        self
    }
}

/// What `--explain` prints.
impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, category, what, why, rule, source } = self;
        writeln!(f, "{name}\n\nCategory: {category}\nWhat: {what}\nWhy: {why}")?;
        writeln!(f, "Standard: {}\n  \"{}\"\nFrom: {source}", rule.standard, rule.text)
    }
}
