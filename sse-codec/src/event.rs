//! Events, owned and borrowed.

use core::{fmt, time::Duration};

use alloc::string::String;

use crate::{EventId, EventType, Text, encode::whole_millis, value::ValueError};

/// An event, to be sent or as received.
///
/// It has the data of its block of the event stream, and the `event`, `id` and `retry` fields if the
/// block has them. A decoded event can be encoded again, and `decode(encode(event))` gives `event`,
/// except that line breaks in the data become LF.
///
/// An event owns its texts, and keeps no chunk alive. See [`Text`].
///
/// The *last event ID* that an event inherits from an earlier block is not part of the event. It is in
/// [`Decoder::last_event_id`](crate::Decoder::last_event_id).
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
    /// Creates a `message` event with this data.
    ///
    /// The data is any text, and can be empty. CR, LF and CRLF in it are line breaks, and arrive as LF.
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

    /// Sets the event type, which a page passes to `addEventListener`.
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

    /// Sets the event type to a text, after checking it.
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

    /// Sets the id to a text, after checking it.
    ///
    /// Numbers, hexadecimal digits and UUIDs need no check: use [`with_id`](Self::with_id) with
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

    /// Removes the id, so that the event does not change the client's last event ID.
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
    /// The unit on the wire is whole milliseconds. Fractions are cut off, and longer times become
    /// `u64::MAX` milliseconds.
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

    /// Removes the reconnection time, so that the event does not change the client's.
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

    /// Returns the data, whose lines are separated by LF if it was decoded.
    #[inline]
    pub fn data(&self) -> &str {
        &self.data
    }

    /// Returns the data without copying it.
    pub fn into_data(self) -> Text {
        self.data
    }

    /// Returns the parts of the event without copying them, the reverse of [`Event::from`].
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

    /// Returns the event type under which a browser dispatches this event: `message` if none is set.
    #[inline]
    pub fn event_type(&self) -> &str {
        self.event_type.as_ref().map_or("message", EventType::as_str)
    }

    /// Returns the event type, if the event has one.
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

    /// Returns the id, if this event has one; an empty id resets the last event ID.
    #[inline]
    pub fn id(&self) -> Option<&EventId> {
        self.id.as_ref()
    }

    /// Returns the reconnection time in whole milliseconds, if this event sets it.
    pub fn retry(&self) -> Option<Duration> {
        self.retry.map(Duration::from_millis)
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

/// The parts of an [`Event`], returned by [`Event::into_parts`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct EventParts {
    /// The data.
    pub data: Text,
    /// The event type, if the event has one.
    pub event_type: Option<EventType>,
    /// The id, if the event has one.
    pub id: Option<EventId>,
    /// The reconnection time, if the event sets it. It is sent in whole milliseconds.
    pub retry: Option<Duration>,
}

/// Converts text to a `message` event with this data.
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

/// An event that is borrowed from the chunk or from the decoder.
///
/// It has the same parts as [`Event`], and the last event ID. [`to_event`](Self::to_event) copies it to
/// an [`Event`].
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
/// assert_eq!((second.id(), second.last_event_id()), (None, "7")); // from the first event
/// # Ok::<(), sse_codec::error::DecodeError>(())
/// ```
///
/// Standard: [9.2.6, what is dispatched](https://html.spec.whatwg.org/multipage/server-sent-events.html#dispatchMessage).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventRef<'a> {
    pub(crate) data: &'a str,
    pub(crate) event_type: Option<&'a str>,
    /// Whether this block has an id, which then is the last event ID.
    pub(crate) has_id: bool,
    pub(crate) last_event_id: &'a str,
    pub(crate) retry: Option<u64>,
}

impl<'a> EventRef<'a> {
    /// Returns the data, whose lines are separated by LF.
    pub fn data(&self) -> &'a str {
        self.data
    }

    /// Returns the event type under which a browser dispatches this event: `message` if none is set.
    pub fn event_type(&self) -> &'a str {
        self.event_type.unwrap_or("message")
    }

    /// Returns the event type, if an `event` field in this block set one.
    pub fn explicit_event_type(&self) -> Option<&'a str> {
        self.event_type
    }

    /// Returns the id, if an `id` field in this block set one; an empty id resets the last event ID.
    pub fn id(&self) -> Option<&'a str> {
        self.has_id.then_some(self.last_event_id)
    }

    /// Returns the last event ID as of this event: its own id, or that of an earlier block, or empty.
    pub fn last_event_id(&self) -> &'a str {
        self.last_event_id
    }

    /// Returns the reconnection time in whole milliseconds, if a valid `retry` field in this block set it.
    pub fn retry(&self) -> Option<Duration> {
        self.retry.map(Duration::from_millis)
    }

    /// Copies the event to an [`Event`].
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
