//! Compares the speed of sse-codec with that of other Server-Sent Events crates: see `--help`.

mod bodies;
mod decoders;
mod encoders;
mod floors;
mod instructions;
mod measure;
mod poll;
mod report;
mod table;

use std::{
    fs::{self, File},
    hint::black_box,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use lexopt::prelude::*;
use measure::Role;
use sse_conformance::corpora::{CHUNKINGS, Chunking, Corpus, NAMES};
use table::Cell;

const HELP: &str = "\
Compares the speed of sse-codec with other Server-Sent Events crates, interleaved in one run.

Usage: cargo run --release --manifest-path sse-codec/benches/peers/Cargo.toml -- [options]

  --quick                 0.6 s for each cell instead of 2.9: about a minute instead of 5
  --only SECTION          decode, encode (existing events), build (create and encode, from text),
                          body (of a response, existing events), build-body (from text) or
                          loopback (a response on a connection)
  --corpus NAME           ping, llm, tokens, multiline, large, huge, crlf, comments, utf8 or records;
                          for bodies, the data of an event: 10B, 250B or 4KiB
  --chunk CHUNK           for decode: event (each block is a chunk, as a server flushes it; in records
                          1 to 3 events), 16384, 1400, whole, 64 or 7, or another number of bytes
  --implementation NAME   as in the JSON
  --json FILE             writes all results
  --instructions          counts instructions per event instead, with valgrind's callgrind; by default
                          only ours, decoding ping, llm, tokens and comments, with the
                          chunks event and 16384
  --passes N              only runs each implementation N times, for a profiler
  -h, --help              prints this help

--only, --corpus, --chunk and --implementation may be given more than once. Built with the feature
`allocations`, this counts allocations per event instead.";

/// The section of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    Decode,
    Encode,
    Build,
    Body,
    BuildBody,
    Loopback,
}

impl Section {
    const ALL: [Self; 6] =
        [Self::Decode, Self::Encode, Self::Build, Self::Body, Self::BuildBody, Self::Loopback];

    fn name(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Encode => "encode",
            Self::Build => "build",
            Self::Body => "body",
            Self::BuildBody => "build-body",
            Self::Loopback => "loopback",
        }
    }

    /// Whether this section measures something on this corpus.
    fn is_over(self, corpus: &str) -> bool {
        match self {
            Self::Decode => NAMES.contains(&corpus),
            // Encoders write LF only, and `records` is about chunks.
            Self::Encode | Self::Build => NAMES.contains(&corpus) && !["crlf", "records"].contains(&corpus),
            Self::Body | Self::BuildBody | Self::Loopback => {
                bodies::SIZES.iter().any(|size| size.0 == corpus)
            }
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Decode => "Decoding",
            Self::Encode => "Encoding existing events (axum: created and encoded at once)",
            Self::Build => "Creating events from text, and encoding them",
            Self::Body => "Body of a response, existing events (axum: already encoded)",
            Self::BuildBody => "Body of a response, and creating its events from text",
            Self::Loopback => "Response on a connection, existing events: CPU time of the server",
        }
    }
}

/// The options of the user. An empty list means all.
#[derive(Default)]
struct Options {
    quick: bool,
    sections: Vec<Section>,
    corpora: Vec<&'static str>,
    chunkings: Vec<Chunking>,
    implementations: Vec<String>,
    json: Option<PathBuf>,
    instructions: bool,
    passes: Option<usize>,
}

fn main() -> ExitCode {
    keep_freed_memory();
    match options().map_err(|error| error.to_string()).and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Keeps freed memory in the process, as in one that has run for a while. Until it has seen a large block, glibc
/// returns freed memory to the system, and getting it again can take longer than the measured work.
fn keep_freed_memory() {
    drop(black_box(Vec::<u8>::with_capacity(31 * 1024 * 1024)));
}

fn options() -> Result<Options, lexopt::Error> {
    let mut options = Options::default();
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("quick") => options.quick = true,
            Long("only") => {
                let name = parser.value()?.string()?;
                let section = Section::ALL.into_iter().find(|section| section.name() == name);
                let names = Section::ALL.map(Section::name).join(", ");
                options.sections.push(section.ok_or_else(|| format!("--only must be {names}"))?);
            }
            Long("corpus") => {
                let name = parser.value()?.string()?;
                let corpus = corpora().find(|&known| known == name);
                options.corpora.push(corpus.ok_or_else(|| {
                    format!("--corpus must be {}", corpora().collect::<Vec<_>>().join(", "))
                })?);
            }
            Long("chunk") => {
                let chunk = parser.value()?.string()?;
                options.chunkings.push(match chunk.as_str() {
                    "event" => Chunking::Event,
                    "whole" => Chunking::Whole,
                    _ => match chunk.parse() {
                        Ok(len @ 1..) => Chunking::Bytes(len),
                        _ => return Err("--chunk must be event, whole or a number of bytes".into()),
                    },
                });
            }
            Long("implementation") => options.implementations.push(parser.value()?.string()?),
            Long("json") => options.json = Some(parser.value()?.into()),
            Long("instructions") => options.instructions = true,
            Long("passes") => options.passes = Some(parser.value()?.parse()?),
            Short('h') | Long("help") => {
                println!("{HELP}");
                std::process::exit(0);
            }
            _ => return Err(argument.unexpected()),
        }
    }
    if options.json.is_some() && (options.instructions || options.passes.is_some()) {
        return Err("--json cannot be used with --instructions or --passes, which measure no time".into());
    }
    fn all<T: Copy>(asked: &mut Vec<T>, all: &[T]) {
        if asked.is_empty() {
            asked.extend_from_slice(all);
        }
    }
    let all_corpora: Vec<&str> = corpora().collect();
    if options.instructions {
        all(&mut options.sections, &[Section::Decode]);
        all(&mut options.corpora, &["ping", "llm", "tokens", "comments", "10B", "250B"]);
        all(&mut options.chunkings, &[Chunking::Event, Chunking::Bytes(16 * 1024)]);
    }
    all(&mut options.sections, &Section::ALL);
    all(&mut options.corpora, &all_corpora);
    all(&mut options.chunkings, &CHUNKINGS);
    Ok(options)
}

/// The names for `--corpus`: streams, and the sizes of events for bodies.
fn corpora() -> impl Iterator<Item = &'static str> {
    NAMES.into_iter().chain(bodies::SIZES.map(|(name, _)| name))
}

fn run(options: &Options) -> Result<(), String> {
    // This fails before minutes of measuring.
    options.json.as_deref().map_or(Ok(()), make_writable)?;
    println!("{}", report::machine());
    let mut cells = Vec::new();
    for &name in &options.corpora {
        // It is leaked, since streams of events must not borrow. Bodies have no corpus.
        let corpus: Option<&'static Corpus> = Corpus::new(name).map(|corpus| &*Box::leak(Box::new(corpus)));
        for &section in options.sections.iter().filter(|section| section.is_over(name)) {
            let chunkings = options.chunkings.iter().copied().map(Some);
            let chunkings = if section == Section::Decode { chunkings.collect() } else { vec![None] };
            for chunking in chunkings {
                let mut cell = Cell { section, corpus: name, chunking, contestants: Vec::new() };
                visit(options, corpus, &mut cell)?;
                cells.push(cell);
            }
        }
    }
    if options.instructions || options.passes.is_some() {
        return Ok(());
    }
    eprintln!();
    table::print(&cells);
    match &options.json {
        Some(path) => {
            report::write_json(path, &cells).map_err(|error| format!("{}: {error}", path.display()))
        }
        None => Ok(()),
    }
}

/// Makes sure that a file can be written, without changing its content.
fn make_writable(path: &Path) -> Result<(), String> {
    path.parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| File::options().append(true).create(true).open(path))
        .map(drop)
        .map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// Measures one cell, counts its instructions, or only runs it.
fn visit(options: &Options, corpus: Option<&'static Corpus>, cell: &mut Cell) -> Result<(), String> {
    let start = Instant::now();
    let budget = Duration::from_millis(if options.quick { 600 } else { 2900 });
    // Callgrind is slow, and its counts do not vary, so a part of the corpus is enough.
    let is_counted = options.instructions || options.passes.is_some();
    let (least, longest) = if is_counted { (256 * 1024, Duration::ZERO) } else { (8 * 1024, budget / 40) };
    let asked = &options.implementations;
    let is_asked = |name: &str| asked.is_empty() || asked.iter().any(|asked| asked == name);
    cell.contestants = match (cell.section, cell.chunking, corpus) {
        (Section::Decode, Some(chunking), Some(corpus)) => {
            decoders::contestants(corpus, chunking, is_asked, least, longest)
        }
        (Section::Encode, _, Some(corpus)) => encoders::contestants(&corpus.blocks, false, is_asked)?,
        (Section::Build, _, Some(corpus)) => encoders::contestants(&corpus.blocks, true, is_asked)?,
        (section, ..) => bodies::contestants(section, cell.corpus, is_asked),
    };

    if let Some(passes) = options.passes {
        for contestant in &cell.contestants {
            for _ in 0..passes {
                contestant.run()?;
            }
        }
    } else if options.instructions {
        // Most of the time on a connection is spent in the system, which callgrind does not count.
        if cell.section != Section::Loopback {
            if asked.is_empty() {
                cell.contestants.retain(|contestant| matches!(contestant.role, Role::Ours(_)));
            }
            count_instructions(cell);
        }
    } else {
        measure::round_robin(&mut cell.contestants, start, budget);
        eprint!(".");
    }
    Ok(())
}

fn count_instructions(cell: &Cell) {
    let chunk = cell.chunking.unwrap_or(Chunking::Whole).to_string();
    let arguments = ["--only", cell.section.name(), "--corpus", cell.corpus, "--chunk", &chunk];
    let arguments = arguments.map(str::to_owned);
    println!("\n{}, {}: instructions per event", cell.title(), cell.corpus);
    for contestant in &cell.contestants {
        match instructions::per_event(contestant, &arguments) {
            Ok(count) => println!("{:20} {count:>9.0}", contestant.name),
            Err(problem) => println!("{:20} failed: {problem}", contestant.name),
        }
    }
}
