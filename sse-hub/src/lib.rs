#![cfg_attr(feature = "axum", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "axum"),
    doc = "Topics for Server-Sent Events: history, exact resume after `Last-Event-ID`, and reported gaps."
)]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod attach;
#[cfg(feature = "axum")]
mod axum;
pub mod backplane;
mod channel;
pub mod error;
mod feed;
mod gap;
mod hub;
mod keys;
mod log;
mod log_page;
mod position;
#[cfg(feature = "redis")]
pub mod redis;
mod registry;
mod ring;
mod seen;
mod stats;
mod subscriber;
mod subscription;
mod sync;
mod topic;
mod wakers;

pub use attach::Start;
pub use gap::{Gap, OnGap, Reason};
pub use hub::{Builder, Hub};
pub use position::Position;
pub use seen::Seen;
pub use stats::{Stats, TopicStats};
pub use subscriber::Subscriber;
pub use subscription::Subscription;
pub use topic::Topic;
