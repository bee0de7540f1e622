//! The connection for everything but the tail, and its replacement when it is lost.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use redis::{AsyncConnectionConfig, Client, aio::MultiplexedConnection};
use tokio::time::Instant;

use crate::redis::{
    command,
    error::{Error, Failure, Next},
    publisher::ConnectionNumber,
    run::{Numbered, Run},
};

/// The time between two attempts to connect.
const PAUSE: Duration = Duration::from_millis(100);

/// How long after an answer a connection is used without a `PING`.
const PROVEN_FOR: Duration = Duration::from_secs(1);

/// One connection at a time, shared by all tasks.
///
/// The manager of the client library connects again unnoticed. But each connection has to begin its own epochs, so the
/// connections are numbered here.
#[derive(Debug)]
pub(super) struct Shared {
    client: Client,
    config: AsyncConnectionConfig,
    /// Whether a restart loses nothing, if that is set.
    keeps_all: Option<bool>,
    current: Mutex<Option<Current>>,
    /// Held while connecting: the number of the last connection, and the last failure.
    connecting: tokio::sync::Mutex<(ConnectionNumber, Option<(Instant, redis::RedisError)>)>,
}

/// The current connection, and until when it is used without a `PING`.
#[derive(Debug)]
struct Current {
    numbered: Numbered,
    proven_until: Instant,
}

impl Shared {
    pub(super) fn new(client: Client, config: AsyncConnectionConfig, keeps_all: Option<bool>) -> Self {
        Self {
            client,
            config,
            keeps_all,
            current: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
        }
    }

    /// Returns the current connection, or a new one.
    ///
    /// A command that is sent on a broken connection has an unknown outcome. So an idle connection is checked with
    /// `PING` first.
    pub(super) async fn get(&self) -> Result<Numbered, Failure> {
        if let Some(mut current) = self.current() {
            if self.is_proven() {
                return Ok(current);
            }
            match command::ping(&mut current.connection).await {
                Ok(()) => {
                    self.prove(current.number);
                    return Ok(current);
                }
                Err(_) => self.lose(current.number),
            }
        }
        let mut connecting = self.connecting.lock().await;
        if let Some(current) = self.current() {
            return Ok(current);
        }
        let (last_number, last_failure) = &mut *connecting;
        // Callers that waited for the attempt share its outcome.
        if let Some((at, error)) = last_failure
            && at.elapsed() < PAUSE
        {
            return Err(unreachable(error.clone()));
        }
        match self.connect().await {
            Ok((connection, run)) => {
                *last_number += 1;
                *last_failure = None;
                let current = Numbered { number: *last_number, connection, run: Arc::new(run) };
                let proven_until = Instant::now() + PROVEN_FOR;
                *self.lock() = Some(Current { numbered: current.clone(), proven_until });
                Ok(current)
            }
            Err(error) => {
                *last_failure = Some((Instant::now(), error.clone()));
                Err(unreachable(error))
            }
        }
    }

    async fn connect(&self) -> Result<(MultiplexedConnection, Run), redis::RedisError> {
        let mut connection = self.client.get_multiplexed_async_connection_with_config(&self.config).await?;
        let run = Run::ask(&mut connection, self.keeps_all).await?;
        Ok((connection, run))
    }

    /// Records that this connection has answered.
    pub(super) fn prove(&self, number: ConnectionNumber) {
        if let Some(current) = self.lock().as_mut().filter(|current| current.numbered.number == number) {
            current.proven_until = Instant::now() + PROVEN_FOR;
        }
    }

    /// Has the connection checked before its next use, since another one is broken.
    pub(super) fn suspect(&self) {
        if let Some(current) = self.lock().as_mut() {
            current.proven_until = Instant::now();
        }
    }

    /// Stops using this connection.
    pub(super) fn lose(&self, number: ConnectionNumber) {
        self.lock().take_if(|current| current.numbered.number == number);
    }

    fn current(&self) -> Option<Numbered> {
        self.lock().as_ref().map(|current| current.numbered.clone())
    }

    fn is_proven(&self) -> bool {
        self.lock().as_ref().is_some_and(|current| Instant::now() < current.proven_until)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Current>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits before the next attempt.
pub(super) async fn pause() {
    tokio::time::sleep(PAUSE).await;
}

/// A failure to connect. Nothing was sent, and a later attempt may succeed.
pub(super) fn unreachable(error: redis::RedisError) -> Failure {
    Failure { error: Error::Unreachable(error.into()), next: Next::TryAgain }
}
