//! The headers of a request.

use super::{EVENT, Scenario, check, comes_back, stream};
use crate::{
    kit::client::{
        record::{Record, Verdict, failed},
        rules::{ACCEPT, LAST_EVENT_ID, NO_STORE},
    },
    scripts::socket::header,
};

pub(super) fn all() -> Vec<Scenario> {
    [
        (
            check(
                "request/accept",
                "each request has Accept: text/event-stream",
                "Servers with several representations answer with another one, or with 406.",
                ACCEPT,
            ),
            accept as fn(&Record) -> Verdict,
        ),
        (
            check(
                "request/no-cache",
                "each request has Cache-Control: no-cache or no-store",
                "A cache can answer with an old stream, or hold back a new one until it is complete.",
                NO_STORE,
            ),
            no_cache,
        ),
        (
            check(
                "request/no-id-at-first",
                "the first request has no Last-Event-ID",
                "A server reads an empty one as an id that it never sent, and sends everything or nothing.",
                LAST_EVENT_ID,
            ),
            no_id_at_first,
        ),
    ]
    .map(|(check, judge)| comes_back(check, 2, |_| stream(EVENT), judge))
    .into()
}

fn accept(record: &Record) -> Verdict {
    each_request(record, "accept", |accept| accept.contains("text/event-stream"))
}

fn no_cache(record: &Record) -> Verdict {
    each_request(record, "cache-control", |value| value.contains("no-cache") || value.contains("no-store"))
}

fn no_id_at_first(record: &Record) -> Verdict {
    record.has_id(0, None)
}

fn each_request(record: &Record, name: &str, is_right: impl Fn(&str) -> bool) -> Verdict {
    record.request(0)?;
    for (number, request) in (1..).zip(record.requests()) {
        let value = header(&request.text, name);
        if !value.is_some_and(|value| is_right(&value.to_ascii_lowercase())) {
            return Err(failed(match value {
                Some(value) => format!("request {number} has {name}: {value}"),
                None => format!("request {number} has no {name}"),
            }));
        }
    }
    Ok(())
}
