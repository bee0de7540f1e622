//! A client that listens to one topic, leaves at random, comes back at any server, and records everything it sees.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use http_body_util::{BodyExt, Full};
use hyper::{Request, StatusCode, body::Incoming, header::HOST};
use serde_json::Value;
use sse_codec::{Decoder, EventRef};
use tokio::{
    sync::watch,
    time::{self, Instant},
};

use crate::{
    http::Connection,
    log::{ClientLog, Close, Record},
    payload::{FENCE, Payload},
    position::Position,
    random::Random,
};

#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) servers: Arc<[SocketAddr]>,
    pub(crate) start: Instant,
    pub(crate) phase: watch::Receiver<Phase>,
    pub(crate) random: Random,
    pub(crate) log: ClientLog,
    cursor: Option<Position>,
}

/// When a run of faults ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Clients come and go.
    Stormy,
    /// No more faults. Clients stay, or come back.
    Calm,
    /// By now each client must have the last event of its topic.
    Over(Instant),
}

/// How long a client stays on a connection: until it closes, if nothing is set.
#[derive(Default)]
struct Stay {
    leave: Option<Instant>,
    events_left: Option<u32>,
    /// It reads nothing for this time, after the head of the response.
    sleep: Option<Duration>,
}

impl Client {
    pub(crate) fn new(
        number: usize,
        topic: u16,
        servers: Arc<[SocketAddr]>,
        start: Instant,
        phase: watch::Receiver<Phase>,
        random: Random,
    ) -> Self {
        let log = ClientLog { client: number, topic, records: Vec::new() };
        Self { servers, start, phase, random, log, cursor: None }
    }

    /// Listens until the last event of the topic.
    pub(crate) async fn run(mut self) -> ClientLog {
        let mut phase = self.phase.clone();
        let over = async move {
            if let Ok(Phase::Over(at)) =
                phase.wait_for(|phase| matches!(phase, Phase::Over(_))).await.map(|phase| *phase)
            {
                time::sleep_until(at).await;
            }
        };
        let is_over = tokio::select! {
            () = self.come_and_go() => false,
            () = over => true,
        };
        if is_over {
            self.note(Record::Stuck);
        }
        self.log
    }

    async fn come_and_go(&mut self) {
        loop {
            let server = self.random.below(self.servers.len());
            self.note(Record::Asked { server: server as u8, cursor: self.cursor });
            let close = self.connection(server).await;
            self.note(Record::Closed(close));
            if close == Close::Done {
                return;
            }
            self.pause(close).await;
        }
    }

    /// The time between two connections: most clients come back soon, some at once, some later.
    async fn pause(&mut self, close: Close) {
        if self.is_stormy() && close == Close::Left && self.random.chance(0.1) {
            let mut phase = self.phase.clone();
            tokio::select! {
                () = time::sleep(self.random.time(1.0, 6.0)) => {}
                _ = phase.wait_for(|phase| *phase != Phase::Stormy) => {}
            }
        } else if close != Close::Left || self.random.chance(0.7) {
            time::sleep(self.random.time(0.02, 0.4)).await;
        }
    }

    fn is_stormy(&self) -> bool {
        *self.phase.borrow() == Phase::Stormy
    }

    fn stay(&mut self) -> Stay {
        if !self.is_stormy() {
            return Stay::default();
        }
        let time = if self.random.chance(0.1) { Duration::ZERO } else { self.random.around(5.0) };
        Stay {
            leave: Some(Instant::now() + time),
            events_left: self.random.chance(0.3).then(|| 1 + self.random.below(40) as u32),
            sleep: self.random.chance(0.03).then(|| self.random.time(1.0, 4.0)),
        }
    }

    async fn connection(&mut self, server: usize) -> Close {
        let mut stay = self.stay();
        let Some(&addr) = self.servers.get(server) else { return Close::Broke };
        let Ok(mut connection) = Connection::open(addr).await else { return Close::Broke };
        let mut request = Request::get(format!("/topics/t{}", self.log.topic)).header(HOST, addr.to_string());
        if let Some(cursor) = self.cursor {
            request = request.header("last-event-id", cursor.to_string());
        }
        let Ok(request) = request.body(Full::default()) else { return Close::Broke };
        let head = tokio::select! {
            // A server that is stopped answers nothing.
            head = time::timeout(Duration::from_secs(8), connection.send(request)) => head,
            () = leave(stay.leave) => return Close::Left,
        };
        let Ok(Ok(response)) = head else { return Close::Broke };
        if response.status() != StatusCode::OK {
            self.note(Record::Refused { status: response.status().as_u16() });
            // `Retry-After` counts whole seconds, and a run is short.
            return Close::Ended;
        }
        if let Some(sleep) = stay.sleep {
            time::sleep(sleep).await;
        }
        self.listen(response.into_body(), &mut stay).await
    }

    async fn listen(&mut self, mut body: Incoming, stay: &mut Stay) -> Close {
        let mut decoder = Decoder::new();
        let mut phase = self.phase.clone();
        loop {
            let frame = tokio::select! {
                frame = body.frame() => frame,
                () = leave(stay.leave) => return Close::Left,
                _ = phase.wait_for(|phase| *phase != Phase::Stormy), if stay.leave.is_some() => {
                    *stay = Stay::default();
                    continue;
                }
            };
            let chunk = match frame {
                None => return Close::Ended,
                Some(Err(_)) => return Close::Broke,
                Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
            };
            let mut events = decoder.decode(&chunk);
            while let Some(event) = events.next_event() {
                let record = match event {
                    Ok(event) => read(&event, self.start.elapsed()),
                    Err(error) => Record::Odd(error.to_string()),
                };
                if let Record::Ready(at) | Record::Event(at, ..) | Record::Gap { id: at, .. } = record {
                    self.cursor = Some(at);
                }
                let is_last = matches!(record, Record::Event(_, Payload { publisher: FENCE, .. }, _));
                self.note(record);
                if is_last {
                    return Close::Done;
                }
                if let Some(left) = &mut stay.events_left {
                    *left -= 1;
                    // The rest of the chunk was not seen.
                    if *left == 0 {
                        return Close::Left;
                    }
                }
            }
        }
    }

    fn note(&mut self, record: Record) {
        self.log.records.push(record);
    }
}

async fn leave(at: Option<Instant>) {
    match at {
        Some(at) => time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// The record of an event.
fn read(event: &EventRef<'_>, now: Duration) -> Record {
    let odd = || Record::Odd(format!("{:?} {:?} {:.60}", event.id(), event.event_type(), event.data()));
    if event.event_type() == "bye" && event.id().is_none() {
        return Record::Bye;
    }
    let Some(at) = event.id().and_then(|id| id.parse().ok()) else { return odd() };
    match event.event_type() {
        "ready" => Record::Ready(at),
        "gap" => {
            let Ok(gap) = serde_json::from_str::<Value>(event.data()) else { return odd() };
            let Some(reason) = gap.get("reason").and_then(Value::as_str) else { return odd() };
            let missed = gap.get("missed").and_then(Value::as_u64);
            Record::Gap { id: at, reason: reason.to_owned(), missed, at: now }
        }
        _ => Payload::of(event.data()).map_or_else(odd, |payload| Record::Event(at, payload, now)),
    }
}
