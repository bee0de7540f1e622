//! Results as tables for readers.

use sse_conformance::corpora::Chunking;

use crate::{
    Section,
    floors::floor,
    measure::{COUNTS_ALLOCATIONS, Contestant, Level, Role},
};

/// The results on one corpus, for one kind of chunks when decoding.
pub struct Cell {
    pub section: Section,
    pub corpus: &'static str,
    pub chunking: Option<Chunking>,
    pub contestants: Vec<Contestant>,
}

/// How many times as fast as the best peer one of our levels is.
pub struct Ratio {
    pub level: Level,
    pub peer: &'static str,
    pub ratio: f64,
    /// The expected ratio.
    pub floor: Option<f64>,
}

impl Cell {
    pub fn title(&self) -> String {
        let title = self.section.title();
        match self.chunking {
            None => title.to_owned(),
            Some(Chunking::Event) => format!("{title}, a chunk for each event (records: for 1 to 3)"),
            Some(Chunking::Bytes(len)) => format!("{title}, in chunks of {len} bytes"),
            Some(Chunking::Whole) => format!("{title}, in one chunk"),
        }
    }

    /// The row of the summary for this cell.
    fn row(&self) -> String {
        self.chunking.map_or_else(|| self.section.name().to_owned(), |chunking| chunking.to_string())
    }

    pub fn ratios(&self) -> Vec<Ratio> {
        let peers = self.contestants.iter().filter(|contestant| contestant.role == Role::Peer);
        let speeds = peers.filter_map(|peer| Some((peer, peer.median()?)));
        let best = speeds.max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((peer, _)) = best.filter(|_| !COUNTS_ALLOCATIONS) else { return Vec::new() };
        let ratio = |ours: &Contestant| {
            let Role::Ours(level) = ours.role else { return None };
            let floor = floor(self.section, self.corpus, self.chunking, level);
            Some(Ratio { level, peer: peer.name, ratio: ours.ratio_to(peer)?, floor })
        };
        self.contestants.iter().filter_map(ratio).collect()
    }
}

impl Ratio {
    fn missed_floor(&self) -> Option<f64> {
        self.floor.filter(|&floor| self.ratio < floor)
    }

    fn shown(&self) -> String {
        format!("{:.2}{}", self.ratio, self.missed_floor().map_or("", |_| "!"))
    }

    fn shown_with_floor(&self) -> String {
        let floor = self.missed_floor().map(|floor| format!("[{floor}]"));
        self.shown() + &floor.unwrap_or_default()
    }
}

/// Prints a table for each section and kind of chunks, and all ratios in one table at the end.
pub fn print(cells: &[Cell]) {
    let mut cells: Vec<&Cell> = cells.iter().collect();
    cells.sort_by_key(|cell| cell.section);
    let titles = distinct(cells.iter().map(|cell| cell.title()));
    for title in titles {
        println!("\n{title}\n");
        print_group(cells.iter().copied().filter(|cell| cell.title() == title));
    }
    println!("\n!   less than expected; the expected ratio is in brackets");
    println!("*   only a part of the input, as the whole would take too long");
    println!(
        "()  not compared with ours, as the work is different: slices where a client has `Bytes`, literals"
    );
    if !COUNTS_ALLOCATIONS {
        println!("\nHow many times as fast as the best peer; when decoding, as borrowed/owned events");
        let (bodies, streams): (Vec<&Cell>, Vec<&Cell>) =
            cells.into_iter().partition(|cell| cell.section >= Section::Body);
        print_summary(&streams);
        print_summary(&bodies);
    }
}

/// One row for each section and kind of chunks, one column for each corpus.
fn print_summary(cells: &[&Cell]) {
    let corpora = distinct(cells.iter().map(|cell| cell.corpus));
    let rows = distinct(cells.iter().map(|cell| cell.row()));
    if rows.is_empty() {
        return;
    }
    let line = |label: &str, columns: &mut dyn Iterator<Item = String>| {
        let columns: String = columns.map(|column| format!(" {column:11}")).collect();
        println!("{label:10}{}", columns.trim_end());
    };
    println!();
    line("", &mut corpora.iter().map(|corpus| (*corpus).to_owned()));
    for row in rows {
        line(
            &row,
            &mut corpora.iter().map(|corpus| {
                let cell = cells.iter().find(|cell| cell.row() == row && cell.corpus == *corpus);
                let ratios = cell.map_or(Vec::new(), |cell| cell.ratios());
                let ratios = ratios.iter().filter(|ratio| ratio.level != Level::Iterator).map(Ratio::shown);
                ratios.collect::<Vec<_>>().join("/")
            }),
        );
    }
}

fn print_group<'a>(cells: impl Iterator<Item = &'a Cell>) {
    let mut has_head = false;
    let mut problems = Vec::new();
    for cell in cells {
        if !has_head {
            let headings: String = cell.contestants.iter().map(heading).collect();
            println!("{:10}{headings}", unit(cell.section));
            has_head = true;
        }
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
        let ratios = cell.ratios();
        if let Some(Ratio { peer, .. }) = ratios.first() {
            let shown: Vec<String> = ratios.iter().map(Ratio::shown_with_floor).collect();
            print!("   {} of {}", shown.join(", "), short(peer));
        }
        println!();
    }
    for problem in problems {
        println!("failed: {problem}");
    }
}

fn distinct<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut distinct = Vec::new();
    for one in all {
        if !distinct.contains(&one) {
            distinct.push(one);
        }
    }
    distinct
}

fn heading(contestant: &Contestant) -> String {
    let name = short(contestant.name);
    let name = if contestant.role == Role::Apart { format!("({name})") } else { name.to_owned() };
    format!(" {name:>10}")
}

/// Shortens a name to ten letters. The names of contestants in brackets must differ from the others.
fn short(name: &'static str) -> &'static str {
    match name {
        "decode_bytes" => "bytes",
        "LineDecoder" => "lines",
        "eventsource-stream" => "es-stream",
        "sse-core, slices" => "core",
        "sse-stream, slices" => "stream",
        "russe, static" => "static",
        _ => name,
    }
}

/// The unit of the tables.
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

pub fn ns_per_event(contestant: &Contestant, speed: f64) -> f64 {
    contestant.bytes as f64 / speed * 1e3 / contestant.events.max(1) as f64
}

fn digits(number: f64) -> String {
    if number < 100.0 { format!("{number:.1}") } else { format!("{number:.0}") }
}
