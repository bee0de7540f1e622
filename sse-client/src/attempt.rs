//! What the next request says.

use sse_codec::EventId;

use crate::End;

/// An attempt to connect: what its request says, and what was before it.
///
/// It is owned, so that a future that makes the request borrows nothing.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub(crate) number: u64,
    pub(crate) last_event_id: EventId,
    pub(crate) previous: Option<End>,
}

impl Attempt {
    /// 1 for the first attempt of all.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The id to ask for what comes after. `None` if there is none, or one that a request cannot have: a header
    /// holds no control characters, and servers commonly take 8 KiB.
    pub fn last_event_id(&self) -> Option<&EventId> {
        Some(&self.last_event_id).filter(|id| !id.is_empty() && is_sendable(id))
    }

    /// How the attempt before this one ended. `None` for the first.
    ///
    /// After [`Refusal::Unauthorized`](crate::Refusal::Unauthorized) it is time for a new token.
    pub fn previous(&self) -> Option<End> {
        self.previous
    }

    /// Whether the connection of the attempt before seems to be dead: it went silent. A client that keeps connections
    /// for several requests, as with HTTP/2, should not use the same one.
    pub fn wants_new_connection(&self) -> bool {
        matches!(self.previous, Some(End::Idle | End::NoHead)) // Case 31
    }

    /// The header fields of the request, as lowercase names and values.
    ///
    /// There is never `accept-encoding` or `connection`: both are left to the HTTP client.
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

/// Whether a request can have this `Last-Event-ID`: no control characters but tabs, and no more than servers commonly
/// take.
///
/// > *If the EventSource object's last event ID string is not the empty string, then: Let lastEventIDValue be the
/// > EventSource object's last event ID string, encoded as UTF-8. Set (`Last-Event-ID`, lastEventIDValue) in request's
/// > header list.*
pub(crate) fn is_sendable(id: &EventId) -> bool {
    // Case 25
    let id = id.as_str();
    id.len() <= EventId::MAX_LEN && !id.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t')
}
