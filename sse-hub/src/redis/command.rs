//! The commands for Redis, and their answers.
//!
//! Appending needs a script, since no command checks the epoch of the log. `XADD key epoch-*` fails if the log is in a
//! later epoch, but not if it is in an earlier one, since it was deleted and another publisher began it again.

use std::{sync::LazyLock, time::Duration};

use redis::{RedisError, Script, aio::MultiplexedConnection, cmd, pipe};

use crate::{
    Position,
    backplane::Record,
    redis::{
        attempt::{Appended, Begun},
        error::{Error, Failure},
        log::{self, Last, Logged},
        run::{Numbered, Run},
    },
};

static APPEND: LazyLock<Script> =
    LazyLock::new(|| Script::new(concat!(include_str!("lua/last.lua"), include_str!("lua/append.lua"))));
static BEGIN: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(
        include_str!("lua/last.lua"),
        include_str!("lua/life.lua"),
        include_str!("lua/begin.lua")
    ))
});
const POSITIONS: &str =
    concat!(include_str!("lua/last.lua"), include_str!("lua/life.lua"), include_str!("lua/positions.lua"));

/// How many streams a script reads the last position of. Redis does nothing else meanwhile.
const POSITIONS_AT_ONCE: usize = 100;

/// The entries of a stream, as the client library returns them.
type Entries = Vec<(String, Vec<(Vec<u8>, Vec<u8>)>)>;

/// The log of a topic.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) key: String,
    /// The key of the hash that `begin.lua` keeps.
    pub(super) run_key: String,
    /// The key of the hash that `life.lua` keeps for all topics.
    pub(super) life_key: String,
    pub(super) topic: String,
}

/// A marker to append.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begin<'a> {
    /// It is appended if it is later than all entries. `None` only asks for the last position.
    pub(super) marker: Option<Position>,
    /// The highest position that the process knows.
    pub(super) heard: Position,
    pub(super) nonce: &'a [u8],
    /// Whether it is needed only if the log lost something that no marker reports.
    pub(super) if_lost: bool,
}

/// An entry to append, and how much to keep.
#[derive(Debug)]
pub(super) struct NewEntry<'a> {
    pub(super) record: &'a Record,
    pub(super) nonce: &'a [u8],
    /// The Redis key of the idempotency key, or empty.
    pub(super) once: &'a str,
    /// How long to keep that key.
    pub(super) once_for: Duration,
    /// How many entries to keep.
    pub(super) history: usize,
    /// How long to keep the topic after its last entry.
    pub(super) expire_after: Option<Duration>,
}

impl Stream {
    /// Appends the marker, if there is one and it is needed.
    pub(super) async fn begin(&self, current: &mut Numbered, begin: Begin<'_>) -> Result<Begun, Failure> {
        let Run { id, keeps_all, .. } = &*current.run;
        let number = |position: Position| Position::epoch_number(position.epoch());
        let mut script = BEGIN.prepare_invoke();
        script.key(&self.key).key(&self.run_key).key(&self.life_key);
        script.arg(begin.marker.map_or(String::new(), |marker| marker.to_string()));
        script.arg(begin.heard.to_string()).arg(begin.nonce).arg(id);
        script.arg(u8::from(*keeps_all)).arg(u8::from(begin.if_lost));
        script.arg(begin.marker.map_or(0, number)).arg(number(begin.heard));
        let (outcome, last, ms): (String, String, u64) = script.invoke_async(&mut current.connection).await?;
        let last = self.last(&last)?.at;
        Ok(match &*outcome {
            "begun" => Begun::Appended,
            "closed" => Begun::Closed(last),
            "kept" => Begun::Needless,
            _ => Begun::Moved(last, ms),
        })
    }

    /// Appends an entry if the log is in the epoch of `seen` and has reached its number.
    pub(super) async fn append(
        &self,
        connection: &mut MultiplexedConnection,
        seen: Position,
        entry: &NewEntry<'_>,
    ) -> Result<Appended, Failure> {
        let mut script = APPEND.prepare_invoke();
        script.key(&self.key).key(&self.run_key).key(entry.once);
        script.arg(seen.epoch()).arg(seen.seq()).arg(entry.history);
        script.arg(entry.expire_after.map_or(String::new(), |after| after.as_millis().max(1).to_string()));
        script.arg(u64::try_from(entry.once_for.as_millis().max(1)).unwrap_or(u64::MAX));
        for (name, value) in log::fields(entry.record, entry.nonce) {
            script.arg(name).arg(value);
        }
        let (outcome, position): (String, String) = script.invoke_async(connection).await?;
        let position = self.last(&position)?.at;
        Ok(match &*outcome {
            "appended" | "again" => Appended::At(position),
            "closed" => Appended::Closed,
            _ => Appended::Moved(position),
        })
    }

    /// The last position of the log, and then the entries after a position.
    pub(super) async fn after(
        &self,
        current: &mut Numbered,
        position: Position,
        count: usize,
    ) -> Result<(Last, Vec<Logged>), Failure> {
        let mut range = cmd("XRANGE");
        range.arg(&self.key).arg(format!("({position}")).arg("+").arg("COUNT").arg(count.max(1));
        self.last_and(current, range).await
    }

    /// The last position of the log, and then its oldest entries.
    pub(super) async fn oldest(
        &self,
        current: &mut Numbered,
        count: usize,
    ) -> Result<(Last, Vec<Logged>), Failure> {
        let mut range = cmd("XRANGE");
        range.arg(&self.key).arg("-").arg("+").arg("COUNT").arg(count.max(1));
        self.last_and(current, range).await
    }

    /// The last position of the log, and then its last entries, the latest first.
    pub(super) async fn latest(
        &self,
        current: &mut Numbered,
        count: usize,
    ) -> Result<(Last, Vec<Logged>), Failure> {
        let mut range = cmd("XREVRANGE");
        range.arg(&self.key).arg("+").arg("-").arg("COUNT").arg(count.max(1));
        self.last_and(current, range).await
    }

    /// One round trip, in this order. It uses `EVAL`, since loading the script for `EVALSHA` takes another one.
    async fn last_and(
        &self,
        current: &mut Numbered,
        range: redis::Cmd,
    ) -> Result<(Last, Vec<Logged>), Failure> {
        let last = positions(&current.run, &[self]);
        let ((last,), entries): ((String,), Entries) =
            pipe().add_command(last).add_command(range).query_async(&mut current.connection).await?;
        Ok((self.last(&last)?, self.entries(entries)?))
    }

    fn entries(&self, entries: Entries) -> Result<Vec<Logged>, Error> {
        entries
            .into_iter()
            .map(|(id, fields)| {
                log::parse(id.as_bytes(), fields, &self.topic).map_err(|what| self.foreign(id, what))
            })
            .collect()
    }

    fn last(&self, id: &str) -> Result<Last, Error> {
        log::last(id.as_bytes(), &self.topic)
            .ok_or_else(|| self.foreign(id.into(), "its id is not a position"))
    }

    fn foreign(&self, id: String, what: &'static str) -> Error {
        Error::Foreign { key: self.key.clone(), id, what }
    }
}

/// The last position of each log.
pub(super) async fn last_positions(
    current: &mut Numbered,
    streams: &[&Stream],
) -> Result<Vec<Last>, Failure> {
    let mut lasts = Vec::with_capacity(streams.len());
    for streams in streams.chunks(POSITIONS_AT_ONCE) {
        let ids: Vec<String> = positions(&current.run, streams).query_async(&mut current.connection).await?;
        for (stream, id) in streams.iter().zip(ids) {
            lasts.push(stream.last(&id)?);
        }
    }
    Ok(lasts)
}

/// The script that returns the last position of each log. There must be at least one.
fn positions(run: &Run, streams: &[&Stream]) -> redis::Cmd {
    let mut positions = cmd("EVAL");
    positions.arg(POSITIONS).arg(1 + streams.len());
    // All topics have the same.
    positions.arg(streams.first().map(|stream| &stream.life_key));
    for stream in streams {
        positions.arg(&stream.key);
    }
    positions.arg(&run.id).arg(u8::from(run.keeps_all));
    positions
}

/// Waits up to `block` for entries after these positions. Returns the streams that have any.
pub(super) async fn wait_for_entries(
    connection: &mut MultiplexedConnection,
    streams: impl ExactSizeIterator<Item = (&Stream, Position)> + Clone,
    count: usize,
    block: Duration,
) -> Result<Vec<(String, RawEntries)>, Failure> {
    let mut read = cmd("XREAD");
    read.arg("COUNT").arg(count).arg("BLOCK").arg(block.as_millis().max(1) as u64).arg("STREAMS");
    for (stream, _) in streams.clone() {
        read.arg(&stream.key);
    }
    for (_, position) in streams {
        read.arg(position.to_string());
    }
    let answer: Option<Vec<(String, Entries)>> = read.query_async(connection).await?;
    Ok(answer.into_iter().flatten().map(|(key, entries)| (key, RawEntries(entries))).collect())
}

/// Entries that are not parsed yet, since parsing needs their stream.
#[derive(Debug)]
pub(super) struct RawEntries(Entries);

impl RawEntries {
    pub(super) fn parse(self, stream: &Stream) -> Result<Vec<Logged>, Error> {
        stream.entries(self.0)
    }
}

/// The id that Redis gives to the connection.
pub(super) async fn client_id(connection: &mut MultiplexedConnection) -> Result<u64, RedisError> {
    cmd("CLIENT").arg("ID").query_async(connection).await
}

/// Makes [`wait_for_entries`] on that connection return at once.
pub(super) async fn unblock(connection: &mut MultiplexedConnection, client: u64) -> Result<bool, RedisError> {
    cmd("CLIENT").arg("UNBLOCK").arg(client).query_async(connection).await
}

/// Checks that Redis answers.
pub(super) async fn ping(connection: &mut MultiplexedConnection) -> Result<(), RedisError> {
    cmd("PING").query_async(connection).await
}
