//! The oracle, and its unread input.

use std::collections::VecDeque;

use crate::oracle::{Oracle, Output, Settings};

/// The expected behaviour of a decoder.
#[derive(Clone, Debug)]
pub(super) struct Model {
    oracle: Oracle,
    unread: VecDeque<u8>,
}

impl Model {
    pub(super) fn new(settings: Settings) -> Self {
        Self { oracle: Oracle::new(settings, ""), unread: VecDeque::new() }
    }

    /// Adds a chunk to the unread input.
    pub(super) fn give(&mut self, chunk: &[u8]) {
        self.unread.extend(chunk);
    }

    /// The next output. A read for an event skips comments.
    pub(super) fn next(&mut self, for_item: bool) -> Option<Output> {
        while let Some(byte) = self.unread.pop_front() {
            self.oracle.feed(byte);
            let mut outputs = self.oracle.take_outputs();
            assert!(outputs.len() <= 1, "one byte gives one output: {outputs:?}");
            let output = outputs.pop();
            if output.is_some() && (for_item || !matches!(output, Some(Output::Comment(_)))) {
                return output;
            }
        }
        None
    }

    /// A guard that was called has read whole lines, even one whose error came before its end.
    pub(super) fn end_line(&mut self) {
        while let Some(&byte) = self.unread.front()
            && self.oracle.is_mid_line(byte)
        {
            self.oracle.feed(byte);
            self.unread.pop_front();
            assert_eq!(self.oracle.take_outputs(), [], "one line gives one output");
        }
    }

    /// A guard is leaked. The bytes that it has not read are lost.
    pub(super) fn lose(&mut self) {
        if !self.unread.is_empty() {
            self.oracle.lose(self.unread.len());
            self.unread.clear();
        }
    }

    pub(super) fn unread_len(&self) -> usize {
        self.unread.len()
    }

    pub(super) fn reconnect(&mut self) {
        self.unread.clear();
        self.oracle.reconnect();
    }

    /// Whether the unread input contains an event or an error, or else ends within an event.
    pub(super) fn is_mid_event(&self) -> bool {
        if self.unread.is_empty() {
            return self.oracle.is_mid_event();
        }
        let mut reader = self.clone();
        reader.next(false).is_some() || reader.oracle.is_mid_event()
    }

    pub(super) fn last_event_id(&self) -> &str {
        self.oracle.last_event_id()
    }

    pub(super) fn retry(&self) -> Option<u64> {
        self.oracle.retry()
    }
}
