//! The checks of the fuzz targets. Each function accepts any bytes, and panics if the codec, or the body of a
//! response, handles them wrongly. It does not depend on a fuzzer, so `cargo test` replays the seeds with any compiler.

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
