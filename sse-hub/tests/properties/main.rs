//! Random sequences of all that can happen, compared with a list of all events that ever were.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod one_process;
mod shared_log;
