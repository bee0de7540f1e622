//! The error types.

use std::{boxed::Box, time::Duration};

use http::{Response, StatusCode};
use sse_codec::error::DecodeError;
use thiserror::Error;

use crate::Refusal;

/// Any error, as in hyper and tower.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why an [`EventSource`](crate::EventSource) has failed.
///
/// `E` is the error of the closure that makes the requests, `B` the body of an answer.
///
/// ```
/// # use bytes::Bytes;
/// # use futures_util::StreamExt;
/// # use http::Response;
/// # use sse_client::EventSource;
/// use http_body_util::BodyExt;
/// use sse_client::{Error, Failure, Refusal};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # let connect = async |_| {
/// #     Response::builder().status(404).body(http_body_util::Full::<Bytes>::from("no such feed"))
/// # };
/// # let mut events = EventSource::new(connect);
/// let error = events.next().await.unwrap().unwrap_err();
/// if let Error::Failed(Failure::Refused(refused)) = &error {
///     assert_eq!(refused.reason, Refusal::Status(404));
/// }
/// let response = error.into_response().unwrap();
/// assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "no such feed");
/// # });
/// ```
///
/// It is a [`std::error::Error`] only if `E` is one, which a `Box` of one is not. Wrap that, for example with
/// `.map_err(std::io::Error::other)`.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error<E, B> {
    /// Another attempt would fail as well, or the policy allows none.
    #[error("{0}")]
    Failed(#[source] Failure<E, B>),
    /// All attempts, or the time for them, are used up. This is the last failure.
    #[error("gave up connecting: {0}")]
    GaveUp(#[source] Failure<E, B>),
    /// The stream is not complete, and the policy does not allow a request for the rest.
    #[error("the event stream is cut off: {0}")]
    Truncated(#[source] Failure<E, B>),
    /// The server asks for a longer wait than the policy allows.
    #[error("the server asks to wait for {asked:?}; connect again after that")]
    WaitTooLong {
        /// The wait that the server asks for.
        asked: Duration,
        /// The failure of the last attempt.
        #[source]
        failure: Failure<E, B>,
    },
    /// An event exceeded its limit, and the policy is [`Oversized::Stop`](crate::Oversized::Stop).
    #[error(transparent)]
    TooLarge(DecodeError),
    /// There is no timer.
    #[error("there is no timer; set one with EventSource::timer, or poll in a tokio runtime with timers")]
    NoTimer,
}

/// Why an attempt has ended.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Failure<E, B> {
    /// The request failed. This is the error of the closure that made it.
    #[error("the request failed: {0}")]
    Request(#[source] E),
    /// No head of an answer arrived in time.
    #[error("the server did not answer in time")]
    NoHead,
    /// The answer is not an event stream.
    #[error("{}", .0.reason)]
    Refused(Box<Refused<B>>),
    /// The body broke off.
    #[error("the connection broke: {0}")]
    Broken(#[source] BoxError),
    /// The body ended cleanly.
    #[error("the server ended the stream")]
    Ended,
    /// Nothing arrived for the idle time.
    #[error("the server has gone silent")]
    Idle,
    /// The user requested a new connection.
    #[error("a new connection was requested")]
    Requested,
}

/// An answer that is not an event stream.
#[derive(Debug)]
#[non_exhaustive]
pub struct Refused<B> {
    /// Why it is not one.
    pub reason: Refusal,
    /// The answer, whose body is unread.
    pub response: Response<B>,
}

impl<E, B> Error<E, B> {
    /// Returns the failure of the last attempt, if this error has one.
    pub fn failure(&self) -> Option<&Failure<E, B>> {
        match self {
            Self::Failed(failure) | Self::GaveUp(failure) | Self::Truncated(failure) => Some(failure),
            Self::WaitTooLong { failure, .. } => Some(failure),
            Self::TooLarge(_) | Self::NoTimer => None,
        }
    }

    /// Returns the status of the answer, if that was not an event stream.
    pub fn status(&self) -> Option<StatusCode> {
        match self.failure()? {
            Failure::Refused(refused) => Some(refused.response.status()),
            _ => None,
        }
    }

    /// Returns the answer, if it was not an event stream.
    ///
    /// Its body often has the error message of the service.
    pub fn into_response(self) -> Option<Response<B>> {
        match self {
            Self::Failed(Failure::Refused(refused))
            | Self::GaveUp(Failure::Refused(refused))
            | Self::WaitTooLong { failure: Failure::Refused(refused), .. } => Some(refused.response),
            _ => None,
        }
    }
}
