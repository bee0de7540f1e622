//! Errors of the Redis backplane.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::error::BoxError;

/// An error of Redis or its connection. It is the `source` of [`PublishError::Unavailable`] and similar errors.
///
/// [`PublishError::Unavailable`]: crate::error::PublishError::Unavailable
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The URL is invalid.
    #[error("invalid URL of Redis; use the form `redis://[user:password@]host[:port][/database]`")]
    Url(#[source] BoxError),
    /// There is no connection, or no answer in time.
    #[error("Redis cannot be reached; check the URL, and that Redis runs and listens there")]
    Unreachable(#[source] BoxError),
    /// Redis answered with an error, which is the source.
    #[error("Redis refused a command")]
    Refused(#[source] BoxError),
    /// This version of Redis is too old.
    #[error("this is Redis {version}; use version 7.0 or later, or Valkey")]
    TooOld {
        /// The version that Redis reports.
        version: String,
    },
    /// A key has an entry that no hub wrote.
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
    /// Another attempt would fail too.
    GiveUp,
    /// The command was not carried out. It may succeed later, on another connection.
    TryAgain,
    /// The command may have been carried out, or may still be. The connection is unusable.
    Unknown,
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        match error.kind() {
            // Redis is loading its data, or is no longer the master.
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
