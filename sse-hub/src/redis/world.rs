//! The world of the test: a Redis, processes that publish and follow, their connections, and clients that resume.
//!
//! Redis is the one of `model.rs`. The processes follow the rules of `attempt.rs`, `publisher.rs`, `page.rs` and
//! `tail.rs`. `truth.rs` checks every page that is read.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    sync::Arc,
};

use super::{
    attempt::{Appended, Attempt, Begun, Outcome, Step},
    command::Begin,
    model::{Message, Server, TOPIC, record},
    page,
    publisher::{ConnectionNumber, EPOCHS_PER_MS, Publisher},
    tail::Tail,
    truth::{Seen, Truth},
};
use crate::{
    Position, Reason,
    backplane::{Limit, Page, Record},
};

pub(super) const PROCESSES: usize = 3;
pub(super) const CLIENTS: usize = 2;

/// A command to the server.
#[derive(Clone, Debug)]
pub(super) struct Command {
    attempt: u32,
    step: Step,
    heard: Position,
    nonce: Vec<u8>,
    record: Record,
}

/// A connection, with the commands that were sent and not carried out.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) number: ConnectionNumber,
    pub(super) process: usize,
    pub(super) commands: VecDeque<Command>,
}

#[derive(Debug)]
pub(super) struct InFlight {
    id: u32,
    message: Option<Message>,
    pub(super) attempt: Attempt,
    waits: bool,
}

#[derive(Debug)]
pub(super) struct Process {
    pub(super) connection: ConnectionNumber,
    publisher: Publisher,
    pub(super) attempts: Vec<InFlight>,
    pub(super) tail: Follower,
    /// The entries that it has read or appended.
    pub(super) knows: HashSet<Position>,
}

/// A process's tail, and what it has read.
#[derive(Debug)]
pub(super) struct Follower {
    tail: Tail,
    pub(super) seen: Seen,
}

/// Random numbers that never give the same epoch twice. With real random numbers that is nearly certain.
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
pub(super) struct World {
    pub(super) server: Server,
    pub(super) connections: Vec<Connection>,
    last_connection: ConnectionNumber,
    pub(super) processes: Vec<Process>,
    pub(super) clients: Vec<Seen>,
    pub(super) truth: Truth,
    luck: Luck,
    pub(super) next: u32,
    pub(super) outcomes: BTreeMap<Vec<u8>, Result<Outcome, bool>>,
}

impl World {
    pub(super) fn new(keeps_all: bool) -> Self {
        let mut world = Self {
            server: Server { ms: 1000, keeps_all, ..Server::default() },
            connections: Vec::new(),
            last_connection: 0,
            processes: Vec::new(),
            clients: Vec::new(),
            truth: Truth::new(keeps_all),
            luck: Luck::default(),
            next: 0,
            outcomes: BTreeMap::new(),
        };
        world.live();
        let begin = world.server.last().0;
        world.clients = (0..CLIENTS).map(|_| Seen::new(begin)).collect();
        for process in 0..PROCESSES {
            let process = world.process(process);
            world.processes.push(process);
        }
        world
    }

    pub(super) fn process(&mut self, index: usize) -> Process {
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

    /// The connection of a process breaks. The process gets a new one, on which all its attempts start again.
    pub(super) fn reconnect(&mut self, index: usize) {
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

    /// Epochs may be ahead of the time, but less than a loss takes.
    pub(super) fn pass(&mut self) {
        self.server.ms += 1000;
    }

    /// Makes a life, if the data has none that may continue. In Redis the first one who asks makes it.
    pub(super) fn live(&mut self) {
        self.server.live();
        self.truth.lives(self.server.begin_of_topic());
    }

    /// Restarts the server. Commands that were sent to it are gone.
    pub(super) fn restart(&mut self) {
        self.server.run += 1;
        self.pass();
        self.live();
        self.truth.may_miss |= !self.server.keeps_all;
        self.connections.clear();
        for process in 0..PROCESSES {
            self.reconnect(process);
        }
    }

    pub(super) fn start(&mut self, process: usize, message: Option<Message>) {
        let id = self.next;
        self.next += 1;
        let process = &mut self.processes[process];
        let mut attempt = Attempt::new(format!("nonce {id}").into_bytes());
        attempt.connected(process.connection);
        process.attempts.push(InFlight { id, message, attempt, waits: false });
    }

    pub(super) fn step(&mut self, process: usize, attempt: usize) {
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

    pub(super) fn serve(&mut self, connection: usize) {
        let Connection { number, process, commands } = &mut self.connections[connection];
        let Some(Command { attempt, step, heard, nonce, record }) = commands.pop_front() else { return };
        let process = &mut self.processes[*process];
        let is_alive = process.connection == *number;
        let Process { publisher, attempts, knows, .. } = process;
        // Nobody gets the answer if the connection is broken, or the publisher gave up.
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
            // The outcome must be true.
            let positions = self.truth.appended.get(&nonce).map_or(&[][..], Vec::as_slice);
            match outcome {
                Outcome::At(at) => {
                    assert_eq!(positions.last(), Some(&at), "it is where it is said to be");
                    knows.insert(at);
                }
                // A restart with an older state may have lost it. Then it is not in the log either.
                Outcome::Closed => assert_eq!(positions, [], "it is not there"),
                Outcome::Unknown => {}
            }
        }
    }

    pub(super) fn read_tail(&mut self, process: usize, count: usize) {
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

    pub(super) fn check_tail(&mut self, process: usize) {
        let heard = self.processes[process].publisher.highest();
        // A process knows of another run once it has a new connection.
        let last = self.server.last().0;
        let is_told = (heard > last || self.server.is_other_run()) && self.begin_after_loss(process, heard);
        let Process { publisher, tail: Follower { tail, seen }, .. } = &mut self.processes[process];
        if !is_told && let Some(page) = tail.check(self.server.known_last()) {
            publisher.heard(page.end());
            seen.page(&page, &self.truth);
        }
        assert!(tail.position() <= self.server.last().0, "nobody waits for what the log does not have");
    }

    pub(super) fn read_client(&mut self, client: usize, count: usize) {
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
        page::after(cursor, self.server.after(cursor, count), self.server.known_last(), limit)
    }
}
