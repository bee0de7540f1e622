//! Random sequences of operations, compared with a list of all events ever published.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

mod properties {
    mod one_process;
    mod shared_log;
}
