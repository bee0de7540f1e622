//! Every pair and every triple of large fields, in order: the buffers of one must not make the next one take
//! more memory.

use bytes::Bytes;
use sse_codec::{Decoder, Event, EventId, EventRef, EventType, limits::Limits};

use crate::{CONSTANT, held, region};

const LIMIT: usize = 120_000;
const ID: usize = 6_000;
/// The memory for ids: those of the block and the last one, as text.
const IDS: isize = 3 * ID as isize;

const CONTENTS: [&[u8]; 3] = [b"x", "日".as_bytes(), b"\xFF"];

/// A large field.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Data,
    EventType,
    Id,
    DataLines,
}

const KINDS: [Kind; 4] = [Kind::Data, Kind::EventType, Kind::Id, Kind::DataLines];

#[derive(Clone, Copy, Debug)]
struct Field {
    kind: Kind,
    content: &'static [u8],
}

impl Field {
    fn all() -> impl Iterator<Item = Self> + Clone {
        KINDS.into_iter().flat_map(|kind| CONTENTS.map(|content| Self { kind, content }))
    }

    fn is_utf8(self) -> bool {
        std::str::from_utf8(self.content).is_ok()
    }

    /// Writes its lines, of at most `len` bytes.
    fn write(self, len: usize, stream: &mut Vec<u8>) {
        let mut line = |name: &[u8], len: usize| {
            stream.extend_from_slice(name);
            stream.extend(self.content.repeat((len - name.len()) / self.content.len()));
            stream.push(b'\n');
        };
        match self.kind {
            Kind::Data => line(b"data: ", len),
            Kind::EventType => line(b"event: ", len),
            Kind::Id => line(b"id: ", len.min(ID)),
            Kind::DataLines => (0..10).for_each(|_| line(b"data: ", len / 10)),
        }
    }
}

/// The sizes of the chunks, and whether events own their texts.
const WAYS: [(usize, bool); 6] = [
    (usize::MAX, false),
    (16 * 1024, true),
    (1_400, false),
    (usize::MAX, true),
    (16 * 1024, false),
    (1_400, true),
];

pub(super) fn every_pair() {
    for first in Field::all() {
        for second in Field::all() {
            check(&[first, second], &WAYS);
        }
    }
}

/// Each in two of the ways, one borrowed and one owned, which takes a third of the time.
pub(super) fn every_triple() {
    for (a, first) in Field::all().enumerate() {
        for (b, second) in Field::all().enumerate() {
            for (c, third) in Field::all().enumerate() {
                let way = (a + b + c) % 3;
                check(&[first, second, third], &[WAYS[way], WAYS[way + 3]]);
            }
        }
    }
}

/// An event of these fields arrives in any chunking, within its memory.
fn check(fields: &[Field], ways: &[(usize, bool)]) {
    let mut stream = Vec::new();
    for field in fields {
        field.write(LIMIT / fields.len(), &mut stream);
    }
    let has_data = fields.iter().any(|field| matches!(field.kind, Kind::Data | Kind::DataLines));
    // A small event comes in the same chunk.
    stream.extend_from_slice(b"\ndata: small\n\n");
    let stream = Bytes::from(stream);
    let expected = usize::from(has_data) + 1;
    for &(size, owned) in ways {
        let chunks: Vec<Bytes> = stream.chunks(size).map(|chunk| stream.slice_ref(chunk)).collect();
        let mut walk = Walk { fields, size, owned, region: region() };
        assert_eq!(walk.run(&chunks), expected, "{fields:?} in chunks of {size}, owned: {owned}");
    }
}

struct Walk<'a> {
    fields: &'a [Field],
    size: usize,
    owned: bool,
    region: stats_alloc::Region<'static, std::alloc::System>,
}

impl Walk<'_> {
    fn run(&mut self, chunks: &[Bytes]) -> usize {
        let limits = Limits::new().with_event(LIMIT).with_id(ID);
        let mut decoder = Decoder::builder().limits(limits).build();
        let mut count = 0;
        for chunk in chunks {
            if self.owned {
                for event in decoder.decode_bytes(chunk.clone()) {
                    let event = event.unwrap();
                    self.event(event.data(), texts_of(&event));
                    count += 1;
                }
            } else {
                let mut events = decoder.decode(chunk);
                while let Some(event) = events.next_event() {
                    let event: EventRef<'_> = event.unwrap();
                    self.event(event.data(), 0);
                    count += 1;
                }
            }
            self.assert_held("between chunks", LIMIT as isize + IDS);
        }
        self.assert_held("after all", IDS);
        count
    }

    /// Checks at an event. If a text is not UTF-8, it is copied, and the copy may be three times as large.
    fn event(&self, data: &str, its_texts: isize) {
        if data == "small" {
            self.assert_held("at the small event", IDS + its_texts);
        } else if self.fields.iter().all(|field| field.is_utf8()) {
            self.assert_held("at the event", LIMIT as isize + IDS + its_texts);
        } else {
            self.assert_held("at the event", 4 * LIMIT as isize + IDS + its_texts);
        }
    }

    fn assert_held(&self, when: &str, most: isize) {
        let held = held(&self.region.change());
        let Self { fields, size, owned, .. } = self;
        assert!(
            held <= most + CONSTANT,
            "{held} bytes {when}, more than {most}: {fields:?} in chunks of {size}, owned: {owned}"
        );
    }
}

/// The memory that an owned event holds.
fn texts_of(event: &Event) -> isize {
    let texts = [
        Some(event.data()),
        event.explicit_event_type().map(EventType::as_str),
        event.id().map(EventId::as_str),
    ];
    texts.into_iter().flatten().map(|text| text.len() as isize + 32).sum()
}
