//! JSON as the data of an event.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Error;

use crate::{Event, EventRef};

impl Event {
    /// Creates a `message` event with this value as its data, in JSON.
    ///
    /// The value is serialized once, into the buffer that becomes the data.
    ///
    /// # Errors
    ///
    /// If the value cannot be serialized: see [`serde_json::to_string`].
    ///
    /// ```
    /// use sse_codec::Event;
    ///
    /// let event = Event::json(&serde_json::json!({ "n": 1 }))?.with_id(7_u8);
    /// assert_eq!(event.to_bytes(), "id: 7\ndata: {\"n\":1}\n\n");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ///
    /// A stream of values becomes a stream of `Result`s, which `Sse::new` of sse-hyper accepts. A value that cannot be
    /// serialized then ends the response, and its close reason is `StreamError`:
    ///
    /// ```
    /// use futures_util::{Stream, StreamExt};
    /// use sse_codec::{Event, EventType};
    ///
    /// const TICK: EventType = EventType::from_static("tick");
    ///
    /// fn ticks(numbers: impl Stream<Item = u64>) -> impl Stream<Item = Result<Event, serde_json::Error>> {
    ///     numbers.map(|number| Event::json(&number).map(|event| event.with_event_type(TICK)))
    /// }
    /// # let event = futures_util::FutureExt::now_or_never(Box::pin(ticks(futures_util::stream::iter([7]))).next());
    /// # assert_eq!(event.unwrap().unwrap()?.to_bytes(), "event: tick\ndata: 7\n\n");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn json<T: Serialize + ?Sized>(value: &T) -> Result<Self, Error> {
        serde_json::to_string(value).map(Self::new)
    }

    /// Parses the data as JSON.
    ///
    /// For a value that borrows from the data, pass [`data`](Self::data) to `serde_json::from_str`.
    ///
    /// # Errors
    ///
    /// If the data is not JSON, or not a `T`.
    ///
    /// ```
    /// let numbers: Vec<u8> = sse_codec::Event::new("[1,\n2]").parse_json()?;
    /// assert_eq!(numbers, [1, 2]);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn parse_json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_str(self.data())
    }
}

impl EventRef<'_> {
    /// Parses the data as JSON.
    ///
    /// For a value that borrows from the data, pass [`data`](Self::data) to `serde_json::from_str`.
    ///
    /// # Errors
    ///
    /// If the data is not JSON, or not a `T`.
    ///
    /// ```
    /// let mut decoder = sse_codec::Decoder::new();
    /// let mut events = decoder.decode(b"data: [1,2]\n\n");
    /// let numbers: Vec<u8> = events.next_event().unwrap()?.parse_json()?;
    /// assert_eq!(numbers, [1, 2]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn parse_json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_str(self.data())
    }
}
