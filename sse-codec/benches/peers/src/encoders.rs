//! The encoders, each in its fastest public way.

use std::{fmt::Write, hint::black_box, rc::Rc, slice};

use axum::response::IntoResponse;
use bytes::{BufMut, Bytes, BytesMut};
use bytestring::ByteString;
use sse_codec::{EventId, EventType};
use sse_conformance::corpora::Block;
use tokio_util::codec::Encoder as _;
use warp::Reply;

use crate::{
    decoders::events_seen_by_a_peer,
    measure::{Clock, Contestant, Level, Pass, Role},
    poll::{Ready, drain_body},
};

type Outcome = Result<(), String>;
type Encode = fn(&Batch, &mut Sink, &mut Clock) -> Outcome;

/// Existing events, or (axum) events that are created and encoded at once.
const ENCODERS: [(&str, Role, Encode); 9] = [
    ("encode", Role::Ours(Level::Encoding), ours),
    ("BytesMut", Role::Variant, ours_bytes_mut),
    ("russe", Role::Peer, russe),
    ("sse-stream", Role::Peer, sse_stream),
    ("axum", Role::Peer, axum),
    ("russe, static", Role::Apart, russe_static),
    ("warp", Role::Apart, warp),
    ("warp body", Role::Apart, warp_body),
    ("memcpy", Role::Limit, memcpy),
];

/// Events that are created from text first.
const BUILDERS: [(&str, Role, Encode); 6] = [
    ("encode", Role::Ours(Level::Encoding), ours_built),
    ("russe", Role::Peer, russe_built),
    ("sse-stream", Role::Peer, sse_stream_built),
    ("axum", Role::Peer, axum),
    ("warp", Role::Apart, warp_built),
    ("memcpy", Role::Limit, memcpy),
];

/// Blocks that are sent at once: they stay in the cache, like events that were just created.
const BATCH: usize = 64 * 1024;
/// The length at which a buffer is written out.
const FULL: usize = 16 * 1024;

/// Blocks to encode. They live to the end of the program: streams of events must not borrow.
struct Batch {
    blocks: &'static [Block],
    encoded: Vec<Bytes>,
}

/// The destination of encoded bytes. They are discarded unless they are checked.
#[derive(Default)]
struct Sink {
    kept: Option<Vec<u8>>,
    len: usize,
}

impl Sink {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.len += black_box(bytes).len();
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(bytes);
        }
    }
}

impl Batch {
    fn new(blocks: &'static [Block]) -> Result<Self, String> {
        let mut encoded = Vec::new();
        let mut len = 0;
        for block in blocks {
            if len >= BATCH {
                break;
            }
            let mut bytes = Vec::new();
            encode_ours(&ours_event(block), &mut bytes)?;
            len += bytes.len();
            encoded.push(bytes.into());
        }
        Ok(Self { blocks: &blocks[..encoded.len()], encoded })
    }

    /// A buffer that was used before: it has room, and its memory is in the cache.
    /// It must be created before the events, so that these are in the cache as well.
    fn buffer<B: Buffer>(&self) -> B {
        let largest = self.encoded.iter().map(Bytes::len).max().unwrap_or_default();
        let mut buffer = B::default();
        buffer.push(&"x".repeat(2 * FULL + largest));
        buffer.clear();
        buffer
    }

    /// The blocks to create events from. Their texts are in the cache, since a server creates events from texts that it
    /// has just produced. It must be called after `buffer`, which may push them out.
    fn blocks_in_cache(&self) -> slice::Iter<'static, Block> {
        for Block { comment, id, event_type, data } in self.blocks {
            for text in [comment, id, event_type, data].into_iter().flatten() {
                black_box(text.chars().count());
            }
        }
        self.blocks.iter()
    }

    fn events(&self) -> impl Iterator<Item = &'static Block> {
        self.blocks.iter().filter(|block| block.data.is_some())
    }
}

/// Returns the requested encoders for one batch, of existing events or of events that are created from text in
/// the measured time.
pub fn contestants(
    blocks: &'static [Block],
    is_built: bool,
    is_asked: impl Fn(&str) -> bool,
) -> Result<Vec<Contestant>, String> {
    let batch = Rc::new(Batch::new(blocks)?);
    let encoders: &[(&str, Role, Encode)] = if is_built { &BUILDERS } else { &ENCODERS };
    let contestant = |&(name, role, encode): &(&'static str, Role, Encode)| {
        let verified = verify(&batch, encode);
        Contestant {
            name,
            role,
            bytes: batch.encoded.iter().map(Bytes::len).sum(),
            events: batch.events().count(),
            is_prefix: false,
            pass: pass(batch.clone(), encode, verified.clone().unwrap_or_default()),
            problem: verified.err(),
            samples: Vec::new(),
        }
    };
    Ok(encoders.iter().filter(|encoder| is_asked(encoder.0)).map(contestant).collect())
}

fn pass(batch: Rc<Batch>, encode: Encode, expected: usize) -> Pass {
    Box::new(move |clock| {
        let mut sink = Sink::default();
        encode(&batch, &mut sink, clock)?;
        if sink.len != expected {
            return Err(format!("{} bytes instead of {expected}", sink.len));
        }
        Ok(())
    })
}

/// Returns the encoded length of the batch, if a peer decodes the right events from it.
fn verify(batch: &Batch, encode: Encode) -> Result<usize, String> {
    let mut sink = Sink { kept: Some(Vec::new()), len: 0 };
    encode(batch, &mut sink, &mut Clock::default())?;
    let stream = sink.kept.unwrap_or_default();
    let expected = batch.events().map(|block| {
        let event_type = block.event_type.as_deref().unwrap_or("message");
        (block.data.clone().unwrap_or_default(), event_type.to_owned(), block.id.clone())
    });
    if !expected.eq(events_seen_by_a_peer(&stream)?) {
        return Err("writes other events".to_owned());
    }
    let comments = stream.split(|&byte| byte == b'\n').filter(|line| line.starts_with(b":")).count();
    if comments != batch.blocks.len() - batch.events().count() {
        return Err("writes no comments".to_owned());
    }
    Ok(sink.len)
}

/// A buffer that is reused.
trait Buffer: AsRef<[u8]> + Default {
    fn push(&mut self, text: &str);
    fn clear(&mut self);
}

macro_rules! buffer {
    ($($buffer:ty, $push:expr;)*) => {$(
        impl Buffer for $buffer {
            fn push(&mut self, text: &str) {
                $push(self, text.as_ref());
            }

            fn clear(&mut self) {
                self.clear();
            }
        }
    )*};
}

buffer! {
    Vec<u8>, Vec::extend_from_slice;
    BytesMut, BytesMut::extend_from_slice;
    String, String::push_str;
}

/// Encodes all items into one buffer, which is written out when it is full.
fn into_buffer<B: Buffer, T>(
    clock: &mut Clock,
    sink: &mut Sink,
    mut buffer: B,
    items: impl Iterator<Item = T>,
    encode: impl Fn(T, &mut B) -> Outcome,
) -> Outcome {
    clock.time(|| {
        for item in items {
            encode(item, &mut buffer)?;
            if buffer.as_ref().len() >= FULL {
                sink.put(buffer.as_ref());
                buffer.clear();
            }
        }
        sink.put(buffer.as_ref());
        Ok(())
    })
}

/// Encodes items that become a buffer each.
fn into_bytes<T>(
    clock: &mut Clock,
    sink: &mut Sink,
    items: impl Iterator<Item = T>,
    encode: impl Fn(T) -> Result<Bytes, String>,
) -> Outcome {
    clock.time(|| {
        for item in items {
            sink.put(&encode(item)?);
        }
        Ok(())
    })
}

/// An event or a comment of this crate.
enum Ours {
    Event(sse_codec::Event),
    Comment(&'static str),
}

fn ours_event(block: &'static Block) -> Ours {
    let Some(data) = &block.data else {
        return Ours::Comment(block.comment.as_deref().unwrap_or_default());
    };
    let mut event = sse_codec::Event::new(data.as_str());
    if let Some(event_type) = block.event_type.as_deref().and_then(|text| EventType::new(text).ok()) {
        event = event.with_event_type(event_type);
    }
    if let Some(id) = block.id.as_deref().and_then(|text| EventId::new(text).ok()) {
        event = event.with_id(id);
    }
    Ours::Event(event)
}

fn encode_ours<B: BufMut>(item: &Ours, buffer: &mut B) -> Outcome {
    match item {
        Ours::Event(event) => event.encode(buffer),
        Ours::Comment(text) => sse_codec::Block::new().comment(text).encode(buffer),
    }
    Ok(())
}

fn ours(batch: &Batch, sink: &mut Sink, clock: &mut Clock) -> Outcome {
    let buffer = batch.buffer();
    let items: Vec<_> = batch.blocks.iter().map(ours_event).collect();
    into_buffer(clock, sink, buffer, items.iter(), encode_ours::<Vec<u8>>)
}

fn ours_bytes_mut(batch: &Batch, sink: &mut Sink, clock: &mut Clock) -> Outcome {
    let buffer = batch.buffer();
    let items: Vec<_> = batch.blocks.iter().map(ours_event).collect();
    into_buffer(clock, sink, buffer, items.iter(), encode_ours::<BytesMut>)
}

fn ours_built(batch: &Batch, sink: &mut Sink, clock: &mut Clock) -> Outcome {
    let buffer = batch.buffer();
    let items = batch.blocks_in_cache().map(ours_event);
    into_buffer(clock, sink, buffer, items, |item, buffer: &mut Vec<u8>| encode_ours(&item, buffer))
}

fn russe_event(block: &'static Block, text: impl Fn(&'static str) -> ByteString) -> russe::Event {
    match &block.data {
        Some(data) => russe::Event::Message(russe::Message {
            data: text(data),
            event: block.event_type.as_deref().map(&text),
            id: block.id.as_deref().map(&text),
            retry: None,
        }),
        None => russe::Event::Comment(text(block.comment.as_deref().unwrap_or_default())),
    }
}

fn copied(text: &'static str) -> ByteString {
    text.into()
}

fn encode_russe(event: russe::Event, buffer: &mut BytesMut) -> Outcome {
    russe::Encoder::default().encode(event, buffer).map_err(|error| error.to_string())
}

/// Its encoder consumes the event. The text is shared, so that it need not be freed.
fn russe(batch: &Batch, sink: &mut Sink, clock: &mut Clock) -> Outcome {
    let buffer = batch.buffer();
    let events: Vec<_> = batch.blocks.iter().map(|block| russe_event(block, copied)).collect();
    let mut clones = events.clone();
    into_buffer(clock, sink, buffer, clones.drain(..), encode_russe)
}

/// Events of literals.
fn russe_static(batch: &Batch, sink: &mut Sink, clock: &mut Clock) -> Outcome {
    let buffer = batch.buffer();
    let literal = |text: &'static str| ByteString::from_static(text);
    let mut events: Vec<_> = batch.blocks.iter().map(|block| russe_event(block, literal)).collect();
    into_buffer(clock, sink, buffer, events.drain(..), encode_russe)
}

fn russe_built(batch: &Batch, sink: &mut Sink, clock: &mut Clock) -> Outcome {
    let buffer = batch.buffer();
    let events = batch.blocks_in_cache().map(|block| russe_event(block, copied));
    into_buffer(clock, sink, buffer, events, encode_russe)
}

fn sse_stream_event(block: &'static Block) -> sse_stream::Sse {
    let Block { id, event_type, data, comment: _ } = block.clone();
    sse_stream::Sse { id, event: event_type, data, retry: None }
}

fn encode_sse_stream(event: sse_stream::Sse) -> Result<Bytes, String> {
    event.encode().map_err(|error| error.to_string())
}

/// Its `encode` consumes the event and returns a buffer; its body does the same and adds a frame. It has
/// comments only as keep-alives.
fn sse_stream(batch: &Batch, sink: &mut Sink, clock: &mut Clock) -> Outcome {
    let mut events: Vec<_> = batch.blocks.iter().map(sse_stream_event).collect();
    into_bytes(clock, sink, events.drain(..), encode_sse_stream)
}

fn sse_stream_built(batch: &Batch, sink: &mut Sink, clock: &mut Clock) -> Outcome {
    into_bytes(clock, sink, batch.blocks_in_cache().map(sse_stream_event), encode_sse_stream)
}

/// Its events are encoded when they are created, and its body then returns them.
fn axum(batch: &Batch, sink: &mut Sink, clock: &mut Clock) -> Outcome {
    use axum::response::sse::{Event, Sse};

    let event = |block: &'static Block| {
        let mut event = Event::default();
        if let Some(comment) = &block.comment {
            event = event.comment(comment);
        }
        if let Some(id) = &block.id {
            event = event.id(id);
        }
        if let Some(event_type) = &block.event_type {
            event = event.event(event_type);
        }
        match &block.data {
            Some(data) => event.data(data),
            None => event,
        }
    };
    let body = Sse::new(Ready(batch.blocks_in_cache().map(event))).into_response().into_body();
    clock.time(|| drain_body(body, |data| sink.put(data)))
}

fn warp_event(block: &'static Block) -> warp::sse::Event {
    let mut event = warp::sse::Event::default();
    if let Some(comment) = &block.comment {
        event = event.comment(comment);
    }
    if let Some(id) = &block.id {
        event = event.id(id);
    }
    if let Some(event_type) = &block.event_type {
        event = event.event(event_type);
    }
    match &block.data {
        Some(data) => event.data(data),
        None => event,
    }
}

/// Its events are `Display`.
fn warp(batch: &Batch, sink: &mut Sink, clock: &mut Clock) -> Outcome {
    let buffer = batch.buffer();
    let events: Vec<_> = batch.blocks.iter().map(warp_event).collect();
    into_buffer(clock, sink, buffer, events.iter(), |event, buffer: &mut String| {
        write!(buffer, "{event}").map_err(|error| error.to_string())
    })
}

fn warp_built(batch: &Batch, sink: &mut Sink, clock: &mut Clock) -> Outcome {
    let buffer = batch.buffer();
    into_buffer(clock, sink, buffer, batch.blocks_in_cache().map(warp_event), |event, buffer: &mut String| {
        write!(buffer, "{event}").map_err(|error| error.to_string())
    })
}

fn warp_body(batch: &Batch, sink: &mut Sink, clock: &mut Clock) -> Outcome {
    let events: Vec<_> = batch.blocks.iter().map(warp_event).collect();
    let body = warp::sse::reply(Ready(events.into_iter())).into_response().into_body();
    clock.time(|| drain_body(body, |data| sink.put(data)))
}

/// Copies encoded events into one buffer.
fn memcpy(batch: &Batch, sink: &mut Sink, clock: &mut Clock) -> Outcome {
    let buffer = batch.buffer();
    into_buffer(clock, sink, buffer, batch.encoded.iter(), |bytes, buffer: &mut Vec<u8>| {
        buffer.extend_from_slice(bytes);
        Ok(())
    })
}
