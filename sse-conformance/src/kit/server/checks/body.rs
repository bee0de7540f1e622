//! The content of the stream.

use std::time::Duration;

use super::{Judge, check, rfc};
use crate::kit::{
    check::{Check, Rule},
    lines::shorten,
    server::{
        observed::Observed,
        watch::{End, is_sendable},
    },
    verdict::{Verdict, failed, skipped},
};

const UTF8: Rule = rfc(
    "Event streams in this format must always be encoded as UTF-8.",
    "HTML, 9.2.5 Parsing an event stream",
);
const IGNORED: Rule = Rule::interpretation("Otherwise The field is ignored.");
const ID: Rule = Rule::interpretation(
    "If the field value does not contain U+0000 NULL, then set the last event ID buffer to the field value. Otherwise, \
     ignore the field.",
);
const RETRY: Rule = Rule::interpretation(
    "If the field value consists of only ASCII digits, then interpret the field value as an integer in base ten, and set \
     the event stream's reconnection time to that integer. Otherwise, ignore the field.",
);
const INCOMPLETE: Rule = Rule::interpretation(
    "Once the end of the file is reached, any pending data must be discarded. (If the file ends in the middle of an \
     event, before the final empty line, the incomplete event is not dispatched.)",
);
const HEARTBEATS: Rule = rfc(
    "Legacy proxy servers are known to, in certain cases, drop HTTP connections after a short timeout. To protect against \
     such proxy servers, authors can include a comment line (one starting with a ':' character) every 15 seconds or so.",
    "HTML, 9.2.7 Authoring notes",
);
const BUFFERING: Rule = rfc(
    "Authors are also cautioned that HTTP chunking can have unexpected negative effects on the reliability of this \
     protocol, in particular if the chunking is done by a different layer unaware of the timing requirements.",
    "HTML, 9.2.7 Authoring notes",
);

/// Proxies commonly close connections that are silent for 30 or 60 s.
const LONGEST_SILENCE: Duration = Duration::from_secs(19);
const SOON: Duration = Duration::from_secs(2);

pub(super) fn all() -> Vec<(Check, Judge)> {
    vec![
        check(
            "body/comes",
            "the stream has an event or a comment while it is watched, or ends",
            "A stream that is always silent looks like one that a proxy holds back.",
            HEARTBEATS,
            |seen| {
                if seen.get.outputs.is_empty() && seen.get.end == End::Open {
                    return Err(failed(format!(
                        "nothing came within {:.1} s",
                        seen.get.lasted.as_secs_f64()
                    )));
                }
                Ok(())
            },
        ),
        check(
            "body/heartbeats",
            "the stream is never silent for 20 s",
            "Proxies close connections that seem dead, and clients with a timeout disconnect.",
            HEARTBEATS,
            |seen| {
                let silence = seen.get.longest_silence();
                if silence <= LONGEST_SILENCE {
                    return Ok(());
                }
                Err(failed(format!("it was silent for {:.1} s", silence.as_secs_f64())))
            },
        ),
        check("body/utf-8", "the stream is UTF-8", "Clients show replacement characters.", UTF8, |seen| {
            match str::from_utf8(whole_lines(&seen.get.body)) {
                Ok(_) => Ok(()),
                Err(error) => Err(failed(format!("byte {}: {error}", error.valid_up_to()))),
            }
        }),
        check(
            "body/fields",
            "all fields are data, event, id and retry",
            "All clients silently ignore other fields, so it is a mistake, such as `Data:` or ` data:`.",
            IGNORED,
            fields,
        ),
        check("body/retry", "`retry` is a number of milliseconds", "Clients ignore others.", RETRY, |seen| {
            let is_wrong = |value: &[u8]| value.is_empty() || !value.iter().all(u8::is_ascii_digit);
            match values(&seen.get.body, b"retry").find(|value| is_wrong(value)) {
                None => Ok(()),
                Some(value) => Err(failed(format!("it has retry: {}", show(value)))),
            }
        }),
        check(
            "body/ids",
            "ids can be sent in a header: no control characters, no spaces around them, 8 KiB at most",
            "A client cannot send its position, and misses the events sent meanwhile.",
            ID,
            |seen| match values(&seen.get.body, b"id").find(|id| !is_sendable(id)) {
                None => Ok(()),
                Some(id) => Err(failed(format!("it has the id {}", show(id)))),
            },
        ),
        check(
            "body/one-bom",
            "a byte order mark is only at the start",
            "Concatenated files have one in the middle, and its line is lost.",
            UTF8,
            |seen| {
                let has_bom = |line: &&[u8]| line.starts_with(b"\xef\xbb\xbf");
                match lines(&seen.get.body).skip(1).position(|line| has_bom(&line)) {
                    None => Ok(()),
                    Some(number) => Err(failed(format!("line {} begins with one", number + 2))),
                }
            },
        ),
        check(
            "buffering/head",
            "the head comes at once, even if there is no event yet",
            "Clients show that they are connected when the head comes, and give up without it.",
            BUFFERING,
            |seen| {
                let took = seen.get.head.took;
                if took <= SOON {
                    Ok(())
                } else {
                    Err(failed(format!("it took {:.1} s", took.as_secs_f64())))
                }
            },
        ),
        check(
            "buffering/whole-events",
            "an event arrives whole: its blank line does not wait for the next event",
            "The client has the event, but cannot show it: each event is one event late.",
            BUFFERING,
            |seen| {
                if seen.get.count_of_events() == 0 && seen.get.body.is_empty() {
                    return Err(skipped("no event came"));
                }
                if seen.get.end == End::Open && seen.get.is_mid_event {
                    return Err(failed("the last event has no blank line, and nothing more came"));
                }
                Ok(())
            },
        ),
        check(
            "buffering/encodings",
            "the stream begins as soon for a client that accepts gzip",
            "Compression holds back events until a block is full: flush it, or turn it off.",
            BUFFERING,
            |seen| {
                let Some(first) = seen.get.times.first() else { return Err(skipped("nothing came")) };
                let encoded = seen.encoded.as_ref().map_err(failed)?;
                match encoded.times.first() {
                    Some(time) if *time <= *first + SOON => Ok(()),
                    Some(time) => Err(failed(format!(
                        "its first bytes came after {:.1} s, not {:.1} s",
                        time.as_secs_f64(),
                        first.as_secs_f64()
                    ))),
                    None => Err(failed(format!("nothing came within {:.1} s", encoded.lasted.as_secs_f64()))),
                }
            },
        ),
        check(
            "closing/clean",
            "if the stream ends, it ends as the protocol requires",
            "A client treats it as a broken connection, and shows an error.",
            INCOMPLETE,
            |seen| match &seen.get.end {
                End::Broken(error) => Err(failed(error)),
                End::Clean => Ok(()),
                End::Open => Err(skipped("the stream did not end while it was watched")),
            },
        ),
        check(
            "closing/whole-events",
            "if the stream ends, its last event has its blank line",
            "All clients that follow the standard drop an event without it.",
            INCOMPLETE,
            |seen| match seen.get.end {
                End::Open => Err(skipped("the stream did not end while it was watched")),
                _ if seen.get.is_mid_event => Err(failed("the last event has no blank line")),
                _ => Ok(()),
            },
        ),
    ]
}

fn fields(seen: &Observed) -> Verdict {
    let body = seen.get.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&seen.get.body);
    for line in lines(body) {
        let name = line.split(|&byte| byte == b':').next().unwrap_or_default();
        if !line.is_empty() && !matches!(name, b"" | b"data" | b"event" | b"id" | b"retry") {
            return Err(failed(format!("it has the line {}", show(line))));
        }
    }
    Ok(())
}

/// The body up to its last line end.
fn whole_lines(body: &[u8]) -> &[u8] {
    let end = body.iter().rposition(|byte| matches!(byte, b'\n' | b'\r'));
    &body[..end.map_or(0, |end| end + 1)]
}

/// The complete lines.
fn lines(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = whole_lines(body);
    std::iter::from_fn(move || {
        let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'))?;
        let line = &rest[..end];
        let length = if rest[end..].starts_with(b"\r\n") { 2 } else { 1 };
        rest = &rest[end + length..];
        Some(line)
    })
}

/// The values of all fields of this name.
fn values<'b>(body: &'b [u8], name: &'static [u8]) -> impl Iterator<Item = &'b [u8]> {
    lines(body).filter_map(move |line| {
        let rest = line.strip_prefix(name)?;
        let value = match rest {
            [] => rest,
            [b':', b' ', value @ ..] | [b':', value @ ..] => value,
            _ => return None,
        };
        Some(value)
    })
}

fn show(bytes: &[u8]) -> String {
    shorten(&format!("{:?}", String::from_utf8_lossy(bytes)))
}
