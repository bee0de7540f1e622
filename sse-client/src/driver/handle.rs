//! Closing and reconnecting from another task.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Waker},
};

/// Closes an [`EventSource`](crate::EventSource), or makes it reconnect, from another task or thread.
///
/// Made by [`EventSource::handle`](crate::EventSource::handle). Clones share the stream. Dropping it does nothing.
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

    /// Ends the stream in any state.
    ///
    /// This wakes its task. Its connection is dropped when it is polled.
    pub fn close(&self) {
        self.command(Command::Close);
    }

    /// Reconnects now, even during a wait, with the last event ID, and resets the count of failures.
    ///
    /// It does nothing before an attempt begins, or after the stream has ended.
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

    /// Takes the last command. The next one wakes the task.
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
