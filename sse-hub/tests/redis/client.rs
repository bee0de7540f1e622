//! Helpers of the tests: processes and their clients.

use std::{collections::VecDeque, time::Duration};

use futures_util::StreamExt;
use sse_conformance::redis::Server;
use sse_hub::{
    Hub, Position, Subscription, Topic,
    redis::{Builder, Redis},
};
use tokio::time::timeout;

use crate::support::{decode, position, tell};

/// How long a step may take before the test fails: far longer than it ever takes.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) const TOPIC: &str = "room";

/// The key of the log of [`TOPIC`].
pub(crate) const KEY: &str = "sse:log:room";

/// A hub with its own connection, like another process.
pub(crate) async fn process(server: &Server) -> Hub {
    process_with(Redis::builder(), &server.url()).await
}

pub(crate) async fn process_with(builder: Builder, url: &str) -> Hub {
    Hub::builder().backplane(builder.connect(url).await.unwrap()).build()
}

/// Publishes the numbers of this range, and returns the last position.
pub(crate) async fn publish(topic: &Topic, numbers: std::ops::RangeInclusive<u64>) -> Position {
    let mut last = None;
    for number in numbers {
        last = Some(topic.publish(number.to_string()).await.unwrap());
    }
    last.unwrap()
}

/// Publishes until it succeeds: the outcome is unknown at first, if the connection is broken.
pub(crate) async fn publish_again(topic: &Topic, number: u64) {
    within(async { while topic.publish(number.to_string()).await.is_err() {} }).await;
}

pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    timeout(DEADLINE, future).await.expect("it takes far too long")
}

/// A client, which reads event by event.
#[derive(Debug)]
pub(crate) struct Client {
    subscription: Subscription,
    told: VecDeque<(Position, String)>,
    /// The id that it would resume with.
    pub(crate) last: Option<Position>,
}

impl Client {
    /// A client that comes with an id, or without.
    pub(crate) async fn open(topic: &Topic, seen: impl Into<sse_hub::Seen>) -> Self {
        Self::new(within(topic.subscribe(seen)).await.unwrap())
    }

    pub(crate) fn new(subscription: Subscription) -> Self {
        Self { subscription, told: VecDeque::new(), last: None }
    }

    /// A client that comes without an id and gets `ready`.
    pub(crate) async fn begin(topic: &Topic) -> Self {
        let mut client = Self::open(topic, None).await;
        assert!(client.next().await.starts_with("ready"));
        client
    }

    /// The next output: `ready`, `gap …`, `end`, `closed`, or the data of an event.
    pub(crate) async fn next(&mut self) -> String {
        while self.told.is_empty() {
            let Some(events) = within(self.subscription.next()).await else { return "closed".into() };
            for (event, told) in decode(&events).iter().zip(tell(&events)) {
                let told = match event.event_type() {
                    "message" => event.data().to_owned(),
                    // Without the number of its id.
                    _ => told.rsplit_once(" @").unwrap().0.to_owned(),
                };
                self.told.push_back((position(event), told));
            }
        }
        let (position, told) = self.told.pop_front().unwrap();
        self.last = Some(position);
        told
    }

    /// Checks that the next outputs are the events with these numbers.
    pub(crate) async fn expect(&mut self, numbers: std::ops::RangeInclusive<u64>) {
        for number in numbers {
            assert_eq!(self.next().await, number.to_string());
        }
    }

    /// Whether nothing comes for a while. If that is too short, a fault is missed, but no test fails wrongly.
    pub(crate) async fn is_silent(&mut self) -> bool {
        self.told.is_empty() && timeout(Duration::from_millis(300), self.subscription.next()).await.is_err()
    }
}

/// The output of [`Client::next`] for a gap.
pub(crate) fn gap(reason: &str, missed: impl Into<Option<u64>>) -> String {
    let told = crate::support::gap(reason, missed, 0);
    told.rsplit_once(" @").unwrap().0.to_owned()
}
