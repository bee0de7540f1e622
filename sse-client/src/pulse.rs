//! The silence after which a connection counts as dead.

use core::time::Duration;

/// Learns from a server's comments how long it is silent at most (case 30).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pulse {
    comments: u32,
    longest_silence: Duration,
}

impl Pulse {
    const COMMENTS: u32 = 2;
    const FACTOR: u32 = 3;
    const SHORTEST: Duration = Duration::from_secs(15);

    pub(crate) fn silence(&mut self, silence: Duration) {
        self.longest_silence = self.longest_silence.max(silence);
    }

    pub(crate) fn comment(&mut self) {
        self.comments = self.comments.saturating_add(1);
    }

    /// `None` until the server has sent enough comments to assume heartbeats.
    pub(crate) fn idle_after(&self) -> Option<Duration> {
        (self.comments >= Self::COMMENTS)
            .then(|| self.longest_silence.saturating_mul(Self::FACTOR).max(Self::SHORTEST))
    }
}
