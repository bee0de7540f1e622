//! A stream that is read for a while.

use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::{http1, http1::Head, http2};
use crate::oracle::{Oracle, Output, Settings};

/// A body, as far as it was read.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    pub(super) head: Head,
    pub(super) body: Vec<u8>,
    /// The times of the bytes, since the head.
    pub(super) times: Vec<Duration>,
    pub(super) end: End,
    /// How long it was read.
    pub(super) lasted: Duration,
    /// The output of a decoder.
    pub(super) outputs: Vec<Output>,
    pub(super) retry: Option<u64>,
    /// Whether it ends within an event.
    pub(super) is_mid_event: bool,
}

/// Whether a request can send this id unchanged in `Last-Event-ID`: no control characters, no spaces around it, and no
/// more bytes than servers commonly accept.
pub(super) fn is_sendable(id: &[u8]) -> bool {
    let is_control = |byte: &u8| byte.is_ascii_control() && *byte != b'\t';
    !id.iter().any(is_control) && id.trim_ascii() == id && id.len() <= 8 * 1024
}

/// How a body ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It is still open.
    Open,
    /// As the protocol requires.
    Clean,
    /// In another way.
    Broken(String),
}

/// An answer of any version.
pub(super) enum Answer {
    One(http1::Answer),
    Two(http2::Answer),
}

impl Answer {
    fn head(&self) -> &Head {
        match self {
            Self::One(answer) => &answer.head,
            Self::Two(answer) => &answer.head,
        }
    }

    async fn piece(&mut self) -> Result<Option<Vec<u8>>, String> {
        match self {
            Self::One(answer) => answer.piece().await,
            Self::Two(answer) => answer.piece().await,
        }
    }
}

impl Watch {
    /// Reads for this long, until `enough`, or to the end.
    pub(super) async fn of(answer: &mut Answer, limit: Duration, enough: impl Fn(&Self) -> bool) -> Self {
        let mut oracle = Oracle::new(Settings::ITEMS, "");
        let mut watch = Self {
            head: answer.head().clone(),
            body: Vec::new(),
            times: Vec::new(),
            end: End::Open,
            lasted: Duration::ZERO,
            outputs: Vec::new(),
            retry: None,
            is_mid_event: false,
        };
        let start = Instant::now();
        while watch.end == End::Open && !enough(&watch) && start.elapsed() < limit {
            // Checks regularly whether it is enough.
            let wait = Duration::from_millis(100).min(limit.saturating_sub(start.elapsed()));
            match timeout(wait, answer.piece()).await {
                Err(_) => {}
                Ok(Ok(None)) => watch.end = End::Clean,
                Ok(Err(error)) => watch.end = End::Broken(error),
                Ok(Ok(Some(piece))) => {
                    oracle.feed_all(&piece);
                    watch.outputs.extend(oracle.take_outputs());
                    watch.body.extend(piece);
                    watch.times.push(start.elapsed());
                }
            }
            watch.lasted = start.elapsed();
        }
        watch.retry = oracle.retry();
        watch.is_mid_event = oracle.is_mid_event();
        watch
    }

    /// The ids of events with an `id` field.
    pub(super) fn ids(&self) -> Vec<&str> {
        let id = |output| match output {
            &Output::Event { id: Some(ref id), .. } => Some(&**id),
            _ => None,
        };
        self.outputs.iter().filter_map(id).collect()
    }

    pub(super) fn count_of_events(&self) -> usize {
        self.outputs.iter().filter(|output| matches!(output, Output::Event { .. })).count()
    }

    /// The longest time without a byte.
    pub(super) fn longest_silence(&self) -> Duration {
        let ends = self.times.iter().copied().chain((self.end == End::Open).then_some(self.lasted));
        let mut before = Duration::ZERO;
        ends.map(|at| at.saturating_sub(std::mem::replace(&mut before, at))).max().unwrap_or_default()
    }
}
