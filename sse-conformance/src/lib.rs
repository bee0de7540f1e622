//! The conformance kit: tells what a decoder, an encoder, a client or a server gets wrong. It is a program
//! (`kit`, feature `cli`), data (`vectors`), and what the tests of the workspace share.
//!
//! | module | feature | |
//! | --- | --- | --- |
//! | [`vectors`] | | streams, with what browsers gave for them |
//! | [`oracle`], [`utf8`] | | a naive decoder, straight from the standard |
//! | [`naive_lines`] | | a naive splitter of lines |
//! | [`chunkings`] | | ways to cut a stream |
//! | [`corpora`] | | large seeded streams, for benchmarks |
//! | [`programs`], [`examples`], [`http10`] | | programs that run, and a blocking client for those that are servers |
//! | [`redis`] | | a Redis of the test's own |
//! | `browser` | `http` | headless Chromium, and a page in it |
//! | `kit` | `cli` | the program: checks, reports, and what runs them |
//! | `levels` | `codec` | every way through the decoder of sse-codec, in the terms of the oracle |
//! | `calls` | `codec` | sequences of calls, each compared with the oracle |
//! | `strategies` | `strategies` | random streams and settings, for proptest |
//! | `scripts` | `scripts` | servers that follow a script, in memory and on a socket |
//! | `http` | `http` | a client and a server on loopback, and streams that do as they are told |
//! | `responses` | `responses` | checks of responses of sse-hyper, whoever sends them |
//!
//! Nothing here that says what is right knows the code under test: the oracle is written from the standard, and the
//! vectors are what browsers gave.

#![forbid(unsafe_code)]
// For tests: what should not happen ends the test at once.
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
