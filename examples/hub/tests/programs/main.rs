//! The programs of the hub from outside. One program, since most tests wait: so they wait at once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows test functions, not their helpers

mod crowd;
#[cfg(unix)]
mod gate;
mod hub;
#[cfg(unix)]
mod page;
mod short;
