//! Everything that can go wrong, as types that can be matched.
//!
//! Each error tells with which status a handler answers, and for some after what time the client should come back.

use std::{error::Error, sync::Arc, time::Duration};

pub use crate::position::PositionError;

/// Any error, as the `source` of one of ours.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// An error that several clients get, as the `source` of one of ours. `Arc::from` makes one of a [`BoxError`].
pub type SharedError = Arc<dyn Error + Send + Sync>;

/// What a client that was refused for now should wait, before it is spread.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Why a topic cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TopicError {
    /// The name is empty.
    #[error("the name of a topic must not be empty")]
    EmptyName,
    /// The name is too long.
    #[error("a topic's name of {len} bytes; this hub takes {max}: see `Builder::max_name`")]
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

/// Why an event was not published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The topic cannot be had.
    #[error("cannot publish to this topic")]
    Topic(#[from] TopicError),
    /// The topic is finished.
    #[error("the topic is finished; publish to another one")]
    Closed,
    /// The event is too large.
    #[error("an event of {len} bytes as it is sent; this hub takes {max}: see `Builder::max_event`")]
    TooLarge {
        /// Its size in bytes, as it is sent.
        len: usize,
        /// The limit in bytes.
        max: usize,
    },
    /// The type of the event is one of the hub's own.
    #[error("an event cannot be of the type `ready`, `gap` or `end`; these are the hub's own")]
    ReservedType,
    /// The key is too long.
    #[error("a key of {len} bytes; the limit is {max}")]
    KeyTooLong {
        /// Its length in bytes.
        len: usize,
        /// The limit in bytes.
        max: usize,
    },
    /// The log cannot be reached. The event was not published, and nobody will see it.
    #[error("the event was not published, since the log cannot be reached; try again later")]
    Unavailable(#[source] BoxError),
    /// The log became unreachable meanwhile. Whether the event was published is not known.
    #[error("whether the event was published is not known; publish it again with a key: see `publish_once`")]
    Unknown(#[source] BoxError),
}

/// Why there is no subscription.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubscribeError {
    /// The topic cannot be had.
    #[error("cannot subscribe to this topic")]
    Topic(#[from] TopicError),
    /// The client has seen the end of the topic. An answer of 204 tells a browser not to come back.
    #[error("the topic is finished, and the client has seen its end; answer 204")]
    Finished,
    /// The client's id is not one of this hub, and it was asked to refuse that.
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
    /// The status of the answer: 410 if the topic is finished, 413, 400 for the key or the type, 503 if the log cannot be reached.
    pub fn status(&self) -> u16 {
        match self {
            Self::Topic(error) => error.status(),
            Self::Closed => 410,
            Self::TooLarge { .. } => 413,
            Self::KeyTooLong { .. } | Self::ReservedType => 400,
            Self::Unavailable(_) | Self::Unknown(_) => 503,
        }
    }

    /// When the client should try again, if that can help. Not after [`Unknown`](Self::Unknown): that could publish the
    /// event twice.
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
