//! Reports a loss that no marker reports yet.

use crate::{
    Position,
    redis::{
        attempt::Begun,
        command::Begin,
        error::{Failure, Next},
        inner::Inner,
        run::Numbered,
    },
};

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
    topic.publisher().heard(heard);
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
