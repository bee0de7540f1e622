//! A client must not flood a server, whatever the server does.

use std::{net::SocketAddr, time::SystemTime};

use super::{EVENT, OPEN, Scenario, begun, check, head, ms, other, stays_away, stream, watched};
use crate::{
    kit::client::{
        record::{Record, Verdict, failed},
        rules::{RETRY_AFTER, WAIT_MORE},
    },
    scripts::socket::{Step, answer, chunk},
};

/// How long a client is watched, and how often it may connect in this time: about once a second on average.
const WATCH: u64 = 8_000;
const MOST: usize = 10;

const BUSY: &str = "503 Service Unavailable";

pub(super) fn all() -> Vec<Scenario> {
    let mut all = Vec::new();
    type Steps = fn() -> Vec<Step>;
    let servers: [(&str, &str, Steps); 7] = [
        ("empty", "opens and closes at once", || stream("")),
        ("event-and-break", "sends an event and breaks the connection, each time", || {
            answer(head("200 OK", OPEN) + &chunk("data: a\n\n") + "20\r\ndata: c")
        }),
        ("break-after-1-s", "breaks the connection after a second, each time", || {
            [begun("data: a\n\n"), vec![Step::Sleep(ms(1_000)), Step::Reset]].concat()
        }),
        ("no-answer", "closes each connection without an answer", || vec![Step::Request]),
        ("503", "answers 503", || other(BUSY, "", "")),
        ("retry-0", "sends `retry: 0`, and opens and closes at once", || stream("retry: 0\n\n")),
        ("retry-5", "sends `retry: 5`, and opens and closes at once", || stream("retry: 5\n\n")),
    ];
    for (name, what, steps) in servers {
        let check = check(
            &format!("waiting/{name}"),
            &format!("a server that {what} gets at most {MOST} requests in {} s", WATCH / 1_000),
            "A server in trouble cannot recover if all its clients reconnect at once, again and again.",
            WAIT_MORE,
        );
        all.push(watched(check, ms(WATCH), MOST + 1, move |_, _: SocketAddr| steps(), no_flood));
    }
    let why = "A server that sheds load or limits rates sends it, and other clients respect it.";
    for (name, what, status, value, least) in [
        ("retry-after", "in seconds is respected", BUSY, "2", 2_000),
        ("retry-after-429", "of a 429 is respected", "429 Too Many Requests", "2", 2_000),
        (
            "retry-after-huge",
            "that does not fit a number is a long wait, and no overflow",
            BUSY,
            "99999999999999999999",
            4_000,
        ),
    ] {
        let check = check(&format!("waiting/{name}"), &format!("a Retry-After {what}"), why, RETRY_AFTER);
        let headers = format!("retry-after: {value}\r\n");
        let script = move |_| other(status, &headers, "");
        all.push(stays_away(check, 1, script, move |record| waits(record, least)));
    }
    let check_date =
        check("waiting/retry-after-date", "a Retry-After that is a date is respected", why, RETRY_AFTER);
    all.push(stays_away(check_date, 1, |_| other(BUSY, &in_3_s(), ""), |record| waits(record, 2_000)));
    let check_open = check(
        "waiting/retry-after-later",
        "a Retry-After is respected on later connections, even if `retry` is less",
        why,
        RETRY_AFTER,
    );
    let script = |number| if number == 0 { stream(EVENT) } else { other(BUSY, "retry-after: 2\r\n", "") };
    all.push(stays_away(check_open, 2, script, |record| {
        record.request(1)?;
        if record.requests().len() == 2 { Ok(()) } else { record.waits(1, ms(2_000)) }
    }));
    all
}

/// A client that never reconnects is no flood either.
fn no_flood(record: &Record) -> Verdict {
    let first = record.request(0)?;
    match record.requests().get(MOST) {
        None => Ok(()),
        Some(last) => {
            let time = (last.at - first.at).as_millis();
            Err(failed(format!("it made {} requests within {time} ms", MOST + 1)))
        }
    }
}

/// By the HTML standard, a client does not reconnect after a status other than 200.
fn waits(record: &Record, least: u64) -> Verdict {
    record.request(0)?;
    if record.requests().len() == 1 { Ok(()) } else { record.waits(0, ms(least)) }
}

/// Dates have whole seconds, so it is between 2 and 3 s by the client's own clock.
fn in_3_s() -> String {
    let now = SystemTime::now();
    let (now, then) = (httpdate::fmt_http_date(now), httpdate::fmt_http_date(now + ms(3_000)));
    format!("date: {now}\r\nretry-after: {then}\r\n")
}
