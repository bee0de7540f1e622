//! Streams of JSON: where they end, and which errors they return.

use std::error::Error;

use futures_util::{FutureExt, Stream, StreamExt, stream, stream::FusedStream};
use sse_codec::{
    Decoder, Event, EventStream,
    error::{DecodeErrorKind, JsonError},
    limits::Limits,
};

type Chunk = Result<&'static str, std::fmt::Error>;

fn events(chunks: impl IntoIterator<Item = Chunk>) -> EventStream<impl Stream<Item = Chunk> + Unpin> {
    let decoder = Decoder::builder().limits(Limits::new().with_event(1_000)).build();
    EventStream::with_decoder(stream::iter(chunks.into_iter().collect::<Vec<_>>()), decoder)
}

#[test]
fn it_ends_at_the_text_and_leaves_the_rest() {
    let chunks = || [Ok("data: 1\n\ndata:  [DONE]\n\n"), Ok("data: [DONE]\n\ndata: 2\n\n")];
    let mut values = events(chunks()).json::<u8>();
    assert_eq!(values.next().now_or_never().unwrap().unwrap().unwrap(), 1);
    let error = values.next().now_or_never().unwrap().unwrap().unwrap_err();
    assert!(matches!(error, JsonError::Json { event, .. } if event.data() == " [DONE]"));
    assert!(!values.is_done() && !values.is_terminated());
    for _ in 0..2 {
        assert!(values.next().now_or_never().unwrap().is_none());
        assert!(values.is_done() && values.is_terminated());
    }
    assert_eq!(values.get_mut().next().now_or_never().unwrap(), Some(Ok(Event::new("2"))));
    assert_eq!(values.into_inner().decoder().last_event_id(), "");

    let mut values =
        events([Ok("data: [1]\n\ndata: [DONE]\n\ndata: end\n\n")]).json::<Vec<u8>>().ends_with("end");
    assert_eq!(values.next().now_or_never().unwrap().unwrap().unwrap(), [1]);
    assert!(matches!(values.next().now_or_never().unwrap(), Some(Err(JsonError::Json { .. }))));
    assert!(values.next().now_or_never().unwrap().is_none());
    assert!(values.is_done());
}

#[test]
fn a_stream_that_ends_before_is_not_done() {
    let mut values = events([Ok("data: 1\n\ndata: [DONE]\n")]).json::<u8>();
    assert_eq!(values.next().now_or_never().unwrap().unwrap().unwrap(), 1);
    assert!(values.next().now_or_never().unwrap().is_none());
    assert!(!values.is_done() && values.is_terminated() && values.get_ref().decoder().is_mid_event());
}

#[test]
fn errors_end_nothing() {
    let too_large: &'static str = Box::leak(format!("data: {}\n\ndata: 3\n\n", "x".repeat(1_000)).into());
    let mut values =
        events([Ok("data: x\n\ndata: 1\n\n"), Err(std::fmt::Error), Ok("data: 2\n\n"), Ok(too_large)])
            .json::<u8>();
    let mut next = || values.next().now_or_never().unwrap();
    assert!(matches!(next(), Some(Err(JsonError::Json { error, .. })) if error.is_syntax()));
    assert!(matches!(next(), Some(Ok(1))));
    let error = next().unwrap().unwrap_err();
    assert!(matches!(error, JsonError::Source(std::fmt::Error)));
    assert!(error.source().unwrap().is::<std::fmt::Error>());
    assert!(matches!(next(), Some(Ok(2))));
    let Some(Err(JsonError::Decode(error))) = next() else { panic!("it is too large") };
    assert_eq!(error.kind(), DecodeErrorKind::EventTooLarge);
    assert!(matches!(next(), Some(Ok(3))));
    assert!(next().is_none());
}

#[test]
fn an_error_shows_the_event_in_one_line_without_control_characters() {
    let text = |chunk: &'static str| {
        let mut values = events([Ok(chunk)]).json::<u8>();
        values.next().now_or_never().unwrap().unwrap().unwrap_err().to_string()
    };
    assert_eq!(
        text("event: e\u{1B}[2J\ndata: {\ndata: \"é\": \"\u{1B}[31m\u{9B}\"\ndata: }\n\n"),
        "the data of the `e\\u{1b}[2J` event is not the expected JSON: {\\n\"é\": \"\\u{1b}[31m\\u{9b}\"\\n}"
    );
    let long: &'static str = Box::leak(format!("data: \"{}\"\n\n", "é".repeat(300)).into());
    let shown = text(long);
    assert!(shown.ends_with(&format!(": \"{}…", "é".repeat(199))), "{shown}");
}
