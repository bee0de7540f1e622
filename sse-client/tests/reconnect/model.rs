//! Random histories of a client, compared with a naive model of the table. The model keeps the whole history, and
//! searches it for the state that the client keeps.

use std::time::Duration;

use proptest::{collection::vec, option, prelude::*};
use sse_client::{End, Head, Next, Policy, Reconnect, Stop};

use super::{LEAST, MOST, NEVER, event_stream};

#[derive(Clone, Debug)]
struct Attempt {
    outcome: Outcome,
    /// Its duration in milliseconds.
    lasted: u64,
    random: u64,
}

#[derive(Clone, Debug)]
enum Outcome {
    Failed,
    NoHead,
    /// Its status, and `Retry-After` in milliseconds.
    Refused(u16, Option<u64>),
    Opened(Vec<Block>, End),
}

#[derive(Clone, Debug)]
enum Block {
    Event(Option<&'static str>),
    Id(&'static str),
    Retry(u64),
    Comment,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Preset {
    Feed,
    Browser,
    UntilFirstEvent,
    AfterEventId,
    Never,
}

impl Preset {
    fn policy(self) -> Policy {
        match self {
            Self::Feed => Policy::feed(),
            Self::Browser => Policy::browser(),
            Self::UntilFirstEvent => Policy::until_first_event(),
            Self::AfterEventId => Policy::after_event_id(),
            Self::Never => Policy::never(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_life_goes_as_the_table_says(
        preset in prop_oneof![
            4 => Just(Preset::Feed),
            1 => Just(Preset::Browser),
            1 => Just(Preset::UntilFirstEvent),
            2 => Just(Preset::AfterEventId),
            1 => Just(Preset::Never),
        ],
        limit in option::weighted(0.2, 1..6_u32),
        attempts in vec(attempt(), 1..30),
    ) {
        let policy = preset.policy();
        let policy = if let Some(limit) = limit { policy.attempts(limit) } else { policy };
        let mut reconnect = Reconnect::new(policy);
        let mut now = Duration::ZERO;
        for until in 1..=attempts.len() {
            let history = &attempts[..until];
            let request = reconnect.connect(now);
            prop_assert_eq!(request.number(), until as u64);
            let id = last_event_id(&history[..until - 1]);
            prop_assert_eq!(request.last_event_id().map_or("", |id| id.as_str()), id);

            let (next, then) = live(&mut reconnect, &history[until - 1], now);
            now = then;
            match (next, expected(preset, limit, history)) {
                (Next::Stop(stop), Err(expected)) => {
                    prop_assert_eq!(stop, expected);
                    return Ok(());
                }
                (Next::Wait(wait), Ok((least, most))) => {
                    prop_assert!(wait.delay >= least, "{:?} is less than {:?}", wait, least);
                    prop_assert!(wait.delay <= most, "{:?} is more than {:?}", wait, most);
                    let asked = Duration::from_millis(asked_for(history));
                    let longest = if preset == Preset::Browser { asked } else { Duration::from_secs(3_600) };
                    prop_assert!(wait.delay >= asked.min(longest), "{:?} is less than {:?}", wait, asked);
                    if let Some(asked) = wait.cut_from {
                        prop_assert!(asked > wait.delay && wait.delay >= Duration::from_secs(3_600));
                    }
                    now = now.saturating_add(wait.delay);
                }
                (next, expected) => prop_assert!(false, "{:?}, not {:?}", next, expected),
            }
        }
    }
}

fn live(reconnect: &mut Reconnect, attempt: &Attempt, mut now: Duration) -> (Next, Duration) {
    let began = now;
    now = now.saturating_add(Duration::from_millis(attempt.lasted));
    let end = match &attempt.outcome {
        Outcome::Failed => End::Failed,
        Outcome::NoHead => End::NoHead,
        Outcome::Refused(status, retry_after) => {
            let retry_after = retry_after.map(Duration::from_millis);
            End::Refused(reconnect.opened(&Head { retry_after, ..Head::new(*status) }, now).unwrap_err())
        }
        Outcome::Opened(blocks, end) => {
            reconnect.opened(&event_stream(), began).unwrap();
            for block in blocks {
                let text = match block {
                    Block::Event(None) => "data: x\n\n".to_owned(),
                    Block::Event(Some(id)) => format!("id: {id}\ndata: x\n\n"),
                    Block::Id(id) => format!("id: {id}\n\n"),
                    Block::Retry(millis) => format!("retry: {millis}\n\n"),
                    Block::Comment => ": hi\n".to_owned(),
                };
                reconnect.receive(text.into(), NEVER);
                while let Some(item) = reconnect.next_item() {
                    item.unwrap();
                }
            }
            *end
        }
    };
    (reconnect.closed(end, now, attempt.random), now)
}

/// The bounds of the wait after the last of these attempts, or why there is none.
fn expected(preset: Preset, limit: Option<u32>, history: &[Attempt]) -> Result<(Duration, Duration), Stop> {
    let last = history.last().unwrap();
    let has_event = || events(history) > 0;
    let (clean, broken) = match last.outcome {
        Outcome::Refused(204, _) => return Err(Stop::NoContent),
        Outcome::Refused(503, _) if preset == Preset::Browser => return Err(Stop::Failed),
        Outcome::Refused(503, _) | Outcome::Failed | Outcome::NoHead => (false, false),
        Outcome::Refused(..) => return Err(Stop::Failed),
        Outcome::Opened(_, End::Ended) => (true, false),
        Outcome::Opened(..) => (false, true),
    };
    let reconnects = match preset {
        Preset::Feed | Preset::Browser => true,
        Preset::UntilFirstEvent => !has_event(),
        Preset::AfterEventId => !last_event_id(history).is_empty(),
        Preset::Never => false,
    };
    if !reconnects {
        return Err(match (clean, broken) {
            (true, _) => Stop::Ended,
            (_, true) if has_event() => Stop::Truncated,
            _ => Stop::Failed,
        });
    }

    let failures = (1..=history.len()).rev().take_while(|&until| !is_proven(&history[..until])).count();
    // A failure does not count for its own wait. A proven attempt is not a failure.
    let before = failures.saturating_sub(1).min(40) as u32;
    let hour = 3_600_000.0;
    let retry = retry(history).map(|retry| retry as f64);
    let retry_after = match last.outcome {
        Outcome::Refused(_, Some(after)) => after as f64,
        _ => 0.0,
    };
    if asked_for(history) > 3_600_000 && preset == Preset::AfterEventId {
        return Err(Stop::WaitTooLong(Duration::from_millis(asked_for(history))));
    }
    if limit.is_some_and(|limit| failures >= limit as usize) {
        return Err(Stop::GaveUp);
    }
    let longest = if preset == Preset::Browser { f64::MAX } else { hour };
    let doubled = |base: f64| {
        if preset == Preset::Browser {
            base
        } else {
            (base * 2_f64.powi(before as i32)).min(base.max(30_000.0))
        }
    };
    let (least, most) = match retry {
        Some(retry) => {
            let wait = doubled(retry.clamp(200.0, longest));
            (wait, wait * 1.1)
        }
        None if preset == Preset::Browser => (3_000.0, 3_000.0),
        None => (doubled(1_000.0) / 2.0, doubled(1_000.0)),
    };
    let floor = retry_after.min(longest);
    let at = |millis: f64| Duration::from_secs_f64(millis / 1_000.0);
    // The model's own rounding errors in huge waits.
    let slack = |millis: f64| millis * 1e-12;
    let (least, most) = (least.max(floor), most.max(floor * 1.1).max(220.0));
    Ok((at(least - slack(least)), at(most + slack(most) + 1.0)))
}

/// How many milliseconds the server wants the client to wait.
fn asked_for(history: &[Attempt]) -> u64 {
    let after = if let Outcome::Refused(_, after) = history.last().unwrap().outcome { after } else { None };
    retry(history).max(after).unwrap_or_default()
}

fn blocks(history: &[Attempt]) -> impl DoubleEndedIterator<Item = &Block> {
    history.iter().flat_map(|attempt| match &attempt.outcome {
        Outcome::Opened(blocks, _) => &blocks[..],
        _ => &[],
    })
}

fn events(history: &[Attempt]) -> usize {
    blocks(history).filter(|block| matches!(block, Block::Event(_))).count()
}

fn last_event_id(history: &[Attempt]) -> &'static str {
    let id = |block: &Block| match *block {
        Block::Event(id) => id,
        Block::Id(id) => Some(id),
        _ => None,
    };
    blocks(history).rev().find_map(id).unwrap_or_default()
}

fn retry(history: &[Attempt]) -> Option<u64> {
    blocks(history)
        .rev()
        .find_map(|block| if let Block::Retry(millis) = block { Some(*millis) } else { None })
}

/// Whether the last of these attempts is proven.
fn is_proven(history: &[Attempt]) -> bool {
    let (last, before) = history.split_last().unwrap();
    let Outcome::Opened(blocks, end) = &last.outcome else { return false };
    let moves_id = || {
        let mut id = last_event_id(before);
        blocks.iter().any(|block| match *block {
            Block::Event(Some(new)) | Block::Id(new) => std::mem::replace(&mut id, new) != new,
            _ => false,
        })
    };
    let is_useful = || blocks.iter().any(|block| matches!(block, Block::Event(_))) || moves_id();
    last.lasted >= 5_000 || (*end == End::Ended && is_useful())
}

fn attempt() -> impl Strategy<Value = Attempt> {
    let lasted = prop_oneof![4 => 0..6_000_u64, 1 => Just(4_999), 1 => Just(5_000), 1 => 0..u64::MAX / 64];
    let random = prop_oneof![any::<u64>(), Just(LEAST), Just(MOST)];
    (outcome(), lasted, random).prop_map(|(outcome, lasted, random)| Attempt { outcome, lasted, random })
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let end = prop_oneof![3 => Just(End::Ended), 2 => Just(End::Broken), 1 => Just(End::Idle)];
    prop_oneof![
        3 => Just(Outcome::Failed),
        1 => Just(Outcome::NoHead),
        3 => option::of(millis()).prop_map(|after| Outcome::Refused(503, after)),
        1 => prop_oneof![Just(204), Just(404), Just(301), Just(401)].prop_map(|status| Outcome::Refused(status, None)),
        9 => (vec(block(), 0..6), end).prop_map(|(blocks, end)| Outcome::Opened(blocks, end)),
    ]
}

fn block() -> impl Strategy<Value = Block> {
    let id = || prop_oneof![Just("1"), Just("2"), Just("")];
    prop_oneof![
        2 => option::of(id()).prop_map(Block::Event),
        1 => id().prop_map(Block::Id),
        1 => millis().prop_map(Block::Retry),
        1 => Just(Block::Comment),
    ]
}

fn millis() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 0..200_u64, 0..60_000_u64, 3_599_000..3_601_000_u64, any::<u64>(), Just(u64::MAX),]
}
