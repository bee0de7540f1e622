use std::{convert::Infallible, time::Duration};

use arbitrary::{Arbitrary, Unstructured};
use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt, StreamExt, stream};
use sse_codec::{
    Batch, Block, Decoder, EncodeStream, Encoded, Event, EventCodec, EventId, EventType, error::ValueError,
};
use sse_conformance::oracle::{Outcome, Output, Settings, expect};
use tokio_util::codec::Encoder as _;

/// For a stream of any texts, a client sees the intended events and nothing else, every length is known
/// before, and the events decode to the same events.
pub fn encode(input: &[u8]) {
    let Ok(wishes) = Vec::<Wish>::arbitrary(&mut Unstructured::new(input)) else { return };
    let parts: Vec<Parts> = wishes.into_iter().map(Parts::new).collect();

    let mut stream = BytesMut::new();
    let mut expected = Outcome { outputs: vec![], last_event_id: String::new(), retry: None };
    for parts in &parts {
        parts.encode(&mut stream);
        parts.expect(&mut expected);
    }
    assert_eq!(expect(&stream, Settings::ITEMS), expected, "{parts:?}");

    let events: Vec<Event> = parts.iter().filter_map(|parts| parts.event(with_lf)).collect();
    let decoded: Vec<Event> = Decoder::new()
        .decode_bytes(stream.clone().freeze())
        .map(|event| event.expect("it is small"))
        .collect();
    assert_eq!(decoded, events, "{parts:?}");

    // A proxy can forward the events that it read.
    let mut decoder = Decoder::new();
    let mut lent = decoder.decode(&stream);
    for event in &events {
        let lent = lent.next_event().expect("there are as many").expect("it is small");
        assert_eq!(lent.as_block().to_bytes(), event.to_bytes(), "{parts:?}");
    }
}

/// The texts that a user wants to send.
#[derive(Arbitrary, Debug)]
struct Wish {
    comment: Option<String>,
    id: Option<String>,
    event_type: Option<String>,
    retry: Option<Duration>,
    data: Option<String>,
}

/// The part of them that can be sent.
#[derive(Debug)]
struct Parts {
    comment: Option<String>,
    id: Option<EventId>,
    event_type: Option<EventType>,
    retry: Option<Duration>,
    data: Option<String>,
}

impl Parts {
    fn new(wish: Wish) -> Self {
        let Wish { comment, id, event_type, retry, data } = wish;
        Self { comment, id: id.and_then(id_of), event_type: event_type.and_then(type_of), retry, data }
    }

    fn block(&self) -> Block<'_> {
        let mut block = Block::new();
        if let Some(comment) = &self.comment {
            block = block.comment(comment);
        }
        if let Some(id) = &self.id {
            block = block.id(id);
        }
        if let Some(event_type) = &self.event_type {
            block = block.event_type(event_type);
        }
        if let Some(retry) = self.retry {
            block = block.retry(retry);
        }
        if let Some(data) = &self.data {
            block = block.data(data);
        }
        block
    }

    fn event(&self, data: impl Fn(&str) -> String) -> Option<Event> {
        let mut event = Event::new(data(self.data.as_deref()?));
        if let Some(id) = &self.id {
            event = event.with_id(id.clone());
        }
        if let Some(event_type) = &self.event_type {
            event = event.with_event_type(event_type.clone());
        }
        if let Some(retry) = self.retry {
            event = event.with_retry(retry);
        }
        Some(event)
    }

    /// Encodes it in every way.
    fn encode(&self, stream: &mut BytesMut) {
        let block = self.block();
        let bytes = block.to_bytes();
        assert_eq!(block.encoded_len(), bytes.len(), "{self:?}");
        block.encode(stream);
        assert!(stream.ends_with(&bytes), "{self:?}");
        // A buffer of exactly this size is enough.
        let mut room = vec![0; bytes.len()];
        block.encode(&mut &mut room[..]);
        assert_eq!(room, bytes, "{self:?}");

        let encoded = Encoded::from(block);
        assert_eq!(encoded.events(), usize::from(self.data.is_some()));
        send(encoded, &bytes);
        send(block, &bytes);
        let mut batch = Batch::new();
        for len in 0..bytes.len() {
            assert!(!batch.try_push(block, len), "{self:?}");
        }
        assert!(batch.try_push(block, bytes.len()), "{self:?}");
        assert_eq!(batch.take(), Encoded::from(block), "{self:?}");
        if let Some(event) = self.event(str::to_owned) {
            let with_comment = match &self.comment {
                Some(comment) => event.as_block().comment(comment),
                None => event.as_block(),
            };
            assert_eq!(with_comment, block);
            send(event.clone(), &event.to_bytes());
        }
    }

    /// Adds the outputs that a client must see.
    fn expect(&self, client: &mut Outcome) {
        if let Some(comment) = &self.comment {
            let comment = with_lf(comment);
            client.outputs.extend(comment.split('\n').map(|line| Output::Comment(line.to_owned())));
        }
        if let Some(id) = &self.id {
            client.last_event_id = id.to_string();
        }
        let retry = self.retry.map(|time| time.as_millis().min(u64::MAX.into()) as u64);
        client.retry = retry.or(client.retry);
        if let Some(data) = &self.data {
            client.outputs.push(Output::Event {
                event_type: self.event_type.as_ref().map(ToString::to_string),
                data: with_lf(data),
                id: self.id.as_ref().map(ToString::to_string),
                retry,
                last_event_id: client.last_event_id.clone(),
            });
        }
    }
}

/// Sends an item in every way that accepts it.
fn send<T>(item: T, expected: &Bytes)
where
    T: Clone + Into<Encoded>,
    EventCodec: tokio_util::codec::Encoder<T, Error = std::io::Error>,
{
    let mut buffer = BytesMut::new();
    EventCodec::new().encode(item.clone(), &mut buffer).expect("encoding does not fail");
    assert_eq!(buffer, *expected);

    let items = stream::iter([Ok::<_, Infallible>(item.clone())]);
    let chunks: Vec<_> = EncodeStream::new(items).collect().now_or_never().expect("it is ready");
    assert_eq!(chunks, [Ok(expected.clone())]);

    assert_eq!(Bytes::from(item.into()), expected);
}

fn type_of(text: String) -> Option<EventType> {
    let error = match text.find(['\r', '\n']) {
        _ if text.is_empty() => Some(ValueError::EmptyType),
        at => at.map(|at| ValueError::LineBreak { at }),
    };
    let event_type = EventType::new(text.as_str());
    assert_eq!(event_type.as_ref().err(), error.as_ref(), "{text:?}");
    event_type.ok()
}

fn id_of(text: String) -> Option<EventId> {
    let error = text.find(['\r', '\n', '\0']).map(|at| match text.as_bytes()[at] {
        0 => ValueError::Nul { at },
        _ => ValueError::LineBreak { at },
    });
    let id = EventId::lenient(text.as_str());
    assert_eq!(id.as_ref().err(), error.as_ref(), "{text:?}");
    id.ok()
}

fn with_lf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}
