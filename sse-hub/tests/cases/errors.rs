//! The status, the time to retry and the source of each error.

use std::error::Error;

use sse_hub::{
    Position,
    error::{PublishError, ReadError, SubscribeError},
};

use crate::support::log::unreachable;

#[test]
fn what_is_unreachable_has_its_source_and_a_time() {
    let error = SubscribeError::from(unreachable());
    assert_eq!(error.status(), 503);
    assert!(error.retry_after().is_some());
    let source = error.source().unwrap().source().unwrap();
    assert_eq!(source.to_string(), "connection refused");

    let busy = SubscribeError::from(ReadError::Busy);
    assert_eq!((busy.status(), busy.retry_after().is_some()), (503, true));

    let error = PublishError::Unavailable("connection refused".into());
    assert_eq!((error.status(), error.retry_after().is_some()), (503, true));
    assert_eq!(error.source().unwrap().to_string(), "connection refused");
    // An automatic retry could publish it twice.
    let error = PublishError::Unknown("connection reset".into());
    assert_eq!((error.status(), error.retry_after()), (503, None));
    assert_eq!(error.source().unwrap().to_string(), "connection reset");
}

#[test]
fn a_number_that_is_too_large_is_a_source() {
    let error = "1-18446744073709551616".parse::<Position>().unwrap_err();
    assert!(error.source().is_some());
    assert_eq!("18446744073709551615-18446744073709551615".parse(), Ok(Position::new(u64::MAX, u64::MAX)));
}
