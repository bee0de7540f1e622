//! Turns a stream of events with JSON into a stream of values.

use core::{
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_core::{FusedStream, Stream};
use pin_project_lite::pin_project;
use serde::de::DeserializeOwned;

use super::events::EventStream;
use crate::{
    Text,
    error::{JsonError, StreamError},
};

/// The data of the last event of large language model services.
const DONE: Text = Text::from_static("[DONE]");

pin_project! {
    /// A stream of values, each parsed from the data of an event as JSON.
    ///
    /// It is returned by [`EventStream::json`].
    #[derive(Debug)]
    #[must_use = "streams do nothing unless polled"]
    pub struct Json<S, T> {
        #[pin]
        events: EventStream<S>,
        end: Text,
        is_done: bool,
        value: PhantomData<fn() -> T>,
    }
}

impl<S> EventStream<S> {
    /// Returns a stream of values, each parsed from the data of an event as JSON.
    ///
    /// It ends at an event whose data is `[DONE]`, or with the stream of events.
    ///
    /// ```
    /// use futures_util::{StreamExt, stream};
    /// use sse_codec::EventStream;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Delta {
    ///     text: String,
    /// }
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let chunks = ["data: {\"text\":\"Good \"}\n\n", "data: {\"text\":\"day\"}\n\ndata: [DONE]\n\n"];
    /// let mut deltas = EventStream::new(stream::iter(chunks.map(Ok::<_, std::io::Error>))).json::<Delta>();
    /// let mut answer = String::new();
    /// while let Some(delta) = deltas.next().await {
    ///     answer += &delta?.text;
    /// }
    /// assert_eq!(answer, "Good day");
    /// # Ok::<(), sse_codec::error::JsonError<std::io::Error>>(())
    /// # }).unwrap().unwrap();
    /// ```
    ///
    /// If an event is not a `T`, such as an error of the service, [`JsonError::Json`] has the event:
    ///
    /// ```
    /// # use futures_util::{StreamExt, stream};
    /// # use sse_codec::{EventStream, error::JsonError};
    /// # #[derive(Debug, serde::Deserialize)]
    /// # struct Delta { text: String }
    /// # futures_util::FutureExt::now_or_never(async {
    /// # let chunks = ["event: error\ndata: {\"error\":\"overloaded\"}\n\n"].map(Ok::<_, std::io::Error>);
    /// # let mut deltas = EventStream::new(stream::iter(chunks)).json::<Delta>();
    /// let error = deltas.next().await.unwrap().unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     r#"the data of the `error` event is not the expected JSON: {"error":"overloaded"}"#
    /// );
    /// # assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "missing field `text` at line 1 column 22");
    /// # }).unwrap();
    /// ```
    pub fn json<T: DeserializeOwned>(self) -> Json<S, T> {
        Json { events: self, end: DONE, is_done: false, value: PhantomData }
    }
}

impl<S, T> Json<S, T> {
    /// Sets the data of the event at which the stream ends.
    ///
    /// The default is `[DONE]`.
    ///
    /// ```
    /// use futures_util::{StreamExt, stream};
    /// use sse_codec::EventStream;
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let chunks = ["data: 1\n\ndata: end\n\n"].map(Ok::<_, std::io::Error>);
    /// let mut numbers = EventStream::new(stream::iter(chunks)).json::<u8>().ends_with("end");
    /// assert_eq!(numbers.next().await.unwrap()?, 1);
    /// assert!(numbers.next().await.is_none() && numbers.is_done());
    /// # Ok::<(), sse_codec::error::JsonError<std::io::Error>>(())
    /// # }).unwrap().unwrap();
    /// ```
    pub fn ends_with(self, data: impl Into<Text>) -> Self {
        Self { end: data.into(), ..self }
    }

    /// Returns whether the event that ends the stream came.
    ///
    /// If the stream ended without it, values may be missing.
    pub fn is_done(&self) -> bool {
        self.is_done
    }

    /// Returns the stream of events.
    pub fn get_ref(&self) -> &EventStream<S> {
        &self.events
    }

    /// Returns the stream of events.
    ///
    /// Both streams can be polled interleaved.
    pub fn get_mut(&mut self) -> &mut EventStream<S> {
        &mut self.events
    }

    /// Returns the stream of the remaining events.
    pub fn into_inner(self) -> EventStream<S> {
        self.events
    }
}

impl<S, B, E, T> Stream for Json<S, T>
where
    S: Stream<Item = Result<B, E>>,
    B: Into<Bytes>,
    T: DeserializeOwned,
{
    type Item = Result<T, JsonError<E>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        if *this.is_done {
            return Poll::Ready(None);
        }
        Poll::Ready(match ready!(this.events.poll_next(cx)) {
            Some(Ok(event)) if event.data() == this.end.as_str() => {
                *this.is_done = true;
                None
            }
            Some(Ok(event)) => Some(event.parse_json().map_err(|error| JsonError::Json { event, error })),
            Some(Err(StreamError::Decode(error))) => Some(Err(JsonError::Decode(error))),
            Some(Err(StreamError::Source(error))) => Some(Err(JsonError::Source(error))),
            None => None,
        })
    }
}

impl<S, B, E, T> FusedStream for Json<S, T>
where
    S: Stream<Item = Result<B, E>>,
    B: Into<Bytes>,
    T: DeserializeOwned,
{
    fn is_terminated(&self) -> bool {
        self.is_done || self.events.is_terminated()
    }
}
