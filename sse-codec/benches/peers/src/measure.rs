//! Time, taken by all contestants in rounds.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::LazyLock,
    time::{Duration, Instant},
};

use cpu_time::ThreadTime;

/// Whether allocations are counted, of all sizes and reallocations with them, in place of time.
pub const COUNTS_ALLOCATIONS: bool = cfg!(feature = "allocations");

/// The part of a pass that counts, in the thread's CPU time: other programs take none of it.
#[derive(Default)]
pub struct Clock {
    elapsed: Duration,
    allocations: usize,
}

/// What it takes to look at the clock. Some timed parts are only microseconds long.
static OVERHEAD: LazyLock<Duration> = LazyLock::new(|| {
    let looks = (0..1000).map(|_| ThreadTime::now().elapsed());
    looks.min().unwrap_or_default()
});

impl Clock {
    /// Runs and times `work`. Never inlined: callgrind counts what is called from here.
    #[inline(never)]
    pub fn time<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let overhead = *OVERHEAD;
        let allocations = allocations();
        let start = ThreadTime::now();
        let result = work();
        self.elapsed += start.elapsed().saturating_sub(overhead);
        self.allocations += self::allocations() - allocations;
        result
    }

    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Adds what another thread has timed.
    pub fn add(&mut self, other: Self) {
        self.elapsed += other.elapsed;
        self.allocations += other.allocations;
    }
}

/// How many there were in the whole process.
#[cfg(feature = "allocations")]
fn allocations() -> usize {
    use std::alloc::System;

    use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

    #[global_allocator]
    static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

    let stats = ALLOCATOR.stats();
    stats.allocations + stats.reallocations
}

#[cfg(not(feature = "allocations"))]
fn allocations() -> usize {
    0
}

/// What an implementation is in the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// This crate, compared with the best peer.
    Ours(Level),
    /// This crate, in another way.
    Variant,
    /// Another crate.
    Peer,
    /// Another crate, whose work is not quite what is asked of the others: such as borrowed slices where a
    /// client has `Bytes`, or literals.
    Apart,
    /// Written for this comparison, without a crate for events.
    ByHand,
    /// No codec, but a part of the work, to compare all others with.
    Limit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// `Decoder::decode`.
    Borrowed,
    /// `EventStream`.
    Owned,
    /// `Decoder::decode_bytes`.
    Iterator,
    Encoding,
    Body,
}

/// An implementation at work on one cell of the table.
pub struct Contestant {
    pub name: &'static str,
    pub role: Role,
    /// How many bytes of the stream one pass is about.
    pub bytes: usize,
    pub events: usize,
    /// Whether the cell's whole input would take too long.
    pub is_prefix: bool,
    /// Why there is nothing to measure.
    pub problem: Option<String>,
    /// MB/s, or allocations per event: one of each round.
    pub samples: Vec<f64>,
    pub pass: Pass,
}

/// One pass over the input, which is an error unless the outcome is the right one.
pub type Pass = Box<dyn Fn(&mut Clock) -> Result<(), String>>;

impl Contestant {
    /// Runs one pass, for what its timed part took.
    pub fn run(&self) -> Result<Clock, String> {
        let mut clock = Clock::default();
        match catch_unwind(AssertUnwindSafe(|| (self.pass)(&mut clock))) {
            Ok(outcome) => outcome.map(|()| clock),
            Err(_) => Err("panicked".to_owned()),
        }
    }

    /// The median over the rounds.
    pub fn median(&self) -> Option<f64> {
        median(self.samples.iter().copied())
    }

    /// How many times as fast as a peer: the median over the rounds, in each of which both had the same machine. What
    /// slows it down for some rounds would show in one median more than in the other.
    pub fn ratio_to(&self, peer: &Self) -> Option<f64> {
        median(self.samples.iter().zip(&peer.samples).map(|(ours, theirs)| ours / theirs))
    }

    fn sample(&mut self, least: Duration) {
        let (mut passes, mut total) = (0, Clock::default());
        while passes == 0 || total.elapsed < least {
            match self.run() {
                Ok(clock) => total.add(clock),
                Err(problem) => {
                    self.problem = Some(problem);
                    return;
                }
            }
            passes += 1;
        }
        self.samples.push(if COUNTS_ALLOCATIONS {
            total.allocations as f64 / (passes * self.events) as f64
        } else {
            (passes * self.bytes) as f64 / total.elapsed.as_secs_f64() / 1e6
        });
    }
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

const LEAST_ROUNDS: usize = 3;
const MOST_ROUNDS: usize = 25;

/// Lets each contestant run in each round, until the cell's time (counted from `start`) is over.
pub fn round_robin(contestants: &mut [Contestant], start: Instant, budget: Duration) {
    // A round should take a tenth of the budget, or what one pass of each takes.
    let least = budget / (10 * contestants.len().max(1) as u32);
    // Round 0 warms up.
    for round in 0..=MOST_ROUNDS {
        if round > LEAST_ROUNDS && start.elapsed() > budget {
            break;
        }
        for contestant in contestants.iter_mut().filter(|contestant| contestant.problem.is_none()) {
            contestant.sample(if round == 0 { Duration::ZERO } else { least });
            if round == 0 {
                contestant.samples.clear();
            }
        }
    }
}
