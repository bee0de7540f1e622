//! What a server's stream may yield.

use core::{convert::Infallible, ops::RangeInclusive};

use bytes::{BufMut, Bytes};

use crate::{Encoded, Event};

/// One block on its way out: an event that is yet to be encoded, or a block that is encoded.
///
/// ```
/// use sse_codec::{Block, Encoded, Event, Outgoing};
///
/// let event = Outgoing::from(Event::new("1"));
/// let comment = Outgoing::from(Encoded::from(Block::new().comment("1")));
/// assert!(event.is_event() && !comment.is_event());
/// assert_eq!(event.into_bytes(), "data: 1\n\n");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Outgoing {
    /// To be encoded straight into the buffer that is sent.
    Event(Event),
    /// To be sent as it is.
    Encoded(Encoded),
}

impl Outgoing {
    /// Whether a client dispatches this block, that is, whether it has data.
    pub fn is_event(&self) -> bool {
        match self {
            Self::Event(_) => true,
            Self::Encoded(encoded) => encoded.is_event(),
        }
    }

    /// How many bytes [`encode`](Self::encode) appends.
    pub fn encoded_len(&self) -> usize {
        match self {
            Self::Event(event) => event.encoded_len(),
            Self::Encoded(encoded) => encoded.as_bytes().len(),
        }
    }

    /// Between which two lengths [`encoded_len`](Self::encoded_len) is. That has to look at all of the
    /// data, this does not: every byte may be a line break, or none.
    ///
    /// ```
    /// use sse_codec::{Event, Outgoing};
    ///
    /// let event = Outgoing::from(Event::new("one\ntwo"));
    /// assert!(event.encoded_len_range().contains(&event.encoded_len()));
    /// ```
    #[inline]
    pub fn encoded_len_range(&self) -> RangeInclusive<usize> {
        match self {
            Self::Event(event) => event.as_block().encoded_len_range(),
            Self::Encoded(encoded) => encoded.as_bytes().len()..=encoded.as_bytes().len(),
        }
    }

    /// Appends the block. Buffers that grow, such as `Vec<u8>` and `BytesMut`, always have room.
    ///
    /// # Panics
    ///
    /// As every write to a [`BufMut`] does, if a buffer of fixed size has no room.
    pub fn encode<B: BufMut + ?Sized>(&self, buf: &mut B) {
        match self {
            Self::Event(event) => event.encode(buf),
            Self::Encoded(encoded) => buf.put_slice(encoded.as_bytes()),
        }
    }

    /// Appends the block if it has at most `len` bytes, and says whether it has. So the data is looked at only once,
    /// where [`encoded_len`](Self::encoded_len) and [`encode`](Self::encode) would do it twice.
    ///
    /// ```
    /// use sse_codec::{Event, Outgoing};
    ///
    /// let event = Outgoing::from(Event::new("1"));
    /// let mut frame = Vec::new();
    /// assert!(event.encode_within(12, &mut frame));
    /// assert!(!event.encode_within(12 - frame.len(), &mut frame));
    /// assert_eq!(frame, b"data: 1\n\n");
    /// ```
    ///
    /// # Panics
    ///
    /// As every write to a [`BufMut`] does, if a buffer of fixed size has no room.
    #[inline]
    pub fn encode_within<B: BufMut + ?Sized>(&self, len: usize, buf: &mut B) -> bool {
        match self {
            Self::Event(event) => event.as_block().encode_within(len, buf),
            Self::Encoded(encoded) => {
                let is_within = encoded.as_bytes().len() <= len;
                if is_within {
                    buf.put_slice(encoded.as_bytes());
                }
                is_within
            }
        }
    }

    /// The block in a buffer of its own; what is encoded already is not copied.
    #[inline]
    pub fn into_bytes(self) -> Bytes {
        match self {
            Self::Event(event) => event.to_bytes(),
            Self::Encoded(encoded) => encoded.into_bytes(),
        }
    }
}

impl From<Event> for Outgoing {
    fn from(event: Event) -> Self {
        Self::Event(event)
    }
}

impl From<Encoded> for Outgoing {
    fn from(encoded: Encoded) -> Self {
        Self::Encoded(encoded)
    }
}

/// An item of a stream of blocks: [`Event`], [`Encoded`], [`Outgoing`], or a `Result` of one of them.
///
/// So streams that cannot fail need no `Ok` around each item. This trait is sealed.
///
/// ```
/// use sse_codec::{Event, StreamItem};
///
/// fn bytes(item: impl StreamItem<Error = std::io::Error>) -> std::io::Result<bytes::Bytes> {
///     Ok(item.into_outgoing()?.into_bytes())
/// }
///
/// assert_eq!(bytes(Ok(Event::new("1")))?, "data: 1\n\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait StreamItem: sealed::Sealed {
    /// Why the stream fails: [`Infallible`] if its items are no `Result`.
    type Error;

    /// The block, or why there is none.
    ///
    /// # Errors
    ///
    /// Only if the item is an `Err`.
    fn into_outgoing(self) -> Result<Outgoing, Self::Error>;
}

macro_rules! infallible_item {
    ($($item:ty)*) => {$(
        impl StreamItem for $item {
            type Error = Infallible;

            fn into_outgoing(self) -> Result<Outgoing, Infallible> {
                Ok(self.into())
            }
        }

        impl sealed::Sealed for $item {}
    )*};
}

infallible_item!(Event Encoded Outgoing);

impl<T: Into<Outgoing>, E> StreamItem for Result<T, E> {
    type Error = E;

    fn into_outgoing(self) -> Result<Outgoing, E> {
        self.map(Into::into)
    }
}

impl<T: Into<Outgoing>, E> sealed::Sealed for Result<T, E> {}

mod sealed {
    pub trait Sealed {}
}
