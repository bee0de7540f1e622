//! The types that own the decoder for some chunks: `EventStream`, `ItemStream`, `EventCodec`.

use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use sse_codec::{Decoder, EventCodec, EventStream, decode::Item, error::StreamError};
use tokio_util::codec::Decoder as _;

use super::{Script, Step, model::Model};
use crate::{
    levels::{ms, owned},
    oracle::Output,
};

/// The next step of a source of chunks. After the last one, the source is pending.
#[derive(Clone, Debug, PartialEq)]
enum Next {
    Chunk(Bytes),
    Fault,
    End,
}

#[derive(Clone, Debug)]
struct Source(VecDeque<Next>);

type Polled = Poll<Option<Result<Bytes, &'static str>>>;

impl Source {
    fn next(&mut self) -> Polled {
        match self.0.front() {
            Some(Next::End) => return Poll::Ready(None),
            None => return Poll::Pending,
            _ => {}
        }
        match self.0.pop_front() {
            Some(Next::Chunk(chunk)) => Poll::Ready(Some(Ok(chunk))),
            _ => Poll::Ready(Some(Err("a fault"))),
        }
    }
}

impl Stream for &mut Source {
    type Item = Result<Bytes, &'static str>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Polled {
        self.next()
    }
}

/// The result of polling a stream of events or items.
type Given = Poll<Option<Result<Output, &'static str>>>;

/// The expected result: a chunk is read only if those before it contain nothing more.
fn expected(model: &mut Model, source: &mut Source, for_item: bool) -> Given {
    loop {
        if let Some(output) = model.next(for_item) {
            return Poll::Ready(Some(Ok(output)));
        }
        match source.next() {
            Poll::Ready(Some(Ok(chunk))) => model.give(&chunk),
            Poll::Ready(Some(Err(fault))) => return Poll::Ready(Some(Err(fault))),
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Pending => return Poll::Pending,
        }
    }
}

fn given(polled: Poll<Option<Result<Item, StreamError<&'static str>>>>, decoder: &Decoder) -> Given {
    polled.map(|item| {
        item.map(|item| match item {
            Ok(item) => Ok(owned(Ok(item), decoder.last_event_id())),
            Err(StreamError::Decode(error)) => Ok(owned(Err(error), "")),
            Err(StreamError::Source(fault)) => Err(fault),
            Err(error) => panic!("{error}"),
        })
    })
}

fn is_item(given: &Given) -> bool {
    matches!(given, Poll::Ready(Some(_)))
}

/// Decodes up to three chunks as a stream of events, of items, or first of events and then of items.
pub(super) fn stream(decoder: Decoder, model: &mut Model, script: &mut Script<'_>, step: Step) -> Decoder {
    let before = script.stream;
    let mut source =
        Source((0..3).map(|_| Next::Chunk(Bytes::copy_from_slice(script.chunk(step.len)))).collect());
    if step.asks.mixed {
        source.0.insert(1, Next::Fault);
    }
    if step.leaks {
        source.0.push_back(Next::End);
    }
    let mut left = source.clone();
    let mut cx = Context::from_waker(Waker::noop());
    let mut is_asked = false;
    let mut check = |given: Given, decoder: &Decoder, for_item| {
        is_asked = true;
        let expected = expected(model, &mut left, for_item);
        assert_eq!(given, expected, "asked for an item: {for_item}");
        assert_eq!(decoder.last_event_id(), model.last_event_id());
        assert_eq!(ms(decoder.retry()), model.retry());
        is_item(&given)
    };

    let mut events = EventStream::with_decoder(&mut source, decoder);
    if step.asks.event_first {
        step.asks.each(|_| {
            let polled = Pin::new(&mut events).poll_next(&mut cx);
            let polled = polled.map(|event| event.map(|event| event.map(Item::Event)));
            check(given(polled, events.decoder()), events.decoder(), false)
        });
    }
    let decoder = if step.asks.event_first && !step.asks.mixed {
        events.into_decoder()
    } else {
        let mut items = events.items();
        step.asks.each(|_| {
            let polled = Pin::new(&mut items).poll_next(&mut cx);
            check(given(polled, items.decoder()), items.decoder(), true)
        });
        items.into_inner().into_decoder()
    };
    if is_asked {
        model.end_line();
    }
    // Unread chunks go back to the stream of bytes.
    assert_eq!(source.0, left.0, "chunks are read one by one, when they are needed");
    let unread: usize =
        source.0.iter().map(|next| if let Next::Chunk(chunk) = next { chunk.len() } else { 0 }).sum();
    let taken = before.len() - script.stream.len() - unread;
    script.stream = &before[taken..];
    decoder
}

/// Decodes a chunk with a codec that is called a few times, then another chunk, which is read to its end.
pub(super) fn codec(decoder: Decoder, model: &mut Model, script: &mut Script<'_>, step: Step) -> Decoder {
    let mut codec = EventCodec::with_decoder(decoder);
    let mut src = BytesMut::new();
    for asks in [step.asks, super::Asks::ALL] {
        let chunk = script.chunk(step.len);
        src.extend_from_slice(chunk);
        model.give(chunk);
        asks.each(|_| {
            let item = codec.decode(&mut src).expect("decoding does not fail");
            let output = item.map(|item| owned(item, codec.decoder().last_event_id()));
            assert_eq!(output, model.next(true));
            assert_eq!(codec.decoder().last_event_id(), model.last_event_id());
            assert_eq!(ms(codec.decoder().retry()), model.retry());
            output.is_some()
        });
    }
    assert!(src.is_empty());
    codec.decoder().clone()
}
