//! The input of an encoder.

use std::ops::Range;

use serde_json::{Value, json};

use crate::{
    kit::check::{Check, Rule},
    vectors,
};

/// A check, and the blocks to encode.
pub(super) struct Case {
    pub(super) check: Check,
    /// The parts of the blocks. If a program cannot write one of them, the check is skipped.
    pub(super) keys: Vec<Key>,
    pub(super) blocks: Vec<Block>,
}

/// A part of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Data,
    Event,
    Id,
    Retry,
    Comment,
}

/// A line for the program, and the expected result.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) line: Value,
    pub(super) demand: Demand,
}

/// The expected result of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Demand {
    /// Everything in the line arrives.
    Arrives,
    /// The same, or the line is refused.
    ArrivesOrIsRefused,
    /// The line cannot be written unchanged: it is refused, or this key arrives without the hostile part, or not at
    /// all.
    IsHarmless(Key),
}

impl Key {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Event => "event types",
            Self::Id => "ids",
            Self::Retry => "reconnection times",
            Self::Comment => "comments",
        }
    }

    /// The simplest line with it.
    pub(super) fn simplest(self) -> String {
        let line = match self {
            Self::Data => json!({ "data": "x" }),
            Self::Event => json!({ "data": "x", "event": "a" }),
            Self::Id => json!({ "data": "x", "id": "1" }),
            Self::Retry => json!({ "retry": 1 }),
            Self::Comment => json!({ "comment": "x" }),
        };
        format!("{line}\n")
    }
}

impl Case {
    /// The lines for the program: after each of these blocks comes a block that marks its end.
    pub(super) fn input(&self, blocks: Range<usize>) -> String {
        let lines = self.blocks[blocks].iter().enumerate();
        lines
            .map(|(number, block)| format!("{}\n{}\n", block.line, json!({ "data": mark(number) })))
            .collect()
    }
}

/// The data of the event after each block.
pub(super) fn mark(number: usize) -> String {
    format!("end of block {number}")
}

/// All checks, in order.
pub(super) fn cases() -> Vec<Case> {
    let mut cases = plain();
    cases.extend(values());
    for key in [Key::Event, Key::Id, Key::Data, Key::Comment] {
        for hostile in HOSTILE {
            cases.extend(PLACES.map(|place| matrix(key, hostile, place)));
        }
    }
    cases.extend(vectors::all().iter().filter_map(of_vector));
    cases
}

const WRITING: Rule = Rule {
    text: "stream = [ bom ] *event; event = *( comment / field ) end-of-line; \
           field = 1*name-char [ colon [ space ] *any-char ] end-of-line",
    standard: "HTML, 9.2.5 Parsing an event stream",
};
const NO_LINE_ENDS: Rule = Rule {
    text: "any-char = %x0000-0009 / %x000B-000C / %x000E-10FFFF ; a scalar value other than U+000A LINE FEED (LF) or \
           U+000D CARRIAGE RETURN (CR)",
    standard: "HTML, 9.2.5 Parsing an event stream",
};
const ID: Rule = Rule::interpretation(
    "If the field value does not contain U+0000 NULL, then set the last event ID buffer to the field value. \
     Otherwise, ignore the field.",
);
const RETRY: Rule = Rule::interpretation(
    "If the field value consists of only ASCII digits, then interpret the field value as an integer in base ten, and \
     set the event stream's reconnection time to that integer. Otherwise, ignore the field.",
);
const SPACE: Rule =
    Rule::interpretation("If value starts with a U+0020 SPACE character, remove it from value.");

/// Blocks without anything hostile.
fn plain() -> Vec<Case> {
    use Key::{Comment, Data, Event, Id, Retry};
    let arrives = "The client must get what the server sends.";
    let case = |name: &str, what: &str, keys: &[Key], line: Value| Case {
        check: Check::new(format!("block/{name}"), what, arrives, WRITING),
        keys: keys.to_vec(),
        blocks: vec![Block { line, demand: Demand::Arrives }],
    };
    vec![
        case("data", "one line of data", &[Data], json!({ "data": "hello" })),
        case("lines", "two lines of data", &[Data], json!({ "data": "two\nlines" })),
        case("empty-data", "an event with empty data is dispatched", &[Data], json!({ "data": "" })),
        case("only-line-feed", "data of one line break", &[Data], json!({ "data": "\n" })),
        case("trailing-line-feed", "a line break at the end of data", &[Data], json!({ "data": "x\n" })),
        case("leading-line-feed", "a line break at the start of data", &[Data], json!({ "data": "\nx" })),
        case("empty-lines", "empty lines within data", &[Data], json!({ "data": "a\n\n\nb" })),
        case("leading-space", "a space at the start of data", &[Data], json!({ "data": " x" })),
        case(
            "leading-spaces",
            "spaces at the start of each line of data",
            &[Data],
            json!({ "data": "  a\n    b\n c" }),
        ),
        case("trailing-space", "a space at the end of data", &[Data], json!({ "data": "x " })),
        case("tab", "a tab at the start of data", &[Data], json!({ "data": "\tx" })),
        case("only-space", "data of one space", &[Data], json!({ "data": " " })),
        case("colon", "data that begins with a colon", &[Data], json!({ "data": ": x" })),
        case(
            "like-a-field",
            "data that looks like a field",
            &[Data],
            json!({ "data": "event: x\nid: 1\n\ndata: y" }),
        ),
        case("unicode", "data of 2, 3 and 4 bytes a character", &[Data], json!({ "data": "é € 😀" })),
        case("json", "data of JSON", &[Data], json!({ "data": "{\"a\":\"\\n\"}" })),
        case("long-line", "a line of 100,000 bytes", &[Data], json!({ "data": "x".repeat(100_000) })),
        case("many-lines", "1,000 lines", &[Data], json!({ "data": vec!["x"; 1_000].join("\n") })),
        case("event", "an event type", &[Data, Event], json!({ "data": "x", "event": "ping" })),
        case(
            "event-space",
            "an event type with spaces",
            &[Data, Event],
            json!({ "data": "x", "event": " a b " }),
        ),
        case(
            "event-colon",
            "an event type with a colon",
            &[Data, Event],
            json!({ "data": "x", "event": ":a:b" }),
        ),
        case(
            "event-unicode",
            "an event type of many scripts",
            &[Data, Event],
            json!({ "data": "x", "event": "é€😀" }),
        ),
        case("id", "an id", &[Data, Id], json!({ "data": "x", "id": "7" })),
        case(
            "id-empty",
            "an empty id, which resets the last event ID",
            &[Data, Id],
            json!({ "data": "x", "id": "" }),
        ),
        case("id-colon", "an id with colons", &[Data, Id], json!({ "data": "x", "id": "urn:a:1" })),
        case("id-unicode", "an id of many scripts", &[Data, Id], json!({ "data": "x", "id": "é€😀" })),
        case("id-alone", "an id without an event", &[Id], json!({ "id": "7" })),
        case("retry", "a reconnection time", &[Retry], json!({ "retry": 3000 })),
        case("retry-zero", "a reconnection time of zero", &[Retry], json!({ "retry": 0 })),
        case(
            "retry-large",
            "a reconnection time of 2^53-1 ms",
            &[Retry],
            json!({ "retry": 9_007_199_254_740_991_u64 }),
        ),
        case("comment", "a comment", &[Comment], json!({ "comment": "x" })),
        case("comment-empty", "an empty comment", &[Comment], json!({ "comment": "" })),
        case(
            "comment-like-a-field",
            "a comment that looks like a field",
            &[Comment],
            json!({ "comment": "data: x" }),
        ),
        case(
            "all",
            "all parts in one block",
            &[Data, Event, Id, Retry, Comment],
            json!({ "data": "d", "event": "e", "id": "i", "retry": 250, "comment": "c" }),
        ),
    ]
}

/// Invalid values: they are refused, or do no harm.
fn values() -> Vec<Case> {
    let case = |name: &str, what: &str, key: Key, line: Value, rule: Rule| Case {
        check: Check::new(
            format!("value/{name}"),
            what,
            "An encoder should refuse a value that clients ignore or misread.",
            rule,
        ),
        keys: vec![key],
        blocks: vec![Block { line, demand: Demand::IsHarmless(key) }],
    };
    vec![
        case(
            "retry-negative",
            "a negative reconnection time",
            Key::Retry,
            json!({ "data": "x", "retry": -1 }),
            RETRY,
        ),
        case("retry-fraction", "half a millisecond", Key::Retry, json!({ "data": "x", "retry": 1.5 }), RETRY),
        case("retry-exponent", "1e3 as a string", Key::Retry, json!({ "data": "x", "retry": "1e3" }), RETRY),
        case(
            "retry-line",
            "a reconnection time that is a string with a line break",
            Key::Retry,
            json!({ "data": "x", "retry": "1\ndata: forged" }),
            NO_LINE_ENDS,
        ),
        case("event-empty", "an empty event type", Key::Event, json!({ "data": "x", "event": "" }), WRITING),
    ]
}

/// A name, and a character that some programs treat as the end of a line or a string.
const HOSTILE: [(&str, &str); 7] = [
    ("cr", "\r"),
    ("lf", "\n"),
    ("crlf", "\r\n"),
    ("nul", "\0"),
    ("line-separator", "\u{2028}"),
    ("next-line", "\u{85}"),
    ("bom", "\u{FEFF}"),
];

/// The lines that an attacker wants a client to read.
const FORGED: [&str; 6] = ["data: forged", "event: forged", "id: forged", "retry: 1", ": forged", ""];

const PLACES: [Place; 4] = [Place::Start, Place::Middle, Place::End, Place::Everywhere];

#[derive(Clone, Copy)]
enum Place {
    Start,
    Middle,
    End,
    /// Twice at each end: the first would end the line, the second the block.
    Everywhere,
}

impl Place {
    fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Middle => "middle",
            Self::End => "end",
            Self::Everywhere => "everywhere",
        }
    }

    fn text(self, hostile: &str, forged: &str) -> String {
        match self {
            Self::Start => format!("{hostile}{forged}"),
            Self::Middle => format!("good{hostile}{forged}"),
            Self::End => format!("{forged}{hostile}"),
            Self::Everywhere => format!("{hostile}{hostile}{forged}{hostile}{hostile}"),
        }
    }
}

/// One hostile character at one place, before each line that might be forged.
fn matrix(key: Key, (hostile_name, hostile): (&str, &str), place: Place) -> Case {
    let ends_a_line = hostile.contains(['\r', '\n']);
    let (group, why, demand) = match key {
        // A line end in these is a part of the text.
        Key::Data | Key::Comment => (
            if key == Key::Data { "data" } else { "comment" },
            "A missed line end forges a field: the text of a stranger becomes an id or a type.",
            Demand::Arrives,
        ),
        Key::Id if ends_a_line || hostile == "\0" => {
            let why = if ends_a_line {
                "An id with a line end forges fields and events for everyone who reads the stream."
            } else {
                "Clients ignore an id with NUL, so they reconnect with an older one, and get events twice."
            };
            ("id", why, Demand::IsHarmless(key))
        }
        _ if ends_a_line => (
            "type",
            "An event type with a line end forges fields and events for everyone who reads the stream.",
            Demand::IsHarmless(key),
        ),
        _ => (
            if key == Key::Id { "id" } else { "type" },
            "This character ends no line, so an accepted value must arrive.",
            Demand::ArrivesOrIsRefused,
        ),
    };
    let rule = if hostile == "\0" && key == Key::Id { ID } else { NO_LINE_ENDS };
    let name = format!("{group}/{hostile_name}-{}", place.name());
    let what = format!("U+{} in the {group}: {}", code_points(hostile), place.name());
    let line = |forged| {
        let text = place.text(hostile, forged);
        match key {
            Key::Event => json!({ "data": "x", "event": text }),
            Key::Id => json!({ "data": "x", "id": text }),
            Key::Comment => json!({ "comment": text }),
            Key::Data | Key::Retry => json!({ "data": text }),
        }
    };
    Case {
        check: Check::new(name, what, why, rule).from_source("the injection matrix of this project"),
        keys: vec![key],
        blocks: FORGED.map(|forged| Block { line: line(forged), demand }).into(),
    }
}

fn code_points(text: &str) -> String {
    let points: Vec<_> = text.chars().map(|char| format!("{:04X}", u32::from(char))).collect();
    points.join(" U+")
}

/// The events of a vector, for an encoder to send.
fn of_vector(vector: &vectors::Vector) -> Option<Case> {
    let (mut keys, mut last_event_id) = (vec![Key::Data], "");
    let mut blocks = Vec::new();
    for event in &vector.events {
        let id = &*event.last_event_id;
        let mut line = json!({ "data": event.data });
        if event.event_type != "message" {
            keys.push(Key::Event);
            line["event"] = event.event_type.clone().into();
        }
        if id != last_event_id {
            // No header can hold these, so an encoder may refuse them.
            if id.contains(char::is_control) || id.trim_matches(' ') != id {
                continue;
            }
            keys.push(Key::Id);
            line["id"] = id.into();
            last_event_id = id;
        }
        blocks.push(Block { line, demand: Demand::Arrives });
    }
    let what = format!("the events of the vector {} arrive", vector.name);
    let why = "Some decoders fail on these events, so encoders may fail as well.";
    let check = Check::new(format!("events/{}", vector.name), what, why, SPACE).from_source(&vector.source);
    (!blocks.is_empty()).then_some(Case { check, keys, blocks })
}
