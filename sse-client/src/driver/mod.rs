//! Drives the rules: HTTP, time and tasks.
//!
//! | file | |
//! | --- | --- |
//! | `event_source` | the stream, and its states |
//! | `connection` | an open body, watched for silence |
//! | `drain` | a body after the last event |
//! | `clock` | the timer |
//! | `handle` | closing and reconnecting from another task |
//! | `retry_after` | reads a head for the rules |
//! | `update`, `error` | updates and errors |

mod clock;
mod connection;
mod drain;
mod error;
mod event_source;
mod handle;
mod retry_after;
mod update;

pub use error::{BoxError, Error, Failure, Refused};
pub use event_source::EventSource;
pub use handle::Handle;
pub use update::{Ending, Update, Updates};
