//! A run of Redis, and a connection to it.

use std::{collections::HashMap, sync::Arc};

use redis::{RedisError, aio::MultiplexedConnection, cmd};

use crate::redis::{
    error::{Failure, Next},
    publisher::ConnectionNumber,
};

/// A connection, its number, and the run of Redis that it is connected to.
#[derive(Clone, Debug)]
pub(super) struct Numbered {
    pub(super) number: ConnectionNumber,
    pub(super) connection: MultiplexedConnection,
    pub(super) run: Arc<Run>,
}

/// A run of Redis, from its start to its end. No connection outlives it.
#[derive(Debug, Default)]
pub(super) struct Run {
    /// Its unique id, or empty if Redis does not say.
    pub(super) id: String,
    /// The version, if Redis says.
    pub(super) version: Option<String>,
    /// Whether the next run has everything that this one acknowledged.
    pub(super) keeps_all: bool,
}

impl Run {
    /// Asks Redis about its run, as far as its permissions allow.
    pub(super) async fn ask(
        connection: &mut MultiplexedConnection,
        keeps_all: Option<bool>,
    ) -> Result<Self, RedisError> {
        let info: Option<String> = if_allowed(cmd("INFO").arg("server").query_async(connection).await)?;
        let info = info.unwrap_or_default();
        let field =
            |name| info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
        let keeps_all = match keeps_all {
            Some(keeps_all) => keeps_all,
            None => is_synced(connection).await?,
        };
        Ok(Self {
            id: field("run_id").unwrap_or_default().to_owned(),
            version: field("redis_version").map(str::to_owned),
            keeps_all,
        })
    }
}

/// Whether each write is on disk before it is answered.
async fn is_synced(connection: &mut MultiplexedConnection) -> Result<bool, RedisError> {
    let mut get = cmd("CONFIG");
    get.arg("GET").arg("appendonly").arg("appendfsync");
    let settings: Option<HashMap<String, String>> = if_allowed(get.query_async(connection).await)?;
    let settings = settings.unwrap_or_default();
    let is = |name, value| settings.get(name).is_some_and(|is| is == value);
    Ok(is("appendonly", "yes") && is("appendfsync", "always"))
}

/// `None` if Redis refused the command.
fn if_allowed<T>(answer: Result<T, RedisError>) -> Result<Option<T>, RedisError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if Failure::from(error.clone()).next == Next::GiveUp => Ok(None),
        Err(error) => Err(error),
    }
}
