//! Closing and reconnecting from elsewhere.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Waker},
};

/// Closes an [`EventSource`](crate::EventSource), or lets it connect again, from another task or thread.
///
/// Made by [`EventSource::handle`](crate::EventSource::handle). Clones do the same. To drop it does nothing.
///
/// ```
/// use futures_util::StreamExt;
/// use sse_client::EventSource;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # type Request = std::future::Pending<Result<http::Response<http_body_util::Empty<bytes::Bytes>>, http::Error>>;
/// # let connect = |_| -> Request { std::future::pending() };
/// let mut events = EventSource::new(connect);
/// let handle = events.handle();
/// let reader = tokio::spawn(async move { while let Some(Ok(event)) = events.next().await { println!("{}", event.data()) } });
/// handle.close();
/// reader.await.unwrap();
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct Handle {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    command: Option<Command>,
    waker: Option<Waker>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Close,
    Reconnect,
}

impl Handle {
    pub(crate) fn new() -> Self {
        Self { shared: Arc::default() }
    }

    /// Ends the stream, in whatever state it is. Its task is woken, and what it holds is dropped when it is polled.
    pub fn close(&self) {
        self.command(Command::Close);
    }

    /// Connects again now, also while it waits; with the last event ID, and as if nothing had failed before. While a
    /// stream is beginning or has ended it does nothing.
    pub fn reconnect(&self) {
        self.command(Command::Reconnect);
    }

    fn command(&self, command: Command) {
        let waker = {
            let mut shared = self.lock();
            if shared.command != Some(Command::Close) {
                shared.command = Some(command);
            }
            shared.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The last command. The task is woken by the next one.
    pub(crate) fn take_command(&self, cx: &Context<'_>) -> Option<Command> {
        let mut shared = self.lock();
        match &mut shared.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        shared.command.take()
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
