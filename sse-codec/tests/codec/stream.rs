//! The stream level: behaviour that the other levels do not have.

use std::{convert::Infallible, io};

use futures_util::{FutureExt, Stream, StreamExt, stream, stream::FusedStream};
use sse_codec::{
    Block, Decoder, EncodeStream, Encoded, Event, EventId, EventStream,
    decode::Item,
    error::{DecodeErrorKind, StreamError},
    limits::Limits,
};
use sse_conformance::levels::ready;

#[test]
fn what_a_decoder_left_unread_comes_first() {
    let mut decoder = Decoder::new();
    assert!(decoder.decode(b"data: 1\n\nid: 7\ndata: 2\n\nda").next_event().is_some());

    let mut events = EventStream::with_decoder(ready(&[]), decoder);
    assert_eq!(events.next().now_or_never().unwrap().unwrap().unwrap(), Event::new("2").with_id(7_u8));
    assert_eq!(events.next().now_or_never().unwrap(), None);
    assert!(events.decoder().is_mid_event());

    let mut decoder = events.into_decoder();
    assert_eq!(decoder.decode(b"ta: 3\n\n").next_event().unwrap().unwrap().data(), "3");
}

#[test]
fn a_stream_that_is_given_up_loses_nothing() {
    let mut events = EventStream::new(ready(&[b"data: 1\n\ndata: 2\n\ndata: 3"]));
    assert_eq!(events.next().now_or_never().unwrap().unwrap().unwrap().data(), "1");
    let mut decoder = events.into_decoder();
    let mut rest = decoder.decode(b"\n\n");
    assert_eq!(rest.next_event().unwrap().unwrap().data(), "2");
    assert_eq!(rest.next_event().unwrap().unwrap().data(), "3");
}

#[test]
fn errors_do_not_end_the_stream() {
    let chunks = [Ok("data: 1\n\nid: 5\ndata: too long\n\n"), Err("gone"), Ok("data: 2\n\n")];
    let decoder =
        Decoder::builder().limits(Limits::new().with_event(11)).last_event_id(EventId::from(4_u8)).build();
    let mut events = EventStream::with_decoder(stream::iter(chunks), decoder);
    let mut next = || events.next().now_or_never().unwrap();
    assert_eq!(next(), Some(Ok(Event::new("1"))));
    let Some(Err(StreamError::Decode(error))) = next() else { panic!() };
    assert_eq!((error.kind(), error.event_id().unwrap().as_str()), (DecodeErrorKind::EventTooLarge, "5"));
    let error = next().unwrap().unwrap_err();
    assert_eq!(error, StreamError::Source("gone"));
    assert_eq!(next(), Some(Ok(Event::new("2"))));
    assert_eq!(next(), None);
    assert_eq!(next(), None);
    assert_eq!(events.decoder().last_event_id(), "4");
}

#[test]
fn a_stream_is_terminated_when_nothing_more_can_come() {
    let mut events = EventStream::new(ready(&[b"data: 1\n\ndata: 2\n\n"]));
    for data in ["1", "2"] {
        assert!(!events.is_terminated());
        assert_eq!(events.next().now_or_never().unwrap().unwrap().unwrap().data(), data);
    }
    assert!(!events.is_terminated(), "the source may have more");
    assert_eq!(events.next().now_or_never().unwrap(), None);
    assert!(events.is_terminated());

    // The source ends at once, but the decoder has unread bytes.
    let mut decoder = Decoder::new();
    drop(decoder.decode(b"data: 1\n\n"));
    let mut events = EventStream::with_decoder(ready(&[]), decoder);
    assert!(events.next().now_or_never().unwrap().is_some());
    assert!(!events.is_terminated());
    assert!(events.next().now_or_never().unwrap().is_none());
    assert!(events.is_terminated());
}

#[test]
fn items_are_comments_as_well_and_none_is_lost() {
    let decoder = Decoder::builder().comments(true).build();
    let mut items =
        EventStream::with_decoder(ready(&[b":1\nid: 2\ndata: 2\n\ndata: 3\n\nda"]), decoder).items();
    let mut next = || items.next().now_or_never().unwrap();
    assert_eq!(next(), Some(Ok(Item::Comment("1".into()))));
    assert_eq!(next(), Some(Ok(Item::Event(Event::new("2").with_id(2_u8)))));
    let mut decoder = items.into_inner().into_decoder();
    assert_eq!(decoder.last_event_id(), "2");
    let mut rest = decoder.decode(b"ta: 4\n\n");
    assert_eq!(rest.next_event().unwrap().unwrap().data(), "3");
    assert_eq!(rest.next_event().unwrap().unwrap().data(), "4");
}

#[test]
fn encoding_yields_as_many_as_it_is_given() {
    let chunks = EncodeStream::new(stream::iter(["1", "2", "3"].map(|data| Ok::<_, ()>(Event::new(data)))));
    assert_eq!(chunks.size_hint(), (3, Some(3)));
    let endless = EncodeStream::new(stream::repeat(Ok::<_, ()>(Event::new("1"))));
    assert_eq!(endless.size_hint(), (usize::MAX, None));
}

#[test]
fn blocks_become_one_chunk_each() {
    let blocks = [
        Encoded::from(Event::new("1\r2")),
        Encoded::from(Block::new().comment("c")),
        Encoded::from(Event::new("3")),
    ];
    let chunks: Vec<_> = EncodeStream::new(stream::iter(blocks.map(Ok))).collect().now_or_never().unwrap();
    let expected: Vec<Result<_, Infallible>> =
        vec![Ok("data: 1\ndata: 2\n\n".into()), Ok(":c\n\n".into()), Ok("data: 3\n\n".into())];
    assert_eq!(chunks, expected);

    let mut chunks = EncodeStream::new(stream::iter([Ok(Event::new("1")), Err(io::ErrorKind::Other)]));
    assert_eq!(chunks.next().now_or_never().unwrap(), Some(Ok("data: 1\n\n".into())));
    assert_eq!(chunks.next().now_or_never().unwrap(), Some(Err(io::ErrorKind::Other)));
}

#[cfg(feature = "tokio-codec")]
#[test]
fn the_codec_encodes_and_reads_what_was_left_unread() {
    use bytes::BytesMut;
    use sse_codec::EventCodec;
    use tokio_util::codec::{Decoder as _, Encoder as _};

    let mut bytes = BytesMut::new();
    let mut decoder = Decoder::new();
    assert!(decoder.decode(b"data: 1\n\ndata: 2\n\n").next_event().is_some());
    let mut codec = EventCodec::with_decoder(decoder);
    assert_eq!(codec.decode(&mut bytes).unwrap(), Some(Ok(Item::Event(Event::new("2")))));
    codec.encode(Event::new("3"), &mut bytes).unwrap();
    codec.encode(Encoded::from(Event::new("4")), &mut bytes).unwrap();
    assert_eq!(bytes, "data: 3\n\ndata: 4\n\n");
    for expected in ["3", "4"] {
        let item = codec.decode(&mut bytes).unwrap();
        assert_eq!(item, Some(Ok(Item::Event(Event::new(expected)))));
    }
    assert_eq!(codec.decode(&mut bytes).unwrap(), None);
}

#[cfg(feature = "json")]
#[test]
fn json_goes_both_ways() {
    use serde::{Deserialize, Serialize};

    #[derive(Debug, Deserialize, PartialEq, Serialize)]
    struct Price {
        name: String,
        cents: u64,
    }

    let price = Price { name: "two\nlines".into(), cents: u64::MAX };
    let event = Event::json(&price).unwrap();
    assert_eq!(event.data(), r#"{"name":"two\nlines","cents":18446744073709551615}"#);
    assert_eq!(event.parse_json::<Price>().unwrap(), price);
    let bytes = event.to_bytes();
    let mut decoder = Decoder::new();
    let mut events = decoder.decode(&bytes);
    assert_eq!(events.next_event().unwrap().unwrap().parse_json::<Price>().unwrap(), price);
    assert!(Event::new("{").parse_json::<Price>().is_err());

    // A raw value can have line breaks.
    let raw = serde_json::value::RawValue::from_string("{\n\"a\":\r1}".into()).unwrap();
    let event = Event::json(&raw).unwrap();
    assert_eq!(event.to_bytes(), "data: {\ndata: \"a\":\ndata: 1}\n\n");
    assert_eq!(event.parse_json::<serde_json::Value>().unwrap()["a"], 1);
}

#[test]
fn nothing_comes_after_the_end_of_a_stream() {
    let source = || stream::iter([Ok::<_, Infallible>("data: 1\n\n"), Ok("data: 2\n\nda")]);
    let mut events = EventStream::new(source());
    assert_eq!(events.by_ref().count().now_or_never(), Some(2));
    let mut items = EventStream::new(source()).items();
    assert_eq!(items.by_ref().count().now_or_never(), Some(2));
    for _ in 0..3 {
        assert!(events.next().now_or_never().unwrap().is_none());
        assert!(items.next().now_or_never().unwrap().is_none());
    }
}

#[cfg(feature = "tokio-codec")]
#[test]
fn a_codec_goes_on_after_its_end() {
    use tokio_util::codec::Decoder as _;

    let mut codec = sse_codec::EventCodec::new();
    let mut src = bytes::BytesMut::new();
    for data in ["1", "2"] {
        src.extend_from_slice(format!("data: {data}\n\nx").as_bytes());
        let event = codec.decode(&mut src).unwrap().unwrap();
        assert_eq!(event, Ok(Item::Event(Event::new(data))));
        for _ in 0..3 {
            assert_eq!(codec.decode(&mut src).unwrap(), None);
        }
        src.extend_from_slice(b"\n");
    }
}

#[test]
fn the_source_can_be_reached_and_taken_back() {
    let mut events = EventStream::new(ready(&[b"data: 1\n\ndata: 2\n\nda", b"ta: 3\n\n"]));
    assert_eq!(events.next().now_or_never().unwrap(), Some(Ok(Event::new("1"))));
    assert_eq!(events.get_ref().size_hint(), (1, Some(1)));
    assert_eq!(std::pin::Pin::new(&mut events).get_pin_mut().size_hint(), (1, Some(1)));
    let chunk = events.get_mut().next().now_or_never().unwrap().unwrap().unwrap();
    assert_eq!(chunk, "ta: 3\n\n");
    let (mut source, mut decoder) = events.into_parts();
    assert!(source.next().now_or_never().unwrap().is_none());
    let mut rest = decoder.decode(&chunk);
    assert_eq!(rest.next_event().unwrap().unwrap().data(), "2");
    assert_eq!(rest.next_event().unwrap().unwrap().data(), "3");
}

#[test]
fn events_can_be_asked_for_between_items() {
    let decoder = Decoder::builder().comments(true).build();
    let mut items = EventStream::with_decoder(ready(&[b":1\n:2\ndata: 3\n\n:4\n"]), decoder).items();
    assert_eq!(items.next().now_or_never().unwrap(), Some(Ok(Item::Comment("1".into()))));
    assert_eq!(items.get_mut().next().now_or_never().unwrap(), Some(Ok(Event::new("3"))));
    assert_eq!(items.next().now_or_never().unwrap(), Some(Ok(Item::Comment("4".into()))));
    assert_eq!(items.get_ref().get_ref().size_hint(), (0, Some(0)));
}

#[test]
fn an_error_of_the_source_is_the_source_of_the_error() {
    use std::error::Error;

    let error: StreamError<io::Error> = StreamError::Source(io::Error::other("reset by peer"));
    assert_eq!(error.source().unwrap().to_string(), "reset by peer");
    assert_eq!(error.to_string(), "the source of the event stream failed");
    let mut decoder = Decoder::builder().limits(Limits::new().with_event(0)).build();
    let too_large = decoder.decode(b"data\n\n").next_event().unwrap().unwrap_err();
    let error = StreamError::<io::Error>::from(too_large.clone());
    assert_eq!(error.to_string(), too_large.to_string());
    assert!(error.source().is_none());
}
