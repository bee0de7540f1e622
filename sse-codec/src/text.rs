//! Text that is kept.

use core::{cmp::Ordering, fmt, hash, ops::Deref};

use alloc::{borrow::Cow, string::String};

use arrayvec::ArrayString;
use bytestring::ByteString;

use crate::encode::is_one_line;

/// As long as this a text takes no more place than a [`ByteString`] does.
const SHORT: usize = 20;

/// Longer text may be copied in [pieces](piece) of so many bytes.
pub(crate) const PIECE: usize = 2 * 1024;

/// How many bytes of a longer text to copy to a place at once. A few KiB take less in pieces: what copies more is slow to
/// start. What is longer is copied as a whole, unless glibc's bug 30994 strikes: on AMD's Zen 3 a copy of more than 2112
/// bytes falls to a twentieth of its speed if where it goes lies, modulo 4096, less than 32 bytes behind where it comes
/// from. So it does whenever a field's value is copied from one large new buffer to another: both begin a page.
pub(crate) fn piece(text: &[u8], to: *const u8) -> usize {
    let distance = to.addr().wrapping_sub(text.as_ptr().addr()) % 4096;
    if text.len() < 2 * PIECE || distance < 32 { PIECE } else { text.len() }
}

/// Text that owns itself and is cheap to clone: the data of an [`Event`](crate::Event), a type, an id.
///
/// Up to 20 bytes stand in place, as most types and ids do; what is longer is shared by all clones.
/// It is a `str` in every other way.
///
/// ```
/// use sse_codec::Text;
///
/// let text = Text::from("any text");
/// assert_eq!(text, "any text");
/// assert!(text.starts_with("any"));
/// ```
#[derive(Clone)]
pub struct Text(Repr);

#[derive(Clone)]
enum Repr {
    Short(ArrayString<SHORT>),
    Shared(ByteString),
}

impl Text {
    /// Text that is never copied.
    pub const fn from_static(text: &'static str) -> Self {
        Self(Repr::Shared(ByteString::from_static(text)))
    }

    /// The text.
    #[inline]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Short(text) => text,
            Repr::Shared(text) => text,
        }
    }

    /// Whether the text surely has no line break and no NUL: if it has other control characters, this may say no. Each
    /// kind of text is asked apart. One that was just made was written in pieces, and to load the place where either kind
    /// might begin has to wait for them.
    #[inline(always)]
    pub(crate) fn is_one_line(&self) -> bool {
        match &self.0 {
            Repr::Short(text) => is_one_line(text.as_bytes()),
            Repr::Shared(text) => is_long_line(text),
        }
    }
}

#[inline(never)]
fn is_long_line(text: &str) -> bool {
    is_one_line(text.as_bytes())
}

impl Default for Text {
    fn default() -> Self {
        Self(Repr::Short(ArrayString::new_const()))
    }
}

impl Deref for Text {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self
    }
}

impl core::borrow::Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self
    }
}

impl From<&str> for Text {
    #[inline]
    fn from(text: &str) -> Self {
        Self(match ArrayString::from(text) {
            Ok(short) => Repr::Short(short),
            Err(_) => Repr::Shared(copy(text)),
        })
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Repr::Shared(text.into()))
    }
}

impl From<ByteString> for Text {
    fn from(text: ByteString) -> Self {
        Self(Repr::Shared(text))
    }
}

impl From<Cow<'_, str>> for Text {
    fn from(text: Cow<'_, str>) -> Self {
        match text {
            Cow::Borrowed(text) => text.into(),
            Cow::Owned(text) => text.into(),
        }
    }
}

impl From<char> for Text {
    fn from(text: char) -> Self {
        Self::from(&*text.encode_utf8(&mut [0; 4]))
    }
}

impl From<Text> for ByteString {
    /// Does not copy, unless the text is short.
    fn from(text: Text) -> Self {
        match text.0 {
            Repr::Short(text) => text.as_str().into(),
            Repr::Shared(text) => text,
        }
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.as_str().into()
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Text {}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other)
    }
}

impl hash::Hash for Text {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

fn copy(text: &str) -> ByteString {
    let mut copy = String::with_capacity(text.len());
    push_pieces(&mut copy, text);
    copy.into()
}

/// A number in decimal digits.
pub(crate) fn decimal(number: impl fmt::Display) -> Text {
    let mut digits = ArrayString::<40>::new_const();
    // 40 bytes hold every integer.
    let _ = fmt::write(&mut digits, format_args!("{number}"));
    digits.as_str().into()
}

/// Appends a text, for which there is room, a long one in [pieces](piece).
#[inline]
pub(crate) fn push_pieces(text: &mut String, rest: &str) {
    if rest.len() <= PIECE {
        text.push_str(rest);
    } else {
        push_long(text, rest);
    }
}

#[inline(never)]
fn push_long(text: &mut String, mut rest: &str) {
    let piece = piece(rest.as_bytes(), text.as_ptr().wrapping_add(text.len()));
    // A character has at most four bytes, so one of four places in a row is between two characters.
    let places = piece - 3..=piece;
    while rest.len() > piece
        && let Some((piece, behind)) = places.clone().rev().find_map(|at| rest.split_at_checked(at))
    {
        text.push_str(piece);
        rest = behind;
    }
    text.push_str(rest);
}
