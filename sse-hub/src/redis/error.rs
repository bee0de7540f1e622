//! What can go wrong with Redis.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::error::BoxError;

/// Why something could not be done with Redis. It is the `source` of [`PublishError::Unavailable`] and its like.
///
/// [`PublishError::Unavailable`]: crate::error::PublishError::Unavailable
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The URL is not one.
    #[error("not a URL of Redis; it has the form `redis://[user:password@]host[:port][/database]`")]
    Url(#[source] BoxError),
    /// There is no connection, or no answer in time.
    #[error("Redis cannot be reached; check the URL, and that Redis runs and listens there")]
    Unreachable(#[source] BoxError),
    /// Redis answered with an error. Its text says what to do.
    #[error("Redis refused a command")]
    Refused(#[source] BoxError),
    /// This version does not have what is needed.
    #[error("this is Redis {version}; use version 7.0 or later, or Valkey")]
    TooOld {
        /// What it says of itself.
        version: String,
    },
    /// A key has something that no hub wrote.
    #[error(
        "key {key:?} has an entry {id:?} that no hub wrote: {what}; set another prefix, or delete the key"
    )]
    Foreign {
        /// The key of the stream.
        key: String,
        /// The id of the entry.
        id: String,
        /// What is wrong with it.
        what: &'static str,
    },
}

/// An error with what to do next.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: Error,
    pub(super) next: Next,
}

/// What to do after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing will help.
    GiveUp,
    /// The command was not carried out. It may be on another connection, in a while.
    TryAgain,
    /// Whether the command was, or will be, carried out is not known. The connection is of no use any more.
    Unknown,
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        match error.kind() {
            // It loads its data, or it is not the master any more.
            ErrorKind::Server(
                ServerErrorKind::BusyLoading
                | ServerErrorKind::ReadOnly
                | ServerErrorKind::MasterDown
                | ServerErrorKind::TryAgain
                | ServerErrorKind::ClusterDown,
            ) => Self { error: Error::Refused(error.into()), next: Next::TryAgain },
            ErrorKind::Server(_) | ErrorKind::Extension => {
                Self { error: Error::Refused(error.into()), next: Next::GiveUp }
            }
            _ => Self { error: Error::Unreachable(error.into()), next: Next::Unknown },
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, next: Next::GiveUp }
    }
}
