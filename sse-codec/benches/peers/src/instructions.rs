//! Instructions per event, counted by callgrind.

use std::{env, process::Command};

use crate::measure::Contestant;

/// Runs this program under callgrind, for one implementation and one cell, with more and with fewer
/// passes. The difference excludes work that is done only once.
pub fn per_event(contestant: &Contestant, cell: &[String]) -> Result<f64, String> {
    const FEW: usize = 2;
    const MANY: usize = 6;
    let few = count(contestant.name, cell, FEW)?;
    let many = count(contestant.name, cell, MANY)?;
    Ok((many - few) / ((MANY - FEW) * contestant.events.max(1)) as f64)
}

fn count(name: &str, cell: &[String], passes: usize) -> Result<f64, String> {
    let output = Command::new("valgrind")
        // It counts `rep movsb` as one instruction for each byte, so glibc must copy in another way.
        .env("GLIBC_TUNABLES", "glibc.cpu.x86_rep_movsb_threshold=1000000000")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*Clock*time*"])
        .arg(env::current_exe().map_err(|error| error.to_string())?)
        .args(cell)
        .args(["--implementation", name, "--passes", &passes.to_string()])
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    let report = String::from_utf8_lossy(&output.stderr).into_owned();
    let collected = report.lines().find_map(|line| line.split("Collected :").nth(1)?.trim().parse().ok());
    collected.ok_or(report)
}
