//! Appends entries: carries out the steps of an [`Attempt`].

use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::{Instant, timeout_at};

use crate::{
    Position,
    backplane::Entry,
    error::{BoxError, PublishError},
    redis::{
        Inner,
        attempt::{Attempt, Begun, Outcome, Step},
        command::{Begin, NewEntry, Stream},
        connection::{Numbered, pause},
        error::{Failure, Next},
        log::Logged,
        publisher::Publisher,
    },
};

/// How many entries are read at once in the search for an entry.
const SEARCH_PAGE: usize = 100;

/// A topic that this process publishes to.
#[derive(Debug)]
pub(super) struct Topic {
    name: Arc<str>,
    stream: Stream,
    publisher: Mutex<Publisher>,
    /// One append at a time begins an epoch; the others wait for it.
    beginning: tokio::sync::Mutex<()>,
}

/// Appends an entry, on new connections if necessary, until its outcome is known or the time is up.
pub(super) async fn append(inner: &Inner, topic: Arc<str>, entry: Entry) -> Result<Position, PublishError> {
    let deadline = Instant::now() + inner.settings.publish_timeout;
    let topic = inner.topic(topic);
    let mut attempt = Attempt::new(inner.nonce());
    let mut last_failure = None;
    match timeout_at(deadline, topic.append(inner, &entry, &mut attempt, &mut last_failure)).await {
        Ok(Ok(Outcome::At(at))) => Ok(at),
        Ok(Ok(Outcome::Closed)) => Err(PublishError::Closed),
        Ok(Ok(Outcome::Unknown)) => Err(PublishError::Unknown(match last_failure {
            Some(failure) => failure.error.into(),
            None => "the log was trimmed or deleted meanwhile".into(),
        })),
        Ok(Err(failure)) => Err(not_appended(&attempt, failure.error.into())),
        Err(elapsed) => Err(not_appended(
            &attempt,
            match last_failure {
                Some(failure) => failure.error.into(),
                None => elapsed.into(),
            },
        )),
    }
}

/// Whether a marker reports that the log lost something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// A new one does.
    Now,
    /// An earlier one does, or nothing was lost.
    Before,
    /// None can: the log is finished, or Redis refused it, for example since its memory is full.
    Never,
}

/// Begins an epoch if the log lost something, such as the entry at `heard`, and no marker reports it.
///
/// Nothing is appended to that epoch until a publisher learns of it.
pub(super) async fn begin_after_loss(
    inner: &Inner,
    current: &mut Numbered,
    topic: &str,
    heard: Position,
) -> Result<Told, Failure> {
    let topic = inner.topic(topic.into());
    topic.heard(heard);
    let nonce = inner.nonce();
    let mut begin = Begin { marker: None, heard, nonce: &nonce, if_lost: true };
    loop {
        let answer = match topic.stream.begin(current, begin).await {
            // Reading continues without it.
            Err(failure) if failure.next == Next::GiveUp => return Ok(Told::Never),
            answer => answer?,
        };
        match answer {
            Begun::Appended => return Ok(Told::Now),
            Begun::Needless => return Ok(Told::Before),
            Begun::Moved(last, ms) => {
                begin.marker = Some(topic.publisher().marker(last, ms, inner.step()));
            }
            Begun::Closed(_) => return Ok(Told::Never),
        }
    }
}

fn not_appended(attempt: &Attempt, reason: BoxError) -> PublishError {
    if attempt.is_unanswered() { PublishError::Unknown(reason) } else { PublishError::Unavailable(reason) }
}

impl Topic {
    pub(super) fn new(topic: Arc<str>, stream: Stream) -> Self {
        Self {
            publisher: Mutex::new(Publisher::new(topic.clone())),
            name: topic,
            stream,
            beginning: tokio::sync::Mutex::default(),
        }
    }

    /// Records that the log is at this position.
    pub(super) fn heard(&self, position: Position) {
        self.publisher().heard(position);
    }

    /// The highest known position.
    pub(super) fn highest(&self) -> Position {
        self.publisher().highest()
    }

    /// A loss that this marker does not report: see [`Publisher::untold`].
    pub(super) fn untold(&self, marker: &Logged) -> Option<Position> {
        self.publisher().untold(marker)
    }

    /// Carries out an attempt, on one connection after another.
    async fn append(
        &self,
        inner: &Inner,
        entry: &Entry,
        attempt: &mut Attempt,
        last_failure: &mut Option<Failure>,
    ) -> Result<Outcome, Failure> {
        loop {
            let failure = match inner.shared.get().await {
                Err(failure) => failure,
                Ok(mut current) => {
                    let number = current.number;
                    attempt.connected(number);
                    match self.append_on(inner, &mut current, entry, attempt).await {
                        Ok(outcome) => {
                            inner.shared.prove(number);
                            return Ok(outcome);
                        }
                        Err(failure) => {
                            if failure.next != Next::GiveUp {
                                inner.shared.lose(number);
                            }
                            failure
                        }
                    }
                }
            };
            if failure.next == Next::GiveUp {
                return Err(failure);
            }
            *last_failure = Some(failure);
            pause().await;
        }
    }

    /// Carries out an attempt on one connection.
    async fn append_on(
        &self,
        inner: &Inner,
        current: &mut Numbered,
        entry: &Entry,
        attempt: &mut Attempt,
    ) -> Result<Outcome, Failure> {
        let settings = &inner.settings;
        let once = entry.key.as_deref().map_or(String::new(), |key| inner.once_key(&self.name, key));
        let mut one_at_a_time = None;
        loop {
            let step = attempt.next(&self.publisher());
            let outcome = match step {
                Step::Begin(_) if one_at_a_time.is_none() => {
                    one_at_a_time = Some(self.beginning.lock().await);
                    // Another append may have begun an epoch meanwhile.
                    None
                }
                Step::Begin(marker) => {
                    let (nonce, heard) = (attempt.nonce(), self.highest());
                    let begin = Begin { marker, heard, nonce, if_lost: false };
                    let answer = self.stream.begin(current, begin).await?;
                    attempt.begun(answer, &mut self.publisher(), inner.step());
                    None
                }
                Step::Read(after) => {
                    one_at_a_time = None;
                    let (_, entries) = self.stream.after(current, after, SEARCH_PAGE).await?;
                    attempt.read(&entries)
                }
                Step::Append(seen) => {
                    one_at_a_time = None;
                    let entry = NewEntry {
                        record: &entry.record,
                        nonce: attempt.nonce(),
                        once: &once,
                        once_for: settings.remember_keys_for,
                        history: settings.history,
                        expire_after: settings.expire_after,
                    };
                    match self.stream.append(&mut current.connection, seen, &entry).await {
                        Ok(answer) => attempt.appended(answer, &mut self.publisher()),
                        Err(failure) => {
                            if failure.next != Next::Unknown {
                                attempt.refused();
                            }
                            return Err(failure);
                        }
                    }
                }
            };
            if let Some(outcome) = outcome {
                return Ok(outcome);
            }
        }
    }

    fn publisher(&self) -> std::sync::MutexGuard<'_, Publisher> {
        self.publisher.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
