//! The requirements for a server.

mod body;
mod http;
mod ids;
mod manners;

use super::observed::Observed;
use crate::kit::{
    check::{Check, Rule},
    verdict::Verdict,
};

pub(super) type Judge = fn(&Observed) -> Verdict;

/// All checks.
pub(super) fn all() -> Vec<(Check, Judge)> {
    [http::all(), body::all(), ids::all(), manners::all()].into_iter().flatten().collect()
}

fn check(name: &str, what: &str, why: &str, rule: Rule, judge: Judge) -> (Check, Judge) {
    (Check::new(name, what, why, rule), judge)
}

const fn rfc(text: &'static str, standard: &'static str) -> Rule {
    Rule { text, standard }
}
