//! What the fuzz targets check. Each function takes any bytes, and panics if the codec, or the body
//! of a response, is wrong about them. There is nothing of a fuzzer in here, so `cargo test` replays the seeds with any compiler.

mod body;
mod case;
mod decode;
mod encode;
mod lines;
mod seeds;
mod stream;

pub use body::body;
pub use decode::decode;
pub use encode::encode;
pub use lines::lines;
pub use seeds::{Seed, seeds};
pub use stream::stream;
