//! The conformance kit checks a decoder, an encoder, a client or a server. It is a program (`kit`, feature `cli`), data
//! (`vectors`), and the shared code of the workspace's tests.
//!
//! | module | feature | |
//! | --- | --- | --- |
//! | [`vectors`] | | streams, with the results of browsers |
//! | [`oracle`], [`utf8`] | | a naive decoder, straight from the standard |
//! | [`naive_lines`] | | a naive splitter of lines |
//! | [`chunkings`] | | ways to cut a stream |
//! | [`corpora`] | | large seeded streams, for benchmarks |
//! | [`programs`], [`examples`], [`http10`] | | running programs, and a blocking client for servers among them |
//! | [`redis`] | | a Redis for one test |
//! | `browser` | `http` | headless Chromium, and a page in it |
//! | `kit` | `cli` | the program: checks and reports |
//! | `levels` | `codec` | every way to use the decoder of sse-codec, in the types of the oracle |
//! | `calls` | `codec` | sequences of calls, each compared with the oracle |
//! | `strategies` | `strategies` | random streams and settings, for proptest |
//! | `scripts` | `scripts` | servers that follow a script, in memory and on a socket |
//! | `http` | `http` | a client and a server on loopback, and streams that tests control |
//! | `responses` | `responses` | checks of responses of sse-hyper, for any server |
//!
//! The expected results are independent of the code under test: the oracle follows the standard, and the vectors come
//! from browsers.

#![forbid(unsafe_code)]
// For tests: anything unexpected fails the test at once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod chunkings;
pub mod corpora;
pub mod examples;
pub mod http10;
pub mod naive_lines;
pub mod oracle;
pub mod programs;
pub mod redis;
pub mod utf8;
pub mod vectors;

#[cfg(feature = "cli")]
pub mod kit;

#[cfg(feature = "codec")]
pub mod calls;
#[cfg(feature = "codec")]
pub mod levels;

#[cfg(feature = "strategies")]
pub mod strategies;

#[cfg(feature = "scripts")]
pub mod scripts;

#[cfg(feature = "http")]
pub mod browser;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "responses")]
pub mod responses;
