//! Hubs of several processes over one log: nothing is lost, doubled or reordered without a gap that says so, and no gap is
//! told where there is none.

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
    /// A process gets this many entries of the log.
    Deliver(usize, usize),
    Subscribe(usize),
    Poll(usize, bool),
    /// A client goes to a process, with its last id.
    Reconnect(usize, usize),
    BeginEpoch,
    Trim(usize),
    Lose(usize),
    /// A process cannot reach the log, or can.
    Cut(usize, bool),
    /// Reads of a process get no answer for now.
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
    /// All that ever was appended, in its order, and whether the log lost it.
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
                // It begins to follow the topic.
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

    /// Subscribes, unless the log that is down has to be asked.
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

    /// Whether this may be what a client is told that has seen everything up to `last`.
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
                // Nothing that is still kept is called missing.
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
                // What is left out is what the log lost, and what is no event.
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

    /// All goes well again, and each client gets to the end.
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
