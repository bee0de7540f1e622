//! One entry on its way into the log, over any number of connections: the rules, without I/O.

use crate::{
    Position,
    redis::{
        log::{Follows, Logged},
        publisher::{ConnectionNumber, Publisher},
    },
};

/// What is known of an entry that is to be appended.
///
/// After [`connected`](Self::connected), do what [`next`](Self::next) says and tell the answer, again and again, until
/// there is an [`Outcome`]. If there is no answer, connect anew.
#[derive(Debug)]
pub(super) struct Attempt {
    nonce: Vec<u8>,
    connection: ConnectionNumber,
    /// The marker to begin an epoch with, once it is known which one can be.
    marker: Option<Position>,
    /// The log has an end, here.
    closed: Option<Position>,
    /// Where the log was when the entry was sent. There was no answer.
    unanswered: Option<Position>,
    search: Option<Search>,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Append this marker, or ask where the log is.
    Begin(Option<Position>),
    /// Read what is after this position.
    Read(Position),
    /// Append the entry to the epoch of this position.
    Append(Position),
}

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is in the log, or another with the same key was.
    At(Position),
    /// It was not appended since the log has an end.
    Closed,
    /// The log does not have all that was appended since it was sent: it was trimmed, deleted, or lost its end.
    Unknown,
}

/// The answer to a marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begun {
    /// It was appended.
    Appended,
    /// It was refused: the log is at this position, at this time in ms.
    Moved(Position, u64),
    /// It was refused: the log has an end, at this position.
    Closed(Position),
    /// It was to tell of a loss, but there is none that no marker tells of.
    Needless,
}

/// The answer to an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Appended {
    /// It is at this position, or an entry with the same key was before.
    At(Position),
    /// It was refused: the log is at this position.
    Moved(Position),
    /// It was refused: the log has an end.
    Closed,
}

impl Attempt {
    /// No other entry has the same nonce.
    pub(super) fn new(nonce: Vec<u8>) -> Self {
        Self { nonce, connection: 0, marker: None, closed: None, unanswered: None, search: None }
    }

    pub(super) fn nonce(&self) -> &[u8] {
        &self.nonce
    }

    /// Whether the entry was sent and nothing is known of it since.
    pub(super) fn is_unanswered(&self) -> bool {
        self.unanswered.is_some()
    }

    /// Begins on a connection. What was known of the log may not be true any more.
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
            // From now on the log refuses what was sent to an earlier epoch. So what is not there will not come.
            let until = if self.closed.is_some() { current } else { Position::new(current.epoch(), 0) };
            return Step::Read(self.search.get_or_insert(Search { cursor: sent, until }).cursor);
        }
        // Whatever happens from here on, the entry may be there, until an answer says otherwise.
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

/// Looks for an entry by its nonce, from where the log was when it was sent up to a later marker, or the end.
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
    /// Takes the entries after the cursor.
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
        // The marker must be there, unless the log changed once more.
        if entries.is_empty() { Found::Hole } else { Found::NotYet }
    }
}
