//! Tests the rules in a world with faults: commands that come late or never, connections that break, restarts with an
//! older state, deleted and trimmed logs, and a clock that goes back.
//!
//! `world.rs` is the world.

use std::collections::HashSet;

use proptest::prelude::*;

use super::{
    attempt::Outcome,
    model::Data,
    world::{CLIENTS, PROCESSES, World},
};
use crate::Position;

/// One step of a run. An index is taken modulo the number of such things.
#[derive(Clone, Debug)]
enum Action {
    /// A process begins to publish a message.
    Publish(usize),
    /// A process finishes the topic.
    Finish(usize),
    /// An attempt sends its next command, unless it waits for an answer.
    Step(usize, usize),
    /// The server carries out the next command of a connection, even of one that the client has closed.
    Serve(usize),
    /// A connection loses its commands.
    Drop(usize),
    /// The connection of a process breaks. Its commands may come late.
    Break(usize),
    /// The publisher gives up: the time is up.
    GiveUp(usize, usize),
    /// A process is killed, and another takes its place.
    Kill(usize),
    /// A process reads its tail, up to this many entries.
    Tail(usize, usize),
    /// A process checks the last position of the log.
    Check(usize),
    /// A client reads a page.
    Read(usize, usize),
    /// The log is trimmed to this many entries.
    Trim(usize),
    /// The log is deleted, perhaps with all other data in Redis.
    Delete(bool),
    /// The server saves its data.
    Save,
    /// The server restarts with the saved data.
    Restart,
    /// The server restarts with all its data.
    RestartWithAll,
    /// The clock moves forward.
    Tick(u64),
    /// The clock goes back.
    Back(u64),
}

fn action() -> impl Strategy<Value = Action> {
    use Action::*;
    let n = 0..6_usize;
    prop_oneof![
        8 => n.clone().prop_map(Publish),
        1 => n.clone().prop_map(Finish),
        30 => (n.clone(), n.clone()).prop_map(|(process, attempt)| Step(process, attempt)),
        30 => n.clone().prop_map(Serve),
        2 => n.clone().prop_map(Drop),
        3 => n.clone().prop_map(Break),
        1 => (n.clone(), n.clone()).prop_map(|(process, attempt)| GiveUp(process, attempt)),
        1 => n.clone().prop_map(Kill),
        8 => (n.clone(), 1..5_usize).prop_map(|(process, count)| Tail(process, count)),
        3 => n.clone().prop_map(Check),
        6 => (n.clone(), 1..5_usize).prop_map(|(client, count)| Read(client, count)),
        2 => n.clone().prop_map(Trim),
        1 => any::<bool>().prop_map(Delete),
        2 => Just(Save),
        1 => Just(Restart),
        1 => Just(RestartWithAll),
        3 => (0..3_u64).prop_map(Tick),
        2 => (0..5_u64).prop_map(Back),
    ]
}

impl World {
    fn act(&mut self, action: Action) {
        match action {
            Action::Publish(process) => {
                let message = self.next;
                self.start(process % PROCESSES, Some(message));
            }
            Action::Finish(process) => self.start(process % PROCESSES, None),
            Action::Step(process, attempt) => self.step(process % PROCESSES, attempt),
            Action::Serve(connection) => {
                let connection = connection % self.connections.len();
                self.serve(connection);
            }
            Action::Drop(connection) => {
                let connection = connection % self.connections.len();
                let process = self.connections[connection].process;
                self.connections[connection].commands.clear();
                if self.processes[process].connection == self.connections[connection].number {
                    self.reconnect(process);
                }
            }
            Action::Break(process) => self.reconnect(process % PROCESSES),
            Action::GiveUp(process, attempt) => {
                let process = &mut self.processes[process % PROCESSES];
                if !process.attempts.is_empty() {
                    let index = attempt % process.attempts.len();
                    let in_flight = process.attempts.remove(index);
                    let is_unknown = in_flight.attempt.is_unanswered();
                    self.outcomes.insert(in_flight.attempt.nonce().into(), Err(is_unknown));
                }
            }
            Action::Kill(process) => {
                let process = process % PROCESSES;
                self.processes[process] = self.process(process);
            }
            Action::Tail(process, count) => self.read_tail(process % PROCESSES, count),
            Action::Check(process) => self.check_tail(process % PROCESSES),
            Action::Read(client, count) => self.read_client(client % CLIENTS, count),
            Action::Trim(keep) => {
                self.truth.may_miss = true;
                if let Some(log) = &mut self.server.data.log {
                    while log.entries.len() > keep {
                        log.entries.pop_front();
                    }
                }
            }
            Action::Delete(all) => {
                self.server.data.log = None;
                if all {
                    self.server.data = Data::default();
                }
                self.truth.may_miss = true;
                self.pass();
                self.live();
            }
            Action::Save => self.server.saved = self.server.data.clone(),
            Action::Restart => {
                self.server.data = self.server.saved.clone();
                self.truth.may_miss = true;
                let kept: HashSet<_> =
                    self.server.after(Position::new(0, 0), usize::MAX).iter().map(|entry| entry.at).collect();
                let last = self.server.last().0;
                // Entries before the oldest one were trimmed.
                let floor = match self.server.entries().next() {
                    Some(first) if !first.is_first => first.floor(),
                    None if self.server.data.log.is_some() => last,
                    _ => Position::new(0, 0),
                };
                for positions in self.truth.appended.values_mut() {
                    positions.retain(|at| kept.contains(at) || *at <= floor);
                }
                self.restart();
            }
            Action::RestartWithAll => self.restart(),
            Action::Tick(ms) => self.server.ms += ms,
            Action::Back(ms) if self.truth.clock_goes_back => self.server.ms -= ms.min(self.server.ms),
            Action::Back(_) => {}
        }
    }

    /// The faults end: all attempts come to an end, and all readers read everything.
    fn settle(&mut self) {
        for process in 0..PROCESSES {
            self.reconnect(process);
        }
        // Late commands are carried out before, between and after the others.
        for round in 0..10_000 {
            let busy = self.processes.iter().any(|process| !process.attempts.is_empty());
            if !busy && self.connections.iter().all(|connection| connection.commands.is_empty()) {
                break;
            }
            assert!(round < 9_999, "it comes to an end");
            for process in 0..PROCESSES {
                for attempt in 0..self.processes[process].attempts.len() {
                    self.step(process, attempt);
                }
            }
            let connection = round % self.connections.len();
            self.serve(connection);
        }
        for _ in 0..10_000 {
            (0..CLIENTS).for_each(|client| self.read_client(client, 3));
            (0..PROCESSES).for_each(|process| self.check_tail(process));
            (0..PROCESSES).for_each(|process| self.read_tail(process, 3));
            let last = self.server.last().0;
            // If all entries that a tail has not read are trimmed, the next entry will show it.
            let mut tails = self.processes.iter().map(|process| process.tail.seen.cursor);
            if self.clients.iter().all(|client| client.cursor == last)
                && tails.all(|cursor| cursor == last || self.server.after(cursor, 1).is_empty())
            {
                return;
            }
        }
        panic!("someone never gets to the end");
    }

    /// In the end, every loss that a process knows of was reported to all readers.
    fn check_told(&self) {
        // Nothing comes after the end of a topic.
        if self.server.last().1 {
            return;
        }
        let tails = self.processes.iter().map(|process| &process.tail.seen);
        for seen in self.clients.iter().chain(tails) {
            for process in &self.processes {
                let lost = seen.untold.iter().find(|lost| process.knows.contains(lost));
                assert_eq!(lost, None, "someone knows that it was lost");
            }
        }
    }

    /// The outcomes that publishers got are true.
    fn check_outcomes(&self) {
        for (nonce, outcome) in &self.outcomes {
            let times = self.truth.appended.get(nonce).map_or(0, Vec::len);
            match outcome {
                Ok(Outcome::At(_)) | Ok(Outcome::Unknown) | Err(true) => {}
                Ok(Outcome::Closed) | Err(false) => {
                    assert_eq!(times, 0, "an error means that it was not appended")
                }
            }
            // An entry may be appended twice only if the log lost it in between.
            let present = self.server.after(Position::new(0, 0), usize::MAX);
            let present =
                present.iter().filter(|entry| entry.nonce == *nonce && entry.before.is_none()).count();
            assert!(present <= 1, "it is there once");
        }
    }
}

/// Clients get a gap, and then Redis comes back with a state from before it.
#[test]
fn an_older_state_after_a_log_that_is_gone() {
    for keeps_all in [false, true] {
        let mut world = World::new(keeps_all);
        world.act(Action::Publish(0));
        for _ in 0..3 {
            world.act(Action::Step(0, 0));
            world.act(Action::Serve(0));
        }
        world.act(Action::Read(0, 4));
        assert_eq!(world.clients[0].cursor.seq(), 1, "it has seen the event");
        world.act(Action::Save);
        world.act(Action::Delete(true));
        // Then no process knows what was there.
        (0..PROCESSES).for_each(|process| world.act(Action::Kill(process)));
        world.act(Action::Read(0, 4));
        assert_eq!(world.clients[0].cursor, world.server.begin_of_topic());
        world.act(Action::Restart);
        world.act(Action::Read(0, 4));
        world.act(Action::Publish(0));
        world.settle();
        world.check_told();
        world.check_outcomes();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happens, no position is used twice, the outcomes that publishers get are true, and readers get every
    /// event once and in order, or a gap.
    #[test]
    fn promises_hold(
        keeps_all in any::<bool>(),
        clock_goes_back in any::<bool>(),
        actions in prop::collection::vec(action(), 0..400),
    ) {
        let mut world = World::new(keeps_all);
        world.truth.clock_goes_back = clock_goes_back;
        for action in actions {
            world.act(action);
        }
        world.settle();
        world.check_told();
        world.check_outcomes();
    }
}
