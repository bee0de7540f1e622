//! A reconnecting Server-Sent Events client.

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
mod clock;
#[cfg(feature = "http")]
mod connection;
#[cfg(feature = "http")]
mod drain;
#[cfg(feature = "http")]
mod error;
#[cfg(feature = "http")]
mod event_source;
#[cfg(feature = "http")]
mod handle;
#[cfg(feature = "http")]
mod retry_after;
#[cfg(feature = "http")]
mod update;

pub use attempt::Attempt;
pub use backoff::Wait;
pub use end::{End, Next, Stop};
pub use head::{Head, Refusal};
pub use policy::{Oversized, Policy};
pub use reconnect::Reconnect;

#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub use {
    error::{BoxError, Error, Failure, Refused},
    event_source::EventSource,
    handle::Handle,
    update::{Ending, Update, Updates},
};

#[doc(no_inline)]
pub use sse_codec::{Event, EventId, Text, decode::Item, error::DecodeError, limits::Limits};
