//! Single-line values: texts that cannot hold what would break an event stream.

use core::{borrow::Borrow, fmt, str::FromStr};

use alloc::string::String;

use crate::{Text, ValueError, text::decimal};

/// The type of an event: the value of an `event` field.
///
/// Not empty, and without CR and LF, so that it can never end its line and forge another field. An
/// event without a type is a `message` event. Case and spaces count: `"ping "` is not `"ping"`.
///
/// ```
/// use sse_codec::{EventType, ValueError};
///
/// const PING: EventType = EventType::from_static("ping");
/// assert_eq!(EventType::new("ping")?, PING);
/// assert_eq!(EventType::new("a\ndata: b"), Err(ValueError::LineBreak { at: 1 }));
/// assert_eq!(EventType::new(""), Err(ValueError::EmptyType));
/// # Ok::<(), ValueError>(())
/// ```
///
/// Standard: [9.2.6, `event`](https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventType(Text);

/// The id of an event: the value of an `id` field, and of the `Last-Event-ID` header.
///
/// Without CR, LF and NUL. It may be empty: an empty id resets the client's last event ID, and the
/// next connection sends no `Last-Event-ID`. Integers become ids without failing.
///
/// ```
/// use sse_codec::{EventId, ValueError};
///
/// assert_eq!(EventId::from(42_u64), "42");
/// assert_eq!(EventId::new("4\02"), Err(ValueError::Nul { at: 1 }));
/// ```
///
/// Standard: [9.2.6, `id`](https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct EventId(Text);

impl EventType {
    /// The type of every event that has no `event` field.
    pub const MESSAGE: EventType = EventType::from_static("message");

    /// Checks `text` and makes an event type of it.
    ///
    /// # Errors
    ///
    /// [`ValueError::EmptyType`] or [`ValueError::LineBreak`].
    #[inline]
    pub fn new(text: impl Into<Text>) -> Result<Self, ValueError> {
        let text = text.into();
        check_event_type(&text)?;
        Ok(Self(text))
    }

    /// Makes an event type of a literal; in a `const`, a bad one does not compile.
    ///
    /// ```compile_fail
    /// const BROKEN: sse_codec::EventType = sse_codec::EventType::from_static("two\nlines");
    /// ```
    ///
    /// # Panics
    ///
    /// Outside of a `const`, if the literal is empty or has a line break.
    #[allow(clippy::panic)] // a compile error where it is used as meant, never reached from input
    pub const fn from_static(text: &'static str) -> Self {
        assert!(!text.is_empty(), "an event type must not be empty");
        assert!(find_break_or_nul(text, false).is_none(), "an event type must not have a line break");
        Self(Text::from_static(text))
    }
}

impl EventId {
    /// Checks `text` and makes an event id of it.
    ///
    /// # Errors
    ///
    /// [`ValueError::LineBreak`] or [`ValueError::Nul`].
    #[inline]
    pub fn new(text: impl Into<Text>) -> Result<Self, ValueError> {
        let text = text.into();
        check_event_id(&text)?;
        Ok(Self(text))
    }

    /// Makes an event id of a literal; in a `const`, a bad one does not compile.
    ///
    /// ```
    /// const START: sse_codec::EventId = sse_codec::EventId::from_static("0-0");
    /// assert_eq!(START, "0-0");
    /// ```
    ///
    /// # Panics
    ///
    /// Outside of a `const`, if the literal has a line break or NUL.
    #[allow(clippy::panic)] // a compile error where it is used as meant, never reached from input
    pub const fn from_static(text: &'static str) -> Self {
        assert!(find_break_or_nul(text, true).is_none(), "an event id must not have a line break or NUL");
        Self(Text::from_static(text))
    }

    /// Whether this id resets the last event ID.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[inline]
fn check_event_type(text: &Text) -> Result<(), ValueError> {
    if !text.is_empty() && text.is_one_line() {
        return Ok(());
    }
    check_odd_event_type(text)
}

// Out of line, as all that seldom happens: a value is made where it is used.
#[cold]
fn check_odd_event_type(text: &str) -> Result<(), ValueError> {
    if text.is_empty() {
        return Err(ValueError::EmptyType);
    }
    match memchr::memchr2(b'\n', b'\r', text.as_bytes()) {
        Some(at) => Err(ValueError::LineBreak { at }),
        None => Ok(()),
    }
}

#[inline]
fn check_event_id(text: &Text) -> Result<(), ValueError> {
    // No NUL either.
    if text.is_one_line() {
        return Ok(());
    }
    check_odd_event_id(text)
}

#[cold]
fn check_odd_event_id(text: &str) -> Result<(), ValueError> {
    match memchr::memchr3(b'\n', b'\r', 0, text.as_bytes()) {
        Some(at) if text.as_bytes()[at] == 0 => Err(ValueError::Nul { at }),
        Some(at) => Err(ValueError::LineBreak { at }),
        None => Ok(()),
    }
}

/// The same checks where only `const` code can go.
const fn find_break_or_nul(text: &str, nul_too: bool) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if matches!(bytes[at], b'\n' | b'\r') || (nul_too && bytes[at] == 0) {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// What the two values have in common: they are read as text, and made of text that is checked.
macro_rules! single_line_value {
    ($name:ident, $check:ident) => {
        impl $name {
            /// A value that the decoder read from a line of its own: it cannot hold a line break.
            pub(crate) fn from_decoded(text: Text) -> Self {
                debug_assert!(text.is_empty() || $check(&text).is_ok());
                Self(text)
            }

            /// The value as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The value as text of its own.
            pub fn into_text(self) -> Text {
                self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), f)
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.as_str() == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.as_str() == *other
            }
        }

        impl FromStr for $name {
            type Err = ValueError;

            fn from_str(text: &str) -> Result<Self, ValueError> {
                Self::new(text)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = ValueError;

            fn try_from(text: &str) -> Result<Self, ValueError> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = ValueError;

            fn try_from(text: String) -> Result<Self, ValueError> {
                Self::new(text)
            }
        }
    };
}

single_line_value!(EventType, check_event_type);
single_line_value!(EventId, check_event_id);

macro_rules! event_id_from_integer {
    ($($integer:ty)*) => {$(
        impl From<$integer> for EventId {
            fn from(number: $integer) -> Self {
                Self(decimal(number))
            }
        }
    )*};
}

event_id_from_integer!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);
