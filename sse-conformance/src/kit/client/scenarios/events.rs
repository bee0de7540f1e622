//! Events over a network.

use std::sync::Arc;

use super::{EVENT, OPEN, Scenario, Until, begun, check, comes_back, end, head, more, ms, stream};
use crate::{
    kit::client::{
        record::{Record, Verdict, failed},
        rules::{BUFFERING, DISPATCH, HEARTBEATS, INCOMPLETE, UTF8},
    },
    scripts::socket::{NO_CONTENT, Step, answer, chunk},
};

const MEGABYTE: usize = 1024 * 1024;

pub(super) fn all() -> Vec<Scenario> {
    vec![
        comes_back(
            check(
                "events/byte-by-byte",
                "events are the same when each byte comes alone",
                "Networks cut anywhere, even within a character, or between CR and LF.",
                UTF8,
            ),
            2,
            |_| {
                byte_by_byte(
                    "\u{feff}retry: 200\r\nid: 1\r\nevent: \u{e9}\r\ndata: \u{1f600}\r\ndata\r\n\r\ndata:b\r\r",
                )
            },
            |record| record.has_events(&[("\u{e9}", "\u{1f600}\n", "1"), ("message", "b", "1")]),
        ),
        comes_back(
            check(
                "events/bom-again",
                "a byte order mark at the start of each connection is skipped",
                "A client that skips it only once loses the first field after each reconnection.",
                UTF8,
            ),
            3,
            |_| stream("\u{feff}retry: 200\ndata: a\n\n"),
            |record| {
                record.request(2)?;
                record.has_events(&[("message", "a", ""), ("message", "a", "")])
            },
        ),
        comes_back(
            check(
                "events/unfinished",
                "an event without its blank line is dropped, and not joined with the next connection",
                "Half an event that looks whole is worse than none; and two halves make an event that nobody sent.",
                INCOMPLETE,
            ),
            3,
            |number| stream(["retry: 200\ndata: a\n\nevent: x\ndata: half\n", "data: b\n\n"][number]),
            |record| {
                record.request(2)?;
                record.has_events(&[("message", "a", ""), ("message", "b", "")])
            },
        ),
        comes_back(
            check(
                "events/unfinished-line",
                "a line without its end is dropped, and not joined with the next connection",
                "The start of one line and the end of another make a field that nobody sent.",
                INCOMPLETE,
            ),
            3,
            |number| stream(["retry: 200\ndata: a\n\nda", "ta: b\n\ndata: c\n\n"][number]),
            |record| {
                record.request(2)?;
                record.has_events(&[("message", "a", ""), ("message", "c", "")])
            },
        ),
        at_once(),
        comes_back(
            check(
                "events/megabyte",
                "an event of 1 MiB arrives whole",
                "Images and documents are sent in events. A buffer that is too small loses them, or everything after them.",
                DISPATCH,
            ),
            2,
            |_| stream(&format!("retry: 200\ndata: {}\n\ndata: b\n\n", "x".repeat(MEGABYTE))),
            |record| {
                let lengths: Vec<_> = record.events()?.iter().map(|(_, event)| event.data.len()).collect();
                if lengths == [MEGABYTE, 1] {
                    return Ok(());
                }
                Err(failed(format!("the data of its events has {lengths:?} bytes, not [{MEGABYTE}, 1]")))
            },
        ),
        lasts(
            check(
                "events/heartbeats",
                "comments keep a connection open, and are no events",
                "Servers send them all the time, so that proxies do not close the connection.",
                HEARTBEATS,
            ),
            [vec![[Step::Sleep(ms(300)), more(": beat\n\n")]; 12].concat(), vec![more("id: 2\ndata: b\n\n")]]
                .concat(),
        ),
        lasts(
            check(
                "events/silence",
                "5 s without a byte are no reason to disconnect",
                "Few streams have an event each second, and a client that reconnects is load.",
                HEARTBEATS,
            ),
            vec![Step::Sleep(ms(5_000)), more("id: 2\ndata: b\n\n")],
        ),
    ]
}

fn byte_by_byte(text: &str) -> Vec<Step> {
    let mut steps = answer(head("200 OK", OPEN));
    for byte in text.as_bytes() {
        let chunk = [&b"1\r\n"[..], &[*byte], b"\r\n"].concat();
        steps.extend([Step::Write(chunk), Step::Sleep(ms(2))]);
    }
    steps.push(end());
    steps
}

fn at_once() -> Scenario {
    let check = check(
        "events/at-once",
        "an event is reported when it comes, not with the next one or at the end of the connection",
        "A client that reads lines through a buffer shows a chat message one message late.",
        BUFFERING,
    );
    let script = |_| {
        let mut steps = begun(EVENT);
        steps.extend([Step::Sleep(ms(4_000)), end()]);
        steps
    };
    comes_back(check, 2, script, |record| {
        let asked = record.request(0)?.at;
        let Some((at, _)) = record.events()?.first() else { return Err(failed("it reported no event")) };
        let took = at.into_std() - asked;
        if took < ms(3_500) {
            return Ok(());
        }
        Err(failed(format!("the event was reported {} ms after the request", took.as_millis())))
    })
}

/// A first event, these steps with a second one, and then the end.
fn lasts(check: crate::kit::check::Check, steps: Vec<Step>) -> Scenario {
    let script = move |number, _| match number {
        0 => [begun(EVENT), steps.clone(), vec![Step::Write(chunk("").into())]].concat(),
        _ => answer(NO_CONTENT),
    };
    let until = Until { requests: 2, quiet: None, watch: None };
    Scenario { check, script: Arc::new(script), until, judge: Box::new(stays), with_password: false }
}

fn stays(record: &Record) -> Verdict {
    let gap = record.gap(0)?;
    if gap < ms(3_500) {
        return Err(failed(format!("it disconnected, and reconnected after {} ms", gap.as_millis())));
    }
    record.has_events_if_it_tells(&[("message", "a", "1"), ("message", "b", "2")])
}
