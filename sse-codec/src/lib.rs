//! sse-codec
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;

mod decode;
mod encode;
mod error;
mod event;
mod value;

pub use decode::{
    Comment, Decoder, DecoderBuilder, Events, Field, Item, ItemRef, Limits, Line, LineDecoder, Lines,
    OwnedEvents,
};
pub use encode::{Block, Encoded};
pub use error::{DecodeError, DecodeErrorKind, ValueError};
pub use event::{Event, EventRef};
pub use value::{EventId, EventType};
