//! Counts instructions per byte at growing sizes, for inputs that make a careless decoder quadratic.
//!
//!     cargo run --release --manifest-path sse-codec/benches/cost/Cargo.toml
//!
//! Needs valgrind. Its callgrind counts the same number of instructions in each run, so the limit can be
//! asserted. Fails if a byte of the largest input costs much more than a byte of the smallest.

mod inputs;
mod ways;

use std::{
    env,
    error::Error,
    panic::resume_unwind,
    process::{Command, ExitCode},
    thread,
};

use inputs::{INPUTS, Input};
use ways::{WAYS, Way};

const KIB: usize = 1024;
const SIZES: [(usize, &str); 3] = [(64 * KIB, "64 KiB"), (KIB * KIB, "1 MiB"), (16 * KIB * KIB, "16 MiB")];
/// How much more a byte of the largest input may cost than one of the smallest.
const LIMIT: f64 = 1.25;
/// The growth at which no larger input is tried: quadratic cases would take hours.
const HOPELESS: f64 = 2.0;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<ExitCode> {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        [] => table(),
        [input, way, size] => {
            let input = INPUTS.iter().find(|known| known.name == input).ok_or("no such input")?;
            let way = WAYS.iter().find(|known| known.name == way).ok_or("no such way")?;
            way.run(input, size.parse()?);
            Ok(ExitCode::SUCCESS)
        }
        _ => Err("pass no arguments: this prints a table of instructions per byte".into()),
    }
}

fn table() -> Result<ExitCode> {
    println!("Instructions per byte\n");
    print!("{:50}", "");
    SIZES.iter().for_each(|(_, name)| print!(" {name:>8}"));
    println!("   growth");
    let mut is_flat = true;
    for input in INPUTS {
        // All ways run at once, one on each core.
        let ways: Vec<&Way> = WAYS.iter().filter(|way| way.takes(input)).collect();
        let rows: Vec<_> = thread::scope(|scope| {
            let rows: Vec<_> = ways.iter().map(|way| scope.spawn(|| costs(input, way))).collect();
            rows.into_iter().map(|row| row.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
        });
        for (way, costs) in ways.iter().zip(rows) {
            let costs = costs?;
            print!("{:32}{:18}", input.name, way.name);
            for at in 0..SIZES.len() {
                print!(" {:>8}", costs.get(at).map_or("-".to_owned(), |cost| format!("{cost:.2}")));
            }
            let growth = costs[costs.len() - 1] / costs[0];
            println!(" {growth:8.2}{}", if growth > LIMIT { "  TOO MUCH" } else { "" });
            is_flat &= growth <= LIMIT;
        }
    }
    println!("\n{}: the limit of growth is {LIMIT}.", if is_flat { "All flat" } else { "Not flat" });
    Ok(if is_flat { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Returns instructions per byte for each size, up to the first size with hopeless growth.
fn costs(input: &Input, way: &Way) -> Result<Vec<f64>> {
    let mut costs = Vec::new();
    for (size, _) in SIZES {
        let cost = count(input, way, size)? / size as f64;
        costs.push(cost);
        if cost > HOPELESS * costs[0] {
            break;
        }
    }
    Ok(costs)
}

/// Runs this program again under callgrind, which counts the measured part of [`Way::run`].
fn count(input: &Input, way: &Way, size: usize) -> Result<f64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*ways*measured*"])
        .arg(env::current_exe()?)
        .args([input.name, way.name, &size.to_string()])
        .output()
        .map_err(|error| format!("cannot run valgrind ({error}); install the package valgrind"))?;
    let report = String::from_utf8_lossy(&output.stderr);
    let collected = report.lines().find_map(|line| line.split("Collected :").nth(1)?.trim().parse().ok());
    match collected {
        Some(instructions) if instructions > 0.0 && output.status.success() => Ok(instructions),
        _ => Err(format!("callgrind counted nothing:\n{report}").into()),
    }
}
