//! Measures the time of all contestants in rounds.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::LazyLock,
    time::{Duration, Instant},
};

use cpu_time::ThreadTime;

/// Whether allocations, including reallocations, are counted instead of time.
pub const COUNTS_ALLOCATIONS: bool = cfg!(feature = "allocations");

/// Measures part of a pass in the thread's CPU time, which excludes other programs.
#[derive(Default)]
pub struct Clock {
    elapsed: Duration,
    allocations: usize,
}

/// The time that reading the clock takes. Some timed parts take only microseconds.
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

    /// Adds the time of another thread.
    pub fn add(&mut self, other: Self) {
        self.elapsed += other.elapsed;
        self.allocations += other.allocations;
    }
}

/// The number of allocations in the whole process.
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

/// The role of an implementation in the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// This crate, compared with the best peer.
    Ours(Level),
    /// This crate, used in another way.
    Variant,
    /// Another crate.
    Peer,
    /// Another crate that does different work: such as borrowed slices where a client has `Bytes`, or
    /// literals.
    Apart,
    /// Written for this comparison, without a crate for events.
    ByHand,
    /// Not a codec, but a part of the work, as a reference.
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

/// An implementation that runs on one cell of the table.
pub struct Contestant {
    pub name: &'static str,
    pub role: Role,
    /// The length of the stream in one pass, in bytes.
    pub bytes: usize,
    pub events: usize,
    /// Whether it reads only a part of the input, as the whole would take too long.
    pub is_prefix: bool,
    /// Why it cannot be measured.
    pub problem: Option<String>,
    /// MB/s or allocations per event, one value for each round.
    pub samples: Vec<f64>,
    pub pass: Pass,
}

/// One pass over the input. It is an error if the outcome is wrong.
pub type Pass = Box<dyn Fn(&mut Clock) -> Result<(), String>>;

impl Contestant {
    /// Runs one pass, and returns what its timed part took.
    pub fn run(&self) -> Result<Clock, String> {
        let mut clock = Clock::default();
        match catch_unwind(AssertUnwindSafe(|| (self.pass)(&mut clock))) {
            Ok(outcome) => outcome.map(|()| clock),
            Err(_) => Err("panicked".to_owned()),
        }
    }

    /// Returns the median over the rounds.
    pub fn median(&self) -> Option<f64> {
        median(self.samples.iter().copied())
    }

    /// Returns how many times as fast as a peer it is: the median of the ratios in each round. A slow machine in some
    /// rounds would change the ratio of two medians more.
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

/// Runs each contestant in each round, until the cell's time (counted from `start`) is over.
pub fn round_robin(contestants: &mut [Contestant], start: Instant, budget: Duration) {
    // A round should take a tenth of the budget, or the time of one pass of each.
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
