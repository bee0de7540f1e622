//! The codec from outside, in one program: it is linked once, and its tests use all cores. `memory` is a program of its
//! own, since it counts allocations.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows test functions, not their helpers

mod blocks;
mod calls;
mod conformance;
mod encode;
mod events;
mod guard;
mod id_limits;
mod injection;
#[cfg(all(feature = "json", feature = "stream"))]
mod json;
mod large_data;
mod leaked_guard;
mod limits;
mod line_limits;
mod lines;
mod long_text;
mod oracle;
mod reader;
mod segment;
#[cfg(feature = "serde")]
mod serde;
#[cfg(feature = "stream")]
mod stream;
mod usual_streams;
mod values;
