//! The driver: in paused time with servers without sockets, and over real sockets. `case_29` is case 29 of the table in
//! the crate's documentation.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows test functions, not their helpers

mod answers;
mod ends;
mod leaving;
mod runtimes;
mod silence;
mod sockets;
mod waits;

use std::{io, time::Duration};

use futures_util::{Stream, StreamExt};
use sse_client::{Attempt, Error, EventSource, Failure, Policy, Update};
use sse_conformance::scripts::memory::{self, Request, Script};

type Server = memory::Server<Attempt>;
type Life = Update<io::Error, Script>;
type Cut = Error<io::Error, Script>;

fn source<F: FnMut(Attempt) -> Request>(
    connect: F,
    policy: Policy,
) -> EventSource<F, Request, Script, io::Error> {
    EventSource::new(connect).policy(policy)
}

fn events(server: &Server, policy: Policy) -> impl Stream<Item = Result<String, Cut>> + Unpin + Send + use<> {
    source(server.connect(), policy).map(|event| event.map(|event| event.data().to_owned()))
}

/// The updates, as short texts.
async fn tell(updates: impl Stream<Item = Result<Life, Cut>>) -> Vec<String> {
    updates
        .map(|update| update.map_or_else(|error| error_in_short(&error), |update| in_short(&update)))
        .collect()
        .await
}

fn in_short(update: &Life) -> String {
    match update {
        Update::Connecting(attempt) => format!("connecting {}", attempt.number()),
        Update::Open(_) => "open".to_owned(),
        Update::Event(event) => event.data().to_owned(),
        Update::Comment(text) => format!(":{text}"),
        Update::LastEventId { id, is_sendable } => {
            format!("id {id}{}", if *is_sendable { "" } else { " not sent" })
        }
        Update::Skipped(error) => format!("skipped {:?}", error.kind()),
        Update::Waiting { failure, .. } => format!("waiting: {}", failure_in_short(failure)),
        Update::Ended(ending) => format!("{ending:?}"),
        update => panic!("{update:?}"),
    }
}

fn error_in_short(error: &Cut) -> String {
    let kind = match error {
        Error::Failed(_) => "failed",
        Error::GaveUp(_) => "gave up",
        Error::Truncated(_) => "truncated",
        Error::WaitTooLong { .. } => "wait too long",
        Error::TooLarge(_) => "too large",
        Error::NoTimer => "no timer",
        error => panic!("{error:?}"),
    };
    error
        .failure()
        .map_or_else(|| kind.to_owned(), |failure| format!("{kind}: {}", failure_in_short(failure)))
}

fn failure_in_short(failure: &Failure<io::Error, Script>) -> String {
    match failure {
        Failure::Refused(refused) => refused.response.status().as_str().to_owned(),
        Failure::Broken(_) => "broken".to_owned(),
        Failure::Request(error) => error.to_string(),
        failure => format!("{failure:?}").to_lowercase(),
    }
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
