#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "std")]
extern crate std;

mod attempt;
mod backoff;
mod end;
mod head;
mod policy;
mod pulse;
mod reconnect;

#[cfg(feature = "http")]
mod driver;

pub use attempt::Attempt;
pub use backoff::Wait;
pub use end::{End, Next, Stop};
pub use head::{Head, Refusal};
pub use policy::{Oversized, Policy};
pub use reconnect::Reconnect;

#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub use driver::{BoxError, Ending, Error, EventSource, Failure, Handle, Refused, Update, Updates};

#[doc(no_inline)]
pub use sse_codec::{Event, EventId, Text, decode::Item, error::DecodeError, limits::Limits};
