//! Texts that come to nothing yet.
//!
//! A chunk of a few bytes is mostly a part of a line, and so are the chunks of a long line. All of it is taken
//! at once, up to where there is something that somebody wants to see. It is the same as to begin the text, to
//! take its [parts](super::cut) and to end it, but each instruction counts here.

use super::{
    cut::Kind,
    interpret::{Draft, Interpreter},
    line_ends::{BLOCK, LineEnd, LineEnds},
    start::StreamStart,
};

impl Interpreter {
    /// Takes what a text begins with, as long as nothing comes of it, and nothing at all where a limit may be
    /// near. Gives where to go on; nothing if all of the text was taken.
    #[inline]
    pub(super) fn take_parts(&mut self, text: &[u8]) -> Option<usize> {
        if text.len() >= self.room {
            Some(0)
        } else if text.len() <= BLOCK {
            self.take_small(text)
        } else {
            self.take_large(text)
        }
    }

    #[inline(never)]
    fn take_small(&mut self, text: &[u8]) -> Option<usize> {
        let ends = LineEnds::starting_at_small(text);
        if ends.are_none(text) && self.take_within_line(text) {
            self.took(text.len());
            return None;
        }
        self.take_lines(text, ends)
    }

    #[inline(never)]
    fn take_large(&mut self, text: &[u8]) -> Option<usize> {
        let is_in_value = matches!(self.line.kind, Kind::Data | Kind::Ignored);
        if is_in_value && LineEnds::starting_at(text, 0).are_none(text) && self.take_within_line(text) {
            self.took(text.len());
            return None;
        }
        Some(0)
    }

    /// Takes a text that is nothing but a part of a line.
    #[inline]
    fn take_within_line(&mut self, text: &[u8]) -> bool {
        match self.line.kind {
            Kind::Data => self.scratch.data.push(text, self.limits.event),
            Kind::Collected if !self.line.is_at_start() && text.len() < self.line.start.room() => {
                self.line.start.push(text);
            }
            Kind::Ignored => {}
            _ => return false,
        }
        true
    }

    /// Takes lines and parts of lines, up to a blank line that ends an event, or the end of a comment that was
    /// asked for.
    #[inline(never)]
    fn take_lines(&mut self, text: &[u8], mut ends: LineEnds) -> Option<usize> {
        let mut pos = 0;
        if self.start != StreamStart::Inside {
            pos = self.begin_at_seam(text);
            ends = LineEnds::starting_at(text, pos);
        }
        let at_block_start = self.block_offset == self.text_offset + pos as u64;
        if at_block_start && pos < text.len() && matches!(text.last(), Some(b'\n' | b'\r')) {
            // It may hold a whole event, to be lent as it is.
            return Some(pos);
        }
        while let Some(LineEnd { end, next }) = ends.next_in_block(text) {
            // No error can come of it, so far from the limit.
            self.take_part(&text[pos..end], false);
            if self.line.is_at_start() {
                if !self.draft.is_empty() {
                    return Some(end);
                }
                self.draft = Draft::default();
                self.block_offset = self.text_offset + next as u64;
            } else if self.line.kind == Kind::Comment {
                return Some(end);
            } else {
                self.end_line(false);
            }
            pos = next;
        }
        if self.line.is_at_start() {
            self.line_offset = self.text_offset + pos as u64;
        }
        self.take_part(&text[pos..], false);
        self.start.end(text);
        self.took(text.len());
        None
    }

    #[inline]
    fn took(&mut self, len: usize) {
        self.room -= len;
        self.text_offset += len as u64;
    }

    /// How many bytes may come before a limit has to be looked at.
    #[inline]
    pub(super) fn room(&self) -> usize {
        let comment = if self.comments { self.limits.comment } else { usize::MAX };
        self.distant_limit().min(comment.saturating_sub(self.scratch.value.len()))
    }
}
