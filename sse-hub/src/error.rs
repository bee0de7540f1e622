//! The errors of this crate, as types that can be matched.
//!
//! Each error has the status for the handler's answer, and some the time after which the client should try again.

use std::{error::Error, sync::Arc, time::Duration};

pub use crate::position::PositionError;

/// Any error, as the `source` of an error of this crate.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// An error that several clients get, as the `source` of an error of this crate. `Arc::from` converts a [`BoxError`].
pub type SharedError = Arc<dyn Error + Send + Sync>;

/// How long a refused client should wait before it tries again.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Why a topic cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TopicError {
    /// The name is empty.
    #[error("the name of a topic must not be empty")]
    EmptyName,
    /// The name is too long.
    #[error("the topic's name has {len} bytes; the limit is {max}: see `Builder::max_name`")]
    NameTooLong {
        /// Its length in bytes.
        len: usize,
        /// The limit in bytes.
        max: usize,
    },
    /// There are too many topics that are in use or have history.
    #[error("there are {max} topics already; raise `Builder::max_topics`, or wait until some are idle")]
    TooMany {
        /// The limit.
        max: usize,
    },
}

/// Why an event was not published. With the feature `axum`, it is a response.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The topic cannot be used.
    #[error("cannot publish to this topic")]
    Topic(#[from] TopicError),
    /// The topic is finished.
    #[error("the topic is finished; publish to another one")]
    Closed,
    /// The event is too large.
    #[error("the event has {len} bytes as it is sent; the limit is {max}: see `Builder::max_event`")]
    TooLarge {
        /// Its size in bytes, as it is sent.
        len: usize,
        /// The limit in bytes.
        max: usize,
    },
    /// The type of the event is reserved for the hub.
    #[error("the event types `ready`, `gap` and `end` are reserved for the hub; choose another one")]
    ReservedType,
    /// The key is too long.
    #[error("the key has {len} bytes; the limit is {max}")]
    KeyTooLong {
        /// Its length in bytes.
        len: usize,
        /// The limit in bytes.
        max: usize,
    },
    /// The log cannot be reached. The event was not published, and nobody will see it.
    #[error("the event was not published, since the log cannot be reached; try again later")]
    Unavailable(#[source] BoxError),
    /// The log became unreachable during the append. It is not known whether the event was published.
    #[error("it is not known whether the event was published; a key makes retries safe: see `publish_once`")]
    Unknown(#[source] BoxError),
}

/// Why there is no subscription. With the feature `axum`, it is a response.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubscribeError {
    /// The topic cannot be used.
    #[error("cannot subscribe to this topic")]
    Topic(#[from] TopicError),
    /// The client has seen the end of the topic. The answer 204 tells a browser not to reconnect.
    #[error("the topic is finished, and the client has seen its end; answer 204")]
    Finished,
    /// The client's id is not one of a hub, and `refuse_malformed` is set.
    #[error("the last event ID is not one of this hub")]
    Malformed,
    /// The log cannot be read.
    #[error("the topic cannot be read now")]
    Read(#[from] ReadError),
}

/// Why a log could not be read.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The log cannot be reached.
    #[error("the log cannot be reached; try again later")]
    Unavailable(#[source] SharedError),
    /// Too many reads are waiting already.
    #[error("too many clients wait for the log; try again later")]
    Busy,
}

impl TopicError {
    /// The status of the answer: 404 for a name that no topic can have, 503 if there are too many.
    pub fn status(&self) -> u16 {
        match self {
            Self::EmptyName | Self::NameTooLong { .. } => 404,
            Self::TooMany { .. } => 503,
        }
    }

    /// When the client should try again, if that can help.
    pub fn retry_after(&self) -> Option<Duration> {
        matches!(self, Self::TooMany { .. }).then_some(RETRY_AFTER)
    }
}

impl PublishError {
    /// The status of the answer: 410 if the topic is finished, 413 if the event is too large, 400 for the key or the
    /// type, 503 if the log cannot be reached, or that of the [`TopicError`].
    pub fn status(&self) -> u16 {
        match self {
            Self::Topic(error) => error.status(),
            Self::Closed => 410,
            Self::TooLarge { .. } => 413,
            Self::KeyTooLong { .. } | Self::ReservedType => 400,
            Self::Unavailable(_) | Self::Unknown(_) => 503,
        }
    }

    /// When the client should try again, if that can help. `None` for [`Unknown`](Self::Unknown): a retry could publish
    /// the event twice.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Topic(error) => error.retry_after(),
            Self::Unavailable(_) => Some(RETRY_AFTER),
            _ => None,
        }
    }
}

impl SubscribeError {
    /// The status of the answer: 204 if the topic is finished, 400 for a malformed id, else 404 or 503.
    pub fn status(&self) -> u16 {
        match self {
            Self::Topic(error) => error.status(),
            Self::Finished => 204,
            Self::Malformed => 400,
            Self::Read(_) => 503,
        }
    }

    /// When the client should try again, if that can help.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Topic(error) => error.retry_after(),
            Self::Read(_) => Some(RETRY_AFTER),
            Self::Finished | Self::Malformed => None,
        }
    }
}
