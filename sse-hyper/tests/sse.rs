//! The behaviour of `sse-hyper`, in one program, so that it is linked only once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows test functions, not their helpers

mod common;

mod sse {
    mod age;
    mod closing;
    mod errors;
    mod faults;
    mod frames;
    mod http;
    mod keep_alive;
    mod leaving;
    mod limited_io;
    mod request;
    mod shutdown;
    #[cfg(target_os = "linux")]
    mod vanished;
    mod write_limit;
}
