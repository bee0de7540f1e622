//! The example programs from outside. One program, since most tests wait: so they wait at once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows test functions, not their helpers

mod browser;
mod cli;
mod decode;
mod encode;
#[cfg(feature = "gateway")]
mod gateway;
#[cfg(target_os = "linux")]
mod idle;
mod links;
mod numbers;
mod ping;
mod ping_headers;
#[cfg(all(feature = "axum", feature = "warp"))]
mod reconnect;
mod requests;
mod round_trip;
#[cfg(unix)]
mod signals;
mod silence;
#[cfg(target_os = "linux")]
mod terminal;

/// The programs that listen, all at `/sse`.
const SERVERS: &[&str] = &[
    #[cfg(feature = "axum")]
    "axum",
    "ping",
    #[cfg(feature = "warp")]
    "ping_warp",
    "plain",
];
