//! Decodes streams of bytes to events, and encodes streams of blocks to bytes.

mod encode;
mod events;
#[cfg(feature = "json")]
mod json;

pub use encode::EncodeStream;
pub use events::{EventStream, Items};
#[cfg(feature = "json")]
pub use json::Json;
