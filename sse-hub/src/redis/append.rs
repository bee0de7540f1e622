//! Appends entries: carries out the steps of an [`Attempt`].

use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use crate::{
    Position,
    backplane::Entry,
    error::{BoxError, PublishError},
    redis::{
        attempt::{Attempt, Outcome, Step},
        command::{Begin, NewEntry},
        connection::pause,
        error::{Failure, Next},
        inner::Inner,
        run::Numbered,
        topic::Topic,
    },
};

/// How many entries are read at once in the search for an entry.
const SEARCH_PAGE: usize = 100;

/// Appends an entry, on new connections if necessary, until its outcome is known or the time is up.
pub(super) async fn append(inner: &Inner, topic: Arc<str>, entry: Entry) -> Result<Position, PublishError> {
    let deadline = Instant::now() + inner.settings.publish_timeout;
    let topic = inner.topic(topic);
    let mut attempt = Attempt::new(inner.nonce());
    let mut last_failure = None;
    match timeout_at(deadline, carry_out(inner, &topic, &entry, &mut attempt, &mut last_failure)).await {
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

/// Carries out an attempt, on one connection after another.
async fn carry_out(
    inner: &Inner,
    topic: &Topic,
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
                match carry_out_on(inner, topic, &mut current, entry, attempt).await {
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
async fn carry_out_on(
    inner: &Inner,
    topic: &Topic,
    current: &mut Numbered,
    entry: &Entry,
    attempt: &mut Attempt,
) -> Result<Outcome, Failure> {
    let settings = &inner.settings;
    let once = entry.key.as_deref().map_or(String::new(), |key| inner.once_key(&topic.name, key));
    let mut one_at_a_time = None;
    loop {
        let step = attempt.next(&topic.publisher());
        let outcome = match step {
            Step::Begin(_) if one_at_a_time.is_none() => {
                one_at_a_time = Some(topic.beginning.lock().await);
                // Another append may have begun an epoch meanwhile.
                None
            }
            Step::Begin(marker) => {
                let (nonce, heard) = (attempt.nonce(), topic.publisher().highest());
                let begin = Begin { marker, heard, nonce, if_lost: false };
                let answer = topic.stream.begin(current, begin).await?;
                attempt.begun(answer, &mut topic.publisher(), inner.step());
                None
            }
            Step::Read(after) => {
                one_at_a_time = None;
                let (_, entries) = topic.stream.after(current, after, SEARCH_PAGE).await?;
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
                match topic.stream.append(&mut current.connection, seen, &entry).await {
                    Ok(answer) => attempt.appended(answer, &mut topic.publisher()),
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

fn not_appended(attempt: &Attempt, reason: BoxError) -> PublishError {
    if attempt.is_unanswered() { PublishError::Unknown(reason) } else { PublishError::Unavailable(reason) }
}
