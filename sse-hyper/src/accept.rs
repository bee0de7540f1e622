//! Media types in the headers of requests and responses.

use http::{
    HeaderMap,
    header::{ACCEPT, CONTENT_TYPE},
};

const EVENT_STREAM: &str = "text/event-stream";
const JSON: &str = "application/json";

/// Whether the client accepts an event stream, by its `Accept` header.
///
/// True if there is none. [`Accepts`] has the details.
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
    Accepts::new(headers).event_stream()
}

/// Whether the `Content-Type` of a response is `text/event-stream`, in any case and with any parameters.
///
/// It is for clients. False if there is no `Content-Type`, or several.
///
/// ```
/// use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};
/// use sse_hyper::is_event_stream;
///
/// let mut headers = HeaderMap::new();
/// assert!(!is_event_stream(&headers));
/// headers.insert(CONTENT_TYPE, HeaderValue::from_static("Text/Event-Stream; charset=utf-8"));
/// assert!(is_event_stream(&headers));
/// ```
///
/// Standard: [9.2.3](https://html.spec.whatwg.org/multipage/server-sent-events.html#the-eventsource-interface), by which a client closes the connection for any other type.
pub fn is_event_stream(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let essence = value.as_bytes().split(|&byte| byte == b';').next().unwrap_or_default();
    trim(essence).eq_ignore_ascii_case(EVENT_STREAM.as_bytes())
}

/// Whether a client accepts event streams, JSON or both, for a service that can answer with either.
///
/// The weight of the most specific matching media range decides. A range with a parameter matches only if it is
/// `charset=utf-8`, since the answers have no other. Invalid media ranges are ignored. Without an `Accept` header,
/// everything is accepted.
///
/// ```
/// use http::{HeaderMap, HeaderValue, header::ACCEPT};
/// use sse_hyper::{Accepts, Preferred};
///
/// let mut headers = HeaderMap::new();
/// headers.insert(ACCEPT, HeaderValue::from_static("application/json;q=0.5, text/event-stream"));
/// let accepts = Accepts::new(&headers);
/// assert_eq!(accepts.preferred(), Some(Preferred::EventStream));
/// assert!(accepts.names_event_stream());
///
/// headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
/// let accepts = Accepts::new(&headers);
/// assert_eq!(accepts.preferred(), Some(Preferred::Either));
/// assert!(!accepts.names_event_stream()); // such as curl, without options
/// ```
///
/// Standard: [RFC 9110, 12.5.1](https://www.rfc-editor.org/rfc/rfc9110.html#section-12.5.1), [12.4.2](https://www.rfc-editor.org/rfc/rfc9110.html#section-12.4.2), and [5.6](https://www.rfc-editor.org/rfc/rfc9110.html#section-5.6) for lists and quoted strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepts {
    event_stream: Match,
    json: Match,
}

/// Which answer a client prefers, if it accepts one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preferred {
    /// An event stream.
    EventStream,
    /// JSON.
    Json,
    /// It accepts both equally.
    Either,
}

/// The media range that decides about a media type: its specificity, and its weight in thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Match {
    specificity: u8,
    weight: u16,
}

const EXACT: u8 = 3;

impl Accepts {
    /// Reads the `Accept` headers of a request.
    pub fn new(headers: &HeaderMap) -> Self {
        if !headers.contains_key(ACCEPT) {
            let any = Match { specificity: 1, weight: 1_000 };
            return Self { event_stream: any, json: any };
        }
        let mut accepts = Self { event_stream: Match::default(), json: Match::default() };
        let elements = headers.get_all(ACCEPT).iter().flat_map(|value| split(value.as_bytes(), b','));
        for range in elements.filter_map(MediaRange::parse) {
            accepts.event_stream = accepts.event_stream.max(range.matches(EVENT_STREAM));
            accepts.json = accepts.json.max(range.matches(JSON));
        }
        accepts
    }

    /// Whether the client accepts an event stream.
    pub fn event_stream(&self) -> bool {
        self.event_stream.weight > 0
    }

    /// Whether the client accepts `application/json`.
    pub fn json(&self) -> bool {
        self.json.weight > 0
    }

    /// Whether the client names `text/event-stream` explicitly, so it certainly supports event streams.
    pub fn names_event_stream(&self) -> bool {
        self.event_stream() && self.event_stream.specificity == EXACT
    }

    /// Which of the two the client prefers, or `None` if it accepts neither.
    pub fn preferred(&self) -> Option<Preferred> {
        let (events, json) = (self.event_stream.weight, self.json.weight);
        match events.cmp(&json) {
            std::cmp::Ordering::Greater => Some(Preferred::EventStream),
            std::cmp::Ordering::Less => Some(Preferred::Json),
            std::cmp::Ordering::Equal => (events > 0).then_some(Preferred::Either),
        }
    }
}

/// > *media-range = ( "\*/\*" / ( type "/" "\*" ) / ( type "/" subtype ) ) parameters*
struct MediaRange<'a> {
    main: &'a [u8],
    sub: &'a [u8],
    weight: u16,
    /// Whether it has a parameter that the answers do not have.
    is_narrower: bool,
}

impl<'a> MediaRange<'a> {
    fn parse(element: &'a [u8]) -> Option<Self> {
        let mut parts = split(element, b';');
        let range = parts.next()?;
        let slash = range.iter().position(|&byte| byte == b'/')?;
        let (main, sub) = (token(&range[..slash])?, token(&range[slash + 1..])?);
        let mut parsed = Self { main, sub, weight: 1_000, is_narrower: false };
        for part in parts.filter(|part| !part.is_empty()) {
            let equals = part.iter().position(|&byte| byte == b'=')?;
            let (name, value) = (token(&part[..equals])?, &part[equals + 1..]);
            if name.eq_ignore_ascii_case(b"q") {
                // Parameters after the weight do not belong to the type.
                parsed.weight = weight(value)?;
                return Some(parsed);
            }
            let value = unquote(value)?;
            parsed.is_narrower |=
                !name.eq_ignore_ascii_case(b"charset") || !value.eq_ignore_ascii_case(b"utf-8");
        }
        Some(parsed)
    }

    fn matches(&self, media_type: &str) -> Match {
        let (main, sub) = media_type.split_once('/').unwrap_or((media_type, ""));
        let is = |part: &[u8], name: &str| part.eq_ignore_ascii_case(name.as_bytes());
        let specificity = match (self.main, self.sub) {
            _ if self.is_narrower => return Match::default(),
            (b"*", b"*") => 1,
            (range, b"*") if is(range, main) => 2,
            (range, sub_range) if is(range, main) && is(sub_range, sub) => EXACT,
            _ => return Match::default(),
        };
        Match { specificity, weight: self.weight }
    }
}

/// > *qvalue = ( "0" [ "." 0\*3DIGIT ] ) / ( "1" [ "." 0\*3("0") ] )*
fn weight(value: &[u8]) -> Option<u16> {
    let (one, decimals) = match value {
        [digit @ (b'0' | b'1')] => (digit, &[][..]),
        [digit @ (b'0' | b'1'), b'.', decimals @ ..] if decimals.len() <= 3 => (digit, decimals),
        _ => return None,
    };
    let mut weight = u16::from(one - b'0');
    for n in 0..3 {
        let digit = decimals.get(n).copied().unwrap_or(b'0');
        if !digit.is_ascii_digit() {
            return None;
        }
        weight = 10 * weight + u16::from(digit - b'0');
    }
    (weight <= 1_000).then_some(weight)
}

/// Splits at separators outside quoted strings, and trims spaces and tabs around each part.
fn split(text: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(move |&byte| {
        let was_escaped = is_escaped;
        is_escaped = is_quoted && byte == b'\\' && !was_escaped;
        is_quoted ^= byte == b'"' && !was_escaped;
        byte == separator && !is_quoted
    })
    .map(trim)
}

fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// > *token = 1\*tchar*
fn token(text: &[u8]) -> Option<&[u8]> {
    let is_tchar = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    (!text.is_empty() && text.iter().all(is_tchar)).then_some(text)
}

/// The value of a parameter: a token, or a quoted string without its quotes and escapes.
fn unquote(value: &[u8]) -> Option<Vec<u8>> {
    let [b'"', quoted @ .., b'"'] = value else { return token(value).map(<[u8]>::to_vec) };
    let mut text = Vec::with_capacity(quoted.len());
    let mut bytes = quoted.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'\\' => text.push(*bytes.next()?),
            b'"' => return None,
            byte => text.push(byte),
        }
    }
    Some(text)
}
