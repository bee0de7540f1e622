//! How long a client waits before it connects again.

use core::time::Duration;

/// Case 15: a shorter `retry` would cause a flood of requests.
const SHORTEST_RETRY: Duration = Duration::from_millis(200);
/// Cases 15 and 17: the longest wait that a server can ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(60 * 60);
/// Cases 13 and 14: doubling ends here.
const LONGEST_GROWN: Duration = Duration::from_secs(30);

/// How long to wait before the next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wait {
    /// How long to wait.
    pub delay: Duration,
    /// The wait that the server asked for, if `delay` is shorter because of the limit of an hour.
    pub cut_from: Option<Duration>,
}

/// The waits that a server asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked {
    /// The stream's reconnection time.
    pub(crate) retry: Option<Duration>,
    /// `Retry-After` of the refused answer.
    pub(crate) retry_after: Option<Duration>,
}

impl Asked {
    pub(crate) fn longest(&self) -> Duration {
        self.retry.max(self.retry_after).unwrap_or_default()
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    /// Whether waits double with each failure, and the client's own waits are randomized.
    grows: bool,
    spread: f64,
    pub(crate) long_wait: LongWait,
}

/// The reaction to a server that asks for more than [`LONGEST_ASKED`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LongWait {
    Cut,
    GiveUp,
    Obey,
}

impl Backoff {
    pub(crate) const fn new() -> Self {
        Self { first: Duration::from_secs(1), grows: true, spread: 0.1, long_wait: LongWait::Cut }
    }

    /// > *A reconnection time, in milliseconds. This must initially be an implementation-defined value, probably in the
    /// > region of a few seconds.*
    pub(crate) const fn browser() -> Self {
        Self { first: Duration::from_secs(3), grows: false, spread: 0.1, long_wait: LongWait::Obey }
    }

    pub(crate) fn spread(self, spread: f64) -> Self {
        Self { spread: if spread.is_nan() { 0.0 } else { spread.clamp(0.0, 10.0) }, ..self }
    }

    /// The wait after this many failures. `None` if the server asks for longer than the policy waits.
    pub(crate) fn wait(&self, failures: u32, asked: Asked, random: u64) -> Option<Wait> {
        if asked.longest() > LONGEST_ASKED && self.long_wait == LongWait::GiveUp {
            return None;
        }
        let fraction = fraction(random);
        let own_or_retry = match asked.retry {
            None if self.grows => self.grown(self.first, failures).mul_f64(0.5 + 0.5 * fraction),
            None => self.first,
            Some(retry) => self.spread_out(self.grown(self.bounded(retry), failures), fraction),
        };
        let retry_after = asked.retry_after.map(|after| self.spread_out(self.bounded(after), fraction));
        let delay = own_or_retry.max(retry_after.unwrap_or_default());
        Some(Wait { delay, cut_from: Some(asked.longest()).filter(|&asked| asked > delay) })
    }

    fn bounded(&self, asked: Duration) -> Duration {
        let longest = if self.long_wait == LongWait::Obey { Duration::MAX } else { LONGEST_ASKED };
        asked.clamp(SHORTEST_RETRY, longest)
    }

    /// Doubles the base with each failure, up to 30 s, or to the base if that is longer.
    fn grown(&self, base: Duration, failures: u32) -> Duration {
        let factor = if self.grows { 2_u32.saturating_pow(failures) } else { 1 };
        base.saturating_mul(factor).min(base.max(LONGEST_GROWN))
    }

    /// Adds a part of the wait, since a product could be rounded below what the server asks for.
    fn spread_out(&self, asked: Duration, fraction: f64) -> Duration {
        let spread = Duration::try_from_secs_f64(asked.as_secs_f64() * self.spread * fraction);
        asked.saturating_add(spread.unwrap_or_default())
    }
}

/// Maps random bits evenly to a number from 0 to below 1.
fn fraction(random: u64) -> f64 {
    (random >> 11) as f64 / (1_u64 << 53) as f64
}
