//! Time, taken in turns.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::LazyLock,
    time::{Duration, Instant},
};

use cpu_time::ThreadTime;

/// The part of a pass that counts, in the thread's CPU time: other programs take none of it.
#[derive(Default)]
pub struct Clock {
    elapsed: Duration,
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
        let start = ThreadTime::now();
        let result = work();
        self.elapsed += start.elapsed().saturating_sub(overhead);
        result
    }
}

/// What an implementation is in the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// This crate, in the way that the targets are about.
    Ours(Level),
    /// This crate, in another way.
    Variant,
    /// Another crate.
    Peer,
    /// Another crate, in a way that is cheaper than what is asked of the others: it decodes borrowed
    /// slices where a client has `Bytes`, or writes values without checking them for line breaks.
    Apart,
    /// What no implementation can beat.
    Limit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Borrowed,
    Owned,
    Encoding,
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
    /// MB/s, one of each round.
    pub samples: Vec<f64>,
    pub pass: Pass,
}

/// One pass over the input, which is an error unless the outcome is the right one.
pub type Pass = Box<dyn Fn(&mut Clock) -> Result<(), String>>;

impl Contestant {
    /// Runs one pass, for how long its timed part took.
    pub fn run(&self) -> Result<Duration, String> {
        let mut clock = Clock::default();
        match catch_unwind(AssertUnwindSafe(|| (self.pass)(&mut clock))) {
            Ok(outcome) => outcome.map(|()| clock.elapsed),
            Err(_) => Err("panicked".to_owned()),
        }
    }

    /// The median over the rounds, in MB/s.
    pub fn speed(&self) -> Option<f64> {
        let mut samples = self.samples.clone();
        samples.sort_by(f64::total_cmp);
        samples.get(samples.len() / 2).copied()
    }

    fn sample(&mut self, least: Duration) {
        let (mut passes, mut elapsed) = (0, Duration::ZERO);
        while passes == 0 || elapsed < least {
            match self.run() {
                Ok(time) => elapsed += time,
                Err(problem) => {
                    self.problem = Some(problem);
                    return;
                }
            }
            passes += 1;
        }
        self.samples.push((passes * self.bytes) as f64 / elapsed.as_secs_f64() / 1e6);
    }
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
