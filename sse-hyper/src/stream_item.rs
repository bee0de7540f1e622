//! The items that a stream may yield.

use std::convert::Infallible;

use sse_codec::{Batch, Encoded, Event, lines::RawBlock};

/// An item of a stream of events: [`Event`], [`Encoded`], a [`RawBlock`] of a proxy, or a `Result` of one of them.
///
/// Streams that cannot fail need no `Ok` around each item. This trait is sealed.
///
/// ```
/// use futures_util::{Stream, stream};
/// use sse_hyper::{Event, Sse, StreamItem};
///
/// /// Any stream of events that cannot fail.
/// fn response<S: Stream<Item: StreamItem<Error = std::convert::Infallible>>>(events: S) -> Sse<S> {
///     Sse::new(events)
/// }
///
/// let sse = response(stream::iter([Event::new("hello")]));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sent as an event",
    label = "not an event",
    note = "the items of the stream must be `Event`, `Encoded` or `RawBlock`, or a `Result` of one of them",
    note = "text becomes an event by `Event::new(text)`, a value by `Event::json(&value)` (feature `json`)"
)]
pub trait StreamItem: sealed::Sealed {
    /// The error of the stream: [`Infallible`] if its items are not `Result`s.
    type Error;

    #[doc(hidden)]
    fn into_outgoing(self) -> Result<Outgoing, Self::Error>;
}

/// An item to send.
#[derive(Debug)]
pub enum Outgoing {
    /// To be encoded directly into the frame.
    Event(Event),
    /// To be sent unchanged.
    Encoded(Encoded),
}

impl Outgoing {
    /// Adds the item to a frame, unless the frame would exceed `max_len` bytes.
    #[inline]
    pub(crate) fn try_push_to(&self, frame: &mut Batch, max_len: usize) -> bool {
        match self {
            Self::Event(event) => frame.try_push(event, max_len),
            Self::Encoded(encoded) => {
                let fits = frame.len() + encoded.as_bytes().len() <= max_len;
                if fits {
                    frame.push_encoded(encoded);
                }
                fits
            }
        }
    }

    pub(crate) fn encoded_len(&self) -> usize {
        match self {
            Self::Event(event) => event.encoded_len(),
            Self::Encoded(encoded) => encoded.as_bytes().len(),
        }
    }

    /// A lower bound of the encoded length, found without scanning the text.
    #[inline]
    pub(crate) fn least_len(&self) -> usize {
        match self {
            Self::Event(event) => event.data().len(),
            Self::Encoded(encoded) => encoded.as_bytes().len(),
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

impl From<RawBlock> for Outgoing {
    fn from(block: RawBlock) -> Self {
        Self::Encoded(block.into())
    }
}

impl From<Outgoing> for Encoded {
    /// An item that is already encoded is not copied.
    #[inline]
    fn from(item: Outgoing) -> Self {
        match item {
            Outgoing::Event(event) => event.into(),
            Outgoing::Encoded(encoded) => encoded,
        }
    }
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

infallible_item!(Event Encoded RawBlock);

impl<T: StreamItem<Error = Infallible>, E> StreamItem for Result<T, E> {
    type Error = E;

    fn into_outgoing(self) -> Result<Outgoing, E> {
        self.map(|item| match item.into_outgoing() {
            Ok(item) => item,
        })
    }
}

impl<T: StreamItem<Error = Infallible>, E> sealed::Sealed for Result<T, E> {}

mod sealed {
    pub trait Sealed {}
}
