//! Owned text.

use core::{cmp::Ordering, convert::Infallible, fmt, hash, ops::Deref, str::FromStr};

use alloc::{borrow::Cow, boxed::Box, string::String};

use arrayvec::ArrayString;

/// The longest text that is stored inline, in bytes. With the tag, it takes no more space than a `String` with a tag.
const MAX_INLINE: usize = 24;

/// Owned text: the data of an [`Event`](crate::Event), a type or an id.
///
/// Text of up to 24 bytes that is copied from a `str` is stored inline, as most types and ids are. Text from
/// [`from_static`](Self::from_static) is never copied. Other text has its own allocation, which a clone copies. To send
/// one event to many clients, share an [`Encoded`](crate::Encoded).
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
    /// Creates a text from a literal, which is never copied.
    pub const fn from_static(text: &'static str) -> Self {
        Self(Repr::Static(text))
    }

    /// Returns the text.
    #[inline]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Inline(text) => text,
            Repr::Static(text) => text,
            Repr::Heap(text) => text,
        }
    }
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
    /// Does not copy, unless the allocator moves the text to release spare capacity.
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

impl From<&String> for Text {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<Box<str>> for Text {
    /// Does not copy.
    fn from(text: Box<str>) -> Self {
        Self(Repr::Heap(text))
    }
}

impl FromStr for Text {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.into())
    }
}

impl From<Text> for String {
    /// Copies only text that is stored inline or static.
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

/// Implements comparison with other types of text, in both directions.
macro_rules! compare_as_text {
    ($name:ident with $($text:ty)*) => {$(
        impl PartialEq<$text> for $name {
            fn eq(&self, other: &$text) -> bool {
                self.as_str() == AsRef::<str>::as_ref(other)
            }
        }

        impl PartialEq<$name> for $text {
            fn eq(&self, other: &$name) -> bool {
                AsRef::<str>::as_ref(self) == other.as_str()
            }
        }

        impl PartialOrd<$text> for $name {
            fn partial_cmp(&self, other: &$text) -> Option<core::cmp::Ordering> {
                self.as_str().partial_cmp(AsRef::<str>::as_ref(other))
            }
        }

        impl PartialOrd<$name> for $text {
            fn partial_cmp(&self, other: &$name) -> Option<core::cmp::Ordering> {
                AsRef::<str>::as_ref(self).partial_cmp(other.as_str())
            }
        }
    )*};
}

pub(crate) use compare_as_text;

compare_as_text!(Text with str &str String);

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

/// Writes a number in decimal digits.
pub(crate) fn decimal(number: impl fmt::Display) -> Text {
    let mut digits = ArrayString::<40>::new_const();
    // 40 bytes hold every integer.
    let _ = fmt::write(&mut digits, format_args!("{number}"));
    digits.as_str().into()
}
