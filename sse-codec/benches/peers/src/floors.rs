//! The expected ratio of each level to the best peer.

use sse_conformance::corpora::Chunking;

use crate::{
    Section,
    measure::Level::{self, Body, Borrowed, Encoding, Owned},
};

/// The lowest expected ratio to the best peer, or `None` if there is no peer.
pub fn floor(section: Section, corpus: &str, chunking: Option<Chunking>, level: Level) -> Option<f64> {
    match (level, chunking) {
        (Borrowed, Some(chunking)) => decoding(corpus, chunking).map(|floors| floors.0),
        (Owned, Some(chunking)) => decoding(corpus, chunking).map(|floors| floors.1),
        (Encoding, _) => Some(encoding(section, corpus)),
        (Body, _) => Some(body(section, corpus)),
        _ => None,
    }
}

/// The ratios of borrowed and of owned events.
fn decoding(corpus: &str, chunking: Chunking) -> Option<(f64, f64)> {
    let is_long = matches!(corpus, "large" | "huge");
    Some(match (chunking, corpus) {
        (_, "records") => return None,

        (Chunking::Event, "ping") => (3.5, 2.2),
        (Chunking::Event, "llm") => (1.75, 1.2),
        (Chunking::Event, "tokens") => (2.2, 1.55),
        (Chunking::Event, "multiline") => (2.0, 1.75),
        (Chunking::Event, "crlf") => (3.4, 2.2),
        (Chunking::Event, "comments") => (1.45, 1.1),
        (Chunking::Event, "utf8") => (3.2, 2.3),
        (Chunking::Event, _) if is_long => (1.3, 0.9),

        (Chunking::Bytes(16384), "ping") => (4.6, 2.7),
        (Chunking::Bytes(16384), "llm") => (2.2, 1.45),
        (Chunking::Bytes(16384), "tokens") => (3.1, 2.0),
        (Chunking::Bytes(16384), "multiline") => (2.0, 1.75),
        (Chunking::Bytes(16384), "crlf") => (4.3, 2.6),
        (Chunking::Bytes(16384), "comments") => (3.0, 1.7),
        (Chunking::Bytes(16384), "utf8") => (3.8, 2.7),

        (Chunking::Bytes(1400), "ping") => (4.6, 2.6),
        (Chunking::Bytes(1400), "llm") => (1.55, 1.05),
        (Chunking::Bytes(1400), "tokens") => (2.7, 1.75),
        (Chunking::Bytes(1400), "multiline") => (1.65, 1.45),
        (Chunking::Bytes(1400), "crlf") => (4.3, 2.6),
        (Chunking::Bytes(1400), "comments") => (3.0, 1.7),
        (Chunking::Bytes(1400), "utf8") => (2.9, 2.2),

        (Chunking::Bytes(16384 | 1400), _) if is_long => (1.1, 0.85),
        (Chunking::Bytes(64), _) if is_long => (0.85, 0.85),
        (Chunking::Bytes(64), _) => (1.0, 1.0),
        (Chunking::Bytes(7), _) => (0.75, 0.75),
        _ => return None,
    })
}

fn encoding(section: Section, corpus: &str) -> f64 {
    match corpus {
        "ping" | "tokens" | "comments" if section == Section::Encode => 2.5,
        "multiline" if section == Section::Encode => 1.3,
        "llm" | "utf8" if section == Section::Encode => 1.1,
        _ => 1.0,
    }
}

/// For larger events, memory and its allocation dominate, the same for all. On a connection, the system dominates.
fn body(section: Section, corpus: &str) -> f64 {
    if corpus == "10B" && section != Section::Loopback { 2.0 } else { 1.0 }
}
