//! Memory use, counted by the allocator. It is a separate program, since the counts are those of the whole
//! process, and the thread of a test runner allocates as well.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod calls;
mod endless;
mod kept;
mod pipe;
mod unread;
mod walk;

use std::{alloc::System, panic::catch_unwind, process::ExitCode};

use bytes::Bytes;
use sse_codec::Decoder;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, Stats, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The memory that a decoder may hold beyond its limits at any time: its small buffers.
const CONSTANT: isize = 32 * 1024;

const TESTS: &[(&str, fn())] = &[
    ("calls: events that are whole in their chunk", calls::events_that_are_whole_in_their_chunk),
    ("calls: large events one after another", calls::large_events_one_after_another),
    ("calls: owned events", calls::owned_events),
    ("calls: what grows doubles", calls::what_grows_doubles),
    ("calls: a buffer gives back little by little", calls::what_is_shared_is_not_copied_often),
    ("kept: an event holds its own texts", kept::an_event_holds_its_own_texts),
    ("kept: no event holds its chunk", kept::no_event_holds_its_chunk),
    (
        "kept: a decoder gives back what a large event took",
        kept::a_decoder_gives_back_what_a_large_event_took,
    ),
    (
        "kept: a decoder gives back what a large comment took",
        kept::a_decoder_gives_back_what_a_large_comment_took,
    ),
    ("endless: input", endless::input),
    ("endless: events one after another", endless::events_one_after_another),
    ("endless: a full buffer", endless::a_full_buffer),
    ("endless: data and type", endless::data_and_type),
    ("endless: types one after another", endless::types_one_after_another),
    ("endless: a dropped event", endless::a_dropped_event),
    ("endless: lines", endless::lines),
    ("pipe: a reader", pipe::a_reader_of_a_pipe),
    ("unread: each event by a guard of its own", unread::each_event_by_a_guard_of_its_own),
    ("unread: more comes than is read", unread::more_comes_than_is_read),
    ("unread: what was unread is given back", unread::what_was_unread_is_given_back),
    ("walk: every pair", walk::every_pair),
    ("walk: every triple", walk::every_triple),
];

/// Runs the tests one after another. An argument selects those with it in their names.
fn main() -> ExitCode {
    let filter = std::env::args().nth(1).filter(|arg| !arg.starts_with('-')).unwrap_or_default();
    let mut failed = 0;
    for (name, test) in TESTS.iter().filter(|(name, _)| name.contains(&filter)) {
        let is_ok = catch_unwind(test).is_ok();
        println!("{name} ... {}", if is_ok { "ok" } else { "FAILED" });
        failed += usize::from(!is_ok);
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn region() -> Region<'static, System> {
    Region::new(ALLOCATOR)
}

fn count<T>(work: impl FnOnce() -> T) -> (T, Stats) {
    let region = region();
    let result = work();
    (result, region.change())
}

/// The memory that is allocated and not released.
fn held(stats: &Stats) -> isize {
    stats.bytes_allocated as isize - stats.bytes_deallocated as isize
}

fn calls(stats: &Stats) -> usize {
    stats.allocations + stats.reallocations
}

/// Reads a chunk to its end, and counts its events. There must be no errors.
fn drain(decoder: &mut Decoder, chunk: &[u8]) -> usize {
    let mut events = decoder.decode(chunk);
    let mut count = 0;
    while let Some(event) = events.next_event() {
        assert!(event.is_ok());
        count += 1;
    }
    count
}

/// The same with events that own their texts.
fn drain_owned(decoder: &mut Decoder, chunk: &Bytes) -> usize {
    decoder.decode_bytes(chunk.clone()).map(|event| assert!(event.is_ok())).count()
}
