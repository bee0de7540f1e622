//! A requirement for a program, with its reason.

use std::fmt;

/// One requirement for a program.
#[derive(Clone, Debug)]
pub struct Check {
    /// The category, a slash, and a word. Unique in its suite, and stable, since people pass it to `--only`.
    pub name: String,
    /// Its row of the table.
    pub category: String,
    /// The requirement, in one line without a full stop.
    pub what: String,
    /// What goes wrong for users if it is not met.
    pub why: String,
    /// The sentence that requires it.
    pub rule: Rule,
    /// The origin of the case.
    pub source: String,
}

/// A sentence of a standard.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Verbatim.
    pub text: &'static str,
    /// The standard and the section.
    pub standard: &'static str,
}

impl Rule {
    /// A sentence of "Interpreting an event stream" of the HTML standard.
    pub const fn interpretation(text: &'static str) -> Self {
        Self { text, standard: "HTML, 9.2.6 Interpreting an event stream" }
    }
}

impl Check {
    /// A check from its parts. The category is the part of the name before the slash.
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

/// The output of `--explain`.
impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, category, what, why, rule, source } = self;
        writeln!(f, "{name}\n\nCategory: {category}\nWhat: {what}\nWhy: {why}")?;
        writeln!(f, "Standard: {}\n  \"{}\"\nFrom: {source}", rule.standard, rule.text)
    }
}
