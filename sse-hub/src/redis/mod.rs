//! Topics that several processes share through Redis Streams (feature `redis`).
//!
//! ```no_run
//! use sse_hub::{Hub, redis::Redis};
//!
//! # async fn connect() -> Result<(), sse_hub::redis::Error> {
//! let hub = Hub::builder().backplane(Redis::connect("redis://127.0.0.1").await?).build();
//! # drop(hub);
//! # Ok(())
//! # }
//! ```
//!
//! Each topic is a stream. Any process can die, and clients resume at any other. No event is lost without a gap, none
//! comes twice, and no id is used again, even if Redis comes back with an older state, or empty. `docs/redis.md` of
//! this crate explains how.
//!
//! # Requirements
//!
//! - Redis 7.0 or later, or Valkey: one server, perhaps with replicas, but not a cluster. A proxy must not connect to
//!   another server without closing the connection.
//! - The commands `PING`, `EVAL`, `EVALSHA`, `SCRIPT LOAD`, and for keys under the prefix `XADD`, `XRANGE`,
//!   `XREVRANGE`, `XREAD`, `XINFO`, `EXISTS`, `GET`, `SET`, `DEL`, `HMGET`, `HSET`, `PEXPIRE`, `TIME`. `CLIENT` is
//!   optional.
//! - `INFO`, which shows whether Redis was restarted. Without it, a loss that no process knows of is not reported.
//! - `appendonly yes` and `appendfsync always`, if published events must survive a crash of Redis. Otherwise the last
//!   events may be lost, and clients get a gap after each restart of Redis, whether something was lost or not. The
//!   hub asks with `CONFIG GET`; where that is not allowed, set [`Builder::restart_keeps_all`].
//!
//! For TLS, depend on `redis` as well, with one of its features such as `tokio-rustls-comp`, and use a `rediss` URL.
//!
//! # Costs
//!
//! Two connections for each process. Redis keeps [`Builder::history`] events of each topic and deletes no topic, unless
//! [`Builder::expire_after`] is set. A process names all its topics in each `XREAD`: that suits thousands of topics in
//! a process, not hundreds of thousands.

// A file uses only files below it:
//
// | file | |
// | --- | --- |
// | `backplane` | `Redis` and its settings |
// | `follow` | the tail: waits for new entries of all topics |
// | `read`, `append` | what clients and publishers ask for |
// | `loss` | reports a loss |
// | `inner` | the state that all of these share |
// | `topic`, `readers` | the state of a topic, and of the reads |
// | `connection` | the shared connection, replaced when it is lost |
// | `command` | the commands and their answers |
// | `run` | a run of Redis, and a connection to it |
// | `page`, `tail`, `attempt` | the rules for reading, following and appending, without I/O |
// | `publisher` | the rules for a publisher's view of a topic |
// | `log` | the entries of a stream |
// | `error` | errors, and what to do next |

mod append;
mod attempt;
mod backplane;
mod command;
#[cfg(test)]
mod compared;
mod connection;
mod error;
mod follow;
mod inner;
mod log;
mod loss;
#[cfg(test)]
mod model;
mod page;
#[cfg(test)]
mod promises;
mod publisher;
mod read;
mod readers;
mod run;
mod tail;
mod topic;
#[cfg(test)]
mod truth;
#[cfg(test)]
mod world;

pub use self::{
    backplane::{Builder, Redis},
    error::Error,
};
