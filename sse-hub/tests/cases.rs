//! The cases of sse-hub/README.md, by number.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

mod cases {
    mod attach;
    mod errors;
    mod finish;
    mod log;
    mod publish;
    #[cfg(feature = "axum")]
    mod response;
    mod resume;
    mod slow;
    mod start;
    mod topics;
}
