//! The connection for all but the tail, and how a lost one is replaced.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use redis::{AsyncConnectionConfig, Client, aio::MultiplexedConnection};
use tokio::time::Instant;

use crate::redis::{
    Error,
    error::{Failure, Next},
    publisher::ConnectionNumber,
};

/// Between two attempts to connect.
const PAUSE: Duration = Duration::from_millis(100);

/// One connection at a time, for all who need one.
///
/// The client library has a manager that connects anew unseen. But each connection has to begin its own epochs, so the
/// connections are counted here.
#[derive(Debug)]
pub(super) struct Shared {
    client: Client,
    config: AsyncConnectionConfig,
    current: Mutex<Option<Numbered>>,
    /// Held while connecting: the number of the last connection, and the last failure.
    connecting: tokio::sync::Mutex<(ConnectionNumber, Option<(Instant, redis::RedisError)>)>,
}

/// A connection and its number.
#[derive(Clone, Debug)]
pub(super) struct Numbered {
    pub(super) number: ConnectionNumber,
    pub(super) connection: MultiplexedConnection,
}

impl Shared {
    pub(super) fn new(client: Client, config: AsyncConnectionConfig) -> Self {
        Self { client, config, current: Mutex::default(), connecting: tokio::sync::Mutex::default() }
    }

    /// The connection that there is, or a new one.
    pub(super) async fn get(&self) -> Result<Numbered, Failure> {
        if let Some(current) = self.current() {
            return Ok(current);
        }
        let mut connecting = self.connecting.lock().await;
        if let Some(current) = self.current() {
            return Ok(current);
        }
        let (last_number, last_failure) = &mut *connecting;
        // Those who waited for the attempt share its outcome.
        if let Some((at, error)) = last_failure
            && at.elapsed() < PAUSE
        {
            return Err(unreachable(error.clone()));
        }
        match self.client.get_multiplexed_async_connection_with_config(&self.config).await {
            Ok(connection) => {
                *last_number += 1;
                *last_failure = None;
                let current = Numbered { number: *last_number, connection };
                *self.lock() = Some(current.clone());
                Ok(current)
            }
            Err(error) => {
                *last_failure = Some((Instant::now(), error.clone()));
                Err(unreachable(error))
            }
        }
    }

    /// Do not use this connection any more.
    pub(super) fn lose(&self, number: ConnectionNumber) {
        let mut current = self.lock();
        if current.as_ref().is_some_and(|current| current.number == number) {
            *current = None;
        }
    }

    fn current(&self) -> Option<Numbered> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Numbered>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits before the next attempt.
pub(super) async fn pause() {
    tokio::time::sleep(PAUSE).await;
}

/// A failure to connect: whatever the reason, nothing was sent, and it may pass.
pub(super) fn unreachable(error: redis::RedisError) -> Failure {
    Failure { error: Error::Unreachable(error.into()), next: Next::TryAgain }
}
