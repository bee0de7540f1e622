//! A model of the data of one topic in Redis, and of the scripts. `compared.rs` compares it with a real server.

use std::collections::VecDeque;

use super::{
    attempt::{Appended, Begun},
    command::Begin,
    log::{self, Last, Logged},
    publisher::EPOCHS_PER_MS,
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
    /// The life of the data, and the run in which it was made.
    pub(super) life: Option<(u64, u64)>,
}

#[derive(Debug, Default)]
pub(super) struct Server {
    pub(super) data: Data,
    pub(super) saved: Data,
    pub(super) ms: u64,
    pub(super) run: u64,
    pub(super) keeps_all: bool,
}

impl Server {
    /// `last.lua`, and `life.lua` if there is no log. [`live`](Self::live) must have made a life.
    pub(super) fn last(&self) -> (Position, bool) {
        let Some(log) = &self.data.log else { return (self.begin_of_topic(), false) };
        (log.last, log.entries.back().is_some_and(|entry| entry.record == Record::End))
    }

    /// `positions.lua`
    pub(super) fn known_last(&self) -> Last {
        Last { at: self.last().0, is_begin: self.data.log.is_none() }
    }

    pub(super) fn begin_of_topic(&self) -> Position {
        log::begin(TOPIC, self.data.life.map_or(0, |(life, _)| life))
    }

    /// Makes a life, unless there is one that may continue: `life.lua`.
    pub(super) fn live(&mut self) {
        if self.data.life.is_none_or(|(_, run)| run != self.run && !self.keeps_all) {
            self.data.life = Some((self.ms * EPOCHS_PER_MS, self.run));
        }
    }

    /// `begin.lua`
    pub(super) fn begin(&mut self, Begin { marker, heard, nonce, if_lost }: Begin<'_>) -> Begun {
        let (before, ended) = self.last();
        if ended {
            return Begun::Closed(before);
        }
        let is_first = self.data.log.is_none();
        // A report in another log does not count in this one.
        let lost = self.data.lost.filter(|_| !is_first);
        let is_after_loss = if is_first {
            self.data.run.is_some() || heard.epoch() > before.epoch()
        } else {
            let is_told = lost.is_some_and(|lost| heard <= lost);
            self.is_other_run() && !self.keeps_all || !is_told && !self.has(heard)
        };
        if if_lost && !is_after_loss {
            return Begun::Needless;
        }
        match marker {
            Some(at) if at > before => {
                let (record, nonce) = (Record::Marker, nonce.into());
                self.add(Logged { at, record, before: Some(before), is_first, is_after_loss, nonce });
                self.data.run = Some(self.run);
                self.data.lost = if is_after_loss { Some(at) } else { lost };
                Begun::Appended
            }
            _ => Begun::Moved(before, self.ms),
        }
    }

    /// Whether the log was not continued in this run.
    pub(super) fn is_other_run(&self) -> bool {
        self.data.run != Some(self.run) && (self.data.run.is_some() || self.data.log.is_some())
    }

    fn has(&self, position: Position) -> bool {
        match self.entries().find(|entry| entry.at >= position) {
            Some(next) if next.at == position => true,
            Some(next) => next.is_first || next.before.is_none_or(|before| position <= before),
            None => position <= self.last().0,
        }
    }

    /// `append.lua`
    pub(super) fn append(&mut self, seen: Position, record: Record, nonce: &[u8]) -> Appended {
        let (before, ended) = self.last();
        if ended {
            return Appended::Closed;
        }
        if self.data.log.is_none() {
            return Appended::Moved(log::begin(TOPIC, 0));
        }
        if before.epoch() != seen.epoch() || before.seq() < seen.seq() {
            return Appended::Moved(before);
        }
        let at = before.plus(1);
        let nonce = nonce.into();
        self.add(Logged { at, record, before: None, is_first: false, is_after_loss: false, nonce });
        Appended::At(at)
    }

    fn add(&mut self, entry: Logged) {
        let log = self.data.log.get_or_insert_with(|| Log { entries: VecDeque::new(), last: entry.at });
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
