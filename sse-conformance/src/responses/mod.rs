//! Checks of responses of sse-hyper, for any server.

mod crowd;
mod shutdown;

use sse_hyper::{Closed, Event};
use tokio::sync::oneshot;

pub use crowd::{Crowd, Staying, Visit};
pub use shutdown::{OpenStream, open_stream, shuts_down, with_farewell};

/// Small events, numbered from 0, each with its number as id.
pub fn numbered(count: u64) -> impl Iterator<Item = Event> + Clone {
    (0..count).map(|number| Event::new(format!("event {number}")).with_id(number))
}

/// The bytes of [`numbered`] events, written without the encoder.
pub fn numbered_text(count: u64) -> String {
    (0..count).map(|number| format!("id: {number}\ndata: event {number}\n\n")).collect()
}

/// A hook for `on_close`, and the receiver of its call. If the hook is dropped without a call, receiving fails.
pub fn hook() -> (impl FnOnce(Closed) + Send + 'static, oneshot::Receiver<Closed>) {
    let (sender, receiver) = oneshot::channel();
    (move |closed| sender.send(closed).expect("the test waits for the hook"), receiver)
}
