//! The rules for a publisher's view of a topic, without I/O.
//!
//! An append names its epoch, and Redis refuses it if the log is in another one. So an epoch is a fencing token: after
//! its marker, no entry of an earlier epoch can be appended.
//!
//! 1. On each connection, a publisher begins its own epoch before its first append. From then on, an entry that it
//!    sent on an earlier connection is in the log, or never will be. If Redis came back with an older state, the lost
//!    numbers are not used again.
//! 2. If an append is refused since another publisher began a later epoch, the publisher continues in that one. Its own
//!    marker on this connection is before it, so rule 1 holds there as well.
//! 3. If an append is refused for another reason, the log was deleted or lost its end: the publisher begins an epoch.
//! 4. An entry without an answer is looked for by its nonce, before the next marker: see [`Attempt`].
//!
//! [`Attempt`]: super::attempt::Attempt

use std::sync::Arc;

use crate::{Position, redis::log::Logged};

/// The number of a connection to Redis. A later one has a higher number.
pub(super) type ConnectionNumber = u64;

/// How many epochs can begin within one ms. The number of an epoch has 48 bits. The time takes 42 of them, until 2109.
/// `life.lua` has the same number.
///
/// Publishers that do not know of each other could take the same epoch if the clock of Redis goes back and the log is
/// lost. So each skips a random number of epochs, but fewer than this: an epoch far ahead of the time could be later
/// than one that begins after the log was lost.
pub(super) const EPOCHS_PER_MS: u64 = 1 << 6;

/// The state of one topic.
#[derive(Debug)]
pub(super) struct Publisher {
    topic: Arc<str>,
    /// A connection, and the last known position in the epoch to append to on it.
    current: Option<(ConnectionNumber, Position)>,
    /// The highest known position.
    highest: Position,
    /// The highest known position before the epoch of `highest` was known.
    highest_before: Position,
}

impl Publisher {
    pub(super) fn new(topic: Arc<str>) -> Self {
        let nothing = Position::new(0, 0);
        Self { topic, current: None, highest: nothing, highest_before: nothing }
    }

    /// The position to append after on this connection: the log must be in its epoch and have it. `None` if an epoch
    /// has to begin first.
    pub(super) fn current(&self, connection: ConnectionNumber) -> Option<Position> {
        self.current.filter(|(on, _)| *on == connection).map(|(_, seen)| seen)
    }

    /// The marker of an unused epoch: later than the log and all known positions, and not before the time. `step` is
    /// random and below [`EPOCHS_PER_MS`].
    pub(super) fn marker(&self, last: Position, ms: u64, step: u64) -> Position {
        let next = Position::epoch_number(self.highest.max(last).epoch()).saturating_add(1);
        let number = ms.saturating_mul(EPOCHS_PER_MS).max(next).saturating_add(step);
        Position::new(Position::epoch_of(&self.topic, number), 0)
    }

    /// The highest known position.
    pub(super) fn highest(&self) -> Position {
        self.highest
    }

    /// A lost position that this marker does not report: a known one between the marker and the entry that it names.
    /// The first marker of a log itself reports the loss to all clients that have seen anything else.
    pub(super) fn untold(&self, marker: &Logged) -> Option<Position> {
        let before = marker.before.filter(|_| !marker.is_after_loss && !marker.is_first)?;
        let heard = [self.highest, self.highest_before].into_iter().find(|heard| *heard < marker.at)?;
        (heard > before).then_some(heard)
    }

    /// Records a position of the topic.
    pub(super) fn heard(&mut self, position: Position) {
        if position.epoch() > self.highest.epoch() {
            self.highest_before = self.highest;
        }
        self.highest = self.highest.max(position);
    }

    /// Records that the marker was appended.
    pub(super) fn begun(&mut self, connection: ConnectionNumber, marker: Position) {
        self.heard(marker);
        self.current = Some((connection, marker));
    }

    /// Records that an entry was appended.
    pub(super) fn appended(&mut self, connection: ConnectionNumber, at: Position) {
        self.heard(at);
        if let Some((on, seen)) = &mut self.current
            && *on == connection
            && seen.epoch() == at.epoch()
        {
            *seen = at.max(*seen);
        }
    }

    /// Records that an append to the epoch of `sent` was refused: the last entry of the log is at `last`.
    pub(super) fn moved(&mut self, connection: ConnectionNumber, sent: Position, last: Position) {
        self.heard(last);
        match self.current {
            Some((on, seen)) if on == connection && seen.epoch() == sent.epoch() => {
                self.current = (last.epoch() > sent.epoch()).then_some((connection, last));
            }
            // Another append has recorded it already.
            _ => {}
        }
    }
}
