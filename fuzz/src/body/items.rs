//! Items of a stream, together with their bytes, which are written by hand.

use sse_hyper::{Batch, Block, Encoded, Event, EventId, EventType, StreamItem};

use sse_codec::lines::{Comment, Field, RawBlock};

/// An item, its bytes on the wire, and its number of events.
pub(super) type Made<T> = (T, Vec<u8>, u64);

/// A type that can be an item.
pub(super) trait Make: Sized
where
    Result<Self, String>: StreamItem<Error = String>,
{
    /// Creates an item of this kind and about this length. No two texts are equal.
    fn make(kind: u8, number: usize, len: usize) -> Made<Self>;

    /// Creates an item without a byte, if there is one.
    fn empty() -> Option<Self>;
}

const TYPE: EventType = EventType::from_static("kind");

/// A text that begins with a digit and has about this length.
fn text(number: usize, len: usize) -> String {
    let mut text = format!("{number}.");
    text.extend(std::iter::repeat_n('x', len.saturating_sub(text.len())));
    text
}

/// The same with a line break.
fn lines(number: usize, len: usize) -> (String, String) {
    let text = text(number, len);
    let lines = format!("data: {text}\ndata: \ndata: b\n\n");
    (format!("{text}\n\nb"), lines)
}

impl Make for Event {
    fn make(kind: u8, number: usize, len: usize) -> Made<Self> {
        match kind % 3 {
            0 => {
                let text = text(number, len);
                let bytes = format!("data: {text}\n\n").into_bytes();
                (Event::new(text), bytes, 1)
            }
            1 => {
                let text = text(number, len);
                let bytes = format!("id: {number}\nevent: kind\ndata: {text}\n\n").into_bytes();
                (Event::new(text).with_id(number as u64).with_event_type(TYPE), bytes, 1)
            }
            _ => {
                let (text, lines) = lines(number, len);
                (Event::new(text), lines.into_bytes(), 1)
            }
        }
    }

    fn empty() -> Option<Self> {
        None
    }
}

impl Make for Encoded {
    fn make(kind: u8, number: usize, len: usize) -> Made<Self> {
        match kind % 6 {
            0..3 => {
                let (event, bytes, events) = Event::make(kind, number, len);
                (event.into(), bytes, events)
            }
            3 => {
                let text = text(number, len);
                (Block::new().comment(&text).into(), format!(":{text}\n\n").into_bytes(), 0)
            }
            4 => {
                let id = EventId::from(number as u64);
                (Block::new().id(&id).into(), format!("id: {number}\n\n").into_bytes(), 0)
            }
            _ => {
                // Several blocks are sent together.
                let (mut batch, mut bytes) = (Batch::new(), vec![]);
                for kind in 0..3 {
                    let (event, of_event, _) = Event::make(kind, number, len / 3);
                    batch.push(&event);
                    bytes.extend(of_event);
                }
                (batch.take(), bytes, 3)
            }
        }
    }

    fn empty() -> Option<Self> {
        Some(Batch::new().take())
    }
}

impl Make for RawBlock {
    fn make(kind: u8, number: usize, len: usize) -> Made<Self> {
        let text = text(number, len);
        let field = |name| Field::new(name, &text).expect("one line");
        let mut block = RawBlock::new();
        let (bytes, events) = match kind % 3 {
            0 => {
                block.push(field("data"));
                (format!("data: {text}\n\n"), 1)
            }
            1 => {
                block.push(field("x-unknown"));
                (format!("x-unknown: {text}\n\n"), 0)
            }
            _ => {
                block.push(Comment::new(&text).expect("one line"));
                block.push(field("data"));
                (format!(":{text}\ndata: {text}\n\n"), 1)
            }
        };
        (block, bytes.into_bytes(), events)
    }

    fn empty() -> Option<Self> {
        Some(RawBlock::new())
    }
}
