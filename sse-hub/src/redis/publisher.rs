//! What a process knows of a topic that it publishes to: the rules, without I/O.
//!
//! An append names the epoch that it belongs to, and Redis refuses it if the log is in another one. So an epoch is a
//! fencing token: after its marker, nothing of an earlier epoch can come.
//!
//! 1. On each connection, a publisher begins an epoch of its own before its first append. What it sent on the connection
//!    before is then there, or never will be. And if Redis came back with an older state, the numbers that were lost are
//!    not given again.
//! 2. If an append is refused since another publisher began a later epoch, the publisher goes on in that one. It began
//!    on this connection, so rule 1 holds for it as well.
//! 3. If an append is refused for another reason, the log was deleted or lost its end: the publisher begins an epoch.
//! 4. An append without an answer is looked for by its nonce, before the next marker: see [`Attempt`].
//!
//! [`Attempt`]: super::attempt::Attempt

use std::sync::Arc;

use crate::{Position, redis::log::Logged};

/// A connection to Redis. Each one has a higher number.
pub(super) type ConnectionNumber = u64;

/// How many epochs can begin within one ms. The number of an epoch has 48 bits, of which the time takes 42 until 2109.
///
/// Publishers that know nothing of each other could take the same epoch if the clock of Redis goes back and the log is
/// lost. So each skips a random number of epochs, but not more than this: an epoch that was far ahead of the time could be
/// later than one that begins after the log was lost.
pub(super) const EPOCHS_PER_MS: u64 = 1 << 6;

/// The state of one topic.
#[derive(Debug)]
pub(super) struct Publisher {
    topic: Arc<str>,
    /// The epoch to append to with the last number in it that was seen, and the connection for which this holds.
    current: Option<(ConnectionNumber, Position)>,
    /// The highest position that was ever heard of.
    highest: Position,
    /// The highest one before the epoch of that one was heard of.
    highest_before: Position,
}

impl Publisher {
    pub(super) fn new(topic: Arc<str>) -> Self {
        let nothing = Position::new(0, 0);
        Self { topic, current: None, highest: nothing, highest_before: nothing }
    }

    /// Where to append on this connection: to the epoch of this position, which the log must have. `None` if an epoch
    /// has to begin first.
    pub(super) fn current(&self, connection: ConnectionNumber) -> Option<Position> {
        self.current.filter(|(on, _)| *on == connection).map(|(_, seen)| seen)
    }

    /// The marker of an epoch that was never used: later than the time, than all that is in the log, and than all that
    /// was heard of. `step` is random and below [`EPOCHS_PER_MS`].
    pub(super) fn marker(&self, last: Position, ms: u64, step: u64) -> Position {
        let next = Position::epoch_number(self.highest.max(last).epoch()).saturating_add(1);
        let number = ms.saturating_mul(EPOCHS_PER_MS).max(next).saturating_add(step);
        Position::new(Position::epoch_of(&self.topic, number), 0)
    }

    /// The highest position that was heard of.
    pub(super) fn highest(&self) -> Position {
        self.highest
    }

    /// What this marker of the log does not tell, although something was lost: a position that is between it and the entry
    /// that it names as the one before. If that is the begin of the log, it tells all who have seen anything.
    pub(super) fn untold(&self, marker: &Logged) -> Option<Position> {
        let before = marker.before.filter(|_| !marker.is_after_loss)?;
        let heard = [self.highest, self.highest_before].into_iter().find(|heard| *heard < marker.at)?;
        let is_first = Position::epoch_number(before.epoch()) == 0;
        (heard > before && !is_first).then_some(heard)
    }

    /// Some position of the topic was seen.
    pub(super) fn heard(&mut self, position: Position) {
        if position.epoch() > self.highest.epoch() {
            self.highest_before = self.highest;
        }
        self.highest = self.highest.max(position);
    }

    /// The marker was appended.
    pub(super) fn begun(&mut self, connection: ConnectionNumber, marker: Position) {
        self.heard(marker);
        self.current = Some((connection, marker));
    }

    /// An entry was appended.
    pub(super) fn appended(&mut self, connection: ConnectionNumber, at: Position) {
        self.heard(at);
        if let Some((on, seen)) = &mut self.current
            && *on == connection
            && seen.epoch() == at.epoch()
        {
            *seen = at.max(*seen);
        }
    }

    /// An append to the epoch of `sent` was refused: the last entry of the log is at `last`.
    pub(super) fn moved(&mut self, connection: ConnectionNumber, sent: Position, last: Position) {
        self.heard(last);
        match self.current {
            Some((on, seen)) if on == connection && seen.epoch() == sent.epoch() => {
                self.current = (last.epoch() > sent.epoch()).then_some((connection, last));
            }
            // Another append has found out already.
            _ => {}
        }
    }
}
