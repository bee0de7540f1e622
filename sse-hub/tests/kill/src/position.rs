//! The position of an event in the log of its topic, as in the ids on the wire.

use std::{fmt, num::ParseIntError, str::FromStr};

/// `epoch-seq`: dense within an epoch, and epochs only grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Position {
    pub(crate) epoch: u64,
    pub(crate) seq: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.seq)
    }
}

impl FromStr for Position {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        // Without a `-` the empty rest is an error too.
        let (epoch, seq) = text.split_once('-').unwrap_or((text, ""));
        Ok(Self { epoch: epoch.parse()?, seq: seq.parse()? })
    }
}
