//! The whole matrix: every character that may be read as the end of a line or text, in every position of
//! every text, encoded in every way. The output is compared with that of a naive encoder, and read by the
//! oracle. Neither knows the codec.

use std::panic::catch_unwind;

use bytes::{Bytes, BytesMut};
use sse_codec::{Block, Encoded, Event, EventId, EventType, Text, error::ValueError};
use sse_conformance::{
    naive_lines::{self, NaiveLine},
    oracle::{Output, Settings, expect},
};

const HOSTILE: [&str; 7] = ["\r", "\n", "\r\n", "\0", "\u{2028}", "\u{85}", "\u{FEFF}"];

/// Lines that an attacker wants a client to read.
const FORGED: [&str; 6] = ["data: forged", "event: forged", "id: forged", "retry: 1", ": forged", ""];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Start,
    Middle,
    End,
    /// Twice at each end: the first ends the line, the second the block.
    Everywhere,
}

const PLACES: [Place; 4] = [Place::Start, Place::Middle, Place::End, Place::Everywhere];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    Type,
    Id,
    Data,
    Comment,
}

const PARTS: [Part; 4] = [Part::Type, Part::Id, Part::Data, Part::Comment];

/// One cell of the matrix.
#[derive(Clone, Debug)]
struct Cell {
    part: Part,
    text: String,
}

fn cells() -> impl Iterator<Item = Cell> {
    PARTS.into_iter().flat_map(|part| {
        HOSTILE.into_iter().flat_map(move |hostile| {
            PLACES.into_iter().flat_map(move |place| {
                FORGED.into_iter().map(move |forged| Cell { part, text: text(hostile, place, forged) })
            })
        })
    })
}

fn text(hostile: &str, place: Place, forged: &str) -> String {
    match place {
        Place::Start => format!("{hostile}{forged}"),
        Place::Middle => format!("good{hostile}{forged}"),
        Place::End => format!("{forged}{hostile}"),
        Place::Everywhere => format!("{hostile}{hostile}{forged}{hostile}{hostile}"),
    }
}

impl Cell {
    /// The error of the constructor, if the text is not allowed.
    fn error(&self) -> Option<ValueError> {
        let at = |wanted: &[char]| self.text.find(wanted);
        match self.part {
            Part::Type if self.text.is_empty() => Some(ValueError::EmptyType),
            Part::Type => at(&['\r', '\n']).map(|at| ValueError::LineBreak { at }),
            Part::Id => at(&['\r', '\n', '\0']).map(|at| match self.text.as_bytes()[at] {
                0 => ValueError::Nul { at },
                _ => ValueError::LineBreak { at },
            }),
            Part::Data | Part::Comment => None,
        }
    }

    /// The block as a naive encoder writes it.
    fn wire(&self) -> String {
        let text = &self.text;
        match self.part {
            Part::Type => format!("event: {text}\ndata: x\n\n"),
            Part::Id => format!("id: {text}\ndata: x\n\n"),
            Part::Data => {
                naive_split(text).iter().map(|line| format!("data: {line}\n")).collect::<String>() + "\n"
            }
            Part::Comment => {
                naive_split(text).iter().map(|line| format!(":{line}\n")).collect::<String>() + "\n"
            }
        }
    }

    /// The outputs that a client should see after this last event ID.
    fn seen(&self, last_event_id: &mut String) -> Vec<Output> {
        if self.part == Part::Comment {
            return naive_split(&self.text).into_iter().map(Output::Comment).collect();
        }
        let id = (self.part == Part::Id).then(|| self.text.clone());
        if let Some(id) = &id {
            last_event_id.clone_from(id);
        }
        vec![Output::Event {
            event_type: (self.part == Part::Type).then(|| self.text.clone()),
            data: if self.part == Part::Data { naive_split(&self.text).join("\n") } else { "x".into() },
            id,
            retry: None,
            last_event_id: last_event_id.clone(),
        }]
    }

    /// Encodes the block in every way.
    fn written(&self) -> Vec<Bytes> {
        let text = self.text.as_str();
        match self.part {
            Part::Type => types(text)
                .into_iter()
                .flat_map(|made| {
                    let event_type = made.unwrap();
                    let mut written = block(Block::new().data("x").event_type(&event_type));
                    written.extend(event(Event::new("x").with_event_type(event_type)));
                    written
                })
                .collect(),
            Part::Id => ids(text)
                .into_iter()
                .flat_map(|made| {
                    let id = made.unwrap();
                    let mut written = block(Block::new().data("x").id(&id));
                    written.extend(event(Event::new("x").with_id(id)));
                    written
                })
                .collect(),
            Part::Data => {
                let mut written = block(Block::new().data(text));
                written.extend(event(Event::new(text)));
                written.extend(event(Event::new(text.to_owned())));
                written
            }
            Part::Comment => block(Block::new().comment(text)),
        }
    }
}

/// Splits character by character.
fn naive_split(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut after_cr = false;
    for character in text.chars() {
        match character {
            '\n' if after_cr => {}
            '\n' | '\r' => lines.push(String::new()),
            _ => lines.last_mut().unwrap().push(character),
        }
        after_cr = character == '\r';
    }
    lines
}

/// Creates a type in every way.
fn types(text: &str) -> [Result<EventType, ValueError>; 5] {
    [
        EventType::new(text),
        EventType::new(Text::from(text.to_owned())),
        EventType::try_from(text),
        EventType::try_from(text.to_owned()),
        text.parse(),
    ]
}

fn ids(text: &str) -> [Result<EventId, ValueError>; 6] {
    [
        EventId::new(text),
        EventId::lenient(text),
        EventId::new(Text::from(text.to_owned())),
        EventId::try_from(text),
        EventId::try_from(text.to_owned()),
        text.parse(),
    ]
}

/// The bytes that a stream and a codec send for this item.
macro_rules! sent {
    ($item:expr) => {{
        #[allow(unused_mut)]
        let mut written: Vec<Bytes> = vec![Encoded::from($item).into()];
        #[cfg(feature = "stream")]
        {
            use futures_util::{FutureExt, StreamExt, stream};

            let items = stream::iter([Ok::<_, std::convert::Infallible>($item)]);
            let mut chunks = sse_codec::EncodeStream::new(items);
            written.extend(chunks.next().now_or_never().unwrap().map(Result::unwrap));
        }
        #[cfg(feature = "tokio-codec")]
        {
            use tokio_util::codec::Encoder as _;

            let mut buffer = BytesMut::new();
            sse_codec::EventCodec::new().encode($item, &mut buffer).unwrap();
            written.push(buffer.freeze());
        }
        written
    }};
}

fn block(block: Block<'_>) -> Vec<Bytes> {
    let mut vec = Vec::new();
    block.encode(&mut vec);
    let mut written = sent!(block);
    written.extend(sent!(Encoded::from(block)));
    written.extend([vec.into(), block.to_bytes()]);
    written
}

fn event(event: Event) -> Vec<Bytes> {
    let mut vec = Vec::new();
    event.encode(&mut vec);
    let mut written = block(event.as_block());
    written.extend(sent!(event.clone()));
    written.extend([vec.into(), event.to_bytes(), Encoded::from(&event).into_bytes()]);
    written
}

#[test]
fn what_cannot_be_said_cannot_be_made() {
    let (mut refused, mut accepted) = (0, 0);
    for cell in cells() {
        let error = cell.error();
        let text: &'static str = Box::leak(cell.text.clone().into_boxed_str());
        let from_static = match cell.part {
            Part::Type => {
                assert!(types(text).into_iter().all(|made| made.err() == error), "{cell:?}");
                catch_unwind(|| drop(EventType::from_static(text)))
            }
            Part::Id => {
                assert!(ids(text).into_iter().all(|made| made.err() == error), "{cell:?}");
                catch_unwind(|| drop(EventId::from_static(text)))
            }
            Part::Data | Part::Comment => continue,
        };
        assert_eq!(from_static.is_err(), error.is_some(), "{cell:?}");
        *(if error.is_some() { &mut refused } else { &mut accepted }) += 1;
    }
    // There are 168 each. Types refuse CR, LF and CRLF; ids refuse these and NUL.
    assert_eq!((refused, accepted), (72 + 96, 96 + 72));
}

#[test]
fn every_cell_is_written_as_one_block_of_what_was_asked_for() {
    for cell in cells().filter(|cell| cell.error().is_none()) {
        let wire = cell.wire();
        let written = cell.written();
        assert!(written.len() >= 4, "{cell:?}");
        for bytes in &written {
            assert_eq!(bytes, &wire, "{cell:?}");
        }
        assert_eq!(expect(wire.as_bytes(), Settings::ITEMS).outputs, cell.seen(&mut String::new()));

        // Each line is of the expected kind.
        let mut kinds: Vec<&[u8]> = match cell.part {
            Part::Type => vec![b"event: ", b"data: x"],
            Part::Id => vec![b"id: ", b"data: x"],
            Part::Data => vec![b"data: "; naive_split(&cell.text).len()],
            Part::Comment => vec![b":"; naive_split(&cell.text).len()],
        };
        kinds.push(b"");
        let lines = naive_lines::split(&written[0], usize::MAX);
        assert_eq!(lines.len(), kinds.len(), "{cell:?}");
        for (line, kind) in lines.iter().zip(kinds) {
            let NaiveLine::Line(line) = line else { panic!("there is no limit") };
            assert!(line.starts_with(kind) && line.is_empty() == kind.is_empty(), "{cell:?}: {line:?}");
        }
    }
}

#[test]
fn no_cell_reaches_into_the_next_write() {
    let cells: Vec<(Cell, Bytes)> = PARTS
        .into_iter()
        .flat_map(|part| {
            HOSTILE.into_iter().flat_map(move |hostile| {
                PLACES.map(|place| Cell { part, text: text(hostile, place, "data: forged") })
            })
        })
        .filter(|cell| cell.error().is_none())
        .map(|cell| {
            let bytes = cell.written().swap_remove(0);
            (cell, bytes)
        })
        .collect();
    // There are 28 each, without the invalid types (12) and ids (16).
    assert_eq!(cells.len(), 16 + 12 + 28 + 28);
    for (first, first_bytes) in &cells {
        for (second, second_bytes) in &cells {
            let mut last_event_id = String::new();
            let seen = [first.seen(&mut last_event_id), second.seen(&mut last_event_id)].concat();
            let stream = [&first_bytes[..], &second_bytes[..]].concat();
            let outcome = expect(&stream, Settings::ITEMS);
            assert_eq!(outcome.outputs, seen, "{first:?}, then {second:?}");
            assert_eq!(outcome.last_event_id, last_event_id);
            assert_eq!(outcome.retry, None);
        }
    }
}

/// A block with all parts, each with the same hostile text where it is allowed.
#[test]
fn no_part_reaches_into_another_of_its_block() {
    for hostile in HOSTILE {
        for place in PLACES {
            for forged in FORGED {
                let text = text(hostile, place, forged);
                let (event_type, id) = (EventType::new(text.as_str()).ok(), EventId::new(text.as_str()).ok());
                let mut block = Block::new().comment(&text).data(&text);
                let mut wire: String = naive_split(&text).iter().map(|line| format!(":{line}\n")).collect();
                if let Some(id) = &id {
                    block = block.id(id);
                    wire.push_str(&format!("id: {text}\n"));
                }
                if let Some(event_type) = &event_type {
                    block = block.event_type(event_type);
                    wire.push_str(&format!("event: {text}\n"));
                }
                wire.extend(naive_split(&text).iter().map(|line| format!("data: {line}\n")));
                wire.push('\n');
                assert_eq!(block.to_bytes(), wire, "{text:?}");
                assert_eq!(block.encoded_len(), wire.len(), "{text:?}");

                let mut seen: Vec<_> = naive_split(&text).into_iter().map(Output::Comment).collect();
                seen.push(Output::Event {
                    event_type: event_type.map(|event_type| event_type.to_string()),
                    data: naive_split(&text).join("\n"),
                    id: id.as_ref().map(ToString::to_string),
                    retry: None,
                    last_event_id: id.map(|id| id.to_string()).unwrap_or_default(),
                });
                assert_eq!(expect(wire.as_bytes(), Settings::ITEMS).outputs, seen, "{text:?}");
            }
        }
    }
}
