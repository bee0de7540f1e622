//! The results and the machine, as JSON.

use std::{fs, io, path::Path, process::Command, time::SystemTime};

use serde_json::{Value, json};
use sse_conformance::corpora::Chunking;

use crate::{
    measure::COUNTS_ALLOCATIONS,
    table::{Cell, ns_per_event},
};

/// Writes all results, and data about the machine.
pub fn write_json(path: &Path, cells: &[Cell]) -> io::Result<()> {
    let cells: Vec<Value> = cells.iter().map(cell_json).collect();
    let value = json!({
        "cpu": cpu(),
        "date": humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        "rustc": env!("RUSTC_VERSION"),
        "commit": commit(),
        "crates": crates(),
        "unit": if COUNTS_ALLOCATIONS {
            "allocations per event"
        } else {
            "MB/s (10^6 bytes; for bodies, of their data), medians of rounds, and of the ratios in each round"
        },
        "cells": cells,
    });
    fs::write(path, format!("{value:#}\n"))
}

fn cell_json(cell: &Cell) -> Value {
    let contestants = cell.contestants.iter().map(|contestant| {
        let median = contestant.median();
        let ns = median.filter(|_| !COUNTS_ALLOCATIONS).map(|speed| ns_per_event(contestant, speed));
        json!({
            "name": contestant.name,
            "role": format!("{:?}", contestant.role),
            "median": median,
            "ns_per_event": ns,
            "rounds": contestant.samples,
            "bytes": contestant.bytes,
            "events": contestant.events,
            "is_prefix": contestant.is_prefix,
            "problem": contestant.problem,
        })
    });
    let ratios = cell.ratios().into_iter().map(|ratio| {
        json!({
            "level": format!("{:?}", ratio.level),
            "best_peer": ratio.peer,
            "ratio": ratio.ratio,
            "floor": ratio.floor,
        })
    });
    json!({
        "section": format!("{:?}", cell.section),
        "corpus": cell.corpus,
        "chunk": cell.chunking.map(|chunking| match chunking {
            Chunking::Bytes(len) => Value::from(len),
            named => Value::from(named.to_string()),
        }),
        "contestants": contestants.collect::<Vec<_>>(),
        "ratios": ratios.collect::<Vec<_>>(),
    })
}

/// Returns one line about the machine and the compiler.
pub fn machine() -> String {
    format!("{}, {}", cpu(), env!("RUSTC_VERSION"))
}

fn cpu() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find(|line| line.starts_with("model name"));
    model.and_then(|line| line.split(": ").nth(1)).unwrap_or("unknown CPU").to_owned()
}

fn commit() -> Option<String> {
    let output = Command::new("git")
        .args(["-C", env!("CARGO_MANIFEST_DIR"), "describe", "--always", "--dirty"])
        .output()
        .ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Returns the versions that were built, from the lock file.
fn crates() -> Value {
    let lock = include_str!("../Cargo.lock");
    let named = [
        "axum",
        "eventsource-stream",
        "hyper",
        "memchr",
        "russe",
        "simdutf8",
        "sse-codec",
        "sse-core",
        "sse-stream",
        "sseer",
        "warp",
        "wide",
        "bytes",
    ];
    let versions = lock.split("[[package]]").filter_map(|package| {
        let field = |name: &str| {
            let line = package.lines().find(|line| line.starts_with(&format!("{name} = ")))?;
            line.split('"').nth(1)
        };
        let name = field("name").filter(|name| named.contains(name))?;
        Some((name.to_owned(), Value::from(field("version")?)))
    });
    Value::Object(versions.collect())
}
