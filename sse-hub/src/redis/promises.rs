//! The rules against a model of Redis with faults: processes that publish and follow, clients that resume, commands that
//! come late or never, connections that break, restarts with an older state, deleted and trimmed logs, and a clock that
//! goes back.
//!
//! `model.rs` is the model.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    sync::Arc,
};

use proptest::prelude::*;

use super::{
    attempt::{Appended, Attempt, Begun, Outcome, Step},
    command::Begin,
    log::Logged,
    model::{Data, Message, Server, TOPIC, origin, record},
    page,
    publisher::{ConnectionNumber, EPOCHS_PER_MS, Publisher},
    tail::Tail,
};
use crate::{
    Position, Reason,
    backplane::{Limit, Page, Record},
};

const PROCESSES: usize = 3;
const CLIENTS: usize = 2;

/// One thing that happens. Numbers are taken modulo how many there are.
#[derive(Clone, Debug)]
enum Action {
    /// A process begins to publish a message.
    Publish(usize),
    /// A process finishes the topic.
    Finish(usize),
    /// An attempt that waits for nothing does what it has to.
    Step(usize, usize),
    /// The server carries out the next command of a connection, also of one that the client has closed.
    Serve(usize),
    /// A connection loses its commands.
    Drop(usize),
    /// The connection of a process breaks. What it sent may come late.
    Break(usize),
    /// The publisher gives up: the time is up.
    GiveUp(usize, usize),
    /// A process is killed, and another takes its place.
    Kill(usize),
    /// A process reads its tail, up to this many entries.
    Tail(usize, usize),
    /// A process asks for the last position of the log.
    Check(usize),
    /// A client reads a page.
    Read(usize, usize),
    Trim(usize),
    /// The log is deleted, perhaps with what else is in Redis.
    Delete(bool),
    /// The state that a restart finds.
    Save,
    /// The server restarts with what was saved.
    Restart,
    /// The server restarts with all it has.
    RestartWithAll,
    /// Time goes on.
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

/// What is sent to the server.
#[derive(Clone, Debug)]
struct Command {
    attempt: u32,
    step: Step,
    heard: Position,
    nonce: Vec<u8>,
    record: Record,
}

/// A connection: what was sent and not carried out.
#[derive(Debug)]
struct Connection {
    number: ConnectionNumber,
    process: usize,
    commands: VecDeque<Command>,
}

#[derive(Debug)]
struct InFlight {
    id: u32,
    message: Option<Message>,
    attempt: Attempt,
    waits: bool,
}

#[derive(Debug)]
struct Process {
    connection: ConnectionNumber,
    publisher: Publisher,
    attempts: Vec<InFlight>,
    tail: Follower,
    /// All entries that it has read or appended.
    knows: HashSet<Position>,
}

/// What someone has seen, event by event.
#[derive(Debug)]
struct Follower {
    /// The position after which it reads on.
    tail: Tail,
    seen: Seen,
}

/// What a subscriber was given. Between two entries without a gap there must have been none.
#[derive(Debug)]
struct Seen {
    cursor: Position,
    /// All messages since the log was last lost.
    messages: HashSet<Message>,
    /// What was between two entries that came without a gap, since the last gap.
    untold: Vec<Position>,
}

/// All that ever was in the log.
#[derive(Debug, Default)]
struct Truth {
    /// What each position was used for: the nonce of its entry.
    used: HashMap<Position, (Vec<u8>, Record)>,
    /// What was appended right before.
    before: HashMap<Position, Position>,
    /// All events, in the order in which they were appended.
    events: Vec<Position>,
    /// How many events had been appended when this was, with it.
    count: HashMap<Position, usize>,
    /// Whether a restart loses nothing.
    keeps_all: bool,
    /// Whether the whole log was lost.
    was_emptied: bool,
    /// Whether there is a reason for a gap.
    may_miss: bool,
    /// The positions of each nonce that were ever used, apart from those that a restart has lost.
    appended: HashMap<Vec<u8>, Vec<Position>>,
}

/// Random numbers, none of which gives an epoch that another has got: with real ones, that is as good as certain.
#[derive(Debug, Default)]
struct Luck {
    epochs: HashSet<u64>,
    state: u64,
}

impl Luck {
    fn step(&mut self, answer: Begun, publisher: &Publisher) -> u64 {
        let Begun::Moved(last, ms) = answer else { return 0 };
        for _ in 0..10_000 {
            self.state = self.state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let step = (self.state >> 33) % EPOCHS_PER_MS;
            if self.epochs.insert(publisher.marker(last, ms, step).epoch()) {
                return step;
            }
        }
        panic!("no marker is ever new");
    }
}

#[derive(Debug)]
struct World {
    server: Server,
    connections: Vec<Connection>,
    last_connection: ConnectionNumber,
    processes: Vec<Process>,
    clients: Vec<Seen>,
    truth: Truth,
    luck: Luck,
    next: u32,
    outcomes: BTreeMap<Vec<u8>, Result<Outcome, bool>>,
}

impl World {
    fn new(keeps_all: bool) -> Self {
        let mut world = Self {
            server: Server { ms: 1000, keeps_all, ..Server::default() },
            connections: Vec::new(),
            last_connection: 0,
            processes: Vec::new(),
            clients: (0..CLIENTS).map(|_| Seen::new(origin())).collect(),
            truth: Truth { keeps_all, ..Truth::default() },
            luck: Luck::default(),
            next: 0,
            outcomes: BTreeMap::new(),
        };
        for process in 0..PROCESSES {
            let process = world.process(process);
            world.processes.push(process);
        }
        world
    }

    fn process(&mut self, index: usize) -> Process {
        let connection = self.connect(index);
        let last = self.server.last().0;
        let mut publisher = Publisher::new(Arc::from(TOPIC));
        publisher.heard(last);
        Process {
            connection,
            publisher,
            knows: HashSet::new(),
            attempts: Vec::new(),
            tail: Follower { tail: Tail::new(last), seen: Seen::new(last) },
        }
    }

    fn connect(&mut self, process: usize) -> ConnectionNumber {
        self.last_connection += 1;
        self.connections.push(Connection {
            number: self.last_connection,
            process,
            commands: VecDeque::new(),
        });
        self.last_connection
    }

    /// The connection of a process breaks, and it has a new one. All its attempts begin anew on that.
    fn reconnect(&mut self, index: usize) {
        let connection = self.connect(index);
        let process = &mut self.processes[index];
        process.connection = connection;
        for in_flight in &mut process.attempts {
            in_flight.attempt.connected(connection);
            in_flight.waits = false;
        }
        let alive: Vec<_> = self.processes.iter().map(|process| process.connection).collect();
        self.connections
            .retain(|connection| !connection.commands.is_empty() || alive.contains(&connection.number));
    }

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
                self.truth.was_emptied = true;
            }
            Action::Save => self.server.saved = self.server.data.clone(),
            Action::Restart => {
                self.server.data = self.server.saved.clone();
                self.truth.may_miss = true;
                self.truth.was_emptied |= self.server.data.log.is_none();
                let kept: HashSet<_> =
                    self.server.after(Position::new(0, 0), usize::MAX).iter().map(|entry| entry.at).collect();
                let last = self.server.last().0;
                // What is before all that is kept was trimmed.
                let floor = self.server.entries().next().map_or(last, Logged::floor);
                for positions in self.truth.appended.values_mut() {
                    positions.retain(|at| kept.contains(at) || *at <= floor);
                }
                self.restart();
            }
            Action::RestartWithAll => self.restart(),
            Action::Tick(ms) => self.server.ms += ms,
            Action::Back(ms) => self.server.ms -= ms.min(self.server.ms),
        }
    }

    /// No command outlasts the server that it was sent to.
    fn restart(&mut self) {
        self.server.run += 1;
        self.truth.may_miss |= !self.server.keeps_all;
        self.connections.clear();
        for process in 0..PROCESSES {
            self.reconnect(process);
        }
    }

    fn start(&mut self, process: usize, message: Option<Message>) {
        let id = self.next;
        self.next += 1;
        let process = &mut self.processes[process];
        let mut attempt = Attempt::new(format!("nonce {id}").into_bytes());
        attempt.connected(process.connection);
        process.attempts.push(InFlight { id, message, attempt, waits: false });
    }

    fn step(&mut self, process: usize, attempt: usize) {
        let process = &mut self.processes[process];
        if process.attempts.is_empty() {
            return;
        }
        let index = attempt % process.attempts.len();
        let InFlight { id, message, attempt, waits } = &mut process.attempts[index];
        if *waits {
            return;
        }
        *waits = true;
        let command = Command {
            attempt: *id,
            step: attempt.next(&process.publisher),
            heard: process.publisher.highest(),
            nonce: attempt.nonce().into(),
            record: record(*message),
        };
        let number = process.connection;
        let connection = self.connections.iter_mut().find(|connection| connection.number == number);
        connection.expect("a process has a connection").commands.push_back(command);
    }

    fn serve(&mut self, connection: usize) {
        let Connection { number, process, commands } = &mut self.connections[connection];
        let Some(Command { attempt, step, heard, nonce, record }) = commands.pop_front() else { return };
        let process = &mut self.processes[*process];
        let is_alive = process.connection == *number;
        let Process { publisher, attempts, knows, .. } = process;
        // The answer comes to nobody if the connection is broken, or the publisher gave up.
        let index = attempts.iter().position(|in_flight| is_alive && in_flight.id == attempt);
        let mut in_flight = index.map(|index| &mut attempts[index]);
        let before = self.server.last().0;
        let outcome = match step {
            Step::Begin(marker) => {
                let answer = self.server.begin(Begin { marker, heard, nonce: &nonce, if_lost: false });
                if answer == Begun::Appended {
                    self.truth.appended(marker.expect("a marker"), before, &nonce, Record::Marker);
                }
                if let Some(InFlight { attempt, .. }) = &mut in_flight {
                    let step = self.luck.step(answer, publisher);
                    attempt.begun(answer, publisher, step);
                }
                None
            }
            Step::Read(after) => {
                let entries = self.server.after(after, 2);
                in_flight.as_mut().and_then(|in_flight| in_flight.attempt.read(&entries))
            }
            Step::Append(seen) => {
                let answer = self.server.append(seen, record.clone(), &nonce);
                if let Appended::At(at) = answer {
                    self.truth.appended(at, before, &nonce, record);
                }
                in_flight.as_mut().and_then(|in_flight| in_flight.attempt.appended(answer, publisher))
            }
        };
        if let Some(in_flight) = in_flight {
            in_flight.waits = false;
        }
        if let (Some(outcome), Some(index)) = (outcome, index) {
            let in_flight = attempts.remove(index);
            self.outcomes.insert(in_flight.attempt.nonce().into(), Ok(outcome));
            // The promises to the publisher.
            let positions = self.truth.appended.get(&nonce).map_or(&[][..], Vec::as_slice);
            match outcome {
                Outcome::At(at) => {
                    assert_eq!(positions.last(), Some(&at), "it is where it is said to be");
                    knows.insert(at);
                }
                // A restart with an older state may have lost it. Then it is not there either.
                Outcome::Closed => assert_eq!(positions, [], "it is not there"),
                Outcome::Unknown => {}
            }
        }
    }

    fn read_tail(&mut self, process: usize, count: usize) {
        let index = process;
        let process = &mut self.processes[process];
        let Follower { tail, seen } = &mut process.tail;
        let entries = self.server.after(tail.position(), count);
        process.knows.extend(entries.iter().map(|entry| entry.at));
        let untold = entries.iter().find_map(|entry| process.publisher.untold(entry));
        for page in tail.read(entries) {
            process.publisher.heard(page.end());
            seen.page(&page, &self.truth);
        }
        if let Some(heard) = untold {
            self.begin_after_loss(index, heard);
        }
    }

    fn begin_after_loss(&mut self, process: usize, heard: Position) -> bool {
        let nonce = format!("told {}", self.next).into_bytes();
        self.next += 1;
        self.processes[process].publisher.heard(heard);
        let mut begin = Begin { marker: None, heard, nonce: &nonce, if_lost: true };
        loop {
            let before = self.server.last().0;
            let answer = self.server.begin(begin);
            match answer {
                Begun::Appended => {
                    let marker = begin.marker.expect("a marker");
                    self.truth.appended(marker, before, &nonce, Record::Marker);
                    return true;
                }
                Begun::Needless => return true,
                Begun::Closed(_) => return false,
                Begun::Moved(last, ms) => {
                    let publisher = &self.processes[process].publisher;
                    let step = self.luck.step(answer, publisher);
                    begin.marker = Some(publisher.marker(last, ms, step));
                }
            }
        }
    }

    fn check_tail(&mut self, process: usize) {
        let heard = self.processes[process].publisher.highest();
        // As soon as there is a new connection.
        let last = self.server.last().0;
        let is_told = (heard > last || self.server.is_other_run()) && self.begin_after_loss(process, heard);
        let Follower { tail, seen } = &mut self.processes[process].tail;
        if !is_told && let Some(page) = tail.check(self.server.last().0) {
            seen.page(&page, &self.truth);
        }
        assert!(tail.position() <= self.server.last().0, "nobody waits for what the log does not have");
    }

    fn read_client(&mut self, client: usize, count: usize) {
        let cursor = self.clients[client].cursor;
        let highest = self.processes[client].publisher.highest();
        let mut page = self.read(cursor, count);
        let is_after_loss =
            matches!(page.gap, Some(Reason::Ahead | Reason::Reset)) && page.last < highest.max(cursor);
        if is_after_loss && self.begin_after_loss(client, highest) {
            page = self.read(cursor, count);
        }
        let (seen, last) = (&mut self.clients[client], self.server.last().0);
        assert_eq!(page.gap.is_some(), page.floor != seen.cursor, "a gap is where the cursor is not");
        seen.page(&page, &self.truth);
        assert!(seen.cursor <= last, "nobody waits for what the log does not have");
    }

    fn read(&self, cursor: Position, count: usize) -> Page {
        let limit = Limit { entries: count, bytes: 1000 };
        page::after(cursor, self.server.after(cursor, count), self.server.last().0, limit)
    }

    /// The faults end: all that was begun comes to an end, and everyone reads everything.
    fn settle(&mut self) {
        for process in 0..PROCESSES {
            self.reconnect(process);
        }
        // Late commands come before, between and after the others.
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
            // If all is trimmed that a tail has not read, the next entry will tell.
            let mut tails = self.processes.iter().map(|process| process.tail.seen.cursor);
            if self.clients.iter().all(|client| client.cursor == last)
                && tails.all(|cursor| cursor == last || self.server.after(cursor, 1).is_empty())
            {
                return;
            }
        }
        panic!("someone never gets to the end");
    }

    /// What someone knows of was told to all, at last.
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

    /// What publishers were told is true.
    fn check_outcomes(&self) {
        for (nonce, outcome) in &self.outcomes {
            let times = self.truth.appended.get(nonce).map_or(0, Vec::len);
            match outcome {
                Ok(Outcome::At(_)) | Ok(Outcome::Unknown) | Err(true) => {}
                Ok(Outcome::Closed) | Err(false) => {
                    assert_eq!(times, 0, "an error means that it was not appended")
                }
            }
            // Twice only if the log lost it in between.
            let present = self.server.after(Position::new(0, 0), usize::MAX);
            let present =
                present.iter().filter(|entry| entry.nonce == *nonce && entry.before.is_none()).count();
            assert!(present <= 1, "it is there once");
        }
    }
}

impl Truth {
    fn appended(&mut self, at: Position, before: Position, nonce: &[u8], record: Record) {
        let used = self.used.insert(at, (nonce.into(), record.clone()));
        assert_eq!(used, None, "{at} is used again");
        self.before.insert(at, before);
        if record != Record::Marker {
            self.events.push(at);
        }
        self.count.insert(at, self.events.len());
        if record != Record::Marker {
            self.appended.entry(nonce.into()).or_default().push(at);
        }
    }
}

impl Seen {
    fn new(cursor: Position) -> Self {
        Self { cursor, messages: HashSet::new(), untold: Vec::new() }
    }

    /// Takes a page. Where it does not begin at the cursor there is a gap, which is told.
    fn page(&mut self, page: &Page, truth: &Truth) {
        if page.floor != self.cursor {
            assert!(truth.may_miss, "there is no reason for a gap");
            self.untold.clear();
            // Events may come again only if the log is another one than before, or has lost something.
            if page.floor < self.cursor || page.floor.seq() == 0 {
                self.messages.clear();
            }
            self.cursor = page.floor;
        }
        for (at, record) in &page.entries {
            let used = truth.used.get(at).map(|(_, record)| record);
            assert_eq!(used, Some(record), "it is what was appended there");
            assert_eq!(truth.before.get(at), Some(&self.cursor), "nothing was between");
            // Also nothing that the log has lost.
            let count = |at| truth.count.get(at).copied().unwrap_or(0);
            let lost = &truth.events[count(&self.cursor)..count(at) - usize::from(*record != Record::Marker)];
            let is_in_doubt = truth.keeps_all || self.cursor == origin() && truth.was_emptied;
            assert!(lost.is_empty() || is_in_doubt, "{lost:?} were lost");
            if self.cursor != origin() {
                self.untold.extend(lost);
            }
            if let Record::Event(event) = record {
                let message = event.data().parse().expect("a number");
                assert!(self.messages.insert(message), "{message} came twice");
            }
            self.cursor = *at;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// No position is used twice, what publishers are told is true, and whoever reads gets all, once and in order, or a
    /// gap: whatever happens.
    #[test]
    fn promises_hold(keeps_all in any::<bool>(), actions in prop::collection::vec(action(), 0..400)) {
        let mut world = World::new(keeps_all);
        for action in actions {
            world.act(action);
        }
        world.settle();
        world.check_told();
        world.check_outcomes();
    }
}
