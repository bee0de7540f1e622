//! Every way to use the decoder of sse-codec, with results in the types of the oracle.

use std::{
    collections::VecDeque,
    convert::Infallible,
    io::{self, ErrorKind, Read},
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use sse_codec::{
    Decoder, Event, EventCodec, EventReader, EventRef, EventStream,
    decode::{DecoderBuilder, Item, ItemRef},
    error::{DecodeError, DecodeErrorKind, StreamError},
    limits::Limits,
};
use tokio_util::{codec::FramedRead, io::StreamReader};

use crate::oracle::{Outcome, Output, Settings};

/// A way to use the decoder. All must give the same result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// `Decoder::decode`.
    Borrowed,
    /// `Decoder::decode`, with each guard dropped after one item.
    BorrowedInSips,
    /// `Decoder::decode_bytes`.
    Owned,
    /// `Decoder::decode_bytes`, with each iterator dropped after one item.
    OwnedInSips,
    /// `EventStream`, with `Pending` and errors in between.
    Stream,
    /// `EventReader`, with interruptions and errors in between.
    Reader,
    /// `EventCodec` in a `FramedRead` of a reader that returns one chunk at a time.
    Codec,
    /// `Decoder::decode`, with reads of events only.
    BorrowedEvents,
    /// `Decoder::decode_bytes` as an iterator of events.
    OwnedEvents,
    /// `EventStream`, of events only.
    StreamEvents,
}

/// The levels that return comments.
pub const LEVELS: &[Level] = &[
    Level::Borrowed,
    Level::BorrowedInSips,
    Level::Owned,
    Level::OwnedInSips,
    Level::Stream,
    Level::Reader,
    Level::Codec,
];

/// The levels that skip comments.
pub const EVENT_LEVELS: &[Level] = &[Level::BorrowedEvents, Level::OwnedEvents, Level::StreamEvents];

/// Decodes these chunks.
pub fn decode(level: Level, chunks: &[&[u8]], settings: Settings) -> Outcome {
    let mut decoder = decoder(settings);
    let mut outputs = Vec::new();
    match level {
        Level::Borrowed => {
            for chunk in chunks {
                let mut events = decoder.decode(chunk);
                while let Some(item) = events.next_item() {
                    outputs.push(borrowed(item));
                }
            }
        }
        Level::BorrowedInSips => {
            for chunk in chunks {
                let mut chunk = *chunk;
                loop {
                    let mut events = decoder.decode(chunk);
                    let Some(item) = events.next_item() else { break };
                    outputs.push(borrowed(item));
                    chunk = &[];
                }
            }
        }
        Level::Owned => {
            for chunk in chunks {
                let mut items = decoder.decode_bytes(Bytes::copy_from_slice(chunk)).items();
                while let Some(item) = items.next() {
                    outputs.push(owned(item, items.last_event_id()));
                }
            }
        }
        Level::OwnedInSips => {
            for chunk in chunks {
                let mut chunk = Bytes::copy_from_slice(chunk);
                loop {
                    let mut items = decoder.decode_bytes(chunk).items();
                    let Some(item) = items.next() else { break };
                    outputs.push(owned(item, items.last_event_id()));
                    chunk = Bytes::new();
                }
            }
        }
        Level::Stream => {
            let mut items = EventStream::with_decoder(Trickle::new(chunks), decoder).items();
            let mut cx = Context::from_waker(Waker::noop());
            loop {
                match Pin::new(&mut items).poll_next(&mut cx) {
                    Poll::Pending | Poll::Ready(Some(Err(StreamError::Source(_)))) => {}
                    Poll::Ready(Some(Ok(item))) => {
                        outputs.push(owned(Ok(item), items.decoder().last_event_id()));
                    }
                    Poll::Ready(Some(Err(StreamError::Decode(error)))) => {
                        outputs.push(owned(Err(error), ""));
                    }
                    Poll::Ready(Some(Err(error))) => panic!("{error}"),
                    Poll::Ready(None) => break,
                }
            }
            decoder = items.into_inner().into_decoder();
        }
        Level::Reader => {
            let mut items = EventReader::with_decoder(Faulty::new(chunks), decoder).items();
            while let Some(item) = items.next() {
                match item {
                    Ok(item) => outputs.push(owned(Ok(item), items.decoder().last_event_id())),
                    Err(StreamError::Decode(error)) => outputs.push(owned(Err(error), "")),
                    Err(StreamError::Source(error)) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
                    Err(error) => panic!("{error}"),
                }
            }
            assert!(items.next().is_none());
            decoder = items.into_inner().into_parts().1;
        }
        Level::Codec => return codec(chunks, decoder),
        Level::BorrowedEvents => {
            for chunk in chunks {
                let mut events = decoder.decode(chunk);
                while let Some(event) = events.next_event() {
                    outputs.push(borrowed(event.map(ItemRef::Event)));
                }
            }
        }
        Level::OwnedEvents => {
            for chunk in chunks {
                let mut events = decoder.decode_bytes(Bytes::copy_from_slice(chunk));
                while let Some(event) = events.next() {
                    outputs.push(owned(event.map(Item::Event), events.last_event_id()));
                }
            }
        }
        Level::StreamEvents => {
            let mut events = EventStream::with_decoder(ready(chunks), decoder);
            let mut cx = Context::from_waker(Waker::noop());
            while let Poll::Ready(Some(event)) = Pin::new(&mut events).poll_next(&mut cx) {
                let event = event.map(Item::Event).map_err(|error| match error {
                    StreamError::Decode(error) => error,
                    error => panic!("{error}"),
                });
                outputs.push(owned(event, events.decoder().last_event_id()));
            }
            decoder = events.into_decoder();
        }
    }
    outcome(outputs, &decoder)
}

/// A decoder with these settings.
pub fn decoder(settings: Settings) -> Decoder {
    builder(settings).build()
}

/// The same as a builder, for more settings.
pub fn builder(settings: Settings) -> DecoderBuilder {
    let Settings { event, id, comment } = settings;
    let limits = Limits::new().with_event(event).with_id(id).with_comment(comment.unwrap_or(0));
    Decoder::builder().limits(limits).comments(comment.is_some())
}

/// The outputs of this decoder, and its state at the end.
pub fn outcome(outputs: Vec<Output>, decoder: &Decoder) -> Outcome {
    Outcome { outputs, last_event_id: decoder.last_event_id().to_owned(), retry: ms(decoder.retry()) }
}

/// A reconnection time in ms, as in the oracle.
pub fn ms(time: Option<Duration>) -> Option<u64> {
    time.map(|time| time.as_millis().try_into().unwrap())
}

/// An item of a guard.
pub fn borrowed(item: Result<ItemRef<'_>, DecodeError>) -> Output {
    match item {
        Ok(ItemRef::Event(event)) => event_ref(&event),
        Ok(ItemRef::Comment(text)) => Output::Comment(text.to_owned()),
        Ok(item) => panic!("{item:?}"),
        Err(error) => dropped(&error),
    }
}

/// A borrowed event.
pub fn event_ref(event: &EventRef<'_>) -> Output {
    assert_eq!(event.event_type(), event.explicit_event_type().unwrap_or("message"));
    Output::Event {
        event_type: event.explicit_event_type().map(str::to_owned),
        data: event.data().to_owned(),
        id: event.id().map(str::to_owned),
        retry: ms(event.retry()),
        last_event_id: event.last_event_id().to_owned(),
    }
}

/// An item of an iterator or a stream, with the last event ID after it.
pub fn owned(item: Result<Item, DecodeError>, last_event_id: &str) -> Output {
    match item {
        Ok(Item::Event(event)) => owned_event(&event, last_event_id),
        Ok(Item::Comment(text)) => Output::Comment(text.to_string()),
        Ok(item) => panic!("{item:?}"),
        Err(error) => dropped(&error),
    }
}

/// An owned event, with the last event ID after it.
pub fn owned_event(event: &Event, last_event_id: &str) -> Output {
    Output::Event {
        event_type: event.explicit_event_type().map(ToString::to_string),
        data: event.data().to_owned(),
        id: event.id().map(ToString::to_string),
        retry: ms(event.retry()),
        last_event_id: last_event_id.to_owned(),
    }
}

/// An error, as an output.
pub fn dropped(error: &DecodeError) -> Output {
    let (limit, offset) = (error.limit(), error.offset());
    match error.kind() {
        DecodeErrorKind::EventTooLarge => {
            Output::EventTooLarge { limit, offset, id: error.event_id().map(ToString::to_string) }
        }
        DecodeErrorKind::IdTooLong => {
            assert_eq!(error.event_id(), None);
            Output::IdTooLong { limit, offset }
        }
        DecodeErrorKind::CommentTooLarge => {
            assert_eq!(error.event_id(), None);
            Output::CommentTooLarge { limit, offset }
        }
        kind => panic!("{kind:?}"),
    }
}

/// Yields chunks with a `Pending` before each and an error before every other.
#[derive(Debug)]
pub struct Trickle {
    steps: VecDeque<Poll<Result<Bytes, &'static str>>>,
}

impl Trickle {
    /// A stream of these chunks.
    pub fn new(chunks: &[&[u8]]) -> Self {
        let mut steps = VecDeque::new();
        for (n, chunk) in chunks.iter().enumerate() {
            steps.push_back(Poll::Pending);
            if n % 2 == 1 {
                steps.push_back(Poll::Ready(Err("a passing fault")));
            }
            steps.push_back(Poll::Ready(Ok(Bytes::copy_from_slice(chunk))));
        }
        Self { steps }
    }
}

impl Stream for Trickle {
    type Item = Result<Bytes, &'static str>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.steps.pop_front().map_or(Poll::Ready(None), |step| step.map(Some))
    }
}

/// Reads its chunks, with an interruption before each, or a fault.
#[derive(Debug)]
pub struct Faulty<'a> {
    chunks: VecDeque<&'a [u8]>,
    faults: VecDeque<ErrorKind>,
}

impl<'a> Faulty<'a> {
    /// A reader of these chunks.
    pub fn new(chunks: &[&'a [u8]]) -> Self {
        // A read of zero bytes would be the end.
        let chunks: VecDeque<_> = chunks.iter().copied().filter(|chunk| !chunk.is_empty()).collect();
        let faults = [ErrorKind::Interrupted, ErrorKind::Interrupted, ErrorKind::WouldBlock];
        Self { faults: faults.into_iter().cycle().take(chunks.len()).collect(), chunks }
    }
}

impl Read for Faulty<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.faults.len() >= self.chunks.len()
            && let Some(fault) = self.faults.pop_front()
        {
            return Err(fault.into());
        }
        let Some(chunk) = self.chunks.pop_front() else { return Ok(0) };
        let len = chunk.len().min(buf.len());
        let (now, later) = chunk.split_at(len);
        buf[..len].copy_from_slice(now);
        if !later.is_empty() {
            self.chunks.push_front(later);
        }
        Ok(len)
    }
}

/// Chunks as a stream that is always ready.
pub fn ready(chunks: &[&[u8]]) -> impl Stream<Item = Result<Bytes, Infallible>> + Unpin + use<> {
    let chunks: Vec<_> = chunks.iter().map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    futures_util::stream::iter(chunks)
}

fn codec(chunks: &[&[u8]], decoder: Decoder) -> Outcome {
    // A reader cannot return an empty chunk: that would be the end.
    let chunks: Vec<_> = chunks.iter().copied().filter(|chunk| !chunk.is_empty()).collect();
    let reader = StreamReader::new(ready(&chunks).map(|chunk| chunk.map_err(io::Error::other)));
    let mut items = FramedRead::new(reader, EventCodec::with_decoder(decoder));
    let mut outputs = Vec::new();
    let mut cx = Context::from_waker(Waker::noop());
    while let Poll::Ready(Some(item)) = Pin::new(&mut items).poll_next(&mut cx) {
        let item = item.expect("the reader does not fail");
        outputs.push(owned(item, items.decoder().decoder().last_event_id()));
    }
    outcome(outputs, items.decoder().decoder())
}
