//! The fuzzer's bytes as settings, a stream and a server.

use std::time::Duration;

/// The settings of a response, as plain values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) items: Items,
    pub(super) has_timer: bool,
    pub(super) keep_alive: KeepAlive,
    /// In ms. Zero is off.
    pub(super) interval: u64,
    pub(super) opening: bool,
    pub(super) until: bool,
    pub(super) farewell: bool,
    /// In ms. Zero is none.
    pub(super) retry_window: u64,
    pub(super) break_on_error: bool,
    /// In ms. Zero is off.
    pub(super) max_age: u64,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Items {
    Event,
    Encoded,
    RawBlock,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum KeepAlive {
    Off,
    Comment,
    Line,
    Event,
}

/// The next action of the stream.
#[derive(Clone, Copy, Debug)]
pub(super) enum Op {
    Item {
        kind: u8,
        len: usize,
    },
    /// Blocks without a byte.
    Empties(usize),
    Pending,
    Error,
    End,
}

/// An action of the server between two polls.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Poll,
    /// Time passes, in ms.
    Wait(u64),
    /// The server shuts down.
    Stop,
    /// From here on the server keeps the frames, as for a slow client.
    Keep,
    /// The kept frames are written.
    LetGo,
}

#[derive(Debug)]
pub(super) struct Case<'a> {
    pub(super) settings: Settings,
    steps: &'a [u8],
    ops: &'a [u8],
}

impl<'a> Case<'a> {
    pub(super) fn parse(input: &'a [u8]) -> Option<Self> {
        let (&[switches, more, interval, age, steps], rest) = input.split_first_chunk()?;
        let (steps, ops) = rest.split_at_checked(steps.into())?;
        let is_set = |bit: u8| switches >> bit & 1 == 1;
        let settings = Settings {
            items: match more % 4 {
                0 => Items::Event,
                1 => Items::RawBlock,
                _ => Items::Encoded,
            },
            has_timer: !is_set(0),
            keep_alive: match switches >> 1 & 3 {
                0 => KeepAlive::Off,
                1 => KeepAlive::Comment,
                2 => KeepAlive::Line,
                _ => KeepAlive::Event,
            },
            opening: is_set(3),
            until: is_set(4),
            farewell: is_set(5),
            break_on_error: is_set(6),
            retry_window: u64::from(more / 4) * 100,
            interval: u64::from(interval) * 16,
            max_age: u64::from(age) * 64,
        };
        Some(Self { settings, steps, ops })
    }

    pub(super) fn steps(&self) -> impl Iterator<Item = Step> + use<'a> {
        self.steps.iter().map(|&byte| match (byte & 3, u64::from(byte >> 2)) {
            (0, _) => Step::Poll,
            (1, time) => Step::Wait(time * time * 4),
            (2, 0..8) => Step::Stop,
            (2, _) => Step::Poll,
            (_, 0..32) => Step::Keep,
            (_, _) => Step::LetGo,
        })
    }

    /// Three bytes each: the action, and its length.
    pub(super) fn ops(&self) -> Vec<Op> {
        let ops = self.ops.chunks_exact(3).map(|bytes| {
            let number = usize::from(u16::from_le_bytes([bytes[1], bytes[2]]));
            match bytes[0] {
                kind @ 0..0xC0 => Op::Item { kind, len: number % 20_000 },
                0xC0..0xD0 => Op::Empties(number % 10_000),
                0xD0..0xF0 => Op::Pending,
                0xF0..0xF8 => Op::Error,
                0xF8..=0xFF => Op::End,
            }
        });
        ops.collect()
    }
}

pub(super) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
