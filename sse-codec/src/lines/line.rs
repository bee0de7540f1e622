//! A line of an event stream, and its encoding.

use bytes::BufMut;

use crate::{bom::BOM, error::ValueError};

/// A line of an event stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A blank line: the end of a block.
    Blank,
    /// A comment.
    Comment(Comment<'a>),
    /// A field, with any name.
    Field(Field<'a>),
}

/// A comment line, without a line break in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comment<'a>(&'a [u8]);

/// A field line, without a line break in its name or value.
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

    /// Appends the line and an LF to a buffer.
    ///
    /// A field whose name begins with a BOM gets an empty comment before it. As the first line of a
    /// stream it would lose the BOM, and could become a field that clients of the sender do not see.
    ///
    /// # Panics
    ///
    /// If a buffer of fixed size has no room, as every write to a [`BufMut`]. `Vec<u8>` and `BytesMut` grow.
    pub fn encode<B: BufMut + ?Sized>(&self, buf: &mut B) {
        if matches!(self, Line::Field(field) if field.name.starts_with(BOM)) {
            buf.put_slice(b":\n");
        }
        self.write(buf);
    }

    /// Appends a line that is not the first of a stream.
    pub(super) fn write<B: BufMut + ?Sized>(&self, buf: &mut B) {
        match self {
            Line::Blank => {}
            Line::Comment(comment) => {
                buf.put_u8(b':');
                buf.put_slice(comment.0);
            }
            Line::Field(field) => {
                buf.put_slice(field.name);
                buf.put_slice(b": ");
                buf.put_slice(field.value);
            }
        }
        buf.put_u8(b'\n');
    }

    /// Returns how many bytes the encoded line has, without its LF.
    pub(super) fn len(&self) -> usize {
        match self {
            Line::Blank => 0,
            Line::Comment(comment) => 1 + comment.0.len(),
            Line::Field(field) => field.name.len() + ": ".len() + field.value.len(),
        }
    }
}

impl<'a> From<Field<'a>> for Line<'a> {
    fn from(field: Field<'a>) -> Self {
        Self::Field(field)
    }
}

impl<'a> From<Comment<'a>> for Line<'a> {
    fn from(comment: Comment<'a>) -> Self {
        Self::Comment(comment)
    }
}

impl<'a> Comment<'a> {
    /// Creates a comment from a text, which is a `str` or bytes.
    ///
    /// ```
    /// use sse_codec::lines::{Comment, Line};
    ///
    /// let mut stream = Vec::new();
    /// Line::from(Comment::new(" by the proxy")?).encode(&mut stream);
    /// assert_eq!(stream, b": by the proxy\n");
    /// # Ok::<(), sse_codec::error::ValueError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ValueError::LineBreak`].
    pub fn new(text: &'a (impl AsRef<[u8]> + ?Sized)) -> Result<Self, ValueError> {
        one_line(text.as_ref()).map(Self)
    }

    /// Returns everything after the first colon, unchanged.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.0
    }
}

impl<'a> Field<'a> {
    /// Creates a field from a name and a value, each a `str` or bytes.
    ///
    /// ```
    /// use sse_codec::{error::ValueError, lines::Field};
    ///
    /// let field = Field::new("x-trace", "7")?;
    /// assert_eq!(field.value(), b"7");
    /// assert_eq!(Field::new("x", "7\ndata: forged"), Err(ValueError::LineBreak { at: 1 }));
    /// assert_eq!(Field::new("x:y", "7"), Err(ValueError::Colon { at: 1 }));
    /// # Ok::<(), ValueError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ValueError::EmptyName`], [`ValueError::Colon`] or [`ValueError::LineBreak`].
    pub fn new(
        name: &'a (impl AsRef<[u8]> + ?Sized),
        value: &'a (impl AsRef<[u8]> + ?Sized),
    ) -> Result<Self, ValueError> {
        let name = one_line(name.as_ref())?;
        if name.is_empty() {
            return Err(ValueError::EmptyName);
        }
        if let Some(at) = memchr::memchr(b':', name) {
            return Err(ValueError::Colon { at });
        }
        Ok(Self { name, value: one_line(value.as_ref())? })
    }

    /// Returns the name, unchanged.
    pub fn name(&self) -> &'a [u8] {
        self.name
    }

    /// Returns the value, without the space that may follow the colon, otherwise unchanged.
    ///
    /// It is empty if there is no colon.
    pub fn value(&self) -> &'a [u8] {
        self.value
    }
}

fn one_line(text: &[u8]) -> Result<&[u8], ValueError> {
    match memchr::memchr2(b'\n', b'\r', text) {
        Some(at) => Err(ValueError::LineBreak { at }),
        None => Ok(text),
    }
}
