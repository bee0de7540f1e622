//! What a stream may yield.

use std::convert::Infallible;

use bytes::{Bytes, BytesMut};
use sse_codec::{Encoded, Event};

use crate::BoxError;

/// What the stream of an [`Sse`](crate::Sse) may yield: [`Event`], [`Encoded`], or a `Result` of
/// one of them.
///
/// The error of a `Result` is anything that becomes a [`BoxError`], such as any error type, `String`
/// and `&str`. This trait is sealed.
///
/// ```
/// use futures_util::{Stream, stream};
/// use sse_hyper::{Encoded, Event, Sse, SseBody, StreamItem};
///
/// fn respond<S>(events: S) -> http::Response<SseBody<S>>
/// where
///     S: Stream<Item: StreamItem>,
/// {
///     Sse::new(events).opening_comment("welcome").into_response()
/// }
///
/// respond(stream::iter([Event::new("plain")]));
/// respond(stream::iter([Encoded::from(Event::new("encoded once, for many"))]));
/// respond(stream::iter([Ok(Event::new("might fail")), Err("and does")]));
/// ```
pub trait StreamItem: sealed::Sealed {
    /// Why the stream fails: `Infallible` if it yields no `Result`.
    type Error: Into<BoxError>;

    #[doc(hidden)]
    fn into_item(self) -> Result<Item, Self::Error>;
}

impl StreamItem for Event {
    type Error = Infallible;

    fn into_item(self) -> Result<Item, Infallible> {
        Ok(self.into())
    }
}

impl StreamItem for Encoded {
    type Error = Infallible;

    fn into_item(self) -> Result<Item, Infallible> {
        Ok(self.into())
    }
}

impl<T: Into<Item>, E: Into<BoxError>> StreamItem for Result<T, E> {
    type Error = E;

    fn into_item(self) -> Result<Item, E> {
        self.map(Into::into)
    }
}

mod sealed {
    use super::{Encoded, Event, Item};

    pub trait Sealed {}
    impl Sealed for Event {}
    impl Sealed for Encoded {}
    impl<T: Into<Item>, E> Sealed for Result<T, E> {}
}

/// One block on its way out.
#[derive(Debug)]
#[allow(missing_docs, unreachable_pub)] // public in name only: the module is private
pub enum Item {
    Event(Event),
    Encoded(Encoded),
}

impl Item {
    pub(crate) fn is_event(&self) -> bool {
        match self {
            Self::Event(_) => true,
            Self::Encoded(encoded) => encoded.is_event(),
        }
    }

    pub(crate) fn encoded_len(&self) -> usize {
        match self {
            Self::Event(event) => event.encoded_len(),
            Self::Encoded(encoded) => encoded.as_bytes().len(),
        }
    }

    pub(crate) fn encode(&self, buf: &mut BytesMut) {
        match self {
            Self::Event(event) => event.encode(buf),
            Self::Encoded(encoded) => buf.extend_from_slice(encoded.as_bytes()),
        }
    }

    pub(crate) fn into_bytes(self) -> Bytes {
        match self {
            Self::Event(event) => event.to_bytes(),
            Self::Encoded(encoded) => encoded.into_bytes(),
        }
    }
}

impl From<Event> for Item {
    fn from(event: Event) -> Self {
        Self::Event(event)
    }
}

impl From<Encoded> for Item {
    fn from(encoded: Encoded) -> Self {
        Self::Encoded(encoded)
    }
}
