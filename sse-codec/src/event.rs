//! Events, owned and borrowed.

use core::{
    fmt, hash,
    ops::{Deref, Range},
    time::Duration,
};

use alloc::{string::String, sync::Arc};

use arrayvec::ArrayString;
use bytes::{BufMut, Bytes};

use crate::{Block, EventId, EventType, Text};

/// An event, to be sent or as received.
///
/// It holds what stood in its block of the event stream: the data, and the `event`, `id` and `retry`
/// fields if there were any. So what was decoded can be encoded again, and `decode(encode(event))`
/// gives `event` (line breaks in the data come back as LF). Clones share their texts.
///
/// What is decoded mostly stands in place if its block has up to 52 bytes. Else it shares one text with the events
/// around it: at most 16 KiB of the stream. The data of a larger event may be a slice of its chunk, if it is ASCII and
/// the chunk at most 128 times as large. To keep few of many events for long, copy what you need of them.
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
/// let event = Event::new("1700000000").with_type(PING).with_id(1_700_000_000_u64);
/// assert_eq!(event.to_bytes(), "id: 1700000000\nevent: ping\ndata: 1700000000\n\n");
/// ```
#[derive(Clone, Default)]
pub struct Event {
    texts: Texts,
    retry: Option<u64>,
}

/// The texts of an event.
#[derive(Clone)]
enum Texts {
    /// Each by itself, as a server makes them.
    Apart(Parts),
    /// As they stand in the stream.
    Together(Slices<SharedText>),
    /// The same, in place.
    Short(Slices<ShortText>),
}

/// The texts of an event, each by itself.
#[derive(Clone, Default)]
pub(crate) struct Parts {
    pub(crate) data: Text,
    pub(crate) event_type: Option<EventType>,
    pub(crate) id: Option<EventId>,
}

/// Places in a text. The range of one that is absent ends at 0; no other does, since its name stands before it.
#[derive(Clone)]
pub(crate) struct Slices<T> {
    pub(crate) text: T,
    pub(crate) data: Range<usize>,
    pub(crate) event_type: Range<usize>,
    pub(crate) id: Range<usize>,
}

/// A text that many events share: one reference to it costs far less than one for each value. Once no event does, it can
/// be filled again, which an `Arc<str>` could not.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedText(Arc<String>);

impl SharedText {
    /// The text to be changed, if nobody shares it.
    pub(crate) fn get_mut(&mut self) -> Option<&mut String> {
        Arc::get_mut(&mut self.0)
    }
}

impl From<String> for SharedText {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl Deref for SharedText {
    type Target = str;

    #[inline(always)]
    fn deref(&self) -> &str {
        &self.0
    }
}

/// So many bytes take no more place than three texts of their own do.
pub(crate) const SHORT: usize = 52;

/// A text that stands in its event.
pub(crate) type ShortText = ArrayString<SHORT>;

impl Default for Texts {
    fn default() -> Self {
        Self::Apart(Parts::default())
    }
}

impl<T: Deref<Target = str>> Slices<T> {
    /// The text at one of the ranges.
    #[inline]
    fn at(&self, range: &Range<usize>) -> &str {
        // They were found in this text, so there is always something.
        self.text.get(range.clone()).unwrap_or_default()
    }

    #[inline]
    fn data(&self) -> &str {
        self.at(&self.data)
    }

    #[inline]
    fn event_type(&self) -> Option<&str> {
        self.if_present(&self.event_type)
    }

    #[inline]
    fn id(&self) -> Option<&str> {
        self.if_present(&self.id)
    }

    #[inline]
    fn if_present(&self, range: &Range<usize>) -> Option<&str> {
        (range.end != 0).then(|| self.at(range))
    }

    fn to_parts(&self) -> Parts {
        Parts {
            data: self.data().into(),
            event_type: self.event_type().map(|text| EventType::from_decoded(text.into())),
            id: self.id().map(|text| EventId::from_decoded(text.into())),
        }
    }
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
        Self::from_parts(Parts { data: data.into(), ..Parts::default() }, None)
    }

    /// Sets the event type: what a page listens to with `addEventListener`.
    ///
    /// ```
    /// use sse_codec::{Event, EventType};
    ///
    /// const JOINED: EventType = EventType::from_static("joined");
    /// assert_eq!(Event::new("ada").with_type(JOINED).event_type(), "joined");
    ///
    /// // Where the type is not known before: this text cannot forge another field.
    /// let named_by_a_user = EventType::new("joined\ndata: everyone");
    /// assert!(named_by_a_user.is_err());
    /// ```
    #[must_use]
    #[inline]
    pub fn with_type(self, event_type: EventType) -> Self {
        self.change(|parts| parts.event_type = Some(event_type))
    }

    /// Sets the id that a client reports as `Last-Event-ID` when it reconnects after this event.
    ///
    /// ```
    /// use sse_codec::{Event, EventId};
    ///
    /// let by_number = Event::new("…").with_id(7_u32);
    /// let by_text = Event::new("…").with_id(EventId::new("2026-11-24/7")?);
    /// let reset = Event::new("…").with_id(EventId::default()); // the client forgets its last one
    /// # assert_eq!(by_number.id().unwrap(), "7");
    /// # assert_eq!(by_text.to_bytes(), "id: 2026-11-24/7\ndata: …\n\n");
    /// # assert_eq!(reset.to_bytes(), "id: \ndata: …\n\n");
    /// # Ok::<(), sse_codec::ValueError>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn with_id(self, id: impl Into<EventId>) -> Self {
        self.change(|parts| parts.id = Some(id.into()))
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
    pub fn with_retry(mut self, reconnection_time: Duration) -> Self {
        self.retry = Some(whole_millis(reconnection_time));
        self
    }

    /// The data, its lines separated by LF if it was decoded.
    #[inline]
    pub fn data(&self) -> &str {
        match &self.texts {
            Texts::Apart(parts) => &parts.data,
            Texts::Together(slices) => slices.data(),
            Texts::Short(slices) => slices.data(),
        }
    }

    /// The data as text of its own. It is copied if the event is decoded and its data is one of many in
    /// a chunk.
    pub fn into_data(self) -> Text {
        match self.texts {
            Texts::Apart(parts) => parts.data,
            Texts::Together(slices) => slices.data().into(),
            Texts::Short(slices) => slices.data().into(),
        }
    }

    /// The event type under which a browser dispatches this event: `message` if it has none.
    #[inline]
    pub fn event_type(&self) -> &str {
        self.explicit_type().unwrap_or("message")
    }

    /// The event type, if the event has one of its own.
    #[inline]
    pub fn explicit_type(&self) -> Option<&str> {
        match &self.texts {
            Texts::Apart(parts) => parts.event_type.as_ref().map(EventType::as_str),
            Texts::Together(slices) => slices.event_type(),
            Texts::Short(slices) => slices.event_type(),
        }
    }

    /// The id, if this event has one of its own. It may be empty: that resets the last event ID.
    #[inline]
    pub fn id(&self) -> Option<&str> {
        match &self.texts {
            Texts::Apart(parts) => parts.id.as_ref().map(EventId::as_str),
            Texts::Together(slices) => slices.id(),
            Texts::Short(slices) => slices.id(),
        }
    }

    /// The event type as a value of its own, for another event.
    pub fn to_explicit_type(&self) -> Option<EventType> {
        self.explicit_type().map(|text| EventType::from_decoded(text.into()))
    }

    /// The id as a value of its own, for another event.
    pub fn to_id(&self) -> Option<EventId> {
        self.id().map(|text| EventId::from_decoded(text.into()))
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
        let (data, event_type, id) = match &self.texts {
            Texts::Apart(Parts { data, event_type, id }) => {
                (data.as_str(), event_type.as_ref().map(EventType::as_str), id.as_ref().map(EventId::as_str))
            }
            Texts::Together(slices) => (slices.data(), slices.event_type(), slices.id()),
            Texts::Short(slices) => (slices.data(), slices.event_type(), slices.id()),
        };
        Block { comment: None, id, event_type, retry: self.retry, data: Some(data) }
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

    /// An event as it stands in the stream. It has no `retry`.
    #[inline(always)]
    pub(crate) fn from_slices(slices: Slices<SharedText>) -> Self {
        Self { texts: Texts::Together(slices), retry: None }
    }

    /// The same, of a short one.
    #[inline(always)]
    pub(crate) fn from_short(slices: Slices<ShortText>) -> Self {
        Self { texts: Texts::Short(slices), retry: None }
    }

    #[inline]
    pub(crate) fn from_parts(parts: Parts, retry: Option<u64>) -> Self {
        Self { texts: Texts::Apart(parts), retry }
    }

    /// Changes one of the texts.
    #[inline]
    fn change(mut self, change: impl FnOnce(&mut Parts)) -> Self {
        if !matches!(self.texts, Texts::Apart(_)) {
            self.texts.part();
        }
        if let Texts::Apart(parts) = &mut self.texts {
            change(parts);
        }
        self
    }
}

impl Texts {
    /// Makes each text stand by itself.
    #[inline(never)]
    fn part(&mut self) {
        *self = Self::Apart(match self {
            Self::Apart(_) => return,
            Self::Together(slices) => slices.to_parts(),
            Self::Short(slices) => slices.to_parts(),
        });
    }
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.as_block() == other.as_block()
    }
}

impl Eq for Event {}

impl hash::Hash for Event {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        (self.data(), self.explicit_type(), self.id(), self.retry).hash(state);
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("data", &self.data())
            .field("event_type", &self.explicit_type())
            .field("id", &self.id())
            .field("retry", &self.retry())
            .finish()
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
/// # Ok::<(), sse_codec::DecodeError>(())
/// ```
///
/// Standard: [9.2.6, what is dispatched](https://html.spec.whatwg.org/multipage/server-sent-events.html#dispatchMessage).
#[derive(Clone, Copy, PartialEq, Eq)]
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
    pub fn explicit_type(&self) -> Option<&'a str> {
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
    /// # Ok::<(), sse_codec::DecodeError>(())
    /// ```
    pub fn to_event(&self) -> Event {
        let parts = Parts {
            data: self.data.into(),
            event_type: self.event_type.map(|text| EventType::from_decoded(text.into())),
            id: self.id().map(|text| EventId::from_decoded(text.into())),
        };
        Event::from_parts(parts, self.retry)
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
