//! Whether an answer is an event stream.

use core::time::Duration;

use thiserror::Error;

/// The parts of the head of an answer that decide whether it is an event stream.
///
/// ```
/// use sse_client::{Head, Refusal};
///
/// let head = Head { content_type: Some(b"Text/Event-Stream; charset=utf-8"), ..Head::new(200) };
/// assert_eq!(head.check(), Ok(()));
/// assert_eq!(Head::new(503).check(), Err(Refusal::Unavailable(503)));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Head<'a> {
    /// The status.
    pub status: u16,
    /// `Content-Type`, if there is one.
    pub content_type: Option<&'a [u8]>,
    /// `Content-Encoding`, if there is one.
    pub content_encoding: Option<&'a [u8]>,
    /// `Retry-After`, as a duration from now.
    pub retry_after: Option<Duration>,
}

/// Why an answer is not an event stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// 204: the server has no more events.
    #[error("the server answered 204: it has no more events")]
    NoContent,
    /// 401 or 403.
    #[error("the server answered {0}; check the credentials of the request")]
    Unauthorized(u16),
    /// A status that is often temporary: 408, 425, 429, 500, 502, 503, 504, 520 to 524, 529.
    #[error("the server answered {0}, which may be temporary; try again later")]
    Unavailable(u16),
    /// A redirect that the HTTP client did not follow.
    #[error("the server answered {0}, a redirect; let the HTTP client follow it, or use its location")]
    Redirect(u16),
    /// Any other status that is not 200.
    #[error("the server answered {0}; an event stream needs 200")]
    Status(u16),
    /// 200 with another content type, or with none.
    #[error("the answer is not text/event-stream; read it according to its content type")]
    ContentType,
    /// 200 with a content encoding.
    #[error("the event stream is compressed; let the HTTP client decode it, or disable compression")]
    ContentEncoding,
}

impl Head<'_> {
    /// Creates a head with this status and no headers.
    pub const fn new(status: u16) -> Self {
        Self { status, content_type: None, content_encoding: None, retry_after: None }
    }

    /// Checks that this is the head of an event stream.
    ///
    /// # Errors
    ///
    /// The reason if it is not.
    pub fn check(&self) -> Result<(), Refusal> {
        match self.status {
            200 => {}
            // Case 4
            204 => return Err(Refusal::NoContent),
            // Case 8
            300..=399 => return Err(Refusal::Redirect(self.status)),
            // Case 6
            401 | 403 => return Err(Refusal::Unauthorized(self.status)),
            // Case 5
            408 | 425 | 429 | 500 | 502..=504 | 520..=524 | 529 => {
                return Err(Refusal::Unavailable(self.status));
            }
            // Cases 4 and 7
            _ => return Err(Refusal::Status(self.status)),
        }
        if !self.content_type.is_some_and(is_event_stream) {
            return Err(Refusal::ContentType); // Case 3
        }
        if !self.content_encoding.is_none_or(is_identity) {
            return Err(Refusal::ContentEncoding); // Case 9
        }
        Ok(())
    }
}

/// Case 2: parameters are ignored, and every charset is read as UTF-8.
fn is_event_stream(content_type: &[u8]) -> bool {
    let essence = content_type.split(|&byte| byte == b';').next().unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(b"text/event-stream")
}

fn is_identity(encoding: &[u8]) -> bool {
    let encoding = encoding.trim_ascii();
    encoding.is_empty() || encoding.eq_ignore_ascii_case(b"identity")
}
