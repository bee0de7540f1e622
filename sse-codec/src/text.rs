//! Text that is kept.

use core::{cmp::Ordering, fmt, hash, ops::Deref};

use alloc::{borrow::Cow, boxed::Box, string::String};

use arrayvec::ArrayString;

use crate::scan::is_one_line;

/// A text of up to this many bytes takes no more space in place than a `String` does with the tag.
const MAX_INLINE: usize = 24;

/// Text that owns itself: the data of an [`Event`](crate::Event), a type, an id.
///
/// Up to 24 bytes are stored in place, as most types and ids are; longer text has an allocation of its own, which a
/// clone copies. Text made of a literal by [`from_static`](Self::from_static) is never copied. To send one event to
/// many clients, share an [`Encoded`](crate::Encoded).
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
    Inline(ArrayString<MAX_INLINE>),
    Static(&'static str),
    Heap(Box<str>),
}

impl Text {
    /// Text that is never copied.
    pub const fn from_static(text: &'static str) -> Self {
        Self(Repr::Static(text))
    }

    /// The text.
    #[inline]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Inline(text) => text,
            Repr::Static(text) => text,
            Repr::Heap(text) => text,
        }
    }

    /// Whether the text surely has no line break and no NUL; with other control characters this may be false.
    ///
    /// One match arm for each representation: text that was just written in parts is slow to load through a reference
    /// that may point to either.
    #[inline(always)]
    pub(crate) fn is_one_line(&self) -> bool {
        match &self.0 {
            Repr::Inline(text) => is_one_line(text.as_bytes()),
            Repr::Static(text) => is_long_line(text),
            Repr::Heap(text) => is_long_line(text),
        }
    }
}

#[inline(never)]
fn is_long_line(text: &str) -> bool {
    is_one_line(text.as_bytes())
}

impl Default for Text {
    fn default() -> Self {
        Self(Repr::Inline(ArrayString::new_const()))
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
            Ok(text) => Repr::Inline(text),
            Err(_) => Repr::Heap(text.into()),
        })
    }
}

impl From<String> for Text {
    /// Does not copy, unless the allocator has to move the text as it gives back spare capacity.
    fn from(text: String) -> Self {
        Self(Repr::Heap(text.into()))
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

impl From<Text> for String {
    /// Copies only text that is stored in place or static.
    fn from(text: Text) -> Self {
        match text.0 {
            Repr::Heap(text) => text.into(),
            Repr::Inline(_) | Repr::Static(_) => text.as_str().into(),
        }
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

/// A number in decimal digits.
pub(crate) fn decimal(number: impl fmt::Display) -> Text {
    let mut digits = ArrayString::<40>::new_const();
    // 40 bytes hold every integer.
    let _ = fmt::write(&mut digits, format_args!("{number}"));
    digits.as_str().into()
}
