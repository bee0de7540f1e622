//! The rules, without a runtime and without waiting: `case_13` is case 13 of the table in the crate's documentation.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows test functions, not their helpers

mod answers;
mod ids;
mod model;
mod stops;
mod waits;

use std::time::Duration;

use sse_client::{Attempt, DecodeError, End, Head, Item, Next, Policy, Reconnect, Refusal, Stop};

const NEVER: Duration = Duration::ZERO;

/// The smallest and the largest random number.
const LEAST: u64 = 0;
const MOST: u64 = u64::MAX;

/// A client whose clock the test controls.
struct Client {
    reconnect: Reconnect,
    now: Duration,
    random: u64,
}

impl Client {
    fn new(policy: Policy) -> Self {
        Self::of(Reconnect::new(policy))
    }

    fn of(reconnect: Reconnect) -> Self {
        Self { reconnect, now: Duration::from_secs(1_000), random: LEAST }
    }

    fn connect(&mut self) -> Attempt {
        self.reconnect.connect(self.now)
    }

    /// Opens a connection.
    fn open(&mut self) -> Attempt {
        let attempt = self.connect();
        self.reconnect.opened(&event_stream(), self.now).unwrap();
        attempt
    }

    fn pass(&mut self, time: Duration) -> &mut Self {
        self.now += time;
        self
    }

    /// Receives bytes of the body, and returns their items.
    fn receive(&mut self, bytes: &str) -> Vec<Result<String, DecodeError>> {
        self.receive_after(NEVER, bytes)
    }

    fn receive_after(&mut self, waited: Duration, bytes: &str) -> Vec<Result<String, DecodeError>> {
        self.reconnect.receive(bytes.to_owned().into(), waited);
        std::iter::from_fn(|| self.reconnect.next_item())
            .map(|item| {
                item.map(|item| match item {
                    Item::Event(event) => event.data().to_owned(),
                    Item::Comment(text) => format!(":{text}"),
                    item => panic!("{item:?}"),
                })
            })
            .collect()
    }

    fn close(&mut self, end: End) -> Next {
        self.reconnect.closed(end, self.now, self.random)
    }

    /// A connection that receives `bytes`, and ends with `end` after `time`.
    fn connection(&mut self, bytes: &str, time: Duration, end: End) -> Next {
        self.open();
        self.receive(bytes);
        self.pass(time).close(end)
    }

    /// An attempt that is refused with this head.
    fn answer(&mut self, head: &Head<'_>) -> Next {
        self.connect();
        let refusal = self.reconnect.opened(head, self.now).unwrap_err();
        self.close(End::Refused(refusal))
    }

    fn fail(&mut self) -> Next {
        self.connect();
        self.close(End::Failed)
    }
}

fn event_stream() -> Head<'static> {
    Head { content_type: Some(b"text/event-stream"), ..Head::new(200) }
}

fn delay(next: Next) -> Duration {
    match next {
        Next::Wait(wait) => wait.delay,
        next => panic!("{next:?}"),
    }
}

fn stop(next: Next) -> Stop {
    match next {
        Next::Stop(stop) => stop,
        next => panic!("{next:?}"),
    }
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn refused(status: u16) -> Refusal {
    Head { status, ..event_stream() }.check().unwrap_err()
}
