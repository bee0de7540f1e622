//! A model of the data of one topic in Redis, and of the scripts. `compared.rs` compares it with a real server.

use std::collections::VecDeque;

use super::{
    attempt::{Appended, Begun},
    command::Begin,
    log::{self, Logged},
};
use crate::{Position, backplane::Record};

pub(super) const TOPIC: &str = "room";

/// The number of a published message: the data of its event.
pub(super) type Message = u32;

/// The stream of the topic.
#[derive(Clone, Debug)]
pub(super) struct Log {
    pub(super) entries: VecDeque<Logged>,
    last: Position,
}

/// The data in Redis.
#[derive(Clone, Debug, Default)]
pub(super) struct Data {
    pub(super) log: Option<Log>,
    /// The run in which the log was continued last.
    pub(super) run: Option<u64>,
    /// The last marker that reported a loss.
    pub(super) lost: Option<Position>,
}

#[derive(Debug, Default)]
pub(super) struct Server {
    pub(super) data: Data,
    pub(super) saved: Data,
    pub(super) ms: u64,
    pub(super) run: u64,
    pub(super) keeps_all: bool,
}

pub(super) fn origin() -> Position {
    log::origin(TOPIC)
}

impl Server {
    /// `last.lua`
    pub(super) fn last(&self) -> (Position, bool) {
        let Some(log) = &self.data.log else { return (origin(), false) };
        (log.last, log.entries.back().is_some_and(|entry| entry.record == Record::End))
    }

    /// `begin.lua`
    pub(super) fn begin(&mut self, Begin { marker, heard, nonce, if_lost }: Begin<'_>) -> Begun {
        let (before, ended) = self.last();
        if ended {
            return Begun::Closed(before);
        }
        // A report in another log does not count in this one.
        let lost = self.data.lost.filter(|_| before != origin());
        let is_told = heard <= origin() || lost.is_some_and(|lost| heard <= lost);
        let is_after_loss = self.is_other_run() && !self.keeps_all || !is_told && !self.has(heard);
        if if_lost && !is_after_loss {
            return Begun::Needless;
        }
        match marker {
            Some(at) if at > before => {
                let (record, nonce) = (Record::Marker, nonce.into());
                self.add(Logged { at, record, before: Some(before), is_after_loss, nonce });
                self.data.run = Some(self.run);
                self.data.lost = if is_after_loss { Some(at) } else { lost };
                Begun::Appended
            }
            _ => Begun::Moved(before, self.ms),
        }
    }

    /// Whether the log was not continued in this run.
    pub(super) fn is_other_run(&self) -> bool {
        self.data.run != Some(self.run) && (self.data.run.is_some() || self.last().0 != origin())
    }

    fn has(&self, position: Position) -> bool {
        match self.entries().find(|entry| entry.at >= position) {
            Some(next) if next.at == position => true,
            Some(next) => next.before.is_none_or(|before| before == origin() || position <= before),
            None => position <= self.last().0,
        }
    }

    /// `append.lua`
    pub(super) fn append(&mut self, seen: Position, record: Record, nonce: &[u8]) -> Appended {
        let (before, ended) = self.last();
        if ended {
            return Appended::Closed;
        }
        if self.data.log.is_none() || before.epoch() != seen.epoch() || before.seq() < seen.seq() {
            return Appended::Moved(before);
        }
        let at = before.plus(1);
        self.add(Logged { at, record, before: None, is_after_loss: false, nonce: nonce.into() });
        Appended::At(at)
    }

    fn add(&mut self, entry: Logged) {
        let log = self.data.log.get_or_insert_with(|| Log { entries: VecDeque::new(), last: origin() });
        log.last = entry.at;
        log.entries.push_back(entry);
    }

    /// `XRANGE key (after + COUNT count`, and `XREAD` likewise
    pub(super) fn after(&self, after: Position, count: usize) -> Vec<Logged> {
        self.entries().filter(|entry| entry.at > after).take(count).cloned().collect()
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Logged> {
        self.data.log.iter().flat_map(|log| &log.entries)
    }
}

pub(super) fn record(message: Option<Message>) -> Record {
    match message {
        Some(message) => Record::Event(sse_codec::Event::new(message.to_string())),
        None => Record::End,
    }
}
