//! `Last-Event-ID`.

use super::{Judge, check, rfc};
use crate::{
    kit::{
        check::{Check, Rule},
        report::Outcome,
        server::observed::{Observed, Resumed},
        verdict::{failed, skipped},
    },
    oracle::Output,
};

const LAST_EVENT_ID: Rule = rfc(
    "The `Last-Event-ID` HTTP request header reports an EventSource object's last event ID string to the server when the \
     user agent is to reestablish the connection.",
    "HTML, 9.2.4 The `Last-Event-ID` header",
);

pub(super) fn all() -> Vec<(Check, Judge)> {
    let gap = "With it a client that lost its connection gets the events that it missed, and no event twice.";
    vec![
        check(
            "ids/accepted",
            "a request with an id of the server as Last-Event-ID gets a stream or 204",
            gap,
            LAST_EVENT_ID,
            |seen| {
                let head = &resumed(seen)?.watch.as_ref().map_err(failed)?.head;
                if matches!(head.status, 200 | 204) {
                    Ok(())
                } else {
                    Err(failed(format!("it got {}", head.status)))
                }
            },
        ),
        check("ids/not-again", "the event with that id is not sent again", gap, LAST_EVENT_ID, |seen| {
            let resumed = resumed(seen)?;
            if first_id(resumed)? == Some(&*resumed.ids[resumed.at]) {
                return Err(failed(format!("after {:?} it came first", resumed.ids[resumed.at])));
            }
            Ok(())
        }),
        check("ids/goes-on", "the event after that id comes first", gap, LAST_EVENT_ID, |seen| {
            let resumed = resumed(seen)?;
            let Some(next) = resumed.ids.get(resumed.at + 1) else {
                return Err(skipped("it sent only one id"));
            };
            match first_id(resumed)? {
                Some(first) if first == next => Ok(()),
                Some(first) if resumed.ids.iter().any(|id| id == first) => {
                    Err(failed(format!("after {:?} came {first:?}, not {next:?}", resumed.ids[resumed.at])))
                }
                Some(_) | None => Err(skipped("it continues with new events, and keeps no old ones")),
            }
        }),
        check(
            "ids/different",
            "no two consecutive events have the same id",
            "A client cannot tell the server which of them it has seen.",
            LAST_EVENT_ID,
            |seen| match seen.get.ids().windows(2).find(|two| two[0] == two[1]) {
                None => Ok(()),
                Some(two) => Err(failed(format!("two have the id {:?}", two[0]))),
            },
        ),
        check(
            "ids/strange",
            "a request with an unknown id gets an answer that is not a server error",
            "Such ids come from other versions, other servers and attackers.",
            LAST_EVENT_ID,
            |seen| {
                for (what, head) in &seen.strange_ids {
                    match head {
                        Ok(head) if head.status < 500 => {}
                        Ok(head) => return Err(failed(format!("{what} got {}", head.status))),
                        Err(error) => return Err(failed(format!("{what}: {error}"))),
                    }
                }
                Ok(())
            },
        ),
    ]
}

fn resumed(seen: &Observed) -> Result<&Resumed, Outcome> {
    seen.resumed.as_ref().ok_or_else(|| skipped("no event had an id that can be sent"))
}

/// The id of the first event, if one came.
fn first_id(resumed: &Resumed) -> Result<Option<&str>, Outcome> {
    let watch = resumed.watch.as_ref().map_err(failed)?;
    let id = watch.outputs.iter().find_map(|output| match output {
        Output::Event { id, .. } => Some(id.as_deref()),
        _ => None,
    });
    Ok(id.flatten())
}
