//! The entries in the stream of a topic, and how one follows another.
//!
//! | entry | fields |
//! | --- | --- |
//! | marker, `epoch-0` | `begin` (the id of the last entry before it, or of the begin of the topic), `nonce`, perhaps `lost` |
//! | event | `data`, perhaps `type`, perhaps `retry` (ms), `nonce` |
//! | end | `end`, `nonce` |
//!
//! A marker names the entry before it. So for each entry the one before it is known, and every hole is visible: within
//! an epoch by the numbers, between epochs by the marker. A marker with `lost` reports that the log has lost entries,
//! or may have, which nothing else shows. The script that appends markers decides.

use std::time::Duration;

use sse_codec::{Event, EventType};

use crate::{Position, Reason, backplane::Record};

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Logged {
    pub(super) at: Position,
    pub(super) record: Record,
    /// Of a marker: the last entry before it, or the begin of the topic.
    pub(super) before: Option<Position>,
    /// Of a marker: whether it is the first entry of the log.
    pub(super) is_first: bool,
    /// Of a marker: whether the log has lost entries, or may have, which nothing else shows.
    pub(super) is_after_loss: bool,
    /// Its publisher finds it by this.
    pub(super) nonce: Vec<u8>,
}

/// The last position of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Last {
    pub(super) at: Position,
    /// Whether there is no log: it is the begin of the topic.
    pub(super) is_begin: bool,
}

/// How an entry follows an earlier position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Follows {
    /// Nothing is between them.
    Directly,
    /// Entries between them are missing, or the position is not from this log.
    AfterHole(Reason),
}

impl Logged {
    /// The position that this entry follows directly. A marker after a loss follows none, so this is its own.
    pub(super) fn floor(&self) -> Position {
        match self.before {
            Some(_) if self.is_after_loss => self.at,
            Some(before) => before,
            None => Position::new(self.at.epoch(), self.at.seq().saturating_sub(1)),
        }
    }

    /// Where to continue if this is the first entry after a hole. After a reset this is the marker itself, which is
    /// not in an older state of the log.
    pub(super) fn floor_after(&self, reason: Reason) -> Position {
        if reason == Reason::Reset { self.at } else { self.floor() }
    }

    /// How this entry follows `position`. It must be the first one after it in the log.
    ///
    /// No position is used twice. So if this entry is the next one, the log has had the entry at `position`, even if
    /// that is trimmed now.
    pub(super) fn follows(&self, position: Position) -> Follows {
        let floor = self.floor();
        if floor == position {
            Follows::Directly
        } else if floor > position && !self.is_after_loss && !self.is_first {
            Follows::AfterHole(Reason::Trimmed)
        } else {
            // The log continues from an earlier position: it never had this one, or lost it or entries after it.
            Follows::AfterHole(Reason::Reset)
        }
    }

    /// The bytes that count towards the limit of a page.
    pub(super) fn size(&self) -> usize {
        match &self.record {
            Record::Event(event) => event.data().len() + event.event_type().len(),
            Record::End | Record::Marker => 0,
        }
    }
}

/// The fields of a record, as the script that appends it expects them.
pub(super) fn fields(record: &Record, nonce: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut fields = Vec::with_capacity(4);
    match record {
        Record::Event(event) => {
            fields.push(("data", event.data().into()));
            if let Some(event_type) = event.explicit_event_type() {
                fields.push(("type", event_type.as_str().into()));
            }
            if let Some(retry) = event.retry() {
                fields.push(("retry", retry.as_millis().to_string().into()));
            }
        }
        Record::End => fields.push(("end", Vec::new())),
        Record::Marker => fields.push(("begin", Vec::new())),
    }
    fields.push(("nonce", nonce.into()));
    fields
}

/// Parses an entry of a stream: its id, and its fields with their values.
pub(super) fn parse(
    id: &[u8],
    fields: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>,
    topic: &str,
) -> Result<Logged, &'static str> {
    let at = position(id).ok_or("its id is not a position")?;
    let (mut data, mut event_type, mut retry) = (None, None, None);
    let (mut before, mut is_after_loss, mut end, mut nonce) = (None, false, false, Vec::new());
    for (name, value) in fields {
        match &*name {
            b"data" => data = Some(String::from_utf8(value).map_err(|_| "its data is not UTF-8")?),
            b"type" => {
                let text = String::from_utf8(value).map_err(|_| "its type is not UTF-8")?;
                event_type = Some(EventType::new(text).map_err(|_| "its type is not an event type")?);
            }
            b"retry" => {
                let ms = str::from_utf8(&value).ok().and_then(|text| text.parse().ok());
                retry = Some(Duration::from_millis(ms.ok_or("its retry is not a number")?));
            }
            b"begin" => before = Some(last(&value, topic).ok_or("its begin is not a position")?),
            b"lost" => is_after_loss = true,
            b"end" => end = true,
            b"nonce" => nonce = value,
            // A later version may add fields.
            _ => {}
        }
    }
    let record = match (before, end, data) {
        (Some(_), false, None) if at.seq() == 0 => Record::Marker,
        (None, true, None) => Record::End,
        (None, false, Some(data)) if at.seq() > 0 => {
            let mut event = Event::new(data);
            if let Some(event_type) = event_type {
                event = event.with_event_type(event_type);
            }
            if let Some(retry) = retry {
                event = event.with_retry(retry);
            }
            Record::Event(event)
        }
        _ => return Err("it is neither an event, nor an end, nor a marker"),
    };
    let is_first = before.is_some_and(|before| before.is_begin);
    let before = before.map(|before| before.at);
    Ok(Logged { at, record, before, is_first, is_after_loss, nonce })
}

/// Parses the id of the last entry, or of the begin of a topic: `0-` and a life, see `life.lua`.
pub(super) fn last(id: &[u8], topic: &str) -> Option<Last> {
    let id = position(id)?;
    Some(match id.epoch() {
        0 => Last { at: begin(topic, id.seq()), is_begin: true },
        _ => Last { at: id, is_begin: false },
    })
}

fn position(id: &[u8]) -> Option<Position> {
    str::from_utf8(id).ok()?.parse().ok()
}

/// The position before all entries of a log that begins in this life. All positions of earlier lives are before it.
pub(super) fn begin(topic: &str, life: u64) -> Position {
    Position::new(Position::epoch_of(topic, life), 0)
}
