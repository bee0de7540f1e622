//! Cases 13 to 22: how long it waits, and what resets the wait.

use std::time::Duration;

use sse_client::{End, Head, Next, Policy, Reconnect, Stop};

use super::{Client, LEAST, MOST, NEVER, delay, event_stream, ms, stop};

const SHORT: Duration = Duration::from_millis(4_999);
const LONG: Duration = Duration::from_secs(5);

/// The delays after each of this many failures in a row.
fn delays(client: &mut Client, count: usize) -> Vec<u64> {
    (0..count).map(|_| delay(client.fail()).as_millis() as u64).collect()
}

#[test]
fn case_13_its_own_waits_double_up_to_30_s() {
    let mut client = Client::new(Policy::feed());
    client.random = MOST;
    let most = delays(&mut client, 7);
    assert_eq!(most, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);

    let mut client = Client::new(Policy::feed());
    client.random = LEAST;
    assert_eq!(delays(&mut client, 7), [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
}

#[test]
fn case_13_browsers_wait_3_s() {
    for random in [LEAST, MOST] {
        let mut client = Client::new(Policy::browser());
        client.random = random;
        assert_eq!(delays(&mut client, 40), [3_000; 40]);
    }
}

#[test]
fn case_14_the_waits_of_the_server_double_up_to_30_s() {
    let delays_with = |retry, random, count: usize| {
        let mut client = Client::new(Policy::feed());
        client.random = random;
        let first = client.connection(retry, NEVER, End::Broken);
        [vec![delay(first).as_millis() as u64], delays(&mut client, count - 1)].concat()
    };
    assert_eq!(delays_with("retry: 2000\n", LEAST, 6), [2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    assert_eq!(delays_with("retry: 2000\n", MOST, 6), [2_200, 4_400, 8_800, 17_600, 33_000, 33_000]);
    assert_eq!(delays_with("retry: 45000\n", LEAST, 3), [45_000; 3]);
}

#[test]
fn case_15_a_short_retry_is_200_ms() {
    for retry in ["retry: 0\n", "retry: 5\n", "retry: 199\n", "retry: 200\n"] {
        let mut client = Client::new(Policy::feed());
        assert_eq!(delay(client.connection(retry, NEVER, End::Broken)), ms(200), "{retry}");
    }
}

#[test]
fn case_15_a_long_retry_is_cut_or_final_or_obeyed() {
    let hour = Duration::from_secs(3_600);
    let asked = Duration::from_millis(1_000_000_000_000);
    let with = |policy, retry| {
        Client::new(policy).connection(&format!("id: 1\nretry: {retry}\n\n"), NEVER, End::Broken)
    };

    let Next::Wait(wait) = with(Policy::feed(), asked.as_millis()) else { panic!() };
    assert_eq!((wait.delay, wait.cut_from), (hour, Some(asked)));
    let Next::Wait(wait) = with(Policy::feed(), hour.as_millis()) else { panic!() };
    assert_eq!((wait.delay, wait.cut_from), (hour, None));

    assert_eq!(stop(with(Policy::after_event_id(), asked.as_millis())), Stop::WaitTooLong(asked));
    assert_eq!(delay(with(Policy::after_event_id(), hour.as_millis())), hour);
    assert_eq!(delay(with(Policy::browser(), asked.as_millis())), asked);
    assert_eq!(delay(with(Policy::browser(), u64::MAX.into())), ms(u64::MAX));
}

#[test]
fn case_16_a_retry_is_kept_until_the_next() {
    let mut client = Client::new(Policy::feed());
    assert_eq!(delay(client.connection("retry: 300\n", LONG, End::Broken)), ms(300));
    for _ in 0..4 {
        assert_eq!(delay(client.connection("data: x\n\n", LONG, End::Broken)), ms(300));
    }
    // Attempts that fail do not change it.
    assert_eq!(delay(client.fail()), ms(300));
    assert_eq!(delay(client.connection("retry: 700\n", LONG, End::Broken)), ms(700));
    assert_eq!(delay(client.connection("retry: no number\n", LONG, End::Broken)), ms(700));
}

#[test]
fn case_17_retry_after_is_a_floor_for_one_wait() {
    let asks = |seconds| Head { retry_after: Some(Duration::from_secs(seconds)), ..Head::new(503) };
    let mut client = Client::new(Policy::feed());
    assert_eq!(delay(client.answer(&asks(7))), ms(7_000));
    // Later waits depend only on the number of failures.
    assert_eq!(delay(client.fail()), ms(1_000));
    // It is only a minimum.
    assert_eq!(delay(client.answer(&asks(1))), ms(2_000));

    let Next::Wait(wait) = client.answer(&asks(7_200)) else { panic!() };
    assert_eq!((wait.delay.as_secs(), wait.cut_from), (3_600, Some(Duration::from_secs(7_200))));
    client.random = MOST;
    assert_eq!(delay(client.answer(&asks(100))).as_secs(), 110);

    let mut client = Client::of(Reconnect::with_last_event_id(Policy::after_event_id(), 1_u64.into()));
    assert_eq!(stop(client.answer(&asks(3_601))), Stop::WaitTooLong(Duration::from_secs(3_601)));
    // It is ignored if the answer is an event stream.
    let mut client = Client::new(Policy::feed());
    client.connect();
    let head = Head { retry_after: Some(LONG), ..event_stream() };
    client.reconnect.opened(&head, client.now).unwrap();
    assert_eq!(delay(client.close(End::Ended)), ms(500));
}

#[test]
fn case_18_without_spread_the_waits_of_the_server_are_exact() {
    let mut client = Client::new(Policy::feed().spread(0.0));
    client.random = MOST;
    assert_eq!(delay(client.connection("retry: 1234\n", LONG, End::Broken)), ms(1_234));
    let asks = Head { retry_after: Some(ms(5_678)), ..Head::new(429) };
    assert_eq!(delay(client.answer(&asks)), ms(5_678));
    // A spread that is NaN or out of bounds is corrected.
    for (spread, longest) in [(f64::NAN, 1_000), (-1.0, 1_000), (f64::INFINITY, 11_000)] {
        let mut client = Client::new(Policy::feed().spread(spread));
        client.random = MOST;
        let delay = delay(client.connection("retry: 1000\n", LONG, End::Broken));
        assert!(delay >= ms(1_000) && delay <= ms(longest), "{spread}: {delay:?}");
    }
}

#[test]
fn case_19_opened_and_closed_at_once_is_a_failure() {
    let mut client = Client::new(Policy::feed());
    let delays: Vec<_> =
        (0..4).map(|_| delay(client.connection("", NEVER, End::Ended)).as_millis()).collect();
    assert_eq!(delays, [500, 1_000, 2_000, 4_000]);
    // Comments and a reconnection time prove nothing.
    assert_eq!(delay(client.connection(": hi\nretry: 1000\n\n", NEVER, End::Ended)), ms(16_000));
}

#[test]
fn case_20_a_connection_that_lasted_begins_again() {
    let mut client = Client::new(Policy::feed());
    for end in [End::Ended, End::Broken, End::Idle] {
        delays(&mut client, 3);
        assert_eq!(delay(client.connection("", LONG, end)), ms(500), "{end:?}");
        assert_eq!(delay(client.connection("", LONG, end)), ms(500), "{end:?}");
        assert_eq!(delay(client.fail()), ms(500), "{end:?}");
        assert_eq!(delay(client.fail()), ms(1_000), "{end:?}");
    }
    // A slow failure proves nothing.
    client.connection("", LONG, End::Ended);
    client.connect();
    client.pass(LONG).close(End::NoHead);
    assert_eq!(delay(client.fail()), ms(1_000));
}

#[test]
fn case_21_short_answers_with_events_begin_again() {
    for body in ["data: x\n\n", "id: 1\n\n", "id: 2\ndata: y\n\n"] {
        let mut client = Client::new(Policy::feed());
        delays(&mut client, 3);
        for n in 0..3 {
            let body = body.replace("id: ", &format!("id: {n}"));
            assert_eq!(delay(client.connection(&body, NEVER, End::Ended)), ms(500), "{body}");
        }
    }
    // The same id again is not new.
    let mut client = Client::new(Policy::feed());
    assert_eq!(delay(client.connection("id: 1\n\n", NEVER, End::Ended)), ms(500));
    client.connection("id: 1\n\n", NEVER, End::Ended);
    assert_eq!(delay(client.connection("id: 1\n\n", NEVER, End::Ended)), ms(1_000));
}

#[test]
fn case_22_events_and_then_a_break_is_a_failure() {
    for end in [End::Broken, End::Idle] {
        let mut client = Client::new(Policy::feed());
        let delays: Vec<_> =
            (0..4).map(|_| delay(client.connection("data: x\n\n", SHORT, end)).as_millis()).collect();
        assert_eq!(delays, [500, 1_000, 2_000, 4_000], "{end:?}");
    }
}
