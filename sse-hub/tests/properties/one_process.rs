//! A hub without a backplane: the test knows exactly which events each client must get.

use proptest::{collection::vec, prelude::*};
use sse_hub::{Hub, OnGap, Position, Seen, Start, Subscription, Topic, error::SubscribeError};

use crate::support::*;

#[derive(Clone, Debug)]
enum Step {
    Publish(usize),
    Subscribe(From, Start, OnGap),
    /// Read the next item of this client, or all available ones.
    Poll(usize, bool),
    Drop(usize),
    /// This client reconnects with its last id.
    Reconnect(usize, OnGap),
    Finish,
    /// All clients disconnect, and the hub is replaced. Clients keep their ids.
    Restart,
}

#[derive(Clone, Debug)]
enum From {
    Nothing,
    Malformed,
    Foreign(u64),
    /// This many positions after the last one, or before it if negative.
    Relative(i64),
    /// A position of the hub before this one.
    BeforeRestart(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let start = prop_oneof![Just(Start::Now), Just(Start::Oldest), (0..12_usize).prop_map(Start::Last)];
    let from = prop_oneof![
        3 => Just(From::Nothing),
        1 => Just(From::Malformed),
        1 => (0..9_u64).prop_map(From::Foreign),
        6 => (-20..3_i64).prop_map(From::Relative),
        1 => (0..9_u64).prop_map(From::BeforeRestart),
    ];
    prop_oneof![
        10 => (1..5_usize).prop_map(Step::Publish),
        1 => (5..400_usize).prop_map(Step::Publish),
        6 => (from, start, on_gap()).prop_map(|(from, start, on_gap)| Step::Subscribe(from, start, on_gap)),
        10 => (0..8_usize, any::<bool>()).prop_map(|(client, all)| Step::Poll(client, all)),
        2 => (0..8_usize).prop_map(Step::Drop),
        5 => (0..8_usize, on_gap()).prop_map(|(client, on_gap)| Step::Reconnect(client, on_gap)),
        1 => Just(Step::Finish),
        1 => Just(Step::Restart),
    ]
}

fn on_gap() -> impl Strategy<Value = OnGap> {
    prop_oneof![Just(OnGap::Oldest), Just(OnGap::Latest)]
}

/// All events ever published, and how many of them are kept.
struct Model {
    history: u64,
    epoch: u64,
    /// The data of all events.
    events: Vec<String>,
    is_ended: bool,
}

/// A client, and the state that the model expects of it.
struct Client {
    subscription: Option<Subscription>,
    cursor: u64,
    on_gap: OnGap,
    /// The first event.
    first: Option<String>,
    last_id: Option<Position>,
}

impl Model {
    fn last(&self) -> u64 {
        self.events.len() as u64 + u64::from(self.is_ended)
    }

    fn floor(&self) -> u64 {
        self.last().saturating_sub(self.history)
    }

    fn now(&self) -> u64 {
        if self.is_ended { (self.last() - 1).max(self.floor()) } else { self.last() }
    }

    fn after_gap(&self, on_gap: OnGap) -> u64 {
        if on_gap == OnGap::Latest { self.now() } else { self.floor() }
    }

    /// Where a client begins, and its first event.
    fn attach(&self, seen: Seen, start: Start, on_gap: OnGap) -> Option<(u64, Option<String>)> {
        let position = match seen {
            Seen::Malformed => return Some((self.now(), Some(gap("malformed", None, self.now())))),
            Seen::Nothing => {
                let cursor = match start {
                    Start::Last(events) => {
                        (self.events.len() as u64).saturating_sub(events as u64).max(self.floor())
                    }
                    Start::Oldest => self.floor(),
                    _ => self.now(),
                };
                return Some((cursor, Some(format!("ready @{cursor}"))));
            }
            Seen::UpTo(position) => position,
        };
        let to = self.after_gap(on_gap);
        let seq = position.seq();
        let first = match () {
            _ if !position.is_of("room") => gap("foreign", None, to),
            _ if position.epoch() != self.epoch => gap("reset", None, to),
            _ if self.is_ended && seq == self.last() => return None,
            _ if seq > self.last() => gap("ahead", to.checked_sub(seq), to),
            _ if seq < self.floor() => gap("trimmed", to - seq, to),
            _ => return Some((seq, None)),
        };
        Some((to, Some(first)))
    }

    /// Everything that a client should get now, with the position after each.
    fn expected(&self, client: &Client) -> Vec<(String, u64)> {
        let mut cursor = client.cursor;
        let mut told: Vec<_> = client.first.iter().map(|first| (first.clone(), cursor)).collect();
        if cursor < self.floor() {
            let to = self.after_gap(client.on_gap);
            told.push((gap("slow", to - cursor, to), to));
            cursor = to;
        }
        for seq in cursor + 1..=self.last() {
            match self.events.get(seq as usize - 1) {
                Some(data) => told.push((format!("{seq}: {data}"), seq)),
                None => told.push((format!("end @{seq}"), seq)),
            }
        }
        if self.is_ended {
            told.push(("closed".into(), self.last()));
        }
        told
    }
}

struct Run {
    topic: Topic,
    model: Model,
    clients: Vec<Client>,
    before: u64,
}

impl Run {
    fn new(history: u64) -> Self {
        let topic = Hub::builder().history(history as usize).history_bytes(usize::MAX).build().topic("room");
        let epoch = subscribe(&topic, None).position().epoch();
        let model = Model { history, epoch, events: Vec::new(), is_ended: false };
        Self { topic, model, clients: Vec::new(), before: Position::epoch_of("room", 7) }
    }

    fn subscribe(&mut self, seen: Seen, start: Start, on_gap: OnGap) {
        let subscriber = self.topic.subscriber().last_event_id(seen).start(start).on_gap(on_gap);
        let last_id = if let Seen::UpTo(position) = seen { Some(position) } else { None };
        match (try_open(subscriber), self.model.attach(seen, start, on_gap)) {
            (Err(SubscribeError::Finished), None) => {}
            (Ok(subscription), Some((cursor, first))) => {
                assert_eq!(subscription.position().seq(), cursor);
                let has_gap = first.as_ref().is_some_and(|first| first.starts_with("gap"));
                assert_eq!(subscription.gap().is_some(), has_gap);
                let subscription = Some(subscription);
                self.clients.push(Client { subscription, cursor, on_gap, first, last_id });
            }
            (found, expected) => panic!("{found:?}, but expected {expected:?}"),
        }
    }

    fn poll(&mut self, index: usize, all: bool) {
        let Some(client) = self.clients.get_mut(index) else { return };
        let Some(subscription) = &mut client.subscription else { return };
        let told = if all {
            read(subscription)
        } else {
            match next(subscription) {
                Some(Some(events)) => tell(&events),
                Some(None) => vec!["closed".into()],
                None => Vec::new(),
            }
        };
        let expected = self.model.expected(client);
        let texts: Vec<_> = expected.iter().map(|(text, _)| text).collect();
        if all {
            assert_eq!(told.iter().collect::<Vec<_>>(), texts);
        } else {
            assert!(told.iter().eq(texts.iter().copied().take(told.len())), "{told:?} of {texts:?}");
            assert_eq!(told.is_empty(), texts.is_empty());
        }
        if let Some((_, position)) = told.len().checked_sub(1).and_then(|last| expected.get(last)) {
            client.cursor = *position;
            client.first = None;
            client.last_id = Some(Position::new(self.model.epoch, *position));
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Publish(count) => {
                for _ in 0..count {
                    let data = format!("{} of {}", self.model.events.len() + 1, self.model.epoch);
                    match try_publish(&self.topic, data.as_str()) {
                        Ok(position) => {
                            self.model.events.push(data);
                            assert_eq!(position, Position::new(self.model.epoch, self.model.last()));
                        }
                        Err(_) => assert!(self.model.is_ended),
                    }
                }
            }
            Step::Subscribe(from, start, on_gap) => {
                let last = self.model.last();
                let seen = match from {
                    From::Nothing => Seen::Nothing,
                    From::Malformed => Seen::Malformed,
                    From::Foreign(seq) => Position::new(Position::epoch_of("other", 7), seq).into(),
                    From::Relative(offset) => {
                        Position::new(self.model.epoch, last.saturating_add_signed(offset)).into()
                    }
                    From::BeforeRestart(seq) => Position::new(self.before, seq).into(),
                };
                self.subscribe(seen, start, on_gap);
            }
            Step::Poll(client, all) => self.poll(client, all),
            Step::Drop(client) => {
                if let Some(client) = self.clients.get_mut(client) {
                    client.subscription = None;
                }
            }
            Step::Reconnect(client, on_gap) => {
                if client < self.clients.len() {
                    let client = self.clients.swap_remove(client);
                    drop(client.subscription);
                    self.subscribe(client.last_id.map_or(Seen::Nothing, Seen::UpTo), Start::Now, on_gap);
                }
            }
            Step::Finish => {
                if !self.model.is_ended {
                    assert_eq!(finish(&self.topic).seq(), self.model.last() + 1);
                    self.model.is_ended = true;
                }
            }
            Step::Restart => {
                let mut run = Self::new(self.model.history);
                run.before = self.model.epoch;
                run.clients.append(&mut self.clients);
                for client in &mut run.clients {
                    client.subscription = None;
                }
                *self = run;
            }
        }
        let stats = self.topic.stats().unwrap();
        assert_eq!(stats.events as u64, self.model.last() - self.model.floor());
        assert_eq!((stats.floor.seq(), stats.last.seq()), (self.model.floor(), self.model.last()));
        let open = self.clients.iter().filter(|client| client.subscription.is_some()).count();
        assert_eq!(stats.subscribers, open);
    }
}

proptest! {
    #[test]
    fn each_client_is_told_exactly_what_was(
        history in prop_oneof![1..20_u64, 200..600_u64],
        steps in vec(step(), 0..120),
    ) {
        let mut run = Run::new(history);
        for step in steps {
            run.step(step);
        }
        for client in 0..run.clients.len() {
            run.poll(client, true);
        }
    }
}
