//! Topics for Server-Sent Events: history, exact resume after `Last-Event-ID`, and gaps that are told.

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod backplane;
pub mod error;
mod feed;
mod gap;
mod position;

pub use gap::{Gap, Reason};
pub use position::Position;
