//! An attempt to connect, and its request headers.

use sse_codec::EventId;

use crate::End;

/// An attempt to connect: the headers of its request, and the end of the previous attempt.
///
/// It is owned, so that the future of the request borrows nothing.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub(crate) number: u64,
    pub(crate) last_event_id: EventId,
    pub(crate) previous: Option<End>,
}

impl Attempt {
    /// The number of the attempt, beginning with 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The last event ID to send, or `None` if there is none or a request cannot carry it.
    ///
    /// A header holds no control characters except tabs, and servers commonly accept 8 KiB.
    pub fn last_event_id(&self) -> Option<&EventId> {
        Some(&self.last_event_id).filter(|id| !id.is_empty() && is_sendable(id))
    }

    /// How the previous attempt ended, or `None` for the first.
    ///
    /// After [`Refusal::Unauthorized`](crate::Refusal::Unauthorized), use a new token.
    pub fn previous(&self) -> Option<End> {
        self.previous
    }

    /// Whether the previous connection seems dead, because it went silent.
    ///
    /// A client that reuses connections, as with HTTP/2, should open a new one.
    pub fn wants_new_connection(&self) -> bool {
        matches!(self.previous, Some(End::Idle | End::NoHead)) // Case 31
    }

    /// The header fields of the request, as lowercase names and values.
    ///
    /// They never include `accept-encoding` or `connection`, which are left to the HTTP client.
    pub fn header_fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        // Case 1
        let last_event_id = self.last_event_id().map(|id| ("last-event-id", id.as_str()));
        [("accept", "text/event-stream"), ("cache-control", "no-cache")].into_iter().chain(last_event_id)
    }

    /// The headers of the request.
    #[cfg(feature = "http")]
    #[cfg_attr(docsrs, doc(cfg(feature = "http")))]
    pub fn headers(&self) -> http::HeaderMap {
        self.header_fields()
            .filter_map(|(name, value)| {
                let value = http::HeaderValue::from_bytes(value.as_bytes()).ok()?;
                Some((http::HeaderName::from_static(name), value))
            })
            .collect()
    }
}

/// Whether a request can carry this `Last-Event-ID`: no control characters except tabs, and no more bytes than servers
/// commonly accept.
///
/// > *If the EventSource object's last event ID string is not the empty string, then: Let lastEventIDValue be the
/// > EventSource object's last event ID string, encoded as UTF-8. Set (`Last-Event-ID`, lastEventIDValue) in request's
/// > header list.*
pub(crate) fn is_sendable(id: &EventId) -> bool {
    // Case 25
    let id = id.as_str();
    id.len() <= EventId::MAX_LEN && !id.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t')
}
