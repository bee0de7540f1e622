//! When a client reconnects, and after how long.

use super::{EVENT, OPEN, Scenario, begun, check, comes_back, head, ms, stays_away, stream};
use crate::{
    kit::client::{
        record::failed,
        rules::{END_OF_BODY, NETWORK_ERROR, RETRY, WAIT},
    },
    scripts::socket::{Step, answer, chunk},
};

pub(super) fn all() -> Vec<Scenario> {
    let back =
        "Connections end all the time: servers restart, proxies close them, phones change their network.";
    let asks = "With it a server spreads its load, and says that there is nothing new before then.";
    vec![
        comes_back(
            check(
                "reconnecting/end",
                "a client reconnects after a stream that ends, every time",
                back,
                END_OF_BODY,
            ),
            4,
            |_| stream(EVENT),
            |record| record.request(3).map(drop),
        ),
        comes_back(
            check(
                "reconnecting/break",
                "a client reconnects after a break within a chunk",
                back,
                NETWORK_ERROR,
            ),
            3,
            |_| answer(head("200 OK", OPEN) + &chunk(EVENT) + "20\r\ndata: c"),
            |record| record.request(2).map(drop),
        ),
        comes_back(
            check("reconnecting/reset", "a client reconnects after a reset", back, NETWORK_ERROR),
            3,
            |_| [begun(EVENT), vec![Step::Sleep(ms(100)), Step::Reset]].concat(),
            |record| record.request(2).map(drop),
        ),
        comes_back(
            check(
                "reconnecting/no-answer",
                "a client reconnects after an open stream, if a later request has no answer",
                back,
                NETWORK_ERROR,
            ),
            4,
            |number| if number == 0 { stream(EVENT) } else { vec![Step::Request] },
            |record| record.request(3).map(drop),
        ),
        comes_back(
            check(
                "reconnecting/first-no-answer",
                "a client reconnects if its first request has no answer",
                back,
                NETWORK_ERROR,
            ),
            2,
            |_| vec![Step::Request],
            |record| record.request(1).map(drop),
        ),
        comes_back(
            check(
                "reconnecting/without-event",
                "a client reconnects after an empty stream",
                back,
                END_OF_BODY,
            ),
            3,
            |_| stream(""),
            |record| record.request(2).map(drop),
        ),
        comes_back(
            check(
                "reconnecting/retry",
                "a client waits for the time in `retry`, and not much longer",
                asks,
                WAIT,
            ),
            2,
            |_| stream("retry: 1000\ndata: a\n\n"),
            |record| {
                record.waits(0, ms(1_000))?;
                let gap = record.gap(0)?;
                // More is allowed, but this is enough to spread clients, and less than the default of browsers.
                if gap < ms(2_900) {
                    Ok(())
                } else {
                    Err(failed(format!("it reconnected after {} ms", gap.as_millis())))
                }
            },
        ),
        comes_back(
            check("reconnecting/retry-kept", "`retry` is kept on later connections without it", asks, WAIT),
            3,
            |number| stream(["retry: 1500\ndata: a\n\n", "data: b\n\n"][number]),
            |record| record.waits(0, ms(1_500)).and_then(|()| record.waits(1, ms(1_500))),
        ),
        comes_back(
            check("reconnecting/retry-junk", "a `retry` that is not a number changes nothing", asks, RETRY),
            2,
            |_| stream("retry: 1500\n\nretry: 100ms\nretry: -1\nretry: 1e1\nretry\ndata: a\n\n"),
            |record| record.waits(0, ms(1_500)),
        ),
        stays_away(
            check(
                "reconnecting/retry-huge",
                "a `retry` of 10^12 is a long wait, and no overflow",
                "A number that does not fit a timer must not become 0.",
                WAIT,
            ),
            1,
            |_| stream("retry: 1000000000000\ndata: a\n\n"),
            |record| record.stays_away_after(1),
        ),
        comes_back(
            check(
                "reconnecting/same-url",
                "a reconnection sends the first request again, except for Last-Event-ID",
                "Without its token, filter or language the client gets another stream.",
                crate::kit::client::rules::LAST_EVENT_ID,
            ),
            3,
            |_| stream(EVENT),
            |record| {
                let without_id = |number: usize| {
                    let text = &record.request(number)?.text;
                    let lines = text.lines().map(str::to_owned);
                    let mut lines: Vec<_> = lines
                        .filter(|line| !line.to_ascii_lowercase().starts_with("last-event-id:"))
                        .collect();
                    lines.sort();
                    Ok::<_, crate::kit::report::Outcome>(lines)
                };
                let (first, third) = (without_id(0)?, without_id(2)?);
                let lost = first.iter().find(|line| !third.contains(line));
                let new = third.iter().find(|line| !first.contains(line));
                match (lost, new) {
                    (None, None) => Ok(()),
                    (lost, new) => Err(failed(format!("request 1 has {lost:?}, request 3 has {new:?}"))),
                }
            },
        ),
    ]
}
