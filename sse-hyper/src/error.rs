//! The error types.

use std::io;

use thiserror::Error;

use sse_codec::EventId;

/// Any error, as in hyper, tower and axum.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The error of a body whose stream failed, with [`Sse::break_on_error`](crate::Sse::break_on_error).
///
/// It is for the server's log, and includes the message of the stream's error. [`Sse::on_close`](crate::Sse::on_close)
/// receives that error itself. Without that setting a body never fails.
///
/// ```
/// use futures_util::{FutureExt, stream};
/// use http_body_util::BodyExt;
/// use sse_hyper::{Event, Sse};
///
/// let events = stream::iter([Ok(Event::new("fine")), Err("out of tokens")]);
/// let body = Sse::new(events).break_on_error().into_body();
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let error = body.collect().await.unwrap_err();
/// assert_eq!(error.to_string(), "the stream of events failed, so its response was broken off: out of tokens");
/// # });
/// ```
#[derive(Debug, Error)]
#[error("the stream of events failed, so its response was broken off: {reason}")]
#[non_exhaustive]
pub struct StreamFailed {
    reason: String,
}

impl StreamFailed {
    pub(crate) fn new(error: &BoxError) -> Self {
        Self { reason: error.to_string() }
    }
}

/// For frameworks whose body is a reader, or a stream with I/O errors.
///
/// The kind is [`Other`](std::io::ErrorKind::Other), and the inner error is this one.
///
/// ```
/// use futures_util::{TryStreamExt, stream};
/// use sse_hyper::{Event, Sse};
///
/// let chunks = Sse::new(stream::iter([Event::new("hello")])).into_byte_stream();
/// let chunks = chunks.err_into::<std::io::Error>(); // for tokio_util::io::StreamReader, and others
/// ```
impl From<StreamFailed> for io::Error {
    fn from(error: StreamFailed) -> Self {
        Self::other(error)
    }
}

/// Why a `Last-Event-ID` could not be read ([`last_event_id`](crate::last_event_id)) or written
/// ([`last_event_id_header`](crate::last_event_id_header)).
///
/// ```
/// use http::{HeaderMap, HeaderValue, StatusCode};
/// use sse_hyper::{EventId, LAST_EVENT_ID, LastEventIdError, last_event_id};
///
/// let mut headers = HeaderMap::new();
/// headers.insert(LAST_EVENT_ID, "7".repeat(10_000).parse()?);
/// let status = match last_event_id(&headers) {
///     Err(LastEventIdError::TooLong { len }) => {
///         assert!(len > EventId::MAX_LEN);
///         StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
///     }
///     Err(_) => StatusCode::BAD_REQUEST,
///     Ok(_) => StatusCode::OK,
/// };
/// assert_eq!(status, 431);
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LastEventIdError {
    /// The request has more than one, so it is ambiguous.
    #[error("the request has several Last-Event-IDs; answer 400, or treat the client as new")]
    Repeated,
    /// It is longer than [`EventId::MAX_LEN`].
    #[error(
        "the Last-Event-ID has {len} bytes, more than {max}; \
         answer 431, or treat the client as new",
        max = EventId::MAX_LEN
    )]
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// It is not UTF-8, so no server can have sent it.
    #[error("the Last-Event-ID is not UTF-8 at byte {at}; answer 400, or treat the client as new")]
    NotUtf8 {
        /// The offset of the first invalid byte.
        at: usize,
    },
    /// It has a control character, which event ids allow and headers do not.
    #[error(
        "the event id has a control character at byte {at}, which no header can carry; \
         connect without Last-Event-ID, and let the server send ids without control characters"
    )]
    ControlCharacter {
        /// Its offset in bytes.
        at: usize,
    },
}
