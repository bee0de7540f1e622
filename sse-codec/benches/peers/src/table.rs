//! Results, beside the targets, for people and as JSON.

use std::{fs, io, process::Command, time::SystemTime};

use serde_json::{Value, json};

use crate::{
    Section,
    corpora::WHOLE,
    measure::{COUNTS_ALLOCATIONS, Contestant, Level, Role},
};

/// What was measured on one corpus, in chunks of one size when decoding.
pub struct Cell {
    pub section: Section,
    pub corpus: &'static str,
    pub chunk: usize,
    pub contestants: Vec<Contestant>,
}

/// One way of ours, beside a peer.
struct Ratio {
    /// What is compared: the name of the level, or `any` where all peers count, also those that do less.
    what: &'static str,
    level: Level,
    is_to_any: bool,
    /// The best one, or for bodies this one.
    peer: &'static str,
    ratio: f64,
    target: Target,
}

enum Target {
    /// How many times as fast as the peer we want to be.
    AtLeast(f64),
    /// Which part of the peer's time we want to take.
    AtMost(f64),
}

impl Ratio {
    fn is_missed(&self) -> bool {
        match self.target {
            Target::AtLeast(least) => self.ratio < least,
            Target::AtMost(most) => self.ratio > most,
        }
    }
}

impl Cell {
    fn ratios(&self) -> Vec<Ratio> {
        match self.section {
            _ if COUNTS_ALLOCATIONS => Vec::new(),
            Section::Decode | Section::Encode | Section::Build => self.ratios_to_the_best(),
            Section::Body | Section::BuildBody | Section::Loopback => self.ratios_of_bodies(),
        }
    }

    /// Bodies have a target for each peer.
    fn ratios_of_bodies(&self) -> Vec<Ratio> {
        let ours = self.contestants.iter().find(|contestant| matches!(contestant.role, Role::Ours(_)));
        let Some(ours) = ours else { return Vec::new() };
        // Of larger events, memory and its allocation are most of the cost, and the same for all.
        let is_small = self.corpus == "10B";
        let ratio = |peer: &Contestant| {
            let speed = ours.ratio_to(peer)?;
            let (ratio, target) = match (self.section, peer.role, peer.name) {
                (Section::Loopback, Role::ByHand, _) => {
                    let most = match self.corpus {
                        "10B" => 0.1,
                        "250B" => 0.25,
                        _ => 1.2,
                    };
                    (1.0 / speed, Target::AtMost(most))
                }
                // There is no target beside events that are encoded already.
                (Section::BuildBody, Role::Peer, "axum") if is_small => (speed, Target::AtLeast(4.0)),
                (Section::Body | Section::BuildBody, Role::Peer, "sse-stream") if is_small => {
                    (speed, Target::AtLeast(2.0))
                }
                (_, Role::Peer, _) => (speed, Target::AtLeast(1.0)),
                _ => return None,
            };
            Some(Ratio { what: "", level: Level::Body, is_to_any: false, peer: peer.name, ratio, target })
        };
        self.contestants.iter().filter_map(ratio).collect()
    }

    fn ratios_to_the_best(&self) -> Vec<Ratio> {
        let ratios = self.contestants.iter().filter_map(|ours| {
            let Role::Ours(level) = ours.role else { return None };
            let like_ours = (level != Level::Borrowed).then(|| self.ratio(ours, level, false));
            Some([like_ours.flatten(), self.ratio(ours, level, true)])
        });
        ratios.flatten().flatten().collect()
    }

    fn ratio(&self, ours: &Contestant, level: Level, is_to_any: bool) -> Option<Ratio> {
        let peers = self.contestants.iter().filter(|contestant| match contestant.role {
            Role::Peer => true,
            Role::Apart => is_to_any,
            _ => false,
        });
        let ratios = peers.filter_map(|peer| Some((ours.ratio_to(peer)?, peer.name)));
        let (ratio, peer) = ratios.min_by(|a, b| a.0.total_cmp(&b.0))?;
        let least = if is_to_any && level != Level::Borrowed { 1.0 } else { self.target(level) };
        let what = match level {
            Level::Borrowed => "borrowed",
            _ if is_to_any => "any",
            Level::Owned => "owned",
            Level::Encoding => "encode",
            Level::Body => "body",
        };
        Some(Ratio { what, level, is_to_any, peer, ratio, target: Target::AtLeast(least) })
    }

    /// How fast we want to be. Nowhere slower than any peer.
    fn target(&self, level: Level) -> f64 {
        let long_lines = matches!(self.corpus, "large" | "huge");
        match (level, self.chunk, self.corpus) {
            (Level::Encoding, _, "ping" | "tokens" | "comments") if self.section == Section::Encode => 2.5,
            (Level::Encoding, _, "multiline") if self.section == Section::Encode => 1.3,
            (Level::Encoding, _, "llm" | "utf8") if self.section == Section::Encode => 1.1,
            (Level::Encoding, ..) => 1.0,

            (Level::Borrowed, WHOLE, _) if long_lines => 2.0,
            (Level::Borrowed, 16384, "ping" | "utf8") => 6.0,
            (Level::Borrowed, 16384, "tokens" | "comments") => 4.5,
            (Level::Borrowed, 16384, "llm" | "crlf") => 3.5,
            (Level::Borrowed, 16384, "multiline") => 2.2,
            (Level::Borrowed, 16384, _) => 1.3,
            (Level::Borrowed, 1400, _) if !long_lines => 2.5,
            (Level::Borrowed, 64, _) => 1.4,
            (Level::Borrowed, 7, _) if !long_lines => 1.1,

            (Level::Owned, 16384, "ping" | "utf8") => 2.5,
            (Level::Owned, 16384, "tokens" | "comments") => 2.2,
            (Level::Owned, 16384, "llm" | "crlf") => 2.0,
            (Level::Owned, 16384, "multiline") => 1.5,
            (Level::Owned, 1400, _) if !long_lines => 1.5,
            (Level::Owned, 64, _) => 1.2,
            _ => 1.0,
        }
    }
}

/// Prints the cells as tables: one for each section and size of chunks.
pub fn print(cells: &[Cell]) {
    let mut groups: Vec<(Section, usize)> = cells.iter().map(|cell| (cell.section, cell.chunk)).collect();
    groups.sort_by_key(|&(section, chunk)| (section, usize::MAX - chunk));
    groups.dedup();
    for (section, chunk) in groups {
        let cells: Vec<&Cell> =
            cells.iter().filter(|cell| (cell.section, cell.chunk) == (section, chunk)).collect();
        println!("\n{}\n", section.title(chunk));
        print_group(&cells);
    }
    println!(
        "\n*   only a part of the input, which would take too long as a whole\n\
         !   the target, which is in brackets unless it is to be as fast as the peer, is missed\n\
         ()  peers whose work is not quite the same, such as slices where a client has `Bytes`, or\n    \
             literals. `borrowed` (which decodes slices) is compared with all, `owned` and `encode`\n    \
             with the others, and with `any`."
    );
}

fn print_group(cells: &[&Cell]) {
    let Some(first) = cells.first() else { return };
    print!("{:10}", unit(first.section));
    for contestant in &first.contestants {
        print!(" {:>10}", heading(contestant));
    }
    let ratios = match first.section {
        _ if COUNTS_ALLOCATIONS => "",
        Section::Body | Section::BuildBody => "how many times as fast as",
        Section::Loopback => "how many times as fast as; and the part of the time of",
        _ => "ratios to the best peer",
    };
    println!("    {ratios}");
    let mut problems = Vec::new();
    for cell in cells {
        print!("{:10}", cell.corpus);
        for contestant in &cell.contestants {
            match (&contestant.problem, contestant.median()) {
                (None, Some(median)) => {
                    let mark = if contestant.is_prefix { "*" } else { " " };
                    print!(" {:>9}{mark}", shown(cell.section, contestant, median));
                }
                (problem, _) => {
                    print!(" {:>10}", "failed ");
                    let problem = problem.as_deref().unwrap_or("not measured");
                    problems.push(format!("{}, {}: {problem}", contestant.name, cell.corpus));
                }
            }
        }
        print!(" ");
        for ratio in cell.ratios() {
            let mark = if ratio.is_missed() { "!" } else { " " };
            let target = match ratio.target {
                Target::AtLeast(1.0) => String::new(),
                Target::AtLeast(least) => format!("[{least}]"),
                Target::AtMost(most) => format!("[<{most}]"),
            };
            let peer = short(ratio.peer);
            if ratio.what.is_empty() {
                print!("  {peer} {:.2}{mark}{target:7}", ratio.ratio);
            } else {
                print!("  {} {:.2}{mark}{target:5} {peer:10}", ratio.what, ratio.ratio);
            }
        }
        println!();
    }
    for problem in problems {
        println!("failed: {problem}");
    }
}

fn heading(contestant: &Contestant) -> String {
    match contestant.role {
        Role::Apart => format!("({})", short(contestant.name)),
        _ => short(contestant.name).to_owned(),
    }
}

/// The name in ten letters; those in brackets are told apart by them.
fn short(name: &'static str) -> &'static str {
    match name {
        "decode_bytes" => "iterator",
        "eventsource-stream" => "es-stream",
        "sse-core, slices" => "core",
        "sse-stream, slices" => "stream",
        "russe, static" => "static",
        _ => name,
    }
}

/// What the tables show.
fn unit(section: Section) -> &'static str {
    match section {
        _ if COUNTS_ALLOCATIONS => "allocs",
        Section::Body | Section::BuildBody | Section::Loopback => "ns/event",
        Section::Decode | Section::Encode | Section::Build => "MB/s",
    }
}

fn shown(section: Section, contestant: &Contestant, median: f64) -> String {
    match unit(section) {
        "allocs" => format!("{median:.3}"),
        "ns/event" => digits(ns_per_event(contestant, median)),
        _ => digits(median),
    }
}

fn ns_per_event(contestant: &Contestant, speed: f64) -> f64 {
    contestant.bytes as f64 / speed * 1e3 / contestant.events.max(1) as f64
}

fn digits(number: f64) -> String {
    if number < 100.0 { format!("{number:.1}") } else { format!("{number:.0}") }
}

/// Writes all that was measured, and where.
pub fn write_json(path: &std::path::Path, cells: &[Cell]) -> io::Result<()> {
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
            "MB/s (10^6 bytes; of bodies, of their data), medians of rounds, and of the ratios in each round"
        },
        "cells": cells,
    });
    fs::write(path, format!("{value:#}\n"))
}

fn cell_json(cell: &Cell) -> Value {
    let contestants: Vec<Value> = cell
        .contestants
        .iter()
        .map(|contestant| {
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
        })
        .collect();
    let ratios: Vec<Value> = cell
        .ratios()
        .iter()
        .map(|ratio| {
            let (target, is_most) = match ratio.target {
                Target::AtLeast(least) => (least, false),
                Target::AtMost(most) => (most, true),
            };
            json!({
                "level": format!("{:?}", ratio.level),
                "to_any_peer": ratio.is_to_any,
                "best_peer": ratio.peer,
                "ratio": ratio.ratio,
                "target": target,
                "target_is_most": is_most,
            })
        })
        .collect();
    json!({
        "section": format!("{:?}", cell.section),
        "corpus": cell.corpus,
        "chunk": (cell.chunk != WHOLE).then_some(cell.chunk),
        "contestants": contestants,
        "ratios": ratios,
    })
}

/// One line about the machine and the compiler.
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

/// The versions that were built, from the lock file.
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
