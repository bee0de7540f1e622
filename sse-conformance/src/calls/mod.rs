//! Sequences of calls, as bytes that proptest and the fuzzer can generate. Every call is compared with a model.
//!
//! Three bytes are a step: the call, the length of the next chunk, and how much to read. The steps repeat until the
//! stream is used up. A difference panics.

mod guards;
mod lines;
mod model;
mod streams;

use sse_codec::Decoder;

pub use lines::{LineRead, lines, read_line};
use model::Model;

use crate::{
    levels::{builder, ms},
    oracle::Settings,
};

/// What a step does: the lower three bits of its first byte.
pub mod what {
    /// `Decoder::decode`.
    pub const LENT: u8 = 0;
    /// `Decoder::decode_bytes`.
    pub const OWNED: u8 = 1;
    /// An `EventStream` over the decoder, which may become an `ItemStream`.
    pub const STREAM: u8 = 2;
    /// An `EventCodec` over the decoder.
    pub const CODEC: u8 = 3;
    /// The decoder is replaced by its clone, and the next chunk is borrowed.
    pub const CLONE: u8 = 4;
    /// A clone of the decoder continues separately; then the next chunk is owned.
    pub const TWIN: u8 = 5;
    /// A new connection begins.
    pub const RECONNECT: u8 = 6;
    /// An empty chunk is borrowed.
    pub const EMPTY: u8 = 7;

    /// Next bit: the first read is for an event, not for an item.
    pub const EVENT_FIRST: u8 = 1 << 3;
    /// Next bit: reads for events and items are interleaved. For a stream: it has a fault.
    pub const MIXED: u8 = 1 << 4;
    /// All of the upper bits: the guard is leaked. For a stream: its source ends.
    pub const LEAK: u8 = 7 << 5;

    /// The third byte: the guard is read until it has nothing more, and twice more.
    pub const ALL: u8 = 15;
}

/// Which levels take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Levels {
    /// The guards alone.
    Guards,
    /// Streams and the codec as well.
    All,
}

/// The steps, and the rest of the stream.
struct Script<'a> {
    steps: std::iter::Take<std::iter::Cycle<std::slice::Chunks<'a, u8>>>,
    stream: &'a [u8],
}

/// A parsed step.
#[derive(Clone, Copy, Debug)]
struct Step {
    what: u8,
    len: usize,
    asks: Asks,
    leaks: bool,
}

/// How often a guard is read, and for what.
#[derive(Clone, Copy, Debug)]
struct Asks {
    /// `None`: until there is nothing more, and twice more.
    count: Option<usize>,
    event_first: bool,
    mixed: bool,
}

impl<'a> Script<'a> {
    fn new(steps: &'a [u8], stream: &'a [u8]) -> Self {
        // Most steps consume a part of the stream. If none does, each may cost as much as reading in a clone.
        let most = (steps.len() / 3 + 2 * stream.len()).min(2000);
        Self { steps: steps.chunks(3).cycle().take(most), stream }
    }

    /// The next step. `None` at the end of the stream.
    fn step(&mut self) -> Option<Step> {
        let step = self.steps.next().filter(|_| !self.stream.is_empty())?;
        let [what, len, asks] = [0, 1, 2].map(|at| step.get(at).copied().unwrap_or(what::ALL));
        let asks = Asks {
            count: (asks & 0x0F != what::ALL).then_some(usize::from(asks & 0x0F)),
            event_first: what & what::EVENT_FIRST != 0,
            mixed: what & what::MIXED != 0,
        };
        let leaks = what & what::LEAK == what::LEAK;
        Some(Step { what: what & 7, len: chunk_len(len), asks, leaks })
    }

    /// The next chunk of the stream.
    fn chunk(&mut self, len: usize) -> &'a [u8] {
        let (chunk, rest) = self.stream.split_at(len.min(self.stream.len()));
        self.stream = rest;
        chunk
    }
}

impl Asks {
    const ALL: Self = Self { count: None, event_first: false, mixed: false };

    /// Calls `ask` for each read, with whether it is for an item. `ask` returns whether there was something.
    fn each(self, mut ask: impl FnMut(bool) -> bool) {
        let mut nothing = 0;
        for n in 0.. {
            let goes_on = match self.count {
                Some(count) => n < count,
                None => nothing < 3,
            };
            if !goes_on {
                break;
            }
            let for_item = !self.event_first ^ (self.mixed && n % 2 == 1);
            if !ask(for_item) {
                nothing += 1;
            }
        }
    }
}

/// The length of a chunk: most bytes are the length itself, some mean a large one.
pub fn chunk_len(byte: u8) -> usize {
    match byte {
        0xC0..0xD0 => usize::from(byte - 0xBF) * 64,
        _ => byte.into(),
    }
}

/// Decodes the stream in these steps.
pub fn decoder(settings: Settings, levels: Levels, steps: &[u8], stream: &[u8]) {
    let mut script = Script::new(steps, stream);
    let mut decoder = builder(settings).build();
    let mut model = Model::new(settings);
    while let Some(step) = script.step() {
        let what = match step.what {
            what::STREAM | what::CODEC if levels == Levels::Guards => step.what - what::STREAM,
            what => what,
        };
        match what {
            what::STREAM => decoder = streams::stream(decoder, &mut model, &mut script, step),
            what::CODEC => decoder = streams::codec(decoder, &mut model, &mut script, step),
            what::RECONNECT => {
                decoder.reconnect();
                model.reconnect();
            }
            what::EMPTY => guards::lend(&mut decoder, &mut model, b"", step),
            what => {
                if what == what::CLONE {
                    decoder = decoder.clone();
                    check(&decoder, &model);
                }
                if what == what::TWIN {
                    let rest = &script.stream[..script.stream.len().min(500)];
                    let (mut twin, mut its_model) = (decoder.clone(), model.clone());
                    guards::read(&mut twin, &mut its_model, rest);
                }
                let chunk = script.chunk(step.len);
                if what % 2 == 0 {
                    guards::lend(&mut decoder, &mut model, chunk, step);
                } else {
                    guards::own(&mut decoder, &mut model, chunk, step);
                }
            }
        }
        check(&decoder, &model);
    }
    guards::read(&mut decoder, &mut model, script.stream);
}

/// Compares the state of decoder and model.
fn check(decoder: &Decoder, model: &Model) {
    assert_eq!(decoder.last_event_id(), model.last_event_id());
    assert_eq!(ms(decoder.retry()), model.retry());
    // The model reads all unread bytes one by one, which is slow.
    if model.unread_len() < 1000 {
        assert_eq!(decoder.is_mid_event(), model.is_mid_event(), "is it mid event? {model:?}");
    }
}
