//! `EventReader`: its own behaviour. That it reads the same events as the other levels is tested in `conformance`.

use std::io::{ErrorKind, Read};

use sse_codec::{
    Decoder, Event, EventReader,
    decode::Item,
    error::{DecodeErrorKind, StreamError},
    limits::Limits,
};
use sse_conformance::levels::Faulty;

#[test]
fn a_limit_and_a_fault_end_nothing() {
    let decoder = Decoder::builder().limits(Limits::new().with_event(8)).build();
    let chunks = [&b"data: 1\n\ndata: too long\n\n"[..], b"da", b"ta: 2\n\n", b"data: 3\n\nda"];
    let mut events = EventReader::with_decoder(Faulty::new(&chunks), decoder);
    assert_eq!(events.next().unwrap().unwrap(), Event::new("1"));
    let Some(Err(StreamError::Decode(error))) = events.next() else { panic!("it is too long") };
    assert_eq!(error.kind(), DecodeErrorKind::EventTooLarge);
    let Some(Err(StreamError::Source(error))) = events.next() else { panic!("the source fails") };
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    assert_eq!(events.next().unwrap().unwrap(), Event::new("2"));
    assert_eq!(events.next().unwrap().unwrap(), Event::new("3"));
    assert!(events.next().is_none() && events.next().is_none());
    assert!(events.decoder().is_mid_event());
}

#[test]
fn events_can_be_asked_for_between_items() {
    let decoder = Decoder::builder().comments(true).build();
    let mut items = EventReader::with_decoder(&b":1\n:2\ndata: 3\n\n:4\ndata: 5\n\n"[..], decoder).items();
    assert_eq!(items.next().unwrap().unwrap(), Item::Comment("1".into()));
    assert_eq!(items.get_mut().next().unwrap().unwrap(), Event::new("3"));
    assert_eq!(items.next().unwrap().unwrap(), Item::Comment("4".into()));
    assert_eq!(items.get_ref().get_ref().len(), 0, "the source was read to its end");
    let mut events = items.into_inner();
    assert_eq!(events.next().unwrap().unwrap(), Event::new("5"));
    assert_eq!(events.get_mut().read(&mut [0]).unwrap(), 0);
    assert!(format!("{events:?}").starts_with("EventReader { decoder: Decoder"));
}

#[test]
fn what_is_unread_is_the_decoders() {
    let mut events = EventReader::new(&b"data: 1\n\ndata: 2\n\nda"[..]);
    assert_eq!(events.next().unwrap().unwrap(), Event::new("1"));
    let (source, decoder) = events.into_parts();
    assert!(source.is_empty());
    let mut events = EventReader::with_decoder(&b"ta: 3\n\n"[..], decoder);
    assert_eq!(events.next().unwrap().unwrap(), Event::new("2"));
    assert_eq!(events.next().unwrap().unwrap(), Event::new("3"));
}
