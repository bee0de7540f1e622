//! The published texts. Each names its publisher and its number, so no two are equal.

use std::fmt;

/// The publisher of the last event of a topic, after which its clients stop.
pub(crate) const FENCE: u8 = u8::MAX;

/// One event: the `number`th of a publisher, on a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Payload {
    pub(crate) topic: u16,
    pub(crate) publisher: u8,
    pub(crate) number: u32,
}

impl Payload {
    /// The text: its parts, and a filling that is computed from them. Most are short, one in a hundred is large.
    pub(crate) fn text(&self) -> String {
        let filling = match self.number % 100 {
            99 => 20_000,
            rest => rest as usize,
        };
        format!("{self} {:.<filling$}", "")
    }

    /// The payload of a text, if the text is unchanged.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let mut parts = text.splitn(4, ' ').map(|part| part.get(1..).unwrap_or_default());
        let payload = Self {
            topic: parts.next()?.parse().ok()?,
            publisher: parts.next()?.parse().ok()?,
            number: parts.next()?.parse().ok()?,
        };
        (payload.text() == text).then_some(payload)
    }
}

impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t{} p{} n{}", self.topic, self.publisher, self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_its_payload_only_if_it_is_whole() {
        for number in [0, 1, 98, 99, 1099] {
            let payload = Payload { topic: 3, publisher: FENCE, number };
            let text = payload.text();
            assert_eq!(Payload::of(&text), Some(payload));
            assert_eq!(Payload::of(&format!("{text}.")), None);
            assert_eq!(Payload::of(text[..text.len() - 1].trim_end()), None);
        }
        assert_eq!(Payload::of(""), None);
    }
}
