//! Clients that connect, leave and reconnect.

use super::{Judge, check, http::goes_on, rfc};
use crate::kit::{
    check::{Check, Rule},
    server::{http1::Head, observed::AGAIN, observed::CROWD},
    verdict::{Verdict, failed},
};

const RECONNECTS: Rule = rfc(
    "Clients will reconnect if the connection is closed; a client can be told to stop reconnecting using the HTTP 204 No \
     Content response code.",
    "HTML, 9.2.1 Introduction",
);
const MANY: Rule = rfc(
    "Clients that support HTTP's per-server connection limitation might run into trouble when opening multiple pages from \
     a site if each page has an EventSource to the same domain.",
    "HTML, 9.2.7 Authoring notes",
);

pub(super) fn all() -> Vec<(Check, Judge)> {
    vec![
        check(
            "closing/neighbour",
            "a client that leaves does not affect another one",
            "A failed write must end one stream, and not the loop over all of them.",
            RECONNECTS,
            |seen| goes_on(seen, seen.neighbour.as_ref().map_err(failed)?),
        ),
        check(
            "reconnecting/again",
            &format!("a client may connect and leave {AGAIN} times in a row"),
            "Phones do so in a tunnel. A server that notices late must not run out of connections.",
            RECONNECTS,
            |seen| all_answered(&seen.again),
        ),
        check(
            "reconnecting/crowd",
            &format!("{CROWD} clients may connect at the same time"),
            "After a restart all clients do.",
            MANY,
            |seen| all_answered(&seen.crowd),
        ),
        check(
            "reconnecting/retry",
            "`retry` is not less than 100 ms and not more than an hour, if it is sent",
            "With less, browsers reconnect in a tight loop; with more they seem not to reconnect at all.",
            RECONNECTS,
            |seen| match seen.get.retry {
                Some(retry) if !(100..=3_600_000).contains(&retry) => {
                    Err(failed(format!("it is {retry} ms")))
                }
                _ => Ok(()),
            },
        ),
    ]
}

fn all_answered(heads: &[Result<Head, String>]) -> Verdict {
    for (number, head) in (1..).zip(heads) {
        match head {
            Ok(head) if matches!(head.status, 200 | 204) => {}
            Ok(head) => return Err(failed(format!("client {number} got {}", head.status))),
            Err(error) => return Err(failed(format!("client {number}: {error}"))),
        }
    }
    Ok(())
}
