//! Events, owned and borrowed.

use core::{fmt, time::Duration};

use alloc::string::String;

use bytes::{BufMut, Bytes};

use crate::{Block, EventId, EventType, Text, error::ValueError};

/// An event, to be sent or as received.
///
/// It holds what was in its block of the event stream: the data, and the `event`, `id` and `retry`
/// fields if there were any. So what was decoded can be encoded again, and `decode(encode(event))`
/// gives `event` (line breaks in the data come back as LF).
///
/// Each text is its own: an event that is kept keeps nothing else alive. See [`Text`].
///
/// The *last event ID* that an event inherits from an earlier block is the decoder's
/// ([`Decoder::last_event_id`](crate::Decoder::last_event_id)), not a part of the event.
///
/// Standard: [9.2.6, what the fields mean](https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation).
///
/// ```
/// use sse_codec::{Event, EventType};
///
/// const PING: EventType = EventType::from_static("ping");
///
/// let event = Event::new("1700000000").with_event_type(PING).with_id(1_700_000_000_u64);
/// assert_eq!(event.to_bytes(), "id: 1700000000\nevent: ping\ndata: 1700000000\n\n");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Event {
    pub(crate) data: Text,
    pub(crate) event_type: Option<EventType>,
    pub(crate) id: Option<EventId>,
    pub(crate) retry: Option<u64>,
}

impl Event {
    /// A `message` event with this data: any text, of any number of lines, also none.
    ///
    /// CR, LF and CRLF in it are all line breaks, and arrive as LF.
    ///
    /// ```
    /// use sse_codec::Event;
    ///
    /// assert_eq!(Event::new("two\r\nlines\n").to_bytes(), "data: two\ndata: lines\ndata: \n\n");
    /// assert_eq!(Event::new("").to_bytes(), "data: \n\n"); // an event all the same
    /// ```
    #[inline]
    pub fn new(data: impl Into<Text>) -> Self {
        Self { data: data.into(), event_type: None, id: None, retry: None }
    }

    /// Replaces the data.
    ///
    /// ```
    /// # let event = sse_codec::Event::new("{}").with_id(7_u8);
    /// let event = event.with_data("[]"); // the type, the id and the reconnection time stay
    /// # assert_eq!(event.to_bytes(), "id: 7\ndata: []\n\n");
    /// ```
    #[must_use]
    pub fn with_data(self, data: impl Into<Text>) -> Self {
        Self { data: data.into(), ..self }
    }

    /// Sets the event type: what a page listens to with `addEventListener`.
    ///
    /// ```
    /// use sse_codec::{Event, EventType};
    ///
    /// const JOINED: EventType = EventType::from_static("joined");
    /// assert_eq!(Event::new("ada").with_event_type(JOINED).event_type(), "joined");
    ///
    /// // Where the type is not known before: this text cannot forge another field.
    /// let named_by_a_user = EventType::new("joined\ndata: everyone");
    /// assert!(named_by_a_user.is_err());
    /// ```
    #[must_use]
    #[inline]
    pub fn with_event_type(self, event_type: impl Into<EventType>) -> Self {
        Self { event_type: Some(event_type.into()), ..self }
    }

    /// Sets the event type to a text that is checked.
    ///
    /// ```
    /// use sse_codec::Event;
    ///
    /// # let room = "rust";
    /// let event = Event::new("hello").try_with_event_type(format!("room-{room}"))?;
    /// # assert_eq!(event.event_type(), "room-rust");
    /// # Ok::<(), sse_codec::error::ValueError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`EventType::new`].
    pub fn try_with_event_type<T>(self, event_type: T) -> Result<Self, ValueError>
    where
        T: TryInto<EventType>,
        ValueError: From<T::Error>,
    {
        Ok(self.with_event_type(event_type.try_into()?))
    }

    /// Removes the event type, so that the event is a `message`.
    ///
    /// ```
    /// # use sse_codec::{Event, EventType};
    /// # const PRICE: EventType = EventType::from_static("price");
    /// let event = Event::new("1").with_event_type(PRICE).without_event_type();
    /// assert_eq!(event.event_type(), "message");
    /// ```
    #[must_use]
    pub fn without_event_type(self) -> Self {
        Self { event_type: None, ..self }
    }

    /// Sets the id that a client reports as `Last-Event-ID` when it reconnects after this event.
    ///
    /// ```
    /// use sse_codec::{Event, EventId};
    ///
    /// let by_number = Event::new("…").with_id(7_u32);
    /// let by_text = Event::new("…").try_with_id("2026-11-24/7")?;
    /// let reset = Event::new("…").with_id(EventId::default()); // the client forgets its last one
    /// # assert_eq!(by_number.id().unwrap(), "7");
    /// # assert_eq!(by_text.to_bytes(), "id: 2026-11-24/7\ndata: …\n\n");
    /// # assert_eq!(reset.to_bytes(), "id: \ndata: …\n\n");
    /// # Ok::<(), sse_codec::error::ValueError>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn with_id(self, id: impl Into<EventId>) -> Self {
        Self { id: Some(id.into()), ..self }
    }

    /// Sets the id to a text that is checked.
    ///
    /// For numbers, hexadecimal digits and UUIDs, which cannot be wrong, there is [`with_id`](Self::with_id) with
    /// [`EventId::from`], [`EventId::from_hex`] and [`EventId::from_uuid`].
    ///
    /// ```
    /// use sse_codec::Event;
    ///
    /// # let (day, n) = ("2026-11-24", 7);
    /// let event = Event::new("hello").try_with_id(format!("{day}/{n}"))?;
    /// # assert_eq!(event.id().unwrap(), "2026-11-24/7");
    /// # Ok::<(), sse_codec::error::ValueError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`EventId::new`].
    pub fn try_with_id<T>(self, id: T) -> Result<Self, ValueError>
    where
        T: TryInto<EventId>,
        ValueError: From<T::Error>,
    {
        Ok(self.with_id(id.try_into()?))
    }

    /// Removes the id, so that the client's last event ID stays as it was.
    ///
    /// ```
    /// let event = sse_codec::Event::new("1").with_id(7_u8).without_id();
    /// assert_eq!(event.id(), None);
    /// ```
    #[must_use]
    pub fn without_id(self) -> Self {
        Self { id: None, ..self }
    }

    /// Sets the reconnection time: how long a client waits before it reconnects.
    ///
    /// The wire knows whole milliseconds: what is below is cut off, and what is above `u64::MAX`
    /// milliseconds becomes that.
    ///
    /// ```
    /// use core::time::Duration;
    /// use sse_codec::Event;
    ///
    /// let event = Event::new("…").with_retry(Duration::from_micros(2_500_900));
    /// assert_eq!(event.to_bytes(), "retry: 2500\ndata: …\n\n");
    /// ```
    #[must_use]
    pub fn with_retry(self, reconnection_time: Duration) -> Self {
        Self { retry: Some(whole_millis(reconnection_time)), ..self }
    }

    /// Removes the reconnection time, so that the client's stays as it was.
    ///
    /// ```
    /// # use core::time::Duration;
    /// let event = sse_codec::Event::new("1").with_retry(Duration::from_secs(3)).without_retry();
    /// assert_eq!(event.retry(), None);
    /// ```
    #[must_use]
    pub fn without_retry(self) -> Self {
        Self { retry: None, ..self }
    }

    /// The data, its lines separated by LF if it was decoded.
    #[inline]
    pub fn data(&self) -> &str {
        &self.data
    }

    /// The data, without copying.
    pub fn into_data(self) -> Text {
        self.data
    }

    /// All that is in the event, without copying. [`Event::from`] puts it together again.
    ///
    /// ```
    /// use sse_codec::Event;
    ///
    /// let mut parts = Event::new("1").with_id(7_u8).into_parts();
    /// parts.event_type = Some("renamed".try_into()?);
    /// let event = Event::from(parts);
    /// assert_eq!(event.to_bytes(), "id: 7\nevent: renamed\ndata: 1\n\n");
    /// # Ok::<(), sse_codec::error::ValueError>(())
    /// ```
    pub fn into_parts(self) -> EventParts {
        let retry = self.retry();
        let Self { data, event_type, id, .. } = self;
        EventParts { data, event_type, id, retry }
    }

    /// The event type under which a browser dispatches this event: `message` if it has none of its own.
    #[inline]
    pub fn event_type(&self) -> &str {
        self.event_type.as_ref().map_or("message", EventType::as_str)
    }

    /// The event type, if the event has one of its own.
    ///
    /// ```
    /// use sse_codec::{Event, EventType};
    ///
    /// assert_eq!(Event::new("1").explicit_event_type(), None);
    /// let event = Event::new("1").with_event_type(EventType::MESSAGE);
    /// assert_eq!(event.explicit_event_type(), Some(&EventType::MESSAGE)); // it is written, though clients see no difference
    /// ```
    #[inline]
    pub fn explicit_event_type(&self) -> Option<&EventType> {
        self.event_type.as_ref()
    }

    /// The id, if this event has one of its own. It may be empty: that resets the last event ID.
    #[inline]
    pub fn id(&self) -> Option<&EventId> {
        self.id.as_ref()
    }

    /// The reconnection time, if this event sets it. Whole milliseconds.
    pub fn retry(&self) -> Option<Duration> {
        self.retry.map(Duration::from_millis)
    }

    /// This event as a block of an event stream, to add a comment to it.
    ///
    /// ```
    /// let event = sse_codec::Event::new("1");
    /// assert_eq!(event.as_block().comment("why").to_bytes(), ":why\ndata: 1\n\n");
    /// ```
    #[inline]
    pub fn as_block(&self) -> Block<'_> {
        Block {
            comment: None,
            id: self.id.as_ref().map(EventId::as_str),
            event_type: self.event_type.as_ref().map(EventType::as_str),
            retry: self.retry,
            data: Some(&self.data),
        }
    }

    /// Appends the event, up to and with its blank line: exactly [`encoded_len`](Self::encoded_len)
    /// bytes. Buffers that grow, such as `Vec<u8>` and `BytesMut`, always have room.
    ///
    /// ```
    /// let mut response = Vec::new();
    /// for n in 1..=2 {
    ///     sse_codec::Event::new(n.to_string()).encode(&mut response);
    /// }
    /// assert_eq!(response, b"data: 1\n\ndata: 2\n\n");
    /// ```
    ///
    /// # Panics
    ///
    /// As every write to a [`BufMut`] does, if a buffer of fixed size has no room.
    pub fn encode<B: BufMut + ?Sized>(&self, buf: &mut B) {
        self.as_block().encode(buf);
    }

    /// How many bytes [`encode`](Self::encode) appends.
    pub fn encoded_len(&self) -> usize {
        self.as_block().encoded_len()
    }

    /// The encoded event in a buffer of its own, of exactly the right size.
    pub fn to_bytes(&self) -> Bytes {
        self.as_block().to_bytes()
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("data", &self.data())
            .field("event_type", &self.event_type)
            .field("id", &self.id)
            .field("retry", &self.retry())
            .finish()
    }
}

/// What an [`Event`] consists of, to be changed at will. Made by [`Event::into_parts`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct EventParts {
    /// The data.
    pub data: Text,
    /// The event type, if the event has one of its own.
    pub event_type: Option<EventType>,
    /// The id, if the event has one of its own.
    pub id: Option<EventId>,
    /// The reconnection time, if the event sets it. It is sent in whole milliseconds.
    pub retry: Option<Duration>,
}

/// A `message` event with this data.
macro_rules! event_from_text {
    ($($text:ty)*) => {$(
        impl From<$text> for Event {
            fn from(data: $text) -> Self {
                Self::new(data)
            }
        }
    )*};
}

event_from_text!(&str String Text);

impl From<EventParts> for Event {
    fn from(parts: EventParts) -> Self {
        let EventParts { data, event_type, id, retry } = parts;
        Self { data, event_type, id, retry: retry.map(whole_millis) }
    }
}

/// An event as the decoder lends it: borrowed from the chunk, or from the decoder's scratch buffer.
///
/// The same parts as [`Event`], and the last event ID that goes with it. [`to_event`](Self::to_event)
/// makes an [`Event`] of it that can be kept.
///
/// ```
/// use sse_codec::Decoder;
///
/// let mut decoder = Decoder::new();
/// let mut events = decoder.decode(b"id: 7\nevent: a\ndata: 1\n\ndata: 2\n\n");
///
/// let first = events.next_event().unwrap()?;
/// assert_eq!((first.event_type(), first.data()), ("a", "1"));
/// assert_eq!((first.id(), first.last_event_id()), (Some("7"), "7"));
///
/// let second = events.next_event().unwrap()?;
/// assert_eq!((second.event_type(), second.data()), ("message", "2"));
/// assert_eq!((second.id(), second.last_event_id()), (None, "7")); // as of the first
/// # Ok::<(), sse_codec::error::DecodeError>(())
/// ```
///
/// Standard: [9.2.6, what is dispatched](https://html.spec.whatwg.org/multipage/server-sent-events.html#dispatchMessage).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventRef<'a> {
    pub(crate) data: &'a str,
    pub(crate) event_type: Option<&'a str>,
    /// Whether this block had an id. The last event ID is that one then.
    pub(crate) has_id: bool,
    pub(crate) last_event_id: &'a str,
    pub(crate) retry: Option<u64>,
}

impl<'a> EventRef<'a> {
    /// The data, its lines separated by LF.
    pub fn data(&self) -> &'a str {
        self.data
    }

    /// The event type under which a browser dispatches this event: `message` if it has none.
    pub fn event_type(&self) -> &'a str {
        self.event_type.unwrap_or("message")
    }

    /// The event type, if an `event` field in this block set one.
    pub fn explicit_event_type(&self) -> Option<&'a str> {
        self.event_type
    }

    /// The id, if an `id` field in this block set one. It may be empty: that resets the last event ID.
    pub fn id(&self) -> Option<&'a str> {
        self.has_id.then_some(self.last_event_id)
    }

    /// The last event ID as of this event: its own id, or that of an earlier block, or empty.
    pub fn last_event_id(&self) -> &'a str {
        self.last_event_id
    }

    /// The reconnection time, if a valid `retry` field in this block set it. Whole milliseconds.
    pub fn retry(&self) -> Option<Duration> {
        self.retry.map(Duration::from_millis)
    }

    /// Copies the event, so that it can be kept.
    ///
    /// ```
    /// use sse_codec::{Decoder, Event};
    ///
    /// let mut kept = Vec::new();
    /// let mut decoder = Decoder::new();
    /// let mut events = decoder.decode(b"data: 1\n\ndata: 2\n\n");
    /// while let Some(event) = events.next_event() {
    ///     kept.push(event?.to_event());
    /// }
    /// assert_eq!(kept, [Event::new("1"), Event::new("2")]);
    /// # Ok::<(), sse_codec::error::DecodeError>(())
    /// ```
    #[inline(always)]
    pub fn to_event(&self) -> Event {
        Event {
            data: self.data.into(),
            event_type: self.event_type.map(|text| EventType::from_decoded(text.into())),
            id: self.id().map(|text| EventId::from_decoded(text.into())),
            retry: self.retry,
        }
    }

    /// This event as a block of an event stream, to add a comment to it or to encode it again.
    pub fn as_block(&self) -> Block<'a> {
        Block {
            comment: None,
            id: self.id(),
            event_type: self.event_type,
            retry: self.retry,
            data: Some(self.data),
        }
    }

    /// Appends the event, as [`Event::encode`] does: exactly [`encoded_len`](Self::encoded_len) bytes.
    ///
    /// ```
    /// let mut decoder = sse_codec::Decoder::new();
    /// let mut forwarded = Vec::new();
    /// let mut events = decoder.decode(b"event:a\r\ndata:1\r\n\r\n");
    /// while let Some(event) = events.next_event() {
    ///     event?.encode(&mut forwarded);
    /// }
    /// assert_eq!(forwarded, b"event: a\ndata: 1\n\n");
    /// # Ok::<(), sse_codec::error::DecodeError>(())
    /// ```
    ///
    /// # Panics
    ///
    /// As every write to a [`BufMut`] does, if a buffer of fixed size has no room.
    pub fn encode<B: BufMut + ?Sized>(&self, buf: &mut B) {
        self.as_block().encode(buf);
    }

    /// How many bytes [`encode`](Self::encode) appends.
    pub fn encoded_len(&self) -> usize {
        self.as_block().encoded_len()
    }
}

impl From<EventRef<'_>> for Event {
    fn from(event: EventRef<'_>) -> Self {
        event.to_event()
    }
}

impl fmt::Debug for EventRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventRef")
            .field("data", &self.data)
            .field("event_type", &self.event_type)
            .field("id", &self.id())
            .field("retry", &self.retry)
            .field("last_event_id", &self.last_event_id)
            .finish()
    }
}

/// The wire counts whole milliseconds.
pub(crate) fn whole_millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
