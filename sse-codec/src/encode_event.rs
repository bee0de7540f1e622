//! Encodes events: makes a [`Block`] of each.

use bytes::{BufMut, Bytes};

use crate::{Block, Encoded, Event, EventId, EventRef, EventType};

impl Event {
    /// Returns this event as a block, to which a comment can be added.
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

    /// Appends the event and its blank line to a buffer: exactly [`encoded_len`](Self::encoded_len) bytes.
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
    /// If a buffer of fixed size has no room, as every write to a [`BufMut`]. `Vec<u8>` and `BytesMut` grow.
    pub fn encode<B: BufMut + ?Sized>(&self, buf: &mut B) {
        self.as_block().encode(buf);
    }

    /// Returns how many bytes [`encode`](Self::encode) appends.
    pub fn encoded_len(&self) -> usize {
        self.as_block().encoded_len()
    }

    /// Returns the encoded event in a new buffer of exactly its size.
    pub fn to_bytes(&self) -> Bytes {
        self.as_block().to_bytes()
    }
}

impl<'a> EventRef<'a> {
    /// Returns this event as a block, to which a comment can be added.
    pub fn as_block(&self) -> Block<'a> {
        Block {
            comment: None,
            id: self.id(),
            event_type: self.event_type,
            retry: self.retry,
            data: Some(self.data),
        }
    }

    /// Appends the event and its blank line to a buffer: exactly [`encoded_len`](Self::encoded_len) bytes.
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
    /// If a buffer of fixed size has no room, as every write to a [`BufMut`]. `Vec<u8>` and `BytesMut` grow.
    pub fn encode<B: BufMut + ?Sized>(&self, buf: &mut B) {
        self.as_block().encode(buf);
    }

    /// Returns how many bytes [`encode`](Self::encode) appends.
    pub fn encoded_len(&self) -> usize {
        self.as_block().encoded_len()
    }
}

impl<'a> From<&'a Event> for Block<'a> {
    // Not inlined, a small event takes a third longer to go into a frame.
    #[inline]
    fn from(event: &'a Event) -> Self {
        event.as_block()
    }
}

impl<'a> From<EventRef<'a>> for Block<'a> {
    #[inline]
    fn from(event: EventRef<'a>) -> Self {
        event.as_block()
    }
}

impl From<&Event> for Encoded {
    fn from(event: &Event) -> Self {
        event.as_block().into()
    }
}

impl From<Event> for Encoded {
    fn from(event: Event) -> Self {
        event.as_block().into()
    }
}
