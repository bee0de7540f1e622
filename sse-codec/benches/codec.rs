//! Speed of decoding and encoding, over seeded streams of 4 MiB.
//!
//! `cargo bench -p sse-codec --bench codec -- llm` measures one of them. `peers/` compares this crate with
//! other crates.

use std::{convert::Infallible, hint::black_box, time::Duration};

use bytes::Bytes;
use criterion::{
    BatchSize, Bencher, BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use futures_util::{FutureExt, StreamExt, stream};
use sse_codec::{Decoder, Event, EventId, EventStream, EventType};
use sse_conformance::corpora::{Block, CHUNKINGS, Corpus, NAMES};

/// Decoding to borrowed events, to owned events, and as a stream.
fn decode(criterion: &mut Criterion) {
    type Decode = fn(&mut Bencher<'_>, &[Bytes]);
    let levels: [(&str, Decode); 3] = [("borrowed", borrowed), ("owned", owned), ("stream", event_stream)];
    for name in NAMES {
        let Some(corpus) = Corpus::new(name) else { continue };
        let bytes = Bytes::from(corpus.bytes);
        for (level, decode) in levels {
            let mut group = criterion.benchmark_group(format!("decode/{name}/{level}"));
            group.throughput(Throughput::Bytes(bytes.len() as u64)).sampling_mode(SamplingMode::Flat);
            for chunking in CHUNKINGS {
                let chunks = chunking.cut(&bytes, &corpus.flushes).map(|chunk| bytes.slice_ref(chunk));
                let chunks: Vec<Bytes> = chunks.collect();
                group.bench_function(BenchmarkId::from_parameter(chunking), |bencher| {
                    decode(bencher, &chunks)
                });
            }
        }
    }
}

fn borrowed(bencher: &mut Bencher<'_>, chunks: &[Bytes]) {
    bencher.iter(|| {
        let mut decoder = Decoder::new();
        for chunk in chunks {
            let mut events = decoder.decode(chunk);
            while let Some(event) = events.next_event() {
                black_box(event.map(|event| event.data().len()).ok());
            }
        }
    });
}

fn owned(bencher: &mut Bencher<'_>, chunks: &[Bytes]) {
    bencher.iter_batched(
        || chunks.to_vec(),
        |chunks| {
            let mut decoder = Decoder::new();
            for chunk in chunks {
                for event in decoder.decode_bytes(chunk) {
                    black_box(event.map(|event| event.data().len()).ok());
                }
            }
        },
        BatchSize::PerIteration,
    );
}

fn event_stream(bencher: &mut Bencher<'_>, chunks: &[Bytes]) {
    bencher.iter_batched(
        || chunks.to_vec(),
        |chunks| {
            let chunks = stream::iter(chunks.into_iter().map(Ok::<_, Infallible>));
            let mut events = EventStream::new(chunks);
            while let Some(Some(event)) = events.next().now_or_never() {
                black_box(event.map(|event| event.data().len()).ok());
            }
        },
        BatchSize::PerIteration,
    );
}

/// Encoding of existing events, into a buffer that is reused.
fn encode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encode");
    // Encoders write no CRLF, comments are not events, and `records` is about chunks.
    for name in NAMES.into_iter().filter(|name| !["crlf", "comments", "records"].contains(name)) {
        let Some(corpus) = Corpus::new(name) else { continue };
        // Few enough to stay in the cache.
        let events: Vec<Event> = corpus.blocks.iter().take(500).map(event).collect();
        let len: usize = events.iter().map(Event::encoded_len).sum();
        group.throughput(Throughput::Bytes(len as u64));
        let mut buffer: Vec<u8> = Vec::with_capacity(len);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                for event in &events {
                    event.encode(&mut buffer);
                    if buffer.len() >= 16 * 1024 {
                        black_box(&buffer);
                        buffer.clear();
                    }
                }
            });
        });
    }
}

fn event(block: &Block) -> Event {
    let event = Event::new(block.data.as_deref().unwrap_or_default());
    let event = match block.event_type.as_deref().map(EventType::new) {
        Some(Ok(event_type)) => event.with_event_type(event_type),
        _ => event,
    };
    match block.id.as_deref().map(EventId::new) {
        Some(Ok(id)) => event.with_id(id),
        _ => event,
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = decode, encode
}
criterion_main!(benches);
