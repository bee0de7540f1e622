//! Small chunks within a large block.
//!
//! A block that is too large to be [gathered](super::rest) still comes in small chunks, each a part of a line or a
//! few. All of one is taken at once, up to where there is something that somebody wants to see. It is the same as
//! to begin the text, to take its [parts](super::cut) and to end it, but each instruction counts here.

use super::{
    cut::Kind,
    data::PART,
    interpret::Interpreter,
    line_ends::{BLOCK, LineEnd, LineEnds, end_of_line, padded},
    rest::Taken,
    start::StreamStart,
};

impl Interpreter {
    /// Takes a text that is far from any limit, as long as nothing comes of it.
    #[inline]
    pub(super) fn take(&mut self, text: &[u8]) -> Taken {
        if text.len() <= BLOCK { self.take_small(text) } else { self.take_large(text) }
    }

    #[inline(never)]
    fn take_small(&mut self, text: &[u8]) -> Taken {
        if text.len() > size_of::<u128>() {
            let ends = LineEnds::starting_at(text, 0);
            if !ends.are_none(text) || !self.take_within_line(text) {
                return self.take_lines(text, ends);
            }
        } else {
            let word = padded(text);
            let ends = LineEnds::of_word(word);
            if !ends.are_none(text) || !self.take_word_within_line(word, text.len()) {
                return self.take_lines(text, ends);
            }
        }
        self.took(text.len());
        Taken::All
    }

    /// Takes the rest of a value, or as much of it as there is.
    #[inline(never)]
    fn take_large(&mut self, text: &[u8]) -> Taken {
        let is_in_value = matches!(self.line.kind, Kind::Data | Kind::Ignored);
        if !is_in_value {
            return Taken::Part(0);
        }
        let mut pos = 0;
        // What was just searched is copied while it is in the cache.
        for part in text.chunks(PART) {
            let end = end_of_line(part);
            let value = &part[..end.unwrap_or(part.len())];
            self.take_within_line(value);
            pos += value.len();
            if end.is_some() {
                break;
            }
        }
        self.took(pos);
        if pos == text.len() { Taken::All } else { Taken::Part(pos) }
    }

    /// Takes a text that is nothing but a part of a line.
    #[inline]
    fn take_within_line(&mut self, text: &[u8]) -> bool {
        match self.line.kind {
            Kind::Data => self.scratch.data.push(text, self.limits.event()),
            Kind::Ignored => {}
            _ => return false,
        }
        true
    }

    /// The same, of a text of up to 16 bytes.
    #[inline]
    fn take_word_within_line(&mut self, word: u128, len: usize) -> bool {
        match self.line.kind {
            Kind::Data => self.scratch.data.push_word(word, len, self.limits.event()),
            Kind::Collected if !self.line.is_at_start() && len < self.line.start.room() => {
                self.line.start.push_word(word, len);
            }
            Kind::Ignored => {}
            _ => return false,
        }
        true
    }

    /// Takes lines and parts of lines, up to a blank line, or the end of a comment that was asked for.
    #[inline(never)]
    fn take_lines(&mut self, text: &[u8], mut ends: LineEnds) -> Taken {
        let mut pos = 0;
        while let Some(LineEnd { end, next }) = ends.next_in_block(text) {
            // No error can come of it, so far from the limit.
            self.take_part(&text[pos..end], false);
            if self.line.is_at_start() || self.line.kind == Kind::Comment {
                self.took(end);
                return Taken::Part(end);
            }
            self.end_line(false);
            pos = next;
        }
        if self.line.is_at_start() {
            self.line_offset = self.text_offset + pos as u64;
        }
        self.take_part(&text[pos..], false);
        self.took(text.len());
        self.start.end(text);
        if self.start != StreamStart::Inside {
            self.room = 0;
        }
        Taken::All
    }

    #[inline]
    fn took(&mut self, len: usize) {
        self.room -= len;
        self.text_offset += len as u64;
    }
}
