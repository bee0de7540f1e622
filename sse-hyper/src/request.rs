//! What a request asks for, and the way back for clients.

use http::{HeaderMap, HeaderName, HeaderValue, header::ACCEPT};
use sse_codec::{EventId, error::ValueError};

use crate::LastEventIdError;

/// The header in which a client says where it left off; `http` has no constant for it.
///
/// ```
/// let request = http::Request::get("/events").header(sse_hyper::LAST_EVENT_ID, "42");
/// # assert_eq!(request.headers_ref().unwrap()["Last-Event-ID"], "42");
/// ```
pub const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The longest `Last-Event-ID` that [`last_event_id`] takes, in bytes: 8 KiB, about what common
/// servers and proxies let through as one line of a request.
///
/// ```
/// assert_eq!(sse_hyper::MAX_LAST_EVENT_ID, 8_192);
/// ```
pub const MAX_LAST_EVENT_ID: usize = 8 * 1024;

/// The id of the last event that the client saw: where a server goes on.
///
/// | the request has | result |
/// | --- | --- |
/// | no `Last-Event-ID` | `Ok(None)`: a new client |
/// | an empty one | `Ok(None)`: an empty last event ID means none |
/// | one that is UTF-8, of up to [`MAX_LAST_EVENT_ID`] bytes | `Ok(Some(id))`, spaces and tabs inside it included |
/// | a longer one | [`LastEventIdError::TooLong`] |
/// | one that is not UTF-8 | [`LastEventIdError::NotUtf8`] |
/// | several | [`LastEventIdError::Repeated`] |
///
/// What a server does with an error is up to it: `.unwrap_or_default()` takes the client for a new
/// one. Some requests do not get here at all: HTTP cuts off spaces and tabs around the value, hyper
/// answers 400 to a control character in a header, and on HTTP/2 431 or the end of the connection
/// to headers of more than 16 KiB. So do not send ids of that kind: their clients could not come back
/// with them.
///
/// The id comes from the client and can be anything: treat it as input.
///
/// ```
/// use http::{HeaderMap, HeaderValue};
/// use sse_hyper::{LAST_EVENT_ID, LastEventIdError, last_event_id};
///
/// let mut headers = HeaderMap::new();
/// assert_eq!(last_event_id(&headers), Ok(None));
///
/// headers.insert(LAST_EVENT_ID, HeaderValue::from_static("42"));
/// assert_eq!(last_event_id(&headers)?, Some(42_u64.into()));
///
/// headers.insert(LAST_EVENT_ID, HeaderValue::from_bytes(b"4\xFF").unwrap());
/// assert_eq!(last_event_id(&headers), Err(LastEventIdError::NotUtf8 { at: 1 }));
/// # Ok::<(), LastEventIdError>(())
/// ```
///
/// # Errors
///
/// As the table says.
///
/// Standard: [9.2.4, the `Last-Event-ID` header](https://html.spec.whatwg.org/multipage/server-sent-events.html#the-last-event-id-header).
pub fn last_event_id(headers: &HeaderMap) -> Result<Option<EventId>, LastEventIdError> {
    let mut values = headers.get_all(LAST_EVENT_ID).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(LastEventIdError::Repeated);
    }
    if value.len() > MAX_LAST_EVENT_ID {
        return Err(LastEventIdError::TooLong { len: value.len() });
    }
    let text = str::from_utf8(value.as_bytes())
        .map_err(|error| LastEventIdError::NotUtf8 { at: error.valid_up_to() })?;
    let id = EventId::lenient(text).map_err(|error| match error {
        ValueError::LineBreak { at } | ValueError::Nul { at } => LastEventIdError::ControlCharacter { at },
        _ => LastEventIdError::ControlCharacter { at: 0 },
    })?;
    Ok(Some(id).filter(|id| !id.is_empty()))
}

/// The `Last-Event-ID` header with which a client reconnects: none for an empty id.
///
/// Spaces and tabs around the id are lost on the way, as HTTP has it.
///
/// ```
/// use sse_hyper::{EventId, LastEventIdError, last_event_id_header};
///
/// assert_eq!(last_event_id_header(&EventId::from(42_u64))?.unwrap(), "42");
/// assert_eq!(last_event_id_header(&EventId::default())?, None);
///
/// let odd = EventId::lenient("4\u{1}").unwrap();
/// assert_eq!(last_event_id_header(&odd), Err(LastEventIdError::ControlCharacter { at: 1 }));
/// # Ok::<(), LastEventIdError>(())
/// ```
///
/// # Errors
///
/// [`LastEventIdError::ControlCharacter`] if the id has one of U+0001 to U+001F, other than tab, or U+007F. Only ids that
/// were decoded or made by [`EventId::lenient`] can have these.
///
/// Standard: [9.2.4, the `Last-Event-ID` header](https://html.spec.whatwg.org/multipage/server-sent-events.html#the-last-event-id-header).
pub fn last_event_id_header(id: &EventId) -> Result<Option<HeaderValue>, LastEventIdError> {
    if id.is_empty() {
        return Ok(None);
    }
    HeaderValue::from_str(id.as_str()).map(Some).map_err(|_| {
        let refused = |byte: u8| byte.is_ascii_control() && byte != b'\t';
        LastEventIdError::ControlCharacter { at: id.as_str().bytes().position(refused).unwrap_or_default() }
    })
}

/// Whether the client takes an event stream as answer, by its `Accept` header.
///
/// Yes, if there is none. Otherwise the most specific of `text/event-stream`, `text/*` and `*/*` that
/// is listed decides, unless its weight is zero (`;q=0`); if none is listed, the answer is no. Other
/// parameters do not matter, and what is no media range is passed over.
///
/// ```
/// use http::{HeaderMap, HeaderValue, header::ACCEPT};
/// use sse_hyper::accepts_event_stream;
///
/// let mut headers = HeaderMap::new();
/// assert!(accepts_event_stream(&headers));
///
/// headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
/// assert!(accepts_event_stream(&headers));
///
/// headers.insert(ACCEPT, HeaderValue::from_static("text/html, */*;q=0"));
/// assert!(!accepts_event_stream(&headers));
/// ```
///
/// Standard: [RFC 9110, 12.5.1](https://www.rfc-editor.org/rfc/rfc9110.html#section-12.5.1).
pub fn accepts_event_stream(headers: &HeaderMap) -> bool {
    let ranges =
        headers.get_all(ACCEPT).iter().flat_map(|value| value.as_bytes().split(|&byte| byte == b','));
    !headers.contains_key(ACCEPT)
        || ranges.filter_map(event_stream_range).max().is_some_and(|(_, accepted)| accepted)
}

/// How closely a media range names event streams, and whether it accepts them.
fn event_stream_range(range: &[u8]) -> Option<(usize, bool)> {
    const RANGES: [&[u8]; 3] = [b"*/*", b"text/*", b"text/event-stream"];
    let mut parts = range.split(|&byte| byte == b';').map(<[u8]>::trim_ascii);
    let range = parts.next()?;
    let specificity = RANGES.iter().position(|name| range.eq_ignore_ascii_case(name))?;
    let refused = parts.any(|part| match part {
        [b'q' | b'Q', b'=', b'0', decimals @ ..] => decimals.iter().all(|&byte| matches!(byte, b'.' | b'0')),
        _ => false,
    });
    Some((specificity, !refused))
}
