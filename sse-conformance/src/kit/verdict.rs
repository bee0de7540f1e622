//! What a check comes to.

use super::report::Outcome;

/// Whether something is as it should be. An error is never `Passed`.
pub(super) type Verdict = Result<(), Outcome>;

/// Something is not as it should be, and this was seen instead.
pub(super) fn failed(reason: impl Into<String>) -> Outcome {
    Outcome::Failed(reason.into())
}

/// Something could not be told, for this reason.
pub(super) fn skipped(reason: impl Into<String>) -> Outcome {
    Outcome::Skipped(reason.into())
}
