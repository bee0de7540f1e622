//! Random numbers from the seed of a run.

use std::time::Duration;

#[derive(Debug)]
pub(crate) struct Random(fastrand::Rng);

impl Random {
    /// Each `part` of a run has its own, so it does not depend on how the others are scheduled.
    pub(crate) fn new(seed: u64, part: u64) -> Self {
        let mut seeds = fastrand::Rng::with_seed(seed.wrapping_add(part.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
        Self(fastrand::Rng::with_seed(seeds.u64(..)))
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        if bound == 0 { 0 } else { self.0.usize(..bound) }
    }

    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.0.f64() < probability
    }

    /// Seconds, evenly distributed.
    pub(crate) fn time(&mut self, from: f64, to: f64) -> Duration {
        Duration::from_secs_f64(from + self.0.f64() * (to - from))
    }

    /// Seconds, as between independent events; at most eight times the mean.
    pub(crate) fn around(&mut self, mean: f64) -> Duration {
        Duration::from_secs_f64(mean * (-(1.0 - self.0.f64()).ln()).min(8.0))
    }
}
