//! Reads the logs of clients and publishers, and counts errors.
//!
//! An event exists if any client got it, or its publisher got its position. Between two consecutive events of a client
//! no other may exist, unless the client got a gap there.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    fmt,
    ops::Bound,
    time::Duration,
};

use crate::{
    log::{ClientLog, Loss, Outcome, Publication, Record},
    payload::Payload,
    position::Position,
};

/// How many events were seen, and how many errors there were.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) published: u64,
    pub(crate) refused: u64,
    pub(crate) unknown: u64,
    pub(crate) events: u64,
    pub(crate) resumes: u64,
    pub(crate) gaps: u64,
    /// Events that a client should have seen, without a gap.
    pub(crate) lost: u64,
    /// Events that a client saw twice, or that are in the log twice.
    pub(crate) doubled: u64,
    /// Events that came after a later one, for a client or in the log.
    pub(crate) reordered: u64,
    /// Positions at which two different events were seen.
    pub(crate) reused: u64,
    /// Gaps where nothing was missing.
    pub(crate) false_gaps: u64,
    /// Gaps with a wrong number.
    pub(crate) miscounted: u64,
    /// Events that are in the log although the publisher was refused.
    pub(crate) ghosts: u64,
    /// Responses and events that no server should send.
    pub(crate) odd: u64,
    /// Clients that did not get the last event.
    pub(crate) stuck: u64,
}

impl Tally {
    /// Whether there were no errors.
    pub(crate) fn is_good(&self) -> bool {
        let Self { lost, doubled, reordered, reused, false_gaps, miscounted, ghosts, odd, stuck, .. } = *self;
        [lost, doubled, reordered, reused, false_gaps, miscounted, ghosts, odd, stuck] == [0; 9]
    }
}

/// The result of the verifier.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) tally: Tally,
    /// The first errors, in words.
    pub(crate) faults: Vec<String>,
}

/// How many errors are reported in words.
const TOLD: usize = 30;

impl Verdict {
    fn fault(&mut self, text: impl fmt::Display) {
        if self.faults.len() < TOLD {
            self.faults.push(text.to_string());
        }
    }
}

/// The rules of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'a> {
    /// The faults that removed events, in order. Without any, each gap is false.
    pub(crate) losses: &'a [Loss],
    /// Whether a later epoch has a higher number. In the memory of a process, epochs are random.
    pub(crate) epochs_grow: bool,
}

/// Reads the logs of a run.
pub(crate) fn verify(clients: &[ClientLog], publishers: &[Vec<Publication>], rules: Rules<'_>) -> Verdict {
    let mut verdict = Verdict::default();
    let truth = Truth::gather(clients, publishers, &mut verdict);
    truth.check_doubles(rules, &mut verdict);
    for publisher in publishers {
        check_publisher(publisher, &truth, rules, &mut verdict);
    }
    for client in clients {
        check_client(client, &truth, rules, &mut verdict);
    }
    verdict
}

/// Every event that exists.
#[derive(Default)]
struct Truth {
    topics: HashMap<u16, BTreeMap<Position, Known>>,
    places: HashMap<Payload, Position>,
    /// Events that are at a second position.
    again: BTreeSet<(u16, Payload, Position)>,
    /// When each epoch of each topic was first seen.
    epochs: HashMap<(u16, u64), Duration>,
}

struct Known {
    payload: Payload,
    /// When it was first seen.
    first: Duration,
}

/// How long after an event was appended a client may get it, or its publisher the response.
const SLACK: Duration = Duration::from_millis(100);

impl Truth {
    fn gather(clients: &[ClientLog], publishers: &[Vec<Publication>], verdict: &mut Verdict) -> Self {
        let mut truth = Self::default();
        for Publication { payload, outcome } in publishers.iter().flatten() {
            if let Outcome::Published(position, at) = outcome {
                truth.note(*position, *payload, payload.topic, *at, verdict);
            }
        }
        for client in clients {
            for record in &client.records {
                if let Record::Event(position, payload, at) = record {
                    truth.note(*position, *payload, client.topic, *at, verdict);
                }
            }
        }
        truth
    }

    fn note(
        &mut self,
        position: Position,
        payload: Payload,
        topic: u16,
        at: Duration,
        verdict: &mut Verdict,
    ) {
        let epoch = self.epochs.entry((topic, position.epoch)).or_insert(at);
        *epoch = at.min(*epoch);
        let events = self.topics.entry(topic).or_default();
        let known = events.entry(position).or_insert(Known { payload, first: at });
        known.first = at.min(known.first);
        let here = known.payload;
        if here != payload {
            verdict.tally.reused += 1;
            verdict.fault(format_args!("reused: topic {topic} has {here} at {position}, and {payload}"));
            return;
        }
        let place = *self.places.entry(payload).or_insert(position);
        if place != position {
            self.again.insert((topic, payload, position));
        }
    }

    /// An event may be in the log again only if the log lost it and its idempotency key in between, and so began again.
    fn check_doubles(&self, rules: Rules<'_>, verdict: &mut Verdict) {
        for (topic, payload, again) in &self.again {
            let place = self.places[payload];
            let Some(events) = self.topics.get(topic) else { continue };
            // A loss takes some time, and an event is seen some time after it was appended. So this asks what may be.
            let may_be_around = |loss: &Loss, before: Position, after: Position| {
                self.is_before(*topic, before, &events[&before], loss) && loss.at <= events[&after].first
            };
            let is_between = |loss: &Loss| {
                // In memory, epochs have no order.
                may_be_around(loss, place, *again) || may_be_around(loss, *again, place)
            };
            let is_ours = |loss: &Loss| loss.is_reset && loss.topic.is_none_or(|lost| lost == *topic);
            let has_begun_again = place.epoch != again.epoch;
            if !has_begun_again || !rules.losses.iter().any(|loss| is_ours(loss) && is_between(loss)) {
                verdict.tally.doubled += 1;
                verdict.fault(format_args!("doubled: {payload} is at {place}, and at {again}"));
            }
        }
    }

    /// Whether an event was in the log, or in its epoch, before this loss.
    fn is_before(&self, topic: u16, position: Position, known: &Known, loss: &Loss) -> bool {
        let epoch = self.epochs.get(&(topic, position.epoch));
        known.first <= loss.done.saturating_add(SLACK) || epoch.is_some_and(|epoch| *epoch <= loss.at)
    }
}

/// A publisher waits for each response, so the log has its events in its order. The responses must be true.
fn check_publisher(publications: &[Publication], truth: &Truth, rules: Rules<'_>, verdict: &mut Verdict) {
    let mut last: HashMap<u16, Position> = HashMap::new();
    for publication in publications {
        let Publication { payload, outcome } = publication;
        match outcome {
            Outcome::Published(at, _) => {
                verdict.tally.published += 1;
                let before = last.insert(payload.topic, *at);
                let is_after = |before: Position| match rules.epochs_grow || before.epoch == at.epoch {
                    true => before < *at,
                    false => true,
                };
                if !before.is_none_or(is_after) {
                    verdict.tally.reordered += 1;
                    verdict.fault(format_args!("reordered: {publication}, after {before:?}"));
                }
            }
            Outcome::Refused(_) => {
                verdict.tally.refused += 1;
                if let Some(at) = truth.places.get(payload) {
                    verdict.tally.ghosts += 1;
                    verdict.fault(format_args!("ghost: {publication}, but it is at {at}"));
                }
            }
            Outcome::Unknown => verdict.tally.unknown += 1,
            Outcome::Odd(_) => {
                verdict.tally.odd += 1;
                verdict.fault(format_args!("odd: {publication}"));
            }
        }
    }
}

/// A client's walk through its topic.
fn check_client(log: &ClientLog, truth: &Truth, rules: Rules<'_>, verdict: &mut Verdict) {
    let mut walk = Walk { log, truth, rules, cursor: None, seen: HashSet::new(), told: None, empty_gaps: 0 };
    for line in 0..log.records.len() {
        walk.step(line, verdict);
    }
}

struct Walk<'a> {
    log: &'a ClientLog,
    truth: &'a Truth,
    rules: Rules<'a>,
    cursor: Option<Position>,
    seen: HashSet<Position>,
    /// The last gap with a reset: earlier events are no longer in the log.
    told: Option<Loss>,
    /// Gaps with nothing missing: each reset explains one.
    empty_gaps: usize,
}

impl Walk<'_> {
    fn step(&mut self, line: usize, verdict: &mut Verdict) {
        let record = &self.log.records[line];
        let after = self.cursor.map_or(String::new(), |cursor| format!(", after {cursor}"));
        let name = |fault: &str| format!("{fault}: client {} line {line}: {record}{after}", self.log.client);
        match record {
            Record::Asked { cursor, .. } => verdict.tally.resumes += u64::from(cursor.is_some()),
            Record::Refused { status: 503 } | Record::Bye | Record::Closed(_) => {}
            Record::Refused { .. } | Record::Odd(_) => {
                verdict.tally.odd += 1;
                verdict.fault(name("odd"));
            }
            Record::Stuck => {
                verdict.tally.stuck += 1;
                verdict.fault(name("stuck"));
            }
            Record::Ready(at) => {
                // If a client has a position and `ready` gives it another one, it gets no gap for the events between.
                let (missing, first) = self.missing(Bound::Included(*at));
                if missing > 0 {
                    verdict.tally.lost += missing;
                    verdict.fault(format_args!("{}: {missing} from {first:?}", name("lost")));
                }
                self.cursor = Some(*at);
            }
            Record::Event(at, payload, _) => {
                verdict.tally.events += 1;
                if payload.topic != self.log.topic {
                    verdict.tally.odd += 1;
                    verdict.fault(name("odd"));
                }
                let (missing, first) = self.missing(Bound::Excluded(*at));
                if self.seen.contains(at) {
                    verdict.tally.doubled += 1;
                    verdict.fault(name("doubled"));
                } else if self.cursor.is_some_and(|cursor| cursor >= *at) {
                    verdict.tally.reordered += 1;
                    verdict.fault(name("reordered"));
                } else if missing > 0 {
                    verdict.tally.lost += missing;
                    verdict.fault(format_args!("{}: {missing} from {first:?}", name("lost")));
                }
                self.seen.insert(*at);
                self.cursor = Some(*at);
            }
            Record::Gap { id, missed, at, .. } => {
                verdict.tally.gaps += 1;
                let (missing, _) = self.missing(Bound::Included(*id));
                // A number shows that there was something, even if nobody saw it.
                let is_empty = missing == 0 && missed.is_none_or(|missed| missed == 0);
                self.empty_gaps += usize::from(is_empty);
                let topic = self.log.topic;
                let is_ours = |loss: &&Loss| loss.at <= *at && loss.topic.is_none_or(|lost| lost == topic);
                let losses = self.rules.losses.iter().filter(is_ours);
                let mut resets = losses.clone().filter(|loss| loss.is_reset);
                if losses.count() == 0 || is_empty && self.empty_gaps > resets.clone().count() {
                    verdict.tally.false_gaps += 1;
                    verdict.fault(name("false gap"));
                }
                let same_epoch =
                    self.cursor.filter(|cursor| cursor.epoch == id.epoch && cursor.seq <= id.seq);
                let number = same_epoch.map(|cursor| id.seq - cursor.seq);
                let is_wrong = |missed| missed < missing || number.is_some_and(|number| number != missed);
                if missed.is_some_and(is_wrong) {
                    verdict.tally.miscounted += 1;
                    verdict.fault(format_args!("{}: {missing} are known", name("miscounted")));
                }
                self.told = resets.next_back().copied();
                self.cursor = Some(*id);
            }
        }
    }

    /// How many known events after the cursor and up to here the client has not seen, and the first of them.
    fn missing(&self, to: Bound<Position>) -> (u64, Option<Position>) {
        let (Some(cursor), Bound::Included(end) | Bound::Excluded(end)) = (self.cursor, to) else {
            return (0, None);
        };
        if cursor >= end {
            return (0, None);
        }
        let topic = self.log.topic;
        let events = self.truth.topics.get(&topic).into_iter();
        let events = events.flat_map(|events| events.range((Bound::Excluded(cursor), to)));
        let is_told = |at: Position, known: &Known| {
            self.told.as_ref().is_some_and(|loss| self.truth.is_before(topic, at, known, loss))
        };
        let mut missing = events.filter(|(at, known)| !self.seen.contains(at) && !is_told(**at, known));
        let first = missing.next().map(|(at, _)| *at);
        (first.map_or(0, |_| 1 + missing.count() as u64), first)
    }
}

#[cfg(test)]
mod tests;
