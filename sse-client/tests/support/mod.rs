//! Servers that follow a script: [`script`] without sockets, in paused time; [`server`] on a socket.
#![allow(dead_code)] // each test program uses its part
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows test functions, not their helpers

pub(crate) mod script;
pub(crate) mod server;
