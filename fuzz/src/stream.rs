use std::{
    cell::Cell,
    collections::VecDeque,
    io, mem,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use bytes::{Bytes, BytesMut};
use futures_core::{FusedStream, Stream};
use sse_codec::{Decoder, EventCodec, EventStream, decode::Item, error::StreamError, stream::Items};
use sse_conformance::{
    calls::{self, Levels, chunk_len},
    levels::{self, ms, owned},
    oracle::{Oracle, Output},
};
use tokio_util::{
    codec::{Decoder as _, FramedRead},
    io::StreamReader,
};

use crate::case::Case;

/// Connections, each a stream of chunks with pauses and errors, give the outputs of the oracle, in every way.
/// Streams and guards, interleaved, do too.
pub fn stream(input: &[u8]) {
    let Some(case) = Case::parse(input) else { return };
    let connections = connections(&case);
    for way in [Way::Events, Way::Items, Way::Framed, Way::Codec] {
        check(&case, &connections, way);
    }
    calls::decoder(case.settings, Levels::All, case.steps, case.stream);
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// `EventStream`, which is taken apart and created again after each sip.
    Events,
    /// `Items`, in the same way.
    Items,
    /// `EventCodec` in a `FramedRead`.
    Framed,
    /// `EventCodec` alone, read in a sip after each chunk.
    Codec,
}

fn check(case: &Case<'_>, connections: &[Vec<Step>], way: Way) {
    let mut oracle = Oracle::new(case.settings, "");
    let mut decoder = levels::decoder(case.settings);
    // The number of items that are read from a stream before it is taken apart.
    let sip = if case.more == 0 { usize::MAX } else { case.more.into() };
    for steps in connections {
        oracle.reconnect();
        for step in steps {
            if let Step::Chunk(chunk) = step {
                oracle.feed_all(chunk);
            }
        }
        let mut expected = oracle.take_outputs();
        if way == Way::Events {
            expected.retain(|output| !matches!(output, Output::Comment(_)));
        }

        decoder.reconnect();
        let mut outputs = Vec::new();
        decoder = match way {
            Way::Events | Way::Items => streamed(steps, decoder, sip, way, &mut outputs),
            Way::Framed => framed(steps, decoder, &mut outputs),
            Way::Codec => by_itself(steps, decoder, sip, &mut outputs),
        };
        assert_eq!(outputs, expected, "{way:?}, {case:?}");
        assert_eq!(decoder.last_event_id(), oracle.last_event_id(), "{way:?}, {case:?}");
        assert_eq!(ms(decoder.retry()), oracle.retry(), "{way:?}, {case:?}");
    }
}

/// A step of a source of bytes.
#[derive(Clone, Debug)]
enum Step {
    Chunk(Bytes),
    Fault,
    Pending,
}

/// Splits the stream into connections.
fn connections(case: &Case<'_>) -> Vec<Vec<Step>> {
    let mut rest = Bytes::copy_from_slice(case.stream);
    let (mut connections, mut steps) = (Vec::new(), Vec::new());
    // Most steps use no bytes of the stream.
    let most = 2 * rest.len() + case.steps.len();
    for &step in case.steps.iter().cycle().take(most) {
        match step {
            _ if rest.is_empty() => break,
            0..0xD0 => steps.push(Step::Chunk(rest.split_to(rest.len().min(chunk_len(step))))),
            0xD0..0xE0 => steps.push(Step::Pending),
            0xE0..0xF0 => steps.push(Step::Fault),
            0xF0..=0xFF => connections.push(mem::take(&mut steps)),
        }
    }
    steps.push(Step::Chunk(rest));
    connections.push(steps);
    connections
}

/// A source of bytes that follows these steps, and then ends.
struct Source {
    steps: VecDeque<Step>,
    answer: Rc<Cell<Answer>>,
}

/// The last answer of the source.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Answer {
    #[default]
    Chunk,
    Fault,
    Pending,
    End,
}

impl Source {
    fn new(steps: &[Step]) -> Self {
        Self { steps: steps.iter().cloned().collect(), answer: Rc::default() }
    }
}

impl Stream for Source {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // The stream may poll again at once only after a chunk.
        assert_eq!(self.answer.get(), Answer::Chunk);
        let (answer, poll) = match self.steps.pop_front() {
            Some(Step::Chunk(chunk)) => (Answer::Chunk, Poll::Ready(Some(Ok(chunk)))),
            Some(Step::Fault) => (Answer::Fault, Poll::Ready(Some(Err(io::Error::other("a fault"))))),
            Some(Step::Pending) => (Answer::Pending, Poll::Pending),
            None => (Answer::End, Poll::Ready(None)),
        };
        self.answer.set(answer);
        poll
    }
}

enum Streamed<'s> {
    Events(EventStream<&'s mut Source>),
    Items(Items<&'s mut Source>),
}

impl Streamed<'_> {
    fn next(&mut self) -> Poll<Option<Result<Item, StreamError<io::Error>>>> {
        match self {
            Self::Events(events) => poll(events).map(|item| item.map(|item| item.map(Item::Event))),
            Self::Items(items) => poll(items),
        }
    }

    fn decoder(&self) -> &Decoder {
        match self {
            Self::Events(events) => events.decoder(),
            Self::Items(items) => items.decoder(),
        }
    }

    fn into_decoder(self) -> Decoder {
        match self {
            Self::Events(events) => events.into_decoder(),
            Self::Items(items) => items.into_inner().into_decoder(),
        }
    }
}

fn streamed(
    steps: &[Step],
    mut decoder: Decoder,
    sip: usize,
    way: Way,
    outputs: &mut Vec<Output>,
) -> Decoder {
    let mut source = Source::new(steps);
    let answer = Rc::clone(&source.answer);
    loop {
        let events = EventStream::with_decoder(&mut source, decoder);
        let mut stream =
            if way == Way::Items { Streamed::Items(events.items()) } else { Streamed::Events(events) };
        for _ in 0..sip {
            let next = stream.next();
            // The stream neither invents nor skips an answer of the source.
            let expected = match &next {
                Poll::Pending => Answer::Pending,
                Poll::Ready(None) => Answer::End,
                Poll::Ready(Some(Err(StreamError::Source(_)))) => Answer::Fault,
                Poll::Ready(Some(_)) => Answer::Chunk,
            };
            assert_eq!(answer.take(), expected);
            match next {
                Poll::Pending | Poll::Ready(Some(Err(StreamError::Source(_)))) => {}
                Poll::Ready(Some(Ok(item))) => {
                    outputs.push(owned(Ok(item), stream.decoder().last_event_id()));
                }
                Poll::Ready(Some(Err(StreamError::Decode(error)))) => outputs.push(owned(Err(error), "")),
                Poll::Ready(Some(Err(error))) => panic!("{error}"),
                Poll::Ready(None) => {
                    // It stays at its end, and does not poll a source that has ended.
                    answer.set(Answer::End);
                    assert!(matches!(stream.next(), Poll::Ready(None)));
                    if let Streamed::Events(events) = &stream {
                        assert!(events.is_terminated());
                    }
                    return stream.into_decoder();
                }
            }
        }
        decoder = stream.into_decoder();
    }
}

fn framed(steps: &[Step], decoder: Decoder, outputs: &mut Vec<Output>) -> Decoder {
    let source = Source::new(steps);
    let answer = Rc::clone(&source.answer);
    let mut items = FramedRead::new(StreamReader::new(source), EventCodec::with_decoder(decoder));
    loop {
        let next = poll(&mut items);
        match (next, answer.take()) {
            (Poll::Pending, Answer::Pending) => {}
            // After an error of its reader, `FramedRead` ends once.
            (Poll::Ready(Some(Err(_))), Answer::Fault) => {
                assert!(matches!(poll(&mut items), Poll::Ready(None)));
            }
            (Poll::Ready(Some(Ok(item))), Answer::Chunk) => {
                outputs.push(owned(item, items.decoder().decoder().last_event_id()));
            }
            (Poll::Ready(None), Answer::End) => return items.decoder().decoder().clone(),
            (next, answer) => panic!("{next:?} after {answer:?}"),
        }
    }
}

fn by_itself(steps: &[Step], decoder: Decoder, sip: usize, outputs: &mut Vec<Output>) -> Decoder {
    let mut codec = EventCodec::with_decoder(decoder);
    let mut src = BytesMut::new();
    for step in steps {
        if let Step::Chunk(chunk) = step {
            src.extend_from_slice(chunk);
        }
        for _ in 0..sip {
            let Some(item) = codec.decode(&mut src).expect("decoding does not fail") else { break };
            outputs.push(owned(item, codec.decoder().last_event_id()));
        }
    }
    while let Some(item) = codec.decode_eof(&mut src).expect("decoding does not fail") {
        outputs.push(owned(item, codec.decoder().last_event_id()));
    }
    codec.decoder().clone()
}

fn poll<S: Stream + Unpin>(stream: &mut S) -> Poll<Option<S::Item>> {
    Pin::new(stream).poll_next(&mut Context::from_waker(Waker::noop()))
}
