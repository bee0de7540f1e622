//! A line of an event stream, and how it is sent on.

use bytes::BufMut;

use crate::bom::BOM;

/// A line of an event stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A blank line: the end of a block.
    Blank,
    /// A comment.
    Comment(Comment<'a>),
    /// A field, known or not.
    Field(Field<'a>),
}

/// A comment line. It cannot hold a line break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comment<'a>(&'a [u8]);

/// A field line. Neither its name nor its value can hold a line break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    name: &'a [u8],
    value: &'a [u8],
}

impl<'a> Line<'a> {
    pub(super) fn parse(line: &'a [u8]) -> Self {
        // > If the line is empty (a blank line)
        if line.is_empty() {
            return Line::Blank;
        }
        match memchr::memchr(b':', line) {
            // > If the line starts with a U+003A COLON character (:)
            Some(0) => Line::Comment(Comment(&line[1..])),
            // > Collect the characters on the line before the first U+003A COLON character (:), and
            // > let field be that string. […] If value starts with a U+0020 SPACE character, remove it
            // > from value.
            Some(colon) => {
                let (name, value) = (&line[..colon], &line[colon + 1..]);
                Line::Field(Field { name, value: value.strip_prefix(b" ").unwrap_or(value) })
            }
            None => Line::Field(Field { name: line, value: &[] }),
        }
    }

    /// Appends the line, with an LF.
    ///
    /// A field whose name begins with a BOM gets an empty comment before it: as the first line of a
    /// stream it would lose the BOM, and might become a field that the sender's clients did not see.
    ///
    /// # Panics
    ///
    /// As every write to a [`BufMut`] does, if a buffer of fixed size has no room.
    pub fn encode<B: BufMut + ?Sized>(&self, buf: &mut B) {
        match self {
            Line::Blank => {}
            Line::Comment(comment) => {
                buf.put_u8(b':');
                buf.put_slice(comment.0);
            }
            Line::Field(field) => {
                if field.name.starts_with(BOM) {
                    buf.put_slice(b":\n");
                }
                buf.put_slice(field.name);
                buf.put_slice(b": ");
                buf.put_slice(field.value);
            }
        }
        buf.put_u8(b'\n');
    }
}

impl<'a> Comment<'a> {
    /// Everything after the first colon, as it came.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.0
    }
}

impl<'a> Field<'a> {
    /// The name, as it came.
    pub fn name(&self) -> &'a [u8] {
        self.name
    }

    /// The value without the space that may follow the colon, otherwise as it came. Empty if there is
    /// no colon.
    pub fn value(&self) -> &'a [u8] {
        self.value
    }
}
