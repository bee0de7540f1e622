//! Reads the head of an `http::Response`, including the time that it asks to wait.

use std::time::{Duration, SystemTime};

use http::{
    HeaderMap, HeaderValue,
    header::{CONTENT_ENCODING, CONTENT_TYPE, DATE, RETRY_AFTER},
    response::Parts,
};

use crate::Head;

impl<'a> From<&'a Parts> for Head<'a> {
    fn from(parts: &'a Parts) -> Self {
        let value = |name| parts.headers.get(name).map(HeaderValue::as_bytes);
        Self {
            status: parts.status.as_u16(),
            content_type: value(CONTENT_TYPE),
            content_encoding: value(CONTENT_ENCODING),
            retry_after: retry_after(&parts.headers),
        }
    }
}

/// Case 17: milliseconds, which some services send for precision, or seconds, or a date.
///
/// Standard: [RFC 9110, 10.2.3](https://www.rfc-editor.org/rfc/rfc9110.html#section-10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(millis) = text("retry-after-ms").and_then(|millis| duration(millis, 1e-3)) {
        return Some(millis);
    }
    let after = text(RETRY_AFTER.as_str())?;
    if let Some(seconds) = duration(after, 1.0) {
        return Some(seconds);
    }
    let date = httpdate::parse_http_date(after).ok()?;
    // Relative to the server's clock, which also made the date.
    let now = text(DATE.as_str()).and_then(|now| httpdate::parse_http_date(now).ok());
    date.duration_since(now.unwrap_or_else(SystemTime::now)).ok()
}

/// Parses a number of units, each of `unit` seconds. `None` if it is invalid or negative.
fn duration(number: &str, unit: f64) -> Option<Duration> {
    let number: f64 = number.parse().ok().filter(|&number: &f64| number.is_finite() && number >= 0.0)?;
    Some(Duration::try_from_secs_f64(number * unit).unwrap_or(Duration::MAX))
}
