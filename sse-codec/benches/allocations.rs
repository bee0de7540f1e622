//! Allocations per event, counted over the streams of the benchmark `codec`.

use std::{alloc::System, convert::Infallible};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};
use sse_codec::{Decoder, EventStream};
use sse_conformance::corpora::{CHUNKINGS, Corpus, NAMES};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    println!("Allocations per event, including reallocations; the chunks of the stream are not counted");
    println!("{:10} {:>8} {:>10} {:>10} {:>10}", "", "chunk", "borrowed", "owned", "stream");
    for name in NAMES {
        let Some(corpus) = Corpus::new(name) else { continue };
        let events = corpus.event_ends.len();
        let bytes = Bytes::from(corpus.bytes);
        for chunking in CHUNKINGS {
            print!("{name:10} {chunking:>8}");
            let chunks = chunking.cut(&bytes, &corpus.flushes).map(|chunk| bytes.slice_ref(chunk));
            let chunks: Vec<Bytes> = chunks.collect();
            for decode in [borrowed, owned, event_stream] {
                let (seen, allocations) = decode(&chunks);
                assert_eq!(seen, events, "{name} in chunks of {chunking}");
                print!(" {:>10.4}", allocations as f64 / events as f64);
            }
            println!();
        }
    }
}

fn borrowed(chunks: &[Bytes]) -> (usize, usize) {
    counted(|| {
        let mut decoder = Decoder::new();
        let mut seen = 0;
        for chunk in chunks {
            let mut events = decoder.decode(chunk);
            while let Some(event) = events.next_event() {
                seen += usize::from(event.is_ok());
            }
        }
        seen
    })
}

fn owned(chunks: &[Bytes]) -> (usize, usize) {
    counted(|| {
        let mut decoder = Decoder::new();
        let mut seen = 0;
        for chunk in chunks {
            seen += decoder.decode_bytes(chunk.clone()).filter(|event| event.is_ok()).count();
        }
        seen
    })
}

fn event_stream(chunks: &[Bytes]) -> (usize, usize) {
    counted(|| {
        let chunks = chunks.iter().cloned().map(Ok::<_, Infallible>);
        let mut events = EventStream::new(stream::iter(chunks));
        let mut seen = 0;
        while let Some(Some(event)) = events.next().now_or_never() {
            seen += usize::from(event.is_ok());
        }
        seen
    })
}

fn counted(work: impl FnOnce() -> usize) -> (usize, usize) {
    let region = Region::new(ALLOCATOR);
    let seen = work();
    let stats = region.change();
    (seen, stats.allocations + stats.reallocations)
}
