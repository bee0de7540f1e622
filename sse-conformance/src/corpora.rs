//! The input of the benchmarks: seeded event streams of 4 MiB, written without the codec.

use std::{
    fmt::{self, Write},
    iter,
};

/// The names of all corpora, for [`Corpus::new`].
pub const NAMES: [&str; 10] =
    ["ping", "llm", "tokens", "multiline", "large", "huge", "crlf", "comments", "utf8", "records"];

/// The chunkings to decode, most common first.
pub const CHUNKINGS: [Chunking; 6] = [
    Chunking::Event,
    Chunking::Bytes(16 * 1024),
    Chunking::Bytes(1400),
    Chunking::Whole,
    Chunking::Bytes(64),
    Chunking::Bytes(7),
];

const SIZE: usize = 4 * 1024 * 1024;

/// How a stream is cut into chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunking {
    /// One chunk for each flush of a server: one block, or in `records` one to three.
    Event,
    /// Chunks of this many bytes.
    Bytes(usize),
    /// One chunk.
    Whole,
}

/// An event stream and its parts.
#[derive(Clone, Debug)]
pub struct Corpus {
    /// The blocks of the stream.
    pub blocks: Vec<Block>,
    /// The stream.
    pub bytes: Vec<u8>,
    /// The offset after each event's blank line.
    pub event_ends: Vec<usize>,
    /// The lengths of the chunks of [`Chunking::Event`].
    pub flushes: Vec<usize>,
}

/// An event, or a comment if there is no data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// A comment, without the space that is written before it.
    pub comment: Option<String>,
    /// The id.
    pub id: Option<String>,
    /// The event type.
    pub event_type: Option<String>,
    /// The data.
    pub data: Option<String>,
}

impl Chunking {
    /// Cuts `bytes`, a corpus or its start, into chunks; `flushes` are those of the corpus.
    pub fn cut<'a>(self, bytes: &'a [u8], flushes: &'a [usize]) -> impl Iterator<Item = &'a [u8]> {
        let mut rest = bytes;
        let mut flushes = flushes.iter();
        iter::from_fn(move || {
            let len = match self {
                Self::Event => *flushes.next()?,
                Self::Bytes(len) => len,
                Self::Whole => usize::MAX,
            };
            let (chunk, after) = rest.split_at(len.min(rest.len()));
            rest = after;
            (!chunk.is_empty()).then_some(chunk)
        })
    }
}

impl fmt::Display for Chunking {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event => formatter.pad("event"),
            Self::Bytes(len) => formatter.pad(&len.to_string()),
            Self::Whole => formatter.pad("whole"),
        }
    }
}

impl Corpus {
    /// The corpus of this name, the same each time. `None` if there is none.
    pub fn new(name: &str) -> Option<Self> {
        let (block, line_end): (fn(&mut Random) -> Block, _) = match name {
            "ping" => (ping, "\n"),
            "llm" => (llm, "\n"),
            "tokens" => (tokens, "\n"),
            "multiline" => (multiline, "\n"),
            "large" => (|random| data(random.words(64 * 1024)), "\n"),
            "huge" => (|random| data(random.words(1024 * 1024)), "\n"),
            "crlf" => (ping, "\r\n"),
            "comments" => (comments, "\n"),
            "utf8" => (|random| data(random.unicode()), "\n"),
            "records" => (record, "\n"),
            _ => return None,
        };
        let mut random = Random { state: 0x5EED, count: 0 };
        let mut corpus =
            Self { blocks: Vec::new(), bytes: Vec::new(), event_ends: Vec::new(), flushes: Vec::new() };
        while corpus.bytes.len() < SIZE {
            let start = corpus.bytes.len();
            let blocks = if name == "records" { random.between(1, 3) } else { 1 };
            for _ in 0..blocks {
                corpus.push(block(&mut random), line_end);
                random.count += 1;
            }
            corpus.flushes.push(corpus.bytes.len() - start);
        }
        Some(corpus)
    }

    fn push(&mut self, block: Block, line_end: &str) {
        let mut text = String::new();
        let fields =
            [("", &block.comment), ("id", &block.id), ("event", &block.event_type), ("data", &block.data)];
        for (name, value) in fields {
            for line in value.iter().flat_map(|value| value.split('\n')) {
                let _ = write!(text, "{name}: {line}{line_end}");
            }
        }
        text.push_str(line_end);
        self.bytes.extend_from_slice(text.as_bytes());
        if block.data.is_some() {
            self.event_ends.push(self.bytes.len());
        }
        self.blocks.push(block);
    }
}

fn data(data: String) -> Block {
    Block { data: Some(data), ..Block::default() }
}

/// A time, as a clock sends it.
fn ping(random: &mut Random) -> Block {
    let time = 1_700_000_000 + random.count;
    Block {
        id: Some(time.to_string()),
        event_type: Some("ping".to_owned()),
        data: Some(time.to_string()),
        comment: None,
    }
}

/// A piece of a chat completion: 250 to 350 bytes of JSON.
fn llm(random: &mut Random) -> Block {
    let id = random.alphanumeric(29);
    let token = random.alphanumeric_between(1, 12);
    let obfuscation = random.alphanumeric_between(20, 108);
    data(format!(
        "{{\"id\":\"chat-{id}\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\
         \"model\":\"model-4-2026-01-01\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\" {token}\"}},\
         \"logprobs\":null,\"finish_reason\":null}}],\"obfuscation\":\"{obfuscation}\"}}",
    ))
}

/// A piece of a message, with an event type: about 120 bytes.
fn tokens(random: &mut Random) -> Block {
    let text = random.alphanumeric_between(1, 40);
    let data = format!(
        "{{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":\" {text}\"}},\
         \"seq\":{:06}}}",
        random.count
    );
    Block { event_type: Some("content_block_delta".to_owned()), data: Some(data), ..Block::default() }
}

/// 10 lines of 80 bytes.
fn multiline(random: &mut Random) -> Block {
    let lines: Vec<String> = (0..10).map(|_| random.words(80)).collect();
    data(lines.join("\n"))
}

/// Small events, and a keep-alive after each.
fn comments(random: &mut Random) -> Block {
    if random.count % 2 == 1 {
        return Block { comment: Some("keep-alive".to_owned()), ..Block::default() };
    }
    data(format!("{{\"n\":{}}}", random.between(0, 9_999_999)))
}

/// An event of 30 to 400 bytes. One to three form a chunk, like a TLS record or a frame of several small events.
fn record(random: &mut Random) -> Block {
    let id = format!("{:06}", random.count);
    let around = "id: \ndata: \n\n".len() + id.len();
    let len = random.between(30, 400) as usize - around;
    Block { id: Some(id), ..data(random.words(len)) }
}

/// SplitMix64, and a count of the blocks.
struct Random {
    state: u64,
    count: u64,
}

impl Random {
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.next() % (most - least + 1)
    }

    fn alphanumeric(&mut self, len: u64) -> String {
        const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        (0..len).map(|_| char::from(LETTERS[self.between(0, 61) as usize])).collect()
    }

    fn alphanumeric_between(&mut self, least: u64, most: u64) -> String {
        let len = self.between(least, most);
        self.alphanumeric(len)
    }

    /// One line of words, of exactly this length.
    fn words(&mut self, len: usize) -> String {
        let mut text = String::with_capacity(len + 16);
        while text.len() < len {
            let word = self.alphanumeric_between(1, 12);
            text.push_str(&word);
            text.push(' ');
        }
        text.truncate(len);
        text
    }

    /// A sentence of 20 to 50 characters: Chinese, Japanese and Korean, and sometimes an emoji.
    fn unicode(&mut self) -> String {
        let len = self.between(20, 50);
        (0..len)
            .map(|_| {
                let (first, last) = match self.between(0, 19) {
                    0..=9 => (0x4E00, 0x9FA5),
                    10..=13 => (0x3041, 0x3093),
                    14..=17 => (0xAC00, 0xD7A3),
                    _ => (0x1F600, 0x1F64F),
                };
                char::from_u32(self.between(first, last) as u32).unwrap_or(' ')
            })
            .collect()
    }
}
