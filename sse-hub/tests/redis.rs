//! The cases that need Redis, by number, as sse-hub/README.md lists them. Each test has its own Redis.

#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

mod redis {
    mod client;
    mod lost;
    mod many;
    mod proxy;
    mod publish;
    mod restart;
    mod resume;
}
