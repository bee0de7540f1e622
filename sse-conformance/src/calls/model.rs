//! The oracle, and what it has been given but not read.

use std::collections::VecDeque;

use crate::oracle::{Oracle, Output, Settings};

/// What a decoder has to do.
#[derive(Clone, Debug)]
pub(super) struct Model {
    oracle: Oracle,
    unread: VecDeque<u8>,
}

impl Model {
    pub(super) fn new(settings: Settings) -> Self {
        Self { oracle: Oracle::new(settings, ""), unread: VecDeque::new() }
    }

    /// A chunk is given.
    pub(super) fn give(&mut self, chunk: &[u8]) {
        self.unread.extend(chunk);
    }

    /// What comes out next. Who asks for events does not see comments, which are read all the same.
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

    /// A guard that was asked has read lines, each to its end: also one that gave an error before its end.
    pub(super) fn end_line(&mut self) {
        while let Some(&byte) = self.unread.front()
            && self.oracle.is_mid_line(byte)
        {
            self.oracle.feed(byte);
            self.unread.pop_front();
            assert_eq!(self.oracle.take_outputs(), [], "one line gives one output");
        }
    }

    /// A guard is leaked. What it has not read is lost.
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

    /// Whether an event or an error would come out of what is unread, or else whether it ends in an event.
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
