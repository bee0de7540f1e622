//! Cases 10 to 12, 23, 28, 35 and the presets: when it stops.

use std::time::Duration;

use sse_client::{End, Head, Limits, Policy, Reconnect, Stop};

use super::{Client, NEVER, delay, ms, stop};

const LONG: Duration = Duration::from_secs(5);

#[test]
fn case_10_a_request_that_fails_is_tried_again() {
    let mut client = Client::new(Policy::feed());
    for _ in 0..1_000 {
        delay(client.fail());
    }
    client.connect();
    assert_eq!(stop(client.close(End::FailedForGood)), Stop::Failed);
}

#[test]
fn case_10_fail_fast_ends_before_the_first_connection_only() {
    for end in [End::Failed, End::NoHead] {
        let mut client = Client::new(Policy::feed().fail_fast());
        client.connect();
        assert_eq!(stop(client.close(end)), Stop::Failed);
    }
    let mut client = Client::new(Policy::feed().fail_fast());
    assert_eq!(stop(client.answer(&Head::new(503))), Stop::Failed);

    let mut client = Client::new(Policy::feed().fail_fast());
    delay(client.connection("", NEVER, End::Ended));
    delay(client.fail());
    delay(client.answer(&Head::new(503)));
}

#[test]
fn cases_11_and_12_a_break_and_an_end_are_both_waited_for() {
    for end in [End::Broken, End::Ended] {
        let mut client = Client::new(Policy::feed());
        client.open();
        // Items before the end count, an unfinished block does not.
        assert_eq!(client.receive("id: 1\ndata: x\n\nid: 2\ndata: cut"), [Ok("x".into())]);
        delay(client.pass(LONG).close(end));
        assert_eq!(client.open().last_event_id().unwrap(), "1");
        assert_eq!(client.receive("data: fresh\n\n"), [Ok("fresh".into())]);
    }
}

#[test]
fn case_23_attempts_are_counted_since_the_last_proof() {
    let mut client = Client::new(Policy::feed().attempts(3));
    delay(client.fail());
    delay(client.fail());
    assert_eq!(stop(client.fail()), Stop::GaveUp);

    let mut client = Client::new(Policy::feed().attempts(3));
    delay(client.fail());
    delay(client.fail());
    delay(client.connection("", LONG, End::Broken));
    delay(client.fail());
    delay(client.connection("data: x\n\n", NEVER, End::Broken));
    assert_eq!(stop(client.fail()), Stop::GaveUp);

    assert_eq!(stop(Client::new(Policy::feed().attempts(0)).fail()), Stop::GaveUp);
    assert_eq!(stop(Client::new(Policy::feed().attempts(1)).fail()), Stop::GaveUp);
    delay(Client::new(Policy::feed().attempts(1)).connection("", LONG, End::Broken));
}

#[test]
fn case_23_time_is_counted_since_the_last_proof() {
    let give_up_after = |millis| Client::new(Policy::feed().give_up_after(ms(millis)));
    let mut client = give_up_after(10_000);
    client.connection("", Duration::from_secs(100), End::Broken);
    client.pass(ms(500));
    client.connect();
    delay(client.pass(ms(8_000)).close(End::Failed));
    client.pass(ms(500));
    // The next attempt, after 1 s, would be one millisecond later than 10 s.
    client.connect();
    assert_eq!(stop(client.pass(ms(1)).close(End::Failed)), Stop::GaveUp);

    // Without a proven connection, the time counts from the first attempt.
    let mut client = give_up_after(10_000);
    client.connect();
    delay(client.pass(ms(9_500)).close(End::Failed));
    let mut client = give_up_after(10_000);
    client.connect();
    assert_eq!(stop(client.pass(ms(9_501)).close(End::Failed)), Stop::GaveUp);
}

#[test]
fn case_28_without_its_ending_a_stream_is_truncated() {
    for policy in [Policy::until_first_event(), Policy::never(), Policy::after_event_id()] {
        let mut whole = Client::new(policy.clone());
        assert_eq!(stop(whole.connection("data: x\n\n", LONG, End::Ended)), Stop::Ended);

        let mut reconnect = Reconnect::new(policy);
        reconnect.expect_ending();
        let mut cut = Client::of(reconnect);
        assert_eq!(stop(cut.connection("data: x\n\n", LONG, End::Ended)), Stop::Truncated);
    }
    // A feed requests the rest.
    let mut reconnect = Reconnect::new(Policy::feed());
    reconnect.expect_ending();
    delay(Client::of(reconnect).connection("data: x\n\n", LONG, End::Ended));
}

#[test]
fn case_35_a_new_connection_on_request_comes_at_once() {
    let mut client = Client::new(Policy::feed().attempts(2));
    client.fail();
    client.open();
    client.receive("id: 7\ndata: x\n\nid: 8\ndata: not fin");
    assert_eq!(delay(client.close(End::Requested)), Duration::ZERO);
    let attempt = client.connect();
    assert_eq!(attempt.last_event_id().unwrap(), "7");
    // As if nothing had failed before.
    assert_eq!(delay(client.close(End::Failed)), ms(500));
    // Also with policies that never reconnect on their own.
    let mut client = Client::new(Policy::never());
    client.open();
    assert_eq!(delay(client.close(End::Requested)), Duration::ZERO);
}

#[test]
fn until_first_event_tries_again_while_no_event_has_come() {
    let policy = Policy::until_first_event;
    let mut client = Client::new(policy());
    delay(client.fail());
    delay(client.answer(&Head::new(503)));
    delay(client.connection("", NEVER, End::Ended));
    delay(client.connection(": comment\nretry: 100\nid: 7\n\n", NEVER, End::Broken));
    assert_eq!(stop(client.connection("data: x\n\n", NEVER, End::Broken)), Stop::Truncated);

    assert_eq!(stop(Client::new(policy()).connection("data: x\n\n", NEVER, End::Ended)), Stop::Ended);
    assert_eq!(stop(Client::new(policy()).connection("data: x\n\n", NEVER, End::Idle)), Stop::Truncated);
    // A skipped event counts too.
    let mut client = Client::new(policy().limits(Limits::new().with_event(4)));
    assert_eq!(stop(client.connection("data: too large\n\n", NEVER, End::Broken)), Stop::Truncated);
}

#[test]
fn after_event_id_reconnects_once_an_id_has_come() {
    let policy = Policy::after_event_id;
    assert_eq!(stop(Client::new(policy()).fail()), Stop::Failed);
    assert_eq!(stop(Client::new(policy()).answer(&Head::new(503))), Stop::Failed);
    assert_eq!(stop(Client::new(policy()).connection("", NEVER, End::Ended)), Stop::Ended);
    assert_eq!(stop(Client::new(policy()).connection("", NEVER, End::Broken)), Stop::Failed);
    assert_eq!(stop(Client::new(policy()).connection("data: x\n\n", NEVER, End::Broken)), Stop::Truncated);

    let mut client = Client::new(policy());
    delay(client.connection("id: 7\ndata\n\n", NEVER, End::Ended));
    delay(client.fail());
    delay(client.answer(&Head::new(503)));
    // An empty id resets it.
    assert_eq!(stop(client.connection("id\n\n", NEVER, End::Ended)), Stop::Ended);
    // An id that cannot be sent counts as none.
    let mut client = Client::new(policy());
    assert_eq!(stop(client.connection("id: \u{1}\ndata\n\n", NEVER, End::Ended)), Stop::Ended);
}

#[test]
fn never_makes_one_attempt() {
    assert_eq!(stop(Client::new(Policy::never()).fail()), Stop::Failed);
    assert_eq!(stop(Client::new(Policy::never()).connection("", LONG, End::Broken)), Stop::Failed);
    assert_eq!(stop(Client::new(Policy::never()).connection("data\n\n", LONG, End::Broken)), Stop::Truncated);
    assert_eq!(stop(Client::new(Policy::never()).connection("data\n\n", LONG, End::Ended)), Stop::Ended);
}

#[test]
fn browsers_reconnect_after_a_break() {
    let mut client = Client::new(Policy::browser());
    for end in [End::Ended, End::Broken, End::Failed] {
        assert_eq!(delay(client.connection("", NEVER, end)), ms(3_000), "{end:?}");
    }
}
