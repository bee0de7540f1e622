//! The decoders, each in its fastest public way.

use std::{hint::black_box, num::NonZeroUsize, rc::Rc, time::Duration};

use bytes::{Buf, Bytes};
use sse_codec::lines::Line;
use sse_conformance::corpora::{Chunking, Corpus};
use sse_core::{SseDecoder, SseEvent};

use crate::{
    measure::{Clock, Contestant, Level, Pass, Role},
    poll::{Ready, drain},
};

type Decode = fn(&Input, &mut Clock) -> Result<Tally, String>;

const DECODERS: [(&str, Role, Decode); 12] = [
    ("borrowed", Role::Ours(Level::Borrowed), borrowed),
    ("owned", Role::Ours(Level::Owned), owned),
    ("decode_bytes", Role::Ours(Level::Iterator), decode_bytes),
    ("LineDecoder", Role::Variant, lines),
    ("sse-core", Role::Peer, sse_core_bytes),
    ("sse-stream", Role::Peer, sse_stream_bytes),
    ("sseer", Role::Peer, sseer),
    ("eventsource-stream", Role::Peer, eventsource_stream),
    ("sse-core, slices", Role::Apart, sse_core_slices),
    ("sse-stream, slices", Role::Apart, sse_stream_slices),
    ("memcpy", Role::Limit, memcpy),
    ("floor", Role::Limit, floor),
];

/// The limit is as large as ours if a peer's default is below the events of `huge`.
const PEER_LIMIT: NonZeroUsize = NonZeroUsize::new(16 * 1024 * 1024).unwrap();

/// A corpus or its start, in chunks.
pub struct Input {
    bytes: Bytes,
    chunking: Chunking,
    corpus: &'static Corpus,
    expected: Tally,
}

/// The number and size of the decoded events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    events: usize,
    data_bytes: usize,
}

impl Tally {
    #[inline]
    fn count(&mut self, event_type: &str, data: &str) {
        black_box(event_type);
        self.events += 1;
        self.data_bytes += black_box(data).len();
    }
}

impl Input {
    /// The first `len` bytes, without an event that would be cut off there (unless it is the first).
    pub fn new(corpus: &'static Corpus, len: usize, chunking: Chunking) -> Self {
        let events = corpus.event_ends.partition_point(|&end| end <= len);
        let len = match events.checked_sub(1) {
            Some(last) if events < corpus.event_ends.len() => corpus.event_ends[last],
            _ => len.min(corpus.bytes.len()),
        };
        let data = corpus.blocks.iter().filter_map(|block| block.data.as_ref());
        let data_bytes = data.take(events).map(String::len).sum();
        let bytes = Bytes::copy_from_slice(&corpus.bytes[..len]);
        Self { bytes, chunking, corpus, expected: Tally { events, data_bytes } }
    }

    fn slices(&self) -> impl Iterator<Item = &[u8]> {
        self.chunking.cut(&self.bytes, &self.corpus.flushes)
    }

    /// The chunks as a client gets them: a buffer for each, here from one allocation.
    fn buffers(&self) -> std::vec::IntoIter<Bytes> {
        self.slices().map(|chunk| self.bytes.slice_ref(chunk)).collect::<Vec<_>>().into_iter()
    }
}

/// Returns the requested decoders for one cell. Each reads as much of the corpus as it can in about
/// `longest`, and at least `least` bytes.
pub fn contestants(
    corpus: &'static Corpus,
    chunking: Chunking,
    is_asked: impl Fn(&str) -> bool,
    least: usize,
    longest: Duration,
) -> Vec<Contestant> {
    let whole = Rc::new(Input::new(corpus, usize::MAX, chunking));
    let contestant = |&(name, role, decode): &(&'static str, Role, Decode)| {
        // From small to large, since some are quadratic.
        let mut len = least;
        loop {
            let is_whole = len >= whole.bytes.len();
            let input = if is_whole { whole.clone() } else { Rc::new(Input::new(corpus, len, chunking)) };
            let mut contestant = Contestant {
                name,
                role,
                bytes: input.bytes.len(),
                events: input.expected.events,
                is_prefix: !is_whole,
                problem: None,
                samples: Vec::new(),
                pass: pass(input, role, decode),
            };
            match contestant.run() {
                Ok(clock) if is_whole || clock.elapsed() * 4 > longest => return contestant,
                Ok(_) => len *= 2,
                Err(problem) => {
                    contestant.problem = Some(problem);
                    return contestant;
                }
            }
        }
    };
    DECODERS.iter().filter(|decoder| is_asked(decoder.0)).map(contestant).collect()
}

fn pass(input: Rc<Input>, role: Role, decode: Decode) -> Pass {
    Box::new(move |clock| {
        let tally = decode(&input, clock)?;
        if role != Role::Limit && tally != input.expected {
            return Err(format!("{tally:?} instead of {:?}", input.expected));
        }
        Ok(())
    })
}

fn borrowed(input: &Input, clock: &mut Clock) -> Result<Tally, String> {
    clock.time(|| {
        let mut tally = Tally::default();
        let mut decoder = sse_codec::Decoder::new();
        for chunk in input.slices() {
            let mut events = decoder.decode(chunk);
            while let Some(event) = events.next_event() {
                let event = event.map_err(|error| error.to_string())?;
                tally.count(event.event_type(), event.data());
            }
        }
        Ok(tally)
    })
}

fn owned(input: &Input, clock: &mut Clock) -> Result<Tally, String> {
    let mut buffers = input.buffers();
    clock.time(|| {
        let mut tally = Tally::default();
        let stream = sse_codec::EventStream::new(Ready(&mut buffers));
        drain(stream, |event| tally.count(event.event_type(), event.data()))?;
        Ok(tally)
    })
}

fn decode_bytes(input: &Input, clock: &mut Clock) -> Result<Tally, String> {
    let mut buffers = input.buffers();
    clock.time(|| {
        let mut tally = Tally::default();
        let mut decoder = sse_codec::Decoder::new();
        for chunk in &mut buffers {
            for event in decoder.decode_bytes(chunk) {
                // `map_err` would move each event.
                match event {
                    Ok(event) => tally.count(event.event_type(), event.data()),
                    Err(error) => return Err(error.to_string()),
                }
            }
        }
        Ok(tally)
    })
}

/// Reads every line. Its content is only counted.
fn lines(input: &Input, clock: &mut Clock) -> Result<Tally, String> {
    clock.time(|| {
        let mut tally = Tally::default();
        let mut decoder = sse_codec::lines::LineDecoder::new();
        let (mut data_lines, mut data_bytes) = (0, 0);
        for chunk in input.slices() {
            let mut lines = decoder.decode(chunk);
            while let Some(line) = lines.next_line() {
                match black_box(line.map_err(|error| error.to_string())?) {
                    Line::Field(field) if field.name() == b"data" => {
                        data_lines += 1;
                        data_bytes += field.value().len();
                    }
                    Line::Blank if data_lines > 0 => {
                        tally.events += 1;
                        tally.data_bytes += data_bytes + data_lines - 1;
                        (data_lines, data_bytes) = (0, 0);
                    }
                    _ => {}
                }
            }
        }
        Ok(tally)
    })
}

fn sse_core_bytes(input: &Input, clock: &mut Clock) -> Result<Tally, String> {
    let mut buffers = input.buffers();
    clock.time(|| sse_core(&mut buffers))
}

fn sse_core_slices(input: &Input, clock: &mut Clock) -> Result<Tally, String> {
    clock.time(|| sse_core(input.slices()))
}

/// Its decoder accepts any `Buf`. Its stream does the same, and is as fast.
#[inline]
fn sse_core(chunks: impl Iterator<Item = impl Buf>) -> Result<Tally, String> {
    let mut tally = Tally::default();
    let mut decoder = SseDecoder::with_limit(PEER_LIMIT);
    for mut chunk in chunks {
        while let Some(event) = decoder.next(&mut chunk) {
            if let SseEvent::Message(event) = event.map_err(|error| error.to_string())? {
                tally.count(&event.event, &event.data);
            }
        }
    }
    Ok(tally)
}

fn sse_stream_bytes(input: &Input, clock: &mut Clock) -> Result<Tally, String> {
    let mut buffers = input.buffers();
    clock.time(|| sse_stream(&mut buffers))
}

fn sse_stream_slices(input: &Input, clock: &mut Clock) -> Result<Tally, String> {
    clock.time(|| sse_stream(input.slices()))
}

/// Its stream over bytes accepts any `Buf`, without the frames of its stream over a body.
#[inline]
fn sse_stream(chunks: impl Iterator<Item = impl Buf> + Unpin) -> Result<Tally, String> {
    let mut tally = Tally::default();
    drain(sse_stream::SseByteStream::new(Ready(chunks)), |event| {
        if let Some(data) = &event.data {
            tally.count(event.event.as_deref().unwrap_or("message"), data);
        }
    })?;
    Ok(tally)
}

/// It slices its events out of `Bytes`.
fn sseer(input: &Input, clock: &mut Clock) -> Result<Tally, String> {
    let mut buffers = input.buffers();
    clock.time(|| {
        let mut tally = Tally::default();
        let stream = sseer::EventStream::new(Ready(&mut buffers));
        drain(stream, |event| tally.count(&event.event, &event.data))?;
        Ok(tally)
    })
}

/// It copies every chunk.
fn eventsource_stream(input: &Input, clock: &mut Clock) -> Result<Tally, String> {
    let mut buffers = input.buffers();
    clock.time(|| {
        let mut tally = Tally::default();
        let stream = eventsource_stream::EventStream::new(Ready(&mut buffers));
        drain(stream, |event| tally.count(&event.event, &event.data))?;
        Ok(tally)
    })
}

/// Copies each chunk into one buffer.
fn memcpy(input: &Input, clock: &mut Clock) -> Result<Tally, String> {
    let mut buffer = vec![0; input.slices().map(<[u8]>::len).max().unwrap_or_default()];
    clock.time(|| {
        for chunk in input.slices() {
            buffer[..chunk.len()].copy_from_slice(chunk);
            black_box(&buffer);
        }
    });
    Ok(Tally::default())
}

/// Only searches each line end and validates the chunk. (A chunk that ends within a character is not valid.)
/// A decoder can be faster where lines are so short that a search for each of them is slow.
fn floor(input: &Input, clock: &mut Clock) -> Result<Tally, String> {
    clock.time(|| {
        for chunk in input.slices() {
            black_box(memchr::memchr2_iter(b'\n', b'\r', chunk).fold(0, |all, at| all ^ at));
            black_box(simdutf8::basic::from_utf8(chunk).is_ok());
        }
    });
    Ok(Tally::default())
}

/// The events of a stream as a peer sees them: data, type and last event ID.
pub fn events_seen_by_a_peer(stream: &[u8]) -> Result<Vec<(String, String, Option<String>)>, String> {
    let mut decoder = SseDecoder::with_limit(PEER_LIMIT);
    let mut events = Vec::new();
    let mut rest = stream;
    while let Some(event) = decoder.next(&mut rest) {
        if let SseEvent::Message(event) = event.map_err(|error| error.to_string())? {
            let id = event.last_event_id.map(|id| id.to_string());
            events.push((event.data, event.event.into_owned(), id));
        }
    }
    Ok(events)
}
