//! The position of an event in the log of its topic.

use std::{fmt, num::ParseIntError, str::FromStr};

use sse_codec::EventId;

/// The position of an event in the log of its topic: an epoch and a number that counts up from 1 in it.
///
/// It is the id of the event on the wire, in the form `epoch-seq`, both decimal. Within an epoch positions are dense,
/// so the difference of two is the number of events between them. A new epoch begins when the numbers cannot be
/// continued: without a backplane at each start of the process, with a backplane when a publisher reconnects. Number 0
/// is the begin of an epoch, before its first event.
///
/// Positions of one topic have the order of its log, except across a restart of a hub without a backplane: its epochs
/// are random.
///
/// ```
/// use sse_hub::Position;
///
/// let position: Position = "281474976710656-7".parse()?;
/// assert_eq!((position.epoch(), position.seq()), (281474976710656, 7));
/// assert_eq!(position.to_string(), "281474976710656-7");
/// assert!("281474976710656-07".parse::<Position>().is_err());
/// # Ok::<(), sse_hub::error::PositionError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    epoch: u64,
    seq: u64,
}

/// The string is not a [`Position`]: two decimal numbers of 64 bits without leading zeros, separated by `-`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a position; positions have the form `epoch-seq`, two decimal numbers")]
pub struct PositionError {
    source: Option<ParseIntError>,
}

/// The number of low bits of an epoch that are a hash of the topic's name.
const TAG_BITS: u32 = 16;

impl Position {
    /// A position with this epoch and number.
    pub const fn new(epoch: u64, seq: u64) -> Self {
        Self { epoch, seq }
    }

    /// The epoch.
    pub const fn epoch(self) -> u64 {
        self.epoch
    }

    /// The number within the epoch. The first event has 1.
    pub const fn seq(self) -> u64 {
        self.seq
    }

    /// The epoch with this number for a topic: `number << 16`, plus 16 bits of a hash of the name.
    ///
    /// The hash lets any process recognise an id of another topic. `number` has at most 48 bits, enough for a time in
    /// ms since 1970. A higher number gives a higher epoch.
    ///
    /// ```
    /// use sse_hub::Position;
    ///
    /// let epoch = Position::epoch_of("room 1", 1_700_000_000_000);
    /// assert_eq!(Position::epoch_number(epoch), 1_700_000_000_000);
    /// assert!(Position::new(epoch, 7).is_of("room 1"));
    /// assert!(!Position::new(epoch, 7).is_of("room 2"));
    /// ```
    pub fn epoch_of(topic: &str, number: u64) -> u64 {
        number << TAG_BITS | tag(topic)
    }

    /// The number that was passed to [`epoch_of`](Self::epoch_of).
    pub const fn epoch_number(epoch: u64) -> u64 {
        epoch >> TAG_BITS
    }

    /// Whether this can be a position of this topic. It is wrongly true for one of 65,536 other topics.
    pub fn is_of(self, topic: &str) -> bool {
        self.epoch & ((1 << TAG_BITS) - 1) == tag(topic)
    }

    /// How many events come after this position, up to and including `later`. `None` if the epochs differ, or `later`
    /// is before.
    ///
    /// ```
    /// use sse_hub::Position;
    ///
    /// assert_eq!(Position::new(1, 3).events_until(Position::new(1, 8)), Some(5));
    /// assert_eq!(Position::new(1, 3).events_until(Position::new(2, 8)), None);
    /// ```
    pub const fn events_until(self, later: Self) -> Option<u64> {
        if self.epoch == later.epoch { later.seq.checked_sub(self.seq) } else { None }
    }

    /// Whether this can be the position after `before`: the next number, or the begin of a later epoch.
    pub(crate) const fn follows(self, before: Self) -> bool {
        if self.epoch == before.epoch {
            self.seq == before.seq + 1
        } else {
            self.epoch > before.epoch && self.seq == 0
        }
    }

    pub(crate) const fn plus(self, events: u64) -> Self {
        Self { epoch: self.epoch, seq: self.seq.saturating_add(events) }
    }

    pub(crate) const fn minus(self, events: u64) -> Self {
        Self { epoch: self.epoch, seq: self.seq.saturating_sub(events) }
    }
}

/// FNV-1a, folded. The hash must be the same in all processes and versions, which the standard library does not
/// promise.
fn tag(topic: &str) -> u64 {
    let hash = topic.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash >> 48 ^ hash >> 32 ^ hash >> 16 ^ hash) & ((1 << TAG_BITS) - 1)
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.seq)
    }
}

impl FromStr for Position {
    type Err = PositionError;

    fn from_str(text: &str) -> Result<Self, PositionError> {
        let (epoch, seq) = text.split_once('-').ok_or(PositionError { source: None })?;
        let (epoch, seq) = (number(epoch)?, number(seq)?);
        Ok(Self { epoch, seq })
    }
}

/// Each number has only one form: no sign and no leading zeros.
fn number(digits: &str) -> Result<u64, PositionError> {
    if digits.starts_with('+') || (digits.starts_with('0') && digits.len() > 1) {
        return Err(PositionError { source: None });
    }
    digits.parse().map_err(|error| PositionError { source: Some(error) })
}

impl From<Position> for EventId {
    fn from(position: Position) -> Self {
        // Digits and a hyphen are always a valid id.
        Self::new(position.to_string()).unwrap_or_default()
    }
}
