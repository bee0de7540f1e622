//! A model of a body: a list of blocks to send, and a few times and flags.

use std::collections::VecDeque;

use sse_hyper::{CloseReason, Closed};

use super::{
    case::{KeepAlive, Settings},
    source::Given,
};

pub(super) const KEEP_ALIVE: &str = "alive";
pub(super) const OPENING: &str = "welcome";
pub(super) const FAREWELL: &str = "bye";
/// In ms.
pub(super) const FAREWELL_RETRY: u64 = 2_000;

/// The largest frame, in bytes, unless a block is larger.
const FRAME: usize = 16 * 1024;
/// The largest number of items in one poll.
const MOST_ITEMS: usize = 4 * 1024;
/// How long an error waits for frames that are not written, in ms.
const PATIENCE: u64 = 10_000;

#[derive(Debug)]
pub(super) struct Model {
    settings: Settings,
    /// The blocks that the body has to send.
    blocks: VecDeque<Block>,
    ended: Option<Ended>,
    /// Whether the error that breaks off the response is still to come.
    owes_error: bool,
    has_yielded: bool,
    patience: Option<u64>,
    /// When the hook was called, in ms.
    closed: Option<u64>,
    /// When the last frame was sent, in ms.
    last_frame: u64,
    now: u64,
    events: u64,
    bytes: u64,
    /// The number of items of the last poll.
    taken: usize,
    is_pending: bool,
}

#[derive(Debug)]
enum Block {
    /// The bytes, and the events in them.
    Known(Vec<u8>, u64),
    Farewell,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Ended {
    Stream,
    Error,
    Shutdown,
    MaxAge,
}

impl Model {
    pub(super) fn new(settings: Settings) -> Self {
        let opening = settings.opening.then(|| Block::Known(format!(":{OPENING}\n\n").into_bytes(), 0));
        Self {
            settings,
            blocks: opening.into_iter().collect(),
            ended: None,
            owes_error: false,
            has_yielded: false,
            patience: None,
            closed: None,
            last_frame: 0,
            now: 0,
            events: 0,
            bytes: 0,
            taken: 0,
            is_pending: false,
        }
    }

    /// Before a poll: checks whether the server or the age of the body ends it.
    pub(super) fn starts_poll(&mut self, now: u64, stop: bool) {
        self.now = now;
        if self.is_stopped(stop) {
            self.ended = Some(Ended::Shutdown);
            if self.settings.farewell || self.settings.retry_window > 0 {
                self.blocks.push_back(Block::Farewell);
            }
        } else if self.is_too_old(now) {
            self.ended = Some(Ended::MaxAge);
        }
    }

    /// In a poll: records the answers of the stream.
    pub(super) fn stream_gave(&mut self, given: Vec<Given>) {
        assert!(given.is_empty() || self.ended.is_none(), "the stream is asked after the end");
        self.is_pending = false;
        self.taken = 0;
        for given in given {
            assert!(!self.is_pending && self.ended.is_none(), "the stream is asked again in one poll");
            self.taken += 1;
            match given {
                Given::Item(bytes, events) => self.blocks.push_back(Block::Known(bytes, events)),
                Given::Empty => {}
                Given::Pending => self.is_pending = true,
                Given::Error => {
                    self.ended = Some(Ended::Error);
                    self.owes_error = self.settings.break_on_error;
                }
                Given::End => self.ended = Some(Ended::Stream),
            }
        }
        assert!(self.taken <= MOST_ITEMS + 1, "one poll takes {} items", self.taken);
    }

    pub(super) fn gets_frame(&mut self, frame: &[u8]) {
        assert!(self.closed.is_none(), "a frame after the hook");
        assert!(!frame.is_empty());
        if self.blocks.is_empty() {
            assert!(self.is_keep_alive_due(self.now), "nothing was to be sent");
            assert!(self.is_pending || self.taken >= MOST_ITEMS, "the stream has more");
            let (bytes, events) = self.keep_alive();
            assert_eq!(text(frame), bytes);
            self.events += events;
        } else {
            let count = self.gets_blocks(frame);
            assert!(frame.len() <= FRAME || count == 1, "{count} blocks in {} bytes", frame.len());
            let left = self.blocks.iter().filter(|block| matches!(block, Block::Known(..))).count();
            assert!(left <= 1, "{left} blocks are held");
            assert!(left == 0 || !self.is_pending, "a block is held though the stream pauses");
        }
        self.bytes += frame.len() as u64;
        self.last_frame = self.now;
        if self.is_over() {
            self.closes();
        }
        self.is_pending = false;
    }

    /// Removes complete blocks, in order, and returns how many.
    fn gets_blocks(&mut self, frame: &[u8]) -> usize {
        let (mut rest, mut count) = (frame, 0);
        while !rest.is_empty() {
            count += 1;
            match self.blocks.pop_front() {
                Some(Block::Known(bytes, events)) => {
                    rest = rest.strip_prefix(&bytes[..]).unwrap_or_else(|| {
                        panic!(
                            "{:?}, not {:?}",
                            text(&rest[..rest.len().min(60)]),
                            text(&bytes[..bytes.len().min(60)])
                        )
                    });
                    self.events += events;
                }
                Some(Block::Farewell) => {
                    self.is_farewell(text(rest));
                    self.events += u64::from(self.settings.farewell);
                    rest = &[];
                }
                None => panic!("too much: {:?}", text(rest)),
            }
        }
        count
    }

    fn is_farewell(&self, block: &str) {
        let (base, window) = (FAREWELL_RETRY * u64::from(self.settings.farewell), self.settings.retry_window);
        let rest = block.strip_prefix("retry: ").expect("a time to come back");
        let (retry, rest) = rest.split_once('\n').expect("a line");
        let retry: u64 = retry.parse().expect("a number");
        assert!((base..=base + window).contains(&retry), "{retry} ms, of {window} after {base}");
        assert_eq!(rest, if self.settings.farewell { format!("data: {FAREWELL}\n\n") } else { "\n".into() });
    }

    /// Checks that no block is held back without a reason to wait.
    pub(super) fn is_pending(&mut self, kept: usize, is_woken: bool) {
        assert!(self.blocks.is_empty(), "{} blocks are held back", self.blocks.len());
        if self.ended.is_none() {
            assert!(!self.is_keep_alive_due(self.now), "no keep-alive after the interval");
            assert!(self.is_pending || (self.taken >= MOST_ITEMS && is_woken), "the stream has more");
            return;
        }
        assert!(self.owes_error, "there is nothing to wait for");
        if self.has_yielded {
            assert!(self.settings.has_timer && kept > 0, "nothing is on its way");
            let patience = *self.patience.get_or_insert(self.now + PATIENCE);
            assert!(self.now < patience, "it waits too long");
        } else {
            assert!(is_woken, "it only lets the server flush");
            self.has_yielded = true;
        }
        self.is_pending = true;
    }

    pub(super) fn gets_error(&mut self, kept: usize) {
        assert!(self.owes_error && self.has_yielded && self.blocks.is_empty());
        let is_out_of_patience = self.patience.is_some_and(|patience| patience <= self.now);
        assert!(!self.settings.has_timer || kept == 0 || is_out_of_patience, "it overtakes {kept} frames");
        self.owes_error = false;
        self.closes();
    }

    pub(super) fn gets_end(&mut self) {
        assert!(self.is_over(), "{self:?}");
        self.closes();
    }

    /// Whether a pending body must be woken in this state.
    pub(super) fn must_wake(&self, now: u64, stop: bool, kept: usize) -> bool {
        let ends = self.is_stopped(stop) || self.is_too_old(now) || self.is_keep_alive_due(now);
        let breaks = self.patience.is_some_and(|patience| kept == 0 || patience <= now);
        self.is_pending && (ends || (self.owes_error && breaks))
    }

    /// Whether the body has nothing more to send.
    pub(super) fn is_over(&self) -> bool {
        self.ended.is_some() && self.blocks.is_empty() && !self.owes_error
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    /// Checks the arguments of the hook.
    pub(super) fn check_close(&self, closed: &Closed, dropped_at: u64) {
        assert_eq!((closed.events(), closed.bytes()), (self.events, self.bytes));
        let reason = match closed.reason() {
            CloseReason::Dropped => None,
            CloseReason::StreamEnded => Some(Ended::Stream),
            CloseReason::StreamError(error) => {
                assert_eq!(error.to_string(), "the source is gone");
                Some(Ended::Error)
            }
            CloseReason::Shutdown => Some(Ended::Shutdown),
            CloseReason::MaxAge => Some(Ended::MaxAge),
            reason => panic!("{reason:?}"),
        };
        assert_eq!(reason, self.ended);
        if self.settings.has_timer {
            let closed_at = self.closed.unwrap_or(dropped_at);
            assert_eq!(closed.duration().as_millis(), closed_at.into());
        }
    }

    /// Records that the hook is called, unless it was called before.
    fn closes(&mut self) {
        self.closed.get_or_insert(self.now);
    }

    fn is_stopped(&self, stop: bool) -> bool {
        self.settings.until && stop && self.ended.is_none()
    }

    fn is_too_old(&self, now: u64) -> bool {
        let Settings { has_timer, max_age, .. } = self.settings;
        has_timer && max_age > 0 && now >= max_age && self.ended.is_none()
    }

    fn is_keep_alive_due(&self, now: u64) -> bool {
        let Settings { has_timer, keep_alive, interval, .. } = self.settings;
        let is_on = has_timer && keep_alive != KeepAlive::Off && interval > 0;
        is_on && now >= self.last_frame + interval && self.ended.is_none()
    }

    fn keep_alive(&self) -> (String, u64) {
        match self.settings.keep_alive {
            KeepAlive::Off => panic!("it is off"),
            KeepAlive::Comment => (format!(":{KEEP_ALIVE}\n\n"), 0),
            KeepAlive::Line => (format!(":{KEEP_ALIVE}\n"), 0),
            KeepAlive::Event => (format!("data: {KEEP_ALIVE}\n\n"), 1),
        }
    }
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).expect("only ASCII is sent")
}
