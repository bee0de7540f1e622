//! Single-line values: text without characters that would break an event stream.

use core::{borrow::Borrow, convert::Infallible, fmt, str::FromStr};

use alloc::{borrow::Cow, boxed::Box, string::String};

use thiserror::Error;

use crate::{
    Text,
    text::{compare_as_text, decimal},
};

/// The type of an event: the value of an `event` field.
///
/// It is not empty, and has no CR or LF, so it can never end its line and forge another field. An
/// event without a type is a `message` event. Case and spaces count: `"ping "` is not `"ping"`.
///
/// ```
/// use sse_codec::{EventType, error::ValueError};
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
/// When a client reconnects, it sends the id of the last event that it received, so an id must fit into a header.
/// [`new`](Self::new) refuses ids that browsers cannot send back: with control characters, with a space at either end,
/// or longer than [`MAX_LEN`](Self::MAX_LEN) bytes. An empty id resets the client's last event ID, and the next
/// connection sends no `Last-Event-ID`. Integers convert to ids without errors.
///
/// ```
/// use sse_codec::{EventId, error::ValueError};
///
/// assert_eq!(EventId::from(42_u64), "42");
/// assert_eq!(EventId::new("2026-11-24/7")?.as_str(), "2026-11-24/7");
/// assert_eq!(EventId::new("4\t2"), Err(ValueError::ControlCharacter { at: 1 }));
/// # Ok::<(), ValueError>(())
/// ```
///
/// A decoded id can be any id that the format allows, as the standard says. For proxies and tests,
/// [`lenient`](Self::lenient) creates such ids.
///
/// Standard: [9.2.6, `id`](https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation), [9.2.4, the `Last-Event-ID` header](https://html.spec.whatwg.org/multipage/server-sent-events.html#the-last-event-id-header).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct EventId(Text);

/// Why a text cannot be an [`EventType`], an [`EventId`], or a [`Field`](crate::lines::Field) or
/// [`Comment`](crate::lines::Comment) of a proxy.
///
/// Positions and lengths are in bytes of the rejected text. Positions count from 0.
///
/// ```
/// use sse_codec::{EventId, EventType, error::ValueError};
///
/// assert_eq!(EventType::new("a\rb"), Err(ValueError::LineBreak { at: 1 }));
/// assert_eq!(EventId::new("7\0"), Err(ValueError::Nul { at: 1 }));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ValueError {
    /// The event type is empty. An event without a type is a `message`.
    #[error("an event type must not be empty; leave the type out to send a `message` event")]
    EmptyType,
    /// The text contains a CR or LF. Event types, ids, and the fields and comments of a proxy are single lines.
    #[error(
        "line break at byte {at}; event types, ids and fields are single lines, only data may have several"
    )]
    LineBreak {
        /// The position of the CR or LF.
        at: usize,
    },
    /// The id contains U+0000. Clients ignore such an id.
    #[error("NUL at byte {at}; clients ignore an id that contains NUL, so it cannot be sent")]
    Nul {
        /// The position of the NUL.
        at: usize,
    },
    /// The id contains U+0001 to U+001F or U+007F. A header cannot hold these, so no client could send the id back.
    #[error("control character at byte {at}; clients send ids back in a header, which cannot contain it")]
    ControlCharacter {
        /// The position of the control character.
        at: usize,
    },
    /// The id begins or ends with a space. A header loses the spaces around its value, so another id would come back.
    #[error("space at byte {at}; clients send ids back in a header, which loses spaces at its start and end")]
    OuterSpace {
        /// The position of the space.
        at: usize,
    },
    /// The name of the field is empty. A line with an empty name is a comment.
    #[error("a field must have a name; a line without one is a comment")]
    EmptyName,
    /// The name of the field contains a colon. The first colon of a line ends the name.
    #[error("colon at byte {at}; the first colon of a line ends the name of its field")]
    Colon {
        /// The position of the colon.
        at: usize,
    },
    /// The id is longer than [`EventId::MAX_LEN`]. Servers and proxies refuse longer headers.
    #[error(
        "the id has {len} bytes; clients send ids back in a header, so the limit is {} bytes",
        EventId::MAX_LEN
    )]
    TooLong {
        /// The length of the id.
        len: usize,
    },
}

/// Lets functions that check text also accept values that need no check, such as an [`EventId`] or an integer.
impl From<Infallible> for ValueError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl EventType {
    /// The type of an event without an `event` field.
    pub const MESSAGE: EventType = EventType::from_static("message");

    /// Creates an event type from a text.
    ///
    /// # Errors
    ///
    /// [`ValueError::EmptyType`] if it is empty, or [`ValueError::LineBreak`].
    pub fn new(text: impl Into<Text>) -> Result<Self, ValueError> {
        let text = text.into();
        check_type(&text)?;
        Ok(Self(text))
    }

    /// Creates an event type from a literal.
    ///
    /// In a `const`, an invalid literal does not compile.
    ///
    /// ```compile_fail
    /// const BROKEN: sse_codec::EventType = sse_codec::EventType::from_static("two\nlines");
    /// ```
    ///
    /// # Panics
    ///
    /// Outside of a `const`, if [`new`](Self::new) refuses the literal.
    #[allow(clippy::panic)] // a compile error in a `const`, and never reached from input
    pub const fn from_static(text: &'static str) -> Self {
        match check_type(text) {
            Ok(()) => Self(Text::from_static(text)),
            Err(_) => panic!("an event type must not be empty, and must not have a line break"),
        }
    }
}

impl EventId {
    /// The longest id that [`new`](Self::new) accepts, in bytes: 8 KiB.
    ///
    /// This is about the longest header line that common servers and proxies accept.
    pub const MAX_LEN: usize = 8 * 1024;

    /// Creates an event id from a text.
    ///
    /// # Errors
    ///
    /// [`ValueError::LineBreak`], [`ValueError::Nul`], [`ValueError::ControlCharacter`], [`ValueError::OuterSpace`] or
    /// [`ValueError::TooLong`], since a browser could not send the id back.
    pub fn new(text: impl Into<Text>) -> Result<Self, ValueError> {
        let text = text.into();
        check_id(&text)?;
        Ok(Self(text))
    }

    /// Creates an event id from any text that the format allows, even if browsers cannot send it back.
    ///
    /// This is for proxies, which forward the ids that they read, and for tests. A server that sends such ids loses
    /// clients that reconnect: some get the status 400 and give up.
    ///
    /// ```
    /// use sse_codec::EventId;
    ///
    /// assert!(EventId::new(" 7").is_err());
    /// assert_eq!(EventId::lenient(" 7")?, " 7");
    /// assert!(EventId::lenient("7\ndata: forged").is_err());
    /// # Ok::<(), sse_codec::error::ValueError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ValueError::LineBreak`] or [`ValueError::Nul`].
    pub fn lenient(text: impl Into<Text>) -> Result<Self, ValueError> {
        let text = text.into();
        check_lenient_id(&text)?;
        Ok(Self(text))
    }

    /// Creates an event id from a literal.
    ///
    /// In a `const`, an invalid literal does not compile.
    ///
    /// ```
    /// const START: sse_codec::EventId = sse_codec::EventId::from_static("0-0");
    /// assert_eq!(START, "0-0");
    /// ```
    ///
    /// # Panics
    ///
    /// Outside of a `const`, if [`new`](Self::new) refuses the literal.
    #[allow(clippy::panic)] // a compile error in a `const`, and never reached from input
    pub const fn from_static(text: &'static str) -> Self {
        match check_id(text) {
            Ok(()) => Self(Text::from_static(text)),
            Err(_) => panic!("clients could not send this event id back: see `EventId::new`"),
        }
    }

    /// Creates an id of hexadecimal digits from bytes, such as those of a hash.
    ///
    /// For a number, pass the most significant byte first ([`to_be_bytes`](u64::to_be_bytes)). More than 4,096 bytes do
    /// not compile.
    ///
    /// ```
    /// assert_eq!(sse_codec::EventId::from_hex([0x0A, 0xFF]), "0aff");
    /// ```
    pub fn from_hex<const N: usize>(bytes: [u8; N]) -> Self {
        const { assert!(2 * N <= Self::MAX_LEN, "too many bytes for an id") }
        let mut digits = String::with_capacity(2 * N);
        push_hex(&mut digits, &bytes);
        Self(digits.as_str().into())
    }

    /// Creates an id in the form of a UUID: 8, 4, 4, 4 and 12 hexadecimal digits.
    ///
    /// With the crate `uuid`, pass `uuid.into_bytes()`.
    ///
    /// ```
    /// let id = sse_codec::EventId::from_uuid(*b"\x01\x93abcdefghijklmn");
    /// assert_eq!(id, "01936162-6364-6566-6768-696a6b6c6d6e");
    /// ```
    pub fn from_uuid(bytes: [u8; 16]) -> Self {
        let mut digits = String::with_capacity(36);
        for (n, part) in [0..4, 4..6, 6..8, 8..10, 10..16].into_iter().enumerate() {
            if n > 0 {
                digits.push('-');
            }
            push_hex(&mut digits, &bytes[part]);
        }
        Self(digits.into())
    }

    /// Returns whether this id is empty, which resets the last event ID.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Parses the id, for example as the number that it was created from.
    ///
    /// ```
    /// let seen = sse_codec::EventId::from(41_u64);
    /// assert_eq!(seen.parse::<u64>()? + 1, 42);
    /// # Ok::<(), core::num::ParseIntError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of `T::from_str`.
    pub fn parse<T: FromStr>(&self) -> Result<T, T::Err> {
        self.as_str().parse()
    }
}

fn push_hex(digits: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        digits.extend([byte >> 4, byte & 15].map(|digit| char::from(DIGITS[usize::from(digit)])));
    }
}

const fn check_type(text: &str) -> Result<(), ValueError> {
    if text.is_empty() {
        return Err(ValueError::EmptyType);
    }
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if matches!(bytes[at], b'\n' | b'\r') {
            return Err(ValueError::LineBreak { at });
        }
        at += 1;
    }
    Ok(())
}

/// > *If the field name is "id": If the field value does not contain U+0000 NULL, then set the last event ID buffer to
/// > the field value. Otherwise, ignore the field.*
const fn check_lenient_id(text: &str) -> Result<(), ValueError> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\n' | b'\r' => return Err(ValueError::LineBreak { at }),
            0 => return Err(ValueError::Nul { at }),
            _ => at += 1,
        }
    }
    Ok(())
}

/// A header value has no control characters, and no spaces at its ends ([RFC 9110, 5.5](https://www.rfc-editor.org/rfc/rfc9110.html#section-5.5)).
const fn check_id(text: &str) -> Result<(), ValueError> {
    if let Err(error) = check_lenient_id(text) {
        return Err(error);
    }
    let bytes = text.as_bytes();
    if bytes.len() > EventId::MAX_LEN {
        return Err(ValueError::TooLong { len: bytes.len() });
    }
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            byte if byte.is_ascii_control() => return Err(ValueError::ControlCharacter { at }),
            b' ' if at == 0 || at == bytes.len() - 1 => return Err(ValueError::OuterSpace { at }),
            _ => at += 1,
        }
    }
    Ok(())
}

/// The common methods of the two types: conversions to text, and checked conversions from text.
macro_rules! single_line_value {
    ($name:ident, $check_decoded:ident) => {
        impl $name {
            /// Creates a value that the decoder read from one line, so it has no line break.
            pub(crate) fn from_decoded(text: Text) -> Self {
                debug_assert!($check_decoded(&text).is_ok());
                Self(text)
            }

            /// Returns the value as text.
            pub fn as_str(&self) -> &str {
                &self.0
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

        compare_as_text!($name with str &str String Text);

        impl From<$name> for Text {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0.into()
            }
        }

        impl From<&$name> for $name {
            fn from(value: &$name) -> Self {
                value.clone()
            }
        }

        impl FromStr for $name {
            type Err = ValueError;

            fn from_str(text: &str) -> Result<Self, ValueError> {
                Self::new(text)
            }
        }

        value_from_text!($name: &str, String, &String, Box<str>, Cow<'_, str>, Text);
    };
}

macro_rules! value_from_text {
    ($name:ident: $($text:ty),*) => {$(
        impl TryFrom<$text> for $name {
            type Error = ValueError;

            fn try_from(text: $text) -> Result<Self, ValueError> {
                Self::new(text)
            }
        }
    )*};
}

single_line_value!(EventType, check_type);
single_line_value!(EventId, check_lenient_id);

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
