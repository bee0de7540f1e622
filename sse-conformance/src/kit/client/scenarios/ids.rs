//! The last event ID, on later requests.

use super::{Scenario, begun, check, comes_back, stream};
use crate::{
    kit::{
        check::Check,
        client::{
            record::failed,
            rules::{CHUNKED, ID, ID_AT_DISPATCH, INCOMPLETE, LAST_EVENT_ID},
        },
    },
    scripts::socket::{Step, answer},
};

pub(super) fn all() -> Vec<Scenario> {
    let kept = "A client that forgets it misses the events sent meanwhile, or gets everything again.";
    vec![
        comes_back(
            check("ids/first", "the first reconnection has the last event ID", kept, LAST_EVENT_ID),
            2,
            |_| stream("retry: 200\nid: 1\ndata: a\n\nid: 2\ndata: b\n\n"),
            |record| record.has_id(1, Some("2")),
        ),
        comes_back(
            check(
                "ids/second",
                "the second reconnection still has the last event ID, if the connection before it had none",
                kept,
                ID_AT_DISPATCH,
            ),
            3,
            |number| stream(["retry: 200\nid: 1\ndata: a\n\n", "data: b\n\n"][number]),
            |record| record.has_id(1, Some("1")).and_then(|()| record.has_id(2, Some("1"))),
        ),
        comes_back(
            check(
                "ids/third",
                "the third reconnection still has it, after connections without an event",
                kept,
                ID_AT_DISPATCH,
            ),
            4,
            |number| stream(["retry: 200\nid: 1\ndata: a\n\n", "", ": hi\n\n"][number]),
            |record| (1..4).try_for_each(|number| record.has_id(number, Some("1"))),
        ),
        comes_back(
            check(
                "ids/newest",
                "a new id replaces the previous one on the next reconnection",
                kept,
                LAST_EVENT_ID,
            ),
            4,
            |number| stream(&format!("retry: 200\nid: {number}\ndata: a\n\n")),
            |record| (1..4).try_for_each(|number| record.has_id(number, Some(&(number - 1).to_string()))),
        ),
        comes_back(
            check(
                "ids/after-failures",
                "an attempt without an answer does not lose the last event ID",
                kept,
                LAST_EVENT_ID,
            ),
            4,
            |number| if number == 0 { stream("retry: 200\nid: 1\ndata: a\n\n") } else { vec![Step::Request] },
            |record| (1..4).try_for_each(|number| record.has_id(number, Some("1"))),
        ),
        comes_back(
            check("ids/after-break", "a broken connection does not lose the last event ID", kept, CHUNKED),
            2,
            |_| begun("retry: 200\nid: 1\ndata: a\n\nid: 2\ndata: b"),
            |record| record.has_id(1, Some("1")),
        ),
        comes_back(
            check("ids/without-data", "the id of a block without data counts", kept, ID_AT_DISPATCH),
            2,
            |_| stream("retry: 200\nid: 1\ndata: a\n\nid: 2\n\n"),
            |record| record.has_id(1, Some("2")),
        ),
        comes_back(
            check(
                "ids/unfinished",
                "the id of a block without its blank line does not count",
                "The client has not shown that event, so the server must send it again.",
                INCOMPLETE,
            ),
            2,
            |_| stream("retry: 200\nid: 1\ndata: a\n\nid: 2\ndata: b\n"),
            |record| record.has_id(1, Some("1")),
        ),
        comes_back(
            check(
                "ids/reset",
                "after an empty id there is no Last-Event-ID",
                "A server says with it that the past no longer matters.",
                LAST_EVENT_ID,
            ),
            3,
            |number| stream(["retry: 200\nid: 1\ndata: a\n\n", "id\ndata: b\n\n"][number]),
            |record| record.has_id(1, Some("1")).and_then(|()| record.has_id(2, None)),
        ),
        comes_back(
            check(
                "ids/nul",
                "an id with U+0000 is ignored",
                "It cannot be sent in a header. The previous id is still right.",
                ID,
            ),
            2,
            |_| stream("retry: 200\nid: 1\ndata: a\n\nid: 2\0\ndata: b\n\n"),
            |record| record.has_id(1, Some("1")),
        ),
        odd("utf-8", "that is not ASCII is sent as UTF-8", "4\u{e9}2\u{1f600}"),
        odd("json", "of 1 KB of JSON, like those of a Kafka gateway, is sent unchanged", &offsets()),
        odd("spaces", "with spaces and tabs in it is sent with them", "a  b\tc"),
        unsendable("control", "with a control character that no header can hold", "1\u{1}2"),
        unsendable("64-kib", "of 64 KiB, which is more than servers accept,", &"x".repeat(64 * 1024)),
    ]
}

fn offsets() -> String {
    format!("[{}]", vec![r#"{"topic":"eqiad.mediawiki","partition":0,"offset":-1}"#; 20].join(","))
}

fn odd(name: &str, what: &str, id: &str) -> Scenario {
    let check = check(
        &format!("ids/{name}"),
        &format!("an id {what}"),
        "The id belongs to the server: it may be a list of offsets, a name or a token, and is useless if it is changed.",
        LAST_EVENT_ID,
    );
    let text = format!("retry: 200\nid: {id}\ndata: a\n\n");
    let id = id.to_owned();
    comes_back(check, 2, move |_| stream(&text), move |record| record.has_id(1, Some(&id)))
}

/// The id that is sent does not matter, only that the client continues.
fn unsendable(name: &str, what: &str, id: &str) -> Scenario {
    let check: Check = check(
        &format!("ids/{name}"),
        &format!("after an id {what} the client continues"),
        "One bad id of a server must not stop a client forever.",
        LAST_EVENT_ID,
    );
    let text = format!("retry: 200\nid: {id}\ndata: a\n\n");
    comes_back(
        check,
        3,
        move |number| {
            if number == 0 {
                stream(&text)
            } else {
                answer(super::head("200 OK", super::OPEN) + &super::body("data: b\n\n"))
            }
        },
        |record| {
            let lines = record.request(1)?.text.split("\r\n").skip(1);
            let mut lines = lines.take_while(|line| !line.is_empty());
            if let Some(line) = lines.find(|line| !line.contains(':')) {
                return Err(failed(format!("request 2 has a line that is not a header: {line:?}")));
            }
            record.request(2).map(drop)
        },
    )
}
