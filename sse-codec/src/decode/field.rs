//! Splits a line into name and value.

use crate::scan::{is_one_line, is_short_and_clear};

/// The field names that the standard defines. A comment is a line with an empty name before its colon.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Name {
    Data,
    Event,
    Id,
    Retry,
    Comment,
    Other,
}

/// The number of bytes that decide the name of a line, and where its value begins.
pub(super) const MAX_NAME: usize = "event: ".len();

/// Returns the name of a line that is not empty, and where its value begins.
#[inline(always)]
pub(super) fn split(line: &[u8]) -> (Name, usize) {
    split_at_colon(line).unwrap_or_else(|| (name_alone(line), line.len()))
}

/// The same for the beginning of a line. Returns `None` while the name is undecided.
#[inline]
pub(super) fn split_beginning(line: &[u8]) -> Option<(Name, usize)> {
    const NAMES: [&[u8]; 4] = [b"data:", b"event:", b"id:", b"retry:"];
    split_at_colon(line).or_else(|| {
        let is_undecided = NAMES.iter().any(|name| name.starts_with(line));
        (!is_undecided).then_some((Name::Other, line.len()))
    })
}

/// > Collect the characters on the line before the first U+003A COLON character (:), and let field be that string.
/// > Collect the characters on the line after the first U+003A COLON character (:), and let value be that string. If
/// > value starts with a U+0020 SPACE character, remove it from value.
///
/// > Field names must be compared literally, with no case folding performed.
#[inline(always)]
fn split_at_colon(line: &[u8]) -> Option<(Name, usize)> {
    let value = |colon: usize| colon + 1 + usize::from(line.get(colon + 1) == Some(&b' '));
    if line.starts_with(b"data:") {
        Some((Name::Data, value(4)))
    } else if line.starts_with(b":") {
        // > If the line starts with a U+003A COLON character (:): Ignore the line.
        Some((Name::Comment, 1))
    } else if line.starts_with(b"event:") {
        Some((Name::Event, value(5)))
    } else if line.starts_with(b"id:") {
        Some((Name::Id, value(2)))
    } else if line.starts_with(b"retry:") {
        Some((Name::Retry, value(5)))
    } else {
        None
    }
}

/// > Otherwise, the string is not empty but does not contain a U+003A COLON character (:): Process the field […] using
/// > the whole line as the field name, and the empty string as the field value.
///
/// `retry` alone has no digits, so it is ignored.
fn name_alone(line: &[u8]) -> Name {
    match line {
        b"data" => Name::Data,
        b"event" => Name::Event,
        b"id" => Name::Id,
        _ => Name::Other,
    }
}

/// Whether an id contains U+0000 NULL. Few ids have a control character, so fast tests come first.
#[inline(always)]
pub(super) fn has_nul(id: &[u8]) -> bool {
    !is_short_and_clear(id) && has_nul_anywhere(id)
}

#[inline(never)]
fn has_nul_anywhere(id: &[u8]) -> bool {
    !is_one_line(id) && id.contains(&0)
}

/// Returns the value of a `retry` field, in milliseconds, or `None` if it is invalid or does not fit.
///
/// > If the field value consists of only ASCII digits, then interpret the field value as an integer in base ten […].
/// > Otherwise, ignore the field.
pub(super) fn millis<'a>(value: impl IntoIterator<Item = &'a u8>) -> Option<u64> {
    let mut digits = value.into_iter().map(|byte| byte.is_ascii_digit().then(|| u64::from(byte - b'0')));
    let first = digits.next()??;
    digits.try_fold(first, |number, digit| number.checked_mul(10)?.checked_add(digit?))
}
