//! The `Last-Event-ID` of a request: reading it on servers, writing it in clients.

use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use sse_codec::{EventId, error::ValueError};

use crate::LastEventIdError;

/// The name of the header with the last event ID of a client, for which `http` has no constant.
///
/// ```
/// let request = http::Request::get("/events").header(sse_hyper::LAST_EVENT_ID, "42");
/// # assert_eq!(request.headers_ref().unwrap()["Last-Event-ID"], "42");
/// ```
pub const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Reads the id of the last event that the client saw, after which a server continues.
///
/// | the request has | result |
/// | --- | --- |
/// | no `Last-Event-ID` | `Ok(None)`: a new client |
/// | an empty one | `Ok(None)`: an empty last event ID means none |
/// | one that is UTF-8, of up to [`EventId::MAX_LEN`] bytes | `Ok(Some(id))`, spaces and tabs inside it included |
/// | a longer one | [`LastEventIdError::TooLong`] |
/// | one that is not UTF-8 | [`LastEventIdError::NotUtf8`] |
/// | several | [`LastEventIdError::Repeated`] |
///
/// The server decides how to handle an error: `.unwrap_or_default()` treats the client as new.
/// Some ids never arrive: HTTP trims spaces and tabs around the value, hyper
/// answers 400 to a control character in a header, and on HTTP/2 it answers 431 to headers of more than
/// 16 KiB, or closes the connection. Do not send such ids: clients could not reconnect with them.
///
/// The id comes from the client and can be anything: treat it as untrusted input.
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
/// Those in the table.
///
/// Standard: [9.2.4, the `Last-Event-ID` header](https://html.spec.whatwg.org/multipage/server-sent-events.html#the-last-event-id-header).
pub fn last_event_id(headers: &HeaderMap) -> Result<Option<EventId>, LastEventIdError> {
    last_event_id_of(headers.get_all(LAST_EVENT_ID))
}

/// Like [`last_event_id`], for frameworks with another type of headers: takes the values of all `Last-Event-ID` headers.
///
/// ```
/// use sse_hyper::{LastEventIdError, last_event_id_of};
///
/// // With actix-web: `last_event_id_of(request.headers().get_all("last-event-id").map(|value| value.as_bytes()))`
/// assert_eq!(last_event_id_of(["42"])?, Some(42_u64.into()));
/// assert_eq!(last_event_id_of(["42", "43"]), Err(LastEventIdError::Repeated));
/// # Ok::<(), LastEventIdError>(())
/// ```
///
/// # Errors
///
/// Those of [`last_event_id`], and [`LastEventIdError::ControlCharacter`] if a value has a line break or NUL.
pub fn last_event_id_of<T>(values: impl IntoIterator<Item = T>) -> Result<Option<EventId>, LastEventIdError>
where
    T: AsRef<[u8]>,
{
    let mut values = values.into_iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(LastEventIdError::Repeated);
    }
    let value = value.as_ref();
    if value.len() > EventId::MAX_LEN {
        return Err(LastEventIdError::TooLong { len: value.len() });
    }
    let text =
        str::from_utf8(value).map_err(|error| LastEventIdError::NotUtf8 { at: error.valid_up_to() })?;
    let id = EventId::lenient(text).map_err(|error| match error {
        ValueError::LineBreak { at } | ValueError::Nul { at } => LastEventIdError::ControlCharacter { at },
        _ => LastEventIdError::ControlCharacter { at: 0 },
    })?;
    Ok(Some(id).filter(|id| !id.is_empty()))
}

/// Like [`last_event_id`], but falls back to a parameter of the query.
///
/// Polyfills and native apps that cannot set a header use one. The header has precedence, even if it is invalid or
/// empty. The query is parsed as
/// [`application/x-www-form-urlencoded`](https://url.spec.whatwg.org/#application/x-www-form-urlencoded); bytes that are
/// not UTF-8 become U+FFFD.
///
/// ```
/// use http::HeaderMap;
/// use sse_hyper::{LAST_EVENT_ID, last_event_id_or_query};
///
/// let uri = "/events?lastEventId=day%207".parse()?;
/// let mut headers = HeaderMap::new();
/// assert_eq!(last_event_id_or_query(&headers, &uri, "lastEventId")?.unwrap(), "day 7");
/// headers.insert(LAST_EVENT_ID, "8".parse()?);
/// assert_eq!(last_event_id_or_query(&headers, &uri, "lastEventId")?.unwrap(), "8");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Those of [`last_event_id`], and [`LastEventIdError::ControlCharacter`] if the parameter has a line break or NUL.
pub fn last_event_id_or_query(
    headers: &HeaderMap,
    uri: &Uri,
    parameter: &str,
) -> Result<Option<EventId>, LastEventIdError> {
    if headers.contains_key(LAST_EVENT_ID) {
        return last_event_id(headers);
    }
    let query = uri.query().unwrap_or_default().as_bytes();
    let parameters = form_urlencoded::parse(query).filter(|(name, _)| name == parameter);
    last_event_id_of(parameters.map(|(_, value)| value.into_owned()))
}

/// Makes the `Last-Event-ID` header for a reconnecting client, or `None` for an empty id.
///
/// HTTP drops spaces and tabs around the id.
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
