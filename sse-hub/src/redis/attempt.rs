//! The rules for appending one entry over any number of connections, without I/O.

use crate::{
    Position,
    redis::{
        log::{Follows, Logged},
        publisher::{ConnectionNumber, Publisher},
    },
};

/// The state of an entry that is being appended.
///
/// After [`connected`](Self::connected), carry out the step from [`next`](Self::next) and pass on the answer, until
/// there is an [`Outcome`]. If there is no answer, connect again.
#[derive(Debug)]
pub(super) struct Attempt {
    nonce: Vec<u8>,
    connection: ConnectionNumber,
    /// The marker to begin an epoch with, once the last position of the log is known.
    marker: Option<Position>,
    /// The log is finished, at this position.
    closed: Option<Position>,
    /// The position of the log when the entry was sent. The outcome is unknown.
    unanswered: Option<Position>,
    search: Option<Search>,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Append this marker. `None` only asks for the last position of the log.
    Begin(Option<Position>),
    /// Read the entries after this position.
    Read(Position),
    /// Append the entry to the epoch of this position.
    Append(Position),
}

/// The outcome of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The entry is in the log, or an earlier one with the same key was.
    At(Position),
    /// It was not appended since the log is finished.
    Closed,
    /// Some later entries are missing, since the log was trimmed, deleted, or lost its end.
    Unknown,
}

/// The answer to a marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begun {
    /// It was appended.
    Appended,
    /// It was refused, or there was none: the position of the log, and the time in ms.
    Moved(Position, u64),
    /// It was refused: the log is finished, at this position.
    Closed(Position),
    /// It was only for a loss that no marker reports, and there is none.
    Needless,
}

/// The answer to an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Appended {
    /// It is at this position, or an earlier entry with the same key was.
    At(Position),
    /// It was refused: the log is at this position.
    Moved(Position),
    /// It was refused: the log is finished.
    Closed,
}

impl Attempt {
    /// No other entry may have the same nonce.
    pub(super) fn new(nonce: Vec<u8>) -> Self {
        Self { nonce, connection: 0, marker: None, closed: None, unanswered: None, search: None }
    }

    pub(super) fn nonce(&self) -> &[u8] {
        &self.nonce
    }

    /// Whether the entry was sent and its outcome is unknown.
    pub(super) fn is_unanswered(&self) -> bool {
        self.unanswered.is_some()
    }

    /// Starts again on a new connection. The log may have changed.
    pub(super) fn connected(&mut self, connection: ConnectionNumber) {
        self.connection = connection;
        self.marker = None;
        self.closed = None;
        self.search = None;
    }

    /// What to do next.
    pub(super) fn next(&mut self, publisher: &Publisher) -> Step {
        let Some(current) = self.closed.or_else(|| publisher.current(self.connection)) else {
            return Step::Begin(self.marker);
        };
        if let Some(sent) = self.unanswered {
            // The log now refuses entries that were sent to an earlier epoch. So a missing entry will not arrive later.
            let until = if self.closed.is_some() { current } else { Position::new(current.epoch(), 0) };
            return Step::Read(self.search.get_or_insert(Search { cursor: sent, until }).cursor);
        }
        // From here on the entry may be in the log, until an answer says otherwise.
        self.unanswered = Some(current);
        Step::Append(current)
    }

    /// The answer to [`Step::Begin`]. `step` is random: see [`Publisher::marker`].
    pub(super) fn begun(&mut self, answer: Begun, publisher: &mut Publisher, step: u64) {
        match answer {
            Begun::Appended => {
                if let Some(marker) = self.marker.take() {
                    publisher.begun(self.connection, marker);
                }
            }
            Begun::Moved(last, ms) => self.marker = Some(publisher.marker(last, ms, step)),
            Begun::Closed(last) => self.closed = Some(last),
            Begun::Needless => {}
        }
    }

    /// The answer to [`Step::Read`].
    pub(super) fn read(&mut self, entries: &[Logged]) -> Option<Outcome> {
        match self.search.as_mut()?.page(entries, &self.nonce) {
            Found::At(at) => return Some(Outcome::At(at)),
            Found::Not => {
                self.unanswered = None;
                self.search = None;
            }
            Found::NotYet => {}
            Found::Hole => return Some(Outcome::Unknown),
        }
        None
    }

    /// The answer to [`Step::Append`].
    pub(super) fn appended(&mut self, answer: Appended, publisher: &mut Publisher) -> Option<Outcome> {
        let sent = self.unanswered.take();
        match answer {
            Appended::At(at) => {
                publisher.appended(self.connection, at);
                Some(Outcome::At(at))
            }
            Appended::Moved(last) => {
                if let Some(sent) = sent {
                    publisher.moved(self.connection, sent, last);
                }
                None
            }
            Appended::Closed => Some(Outcome::Closed),
        }
    }

    /// The answer to [`Step::Append`] was an error: Redis did not carry it out.
    pub(super) fn refused(&mut self) {
        self.unanswered = None;
    }
}

/// Looks for an entry by its nonce, from the position of the log when it was sent up to a later marker or the end.
#[derive(Debug)]
struct Search {
    cursor: Position,
    until: Position,
}

enum Found {
    At(Position),
    Not,
    NotYet,
    Hole,
}

impl Search {
    /// Searches the entries after the cursor.
    fn page(&mut self, entries: &[Logged], nonce: &[u8]) -> Found {
        for entry in entries {
            if entry.follows(self.cursor) != Follows::Directly {
                return Found::Hole;
            }
            if entry.nonce == nonce && entry.before.is_none() {
                return Found::At(entry.at);
            }
            if entry.at >= self.until {
                return Found::Not;
            }
            self.cursor = entry.at;
        }
        // The marker must be in the log, unless the log changed again.
        if entries.is_empty() { Found::Hole } else { Found::NotYet }
    }
}
