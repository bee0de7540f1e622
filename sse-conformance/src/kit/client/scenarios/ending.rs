//! When a client does not reconnect.

use super::{EVENT, Scenario, check, stays_away, stream};
use crate::{
    kit::client::rules::NO_CONTENT,
    scripts::socket::{NO_CONTENT as GONE, answer},
};

pub(super) fn all() -> Vec<Scenario> {
    let why = "It is the only way to tell a client that there is no more: otherwise it reconnects as long as it runs.";
    vec![
        stays_away(
            check("ending/204-at-first", "a client that gets 204 does not reconnect", why, NO_CONTENT),
            1,
            |_| answer(GONE),
            |record| record.stays_away_after(1),
        ),
        stays_away(
            check(
                "ending/204-later",
                "a client that gets 204 after a stream does not reconnect",
                why,
                NO_CONTENT,
            ),
            2,
            |number| if number == 0 { stream(EVENT) } else { answer(GONE) },
            |record| record.stays_away_after(2),
        ),
        stays_away(
            check(
                "ending/204-much-later",
                "a client that gets 204 after several streams does not reconnect",
                why,
                NO_CONTENT,
            ),
            4,
            |number| if number < 3 { stream(EVENT) } else { answer(GONE) },
            |record| record.stays_away_after(4),
        ),
    ]
}
