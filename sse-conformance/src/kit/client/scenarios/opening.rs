//! Which answers are event streams.

use super::{EVENT, OPEN, PATIENT, Scenario, check, comes_back, other, stays_away, watched};
use crate::kit::client::{
    record::{Record, Verdict, failed},
    rules::{CHARSET, CONTENT_ENCODING, FAILED, OPENS, UTF8},
};

/// `retry: 200\ndata: a\n\n` in gzip.
const GZIP: &[u8] = include_bytes!("event.gz");

pub(super) fn all() -> Vec<Scenario> {
    let mut all = Vec::new();
    for (name, content_type, what, rule) in [
        ("charset", "text/event-stream; charset=utf-8", "with the charset UTF-8", CHARSET),
        ("case", "Text/Event-Stream;Charset=UTF-8", "in another case", OPENS),
        ("parameters", "text/event-stream ; x=\"y\"", "with an unknown parameter", OPENS),
    ] {
        let check = check(
            &format!("opening/{name}"),
            &format!("a content type {what} opens the stream"),
            "Many servers and frameworks send it like this: a client that compares the whole header never connects.",
            rule,
        );
        let headers = format!("content-type: {content_type}\r\n");
        all.push(comes_back(check, 2, move |_| other("200 OK", &headers, EVENT), opens));
    }
    let check_of_charset = check(
        "opening/other-charset",
        "the stream is UTF-8, whatever the charset parameter is",
        "Frameworks add the charset of their platform, and write UTF-8.",
        UTF8,
    );
    all.push(comes_back(
        check_of_charset,
        2,
        |_| {
            other(
                "200 OK",
                "content-type: text/event-stream; charset=iso-8859-1\r\n",
                "retry: 200\ndata: \u{e9}\n\n",
            )
        },
        |record| {
            record.request(1)?;
            record.has_events(&[("message", "\u{e9}", "")])
        },
    ));
    for (name, headers, what) in [
        ("html", "content-type: text/html\r\n", "text/html"),
        ("html-charset", "content-type: text/html; charset=utf-8\r\n", "text/html with a charset"),
        ("plain-charset", "content-type: text/plain;charset=UTF-8\r\n", "text/plain with a charset"),
        ("json", "content-type: application/json\r\n", "application/json"),
        ("longer", "content-type: text/event-streams\r\n", "that only starts with text/event-stream"),
        ("only-charset", "content-type: charset=utf-8\r\n", "with a charset and no type"),
        ("no-type", "", "that is missing"),
    ] {
        let check = check(
            &format!("opening/{name}"),
            &format!("a content type {what} fails the connection"),
            "It is an error page, a login page or a proxy: reading events from it, or requesting it repeatedly, hides that.",
            OPENS,
        );
        all.push(stays_away(check, 1, move |_| other("200 OK", headers, EVENT), refuses));
    }
    for status in [
        "201 Created",
        "202 Accepted",
        "206 Partial Content",
        "400 Bad Request",
        "401 Unauthorized",
        "403 Forbidden",
        "404 Not Found",
        "405 Method Not Allowed",
        "410 Gone",
        "501 Not Implemented",
    ] {
        let code = &status[..3];
        let check = check(
            &format!("opening/{code}"),
            &format!("the status {status} fails the connection"),
            "It will be the same next time: repeated requests are load, and the user learns nothing.",
            FAILED,
        );
        all.push(stays_away(check, 1, move |_| other(status, OPEN, EVENT), refuses));
    }
    all.push(encoded());
    all
}

fn opens(record: &Record) -> Verdict {
    record.request(1)?;
    record.has_events_if_it_tells(&[("message", "a", "1")])
}

fn refuses(record: &Record) -> Verdict {
    record.stays_away_after(1)?;
    record.has_events_if_it_tells(&[])
}

/// An encoding can come even if it was not requested.
fn encoded() -> Scenario {
    let check = check(
        "opening/gzip",
        "an answer in gzip, requested or not, is decoded or is an error; never other events, and never silence",
        "Proxies compress. A client that feeds the result to its decoder never shows anything.",
        CONTENT_ENCODING,
    );
    let headers = format!(
        "{OPEN}content-encoding: gzip\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        GZIP.len()
    );
    let script = move |_, _| {
        crate::scripts::socket::answer([format!("HTTP/1.1 200 OK\r\n{headers}").as_bytes(), GZIP].concat())
    };
    watched(check, PATIENT, 2, script, |record| {
        let events = record.events()?;
        if events.is_empty() && record.stays_away_after(1).is_err() {
            return Err(failed("it shows no event, and reconnects as if it had read them"));
        }
        match events.iter().find(|(_, event)| event.data != "a") {
            Some((_, event)) => Err(failed(format!("it shows {event:?}"))),
            None => Ok(()),
        }
    })
}
