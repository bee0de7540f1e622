//! A publisher: one event after another, each at any server.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use http_body_util::{BodyExt, Full};
use hyper::{
    Request, StatusCode,
    header::{HOST, RETRY_AFTER},
};
use tokio::{
    sync::watch,
    time::{self, Instant},
};

use crate::{
    client::Phase,
    http::Connection,
    log::{Outcome, Publication},
    payload::{FENCE, Payload},
    process::Error,
    random::Random,
};

/// How long it waits for a response. A server may be stopped for a few seconds.
const PATIENCE: Duration = Duration::from_secs(6);

#[derive(Debug)]
pub(crate) struct Publisher {
    number: u8,
    topics: u16,
    /// The mean time between two events, in seconds.
    interval: f64,
    servers: Arc<[SocketAddr]>,
    start: Instant,
    connections: Vec<Option<Connection>>,
    random: Random,
    log: Vec<Publication>,
}

impl Publisher {
    pub(crate) fn new(
        number: u8,
        topics: u16,
        rate: f64,
        servers: Arc<[SocketAddr]>,
        start: Instant,
        random: Random,
    ) -> Self {
        let connections = servers.iter().map(|_| None).collect();
        Self { number, topics, interval: 1.0 / rate, servers, start, connections, random, log: Vec::new() }
    }

    /// Publishes until the run is calm.
    pub(crate) async fn run(mut self, phase: watch::Receiver<Phase>) -> Vec<Publication> {
        let mut number = 0;
        let mut topic = 0;
        let mut burst = 0;
        while *phase.borrow() == Phase::Stormy {
            if burst == 0 {
                topic = self.random.below(self.topics.into()) as u16;
                burst = if self.random.chance(0.03) { 20 } else { 1 };
                time::sleep(self.random.around(self.interval)).await;
            }
            burst -= 1;
            self.publish(Payload { topic, publisher: self.number, number }).await;
            number += 1;
        }
        self.log
    }

    /// Publishes the last event of each topic, again until one is there.
    pub(crate) async fn end(mut self) -> Vec<Publication> {
        for topic in 0..self.topics {
            for number in 0..50 {
                match self.publish(Payload { topic, publisher: FENCE, number }).await {
                    Outcome::Published(..) => break,
                    _ => time::sleep(Duration::from_millis(300)).await,
                }
            }
        }
        self.log
    }

    /// Half of the events have a key. Where their outcome is unknown, they are sent again with it.
    async fn publish(&mut self, payload: Payload) -> Outcome {
        let has_key = self.random.chance(0.5);
        let mut outcome = self.send(payload, has_key).await;
        if has_key {
            for _ in 0..4 {
                if outcome != Outcome::Unknown {
                    break;
                }
                time::sleep(self.random.time(0.05, 0.5)).await;
                // A refusal says nothing about the first attempt.
                outcome = match self.send(payload, true).await {
                    Outcome::Refused(_) => Outcome::Unknown,
                    known => known,
                };
            }
        }
        self.log.push(Publication { payload, outcome });
        outcome
    }

    async fn send(&mut self, payload: Payload, has_key: bool) -> Outcome {
        let server = self.random.below(self.servers.len());
        let (Some(&addr), Some(slot)) = (self.servers.get(server), self.connections.get_mut(server)) else {
            return Outcome::Refused(0);
        };
        let mut connection = match slot.take().filter(|connection| !connection.is_closed()) {
            Some(connection) => connection,
            None => match Connection::open(addr).await {
                Ok(connection) => connection,
                // Nothing was sent.
                Err(_) => return Outcome::Refused(0),
            },
        };
        let event_type = if payload.number.is_multiple_of(2) { "" } else { "?type=odd" };
        let mut request =
            Request::post(format!("/topics/t{}{event_type}", payload.topic)).header(HOST, addr.to_string());
        if has_key {
            request = request.header("idempotency-key", payload.to_string());
        }
        let Ok(request) = request.body(Full::from(payload.text())) else { return Outcome::Refused(0) };
        let answer = time::timeout(PATIENCE, async {
            let (head, body) = connection.send(request).await?.into_parts();
            Ok::<_, Error>((head, body.collect().await?.to_bytes()))
        });
        let Ok(Ok((head, text))) = answer.await else { return Outcome::Unknown };
        // The connection can be used for the next event.
        *slot = Some(connection);
        let position = str::from_utf8(&text).ok().and_then(|text| text.strip_suffix('\n')?.parse().ok());
        match (head.status, position) {
            (StatusCode::OK, Some(position)) => Outcome::Published(position, self.start.elapsed()),
            // `Retry-After` is right only if the event is surely not in the log.
            (StatusCode::SERVICE_UNAVAILABLE, _) if head.headers.contains_key(RETRY_AFTER) => {
                Outcome::Refused(503)
            }
            (StatusCode::SERVICE_UNAVAILABLE, _) => Outcome::Unknown,
            (status, _) => Outcome::Odd(status.as_u16()),
        }
    }
}
