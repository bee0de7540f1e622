//! The result of a check.

use super::report::Outcome;

/// Whether a requirement is met. An error is never `Passed`.
pub(super) type Verdict = Result<(), Outcome>;

/// The requirement is not met: this was seen instead.
pub(super) fn failed(reason: impl Into<String>) -> Outcome {
    Outcome::Failed(reason.into())
}

/// The requirement could not be checked, for this reason.
pub(super) fn skipped(reason: impl Into<String>) -> Outcome {
    Outcome::Skipped(reason.into())
}
