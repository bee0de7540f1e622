//! Hubs of several processes over one log: nothing is lost, duplicated or reordered without a gap, and no gap is
//! reported without a loss.

use proptest::{collection::vec, prelude::*};
use sse_codec::{Encoded, Event};
use sse_hub::{Position, Subscription, backplane::Record};

use crate::support::{
    log::{Log, Process, TOPIC},
    *,
};

#[derive(Clone, Debug)]
enum Step {
    Append(usize),
    /// Deliver this many entries of the log to a process.
    Deliver(usize, usize),
    Subscribe(usize),
    Poll(usize, bool),
    /// A client reconnects to a process, with its last id.
    Reconnect(usize, usize),
    BeginEpoch,
    Trim(usize),
    Lose(usize),
    /// A process loses its connection to the log, or gets it back.
    Cut(usize, bool),
    /// Reads of a process get no answer, or get one again.
    Hold(usize, bool),
}

const PROCESSES: usize = 2;

fn step() -> impl Strategy<Value = Step> {
    let process = || 0..PROCESSES;
    let client = || 0..6_usize;
    prop_oneof![
        8 => (1..6_usize).prop_map(Step::Append),
        8 => (process(), prop_oneof![1..4_usize, Just(usize::MAX)]).prop_map(|(p, n)| Step::Deliver(p, n)),
        3 => process().prop_map(Step::Subscribe),
        8 => (client(), any::<bool>()).prop_map(|(client, all)| Step::Poll(client, all)),
        5 => (client(), process()).prop_map(|(client, process)| Step::Reconnect(client, process)),
        1 => Just(Step::BeginEpoch),
        1 => (0..20_usize).prop_map(Step::Trim),
        1 => (1..8_usize).prop_map(Step::Lose),
        1 => (process(), any::<bool>()).prop_map(|(process, is)| Step::Cut(process, is)),
        1 => (process(), any::<bool>()).prop_map(|(process, is)| Step::Hold(process, is)),
    ]
}

struct Run {
    log: Log,
    processes: Vec<(Process, sse_hub::Topic)>,
    clients: Vec<Client>,
    /// All entries ever appended, in order, and whether the log lost each.
    all: Vec<(Position, Record, bool)>,
    appended: usize,
}

struct Client {
    subscription: Option<Subscription>,
    /// The last id.
    last: Option<Position>,
}

impl Run {
    fn new(history: usize) -> Self {
        let log = Log::new();
        let processes = (0..PROCESSES)
            .map(|_| {
                let (process, hub) = log.process(history);
                let topic = hub.topic(TOPIC);
                // This makes the process follow the topic.
                drop(futures_util::FutureExt::now_or_never(topic.subscribe(None)));
                process.deliver_all();
                (process, topic)
            })
            .collect();
        Self { log, processes, clients: Vec::new(), all: Vec::new(), appended: 0 }
    }

    fn note_appended(&mut self) {
        let known = self.all.iter().filter(|entry| !entry.2).map(|entry| entry.0).next_back();
        for (position, record) in self.log.entries() {
            if known.is_none_or(|known| position > known) {
                self.all.push((position, record, false));
            }
        }
    }

    /// Subscribes. Does nothing if that needs the log while it is down.
    fn subscribe(&mut self, process: usize, last: Option<Position>) {
        let topic = &self.processes[process].1;
        let seen = last.map(sse_codec::EventId::from);
        let found = futures_util::FutureExt::now_or_never(topic.subscribe(seen));
        let subscription = found.and_then(Result::ok);
        let last = last.or(subscription.as_ref().map(Subscription::position));
        self.clients.push(Client { subscription, last });
    }

    fn poll(&mut self, index: usize, all: bool) {
        let Some(Client { subscription: Some(subscription), .. }) = self.clients.get_mut(index) else {
            return;
        };
        let mut items: Vec<Encoded> = Vec::new();
        while let Some(item) = next(subscription) {
            items.push(item.expect("no topic is finished"));
            assert!(items.len() < 1000, "{:?}", tell(&items[items.len() - 1]));
            if !all {
                break;
            }
        }
        for item in items {
            for event in decode(&item) {
                let last = self.clients[index].last.expect("it has one since it subscribed");
                self.check(last, &event);
                self.clients[index].last = Some(position(&event));
            }
        }
    }

    /// Checks the next event of a client that has seen everything up to `last`.
    fn check(&self, last: Position, event: &Event) {
        let at = position(event);
        let between = || self.all.iter().filter(move |entry| entry.0 > last && entry.0 < at);
        let is_event = |record: &Record| matches!(record, Record::Event(_));
        match event.event_type() {
            "ready" => assert_eq!(at, last),
            "gap" => {
                let was_lost = self.all.iter().any(|entry| entry.0 == last && entry.2);
                if event.data().contains("ahead") || event.data().contains("reset") {
                    assert!(was_lost, "{event:?} after {last}");
                    return;
                }
                // No kept event is reported as missing.
                let kept = self.log.entries().first().map(|entry| entry.0);
                assert!(kept.is_none_or(|kept| at <= kept), "{event:?}, but {kept:?} is kept");
                assert!(at > last);
                let missed = between().filter(|entry| is_event(&entry.1) && !entry.2).count() + 1;
                if at.epoch() == last.epoch() {
                    assert!(event.data().contains(&format!("\"missed\":{missed}}}")), "{event:?}, {missed}");
                }
            }
            _ => {
                let entry = self.all.iter().find(|entry| entry.0 == at).expect("it was never appended");
                let Record::Event(appended) = &entry.1 else { panic!("not an event: {at}") };
                assert_eq!(appended.data(), event.data());
                assert!(at > last, "{at} after {last}");
                // Only entries that the log lost, and markers, are left out.
                let left_out = between().find(|entry| is_event(&entry.1) && !entry.2);
                assert!(left_out.is_none(), "{at} after {last}, without {left_out:?}");
            }
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Append(count) => {
                for _ in 0..count {
                    self.appended += 1;
                    self.log.append(Record::Event(Event::new(self.appended.to_string())));
                    self.note_appended();
                }
            }
            Step::Deliver(process, entries) => self.processes[process].0.deliver(entries),
            Step::Subscribe(process) => self.subscribe(process, None),
            Step::Poll(client, all) => self.poll(client, all),
            Step::Reconnect(client, process) => {
                if client < self.clients.len() {
                    let client = self.clients.swap_remove(client);
                    drop(client.subscription);
                    self.subscribe(process, client.last);
                }
            }
            Step::BeginEpoch => self.log.begin_epoch(),
            Step::Trim(kept) => self.log.trim(kept),
            Step::Lose(entries) => {
                self.log.lose(entries);
                let kept: Vec<_> = self.log.entries().iter().map(|entry| entry.0).collect();
                let floor = self.log.floor();
                for entry in &mut self.all {
                    entry.2 |= entry.0 > floor && !kept.contains(&entry.0);
                }
            }
            Step::Cut(process, is_down) => self.processes[process].0.cut(is_down),
            Step::Hold(process, holds) => self.processes[process].0.hold_reads(holds),
        }
    }

    /// Repairs everything, and checks that each client reaches the end.
    fn settle(&mut self) {
        self.step(Step::Append(1));
        for (process, _) in &self.processes {
            process.cut(false);
            process.hold_reads(false);
            process.deliver_all();
        }
        for client in 0..self.clients.len() {
            if self.clients[client].subscription.is_none() {
                continue;
            }
            self.poll(client, true);
            assert_eq!(self.clients[client].last, Some(self.log.last()), "client {client} waits forever");
        }
    }
}

proptest! {
    #[test]
    fn nothing_is_lost_doubled_or_reordered_in_silence(history in 1..30_usize, steps in vec(step(), 0..150)) {
        let mut run = Run::new(history);
        for step in steps {
            run.step(step);
        }
        run.settle();
    }
}
