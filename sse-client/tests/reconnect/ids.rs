//! Cases 24, 25, 29, 30, 32, 33 and 38: ids, silence and limits.

use std::time::Duration;

use sse_client::{End, Limits, Oversized, Policy};

use super::{Client, NEVER};

fn sent(client: &mut Client) -> Option<String> {
    client.connect().last_event_id().map(ToString::to_string)
}

#[test]
fn case_24_the_last_event_id_is_that_of_the_last_event_taken() {
    let mut client = Client::new(Policy::feed());
    client.open();
    client.reconnect.receive("id: 1\ndata: a\n\nid: 2\ndata: b\n\n".into(), NEVER);
    client.reconnect.next_item().unwrap().unwrap();
    assert_eq!(client.reconnect.last_event_id(), "1");
    assert!(client.reconnect.take_id_moved());
    assert!(!client.reconnect.take_id_moved());
    // The second event was never yielded, so it must be sent again.
    client.close(End::Broken);
    assert_eq!(sent(&mut client).as_deref(), Some("1"));
}

#[test]
fn case_24_the_last_event_id_is_kept_over_all_attempts() {
    let mut client = Client::new(Policy::feed());
    client.connection("id: 1\ndata: a\n\n", NEVER, End::Broken);
    for _ in 0..5 {
        client.connection("data: no id\n\n", NEVER, End::Ended);
        client.fail();
        assert_eq!(sent(&mut client).as_deref(), Some("1"));
    }
    // The id of a block without data counts too.
    client.connection("id: 2\n\n", NEVER, End::Broken);
    assert_eq!(sent(&mut client).as_deref(), Some("2"));
    // With an empty id, no header is sent.
    client.connection("id\ndata: x\n\n", NEVER, End::Broken);
    assert_eq!(sent(&mut client), None);
    assert!(client.reconnect.take_id_moved());
}

#[test]
fn case_24_nothing_is_lost_between_two_chunks() {
    let mut client = Client::new(Policy::feed());
    client.open();
    client.reconnect.receive("data: a\n\ndata: b".into(), NEVER);
    client.reconnect.receive("\n\ndata: c\n\n".into(), NEVER);
    assert_eq!(client.receive(""), ["a", "b", "c"].map(|data| Ok(data.to_owned())));
}

#[test]
fn case_25_an_id_that_no_header_can_hold_is_not_sent() {
    let long = "x".repeat(8 * 1024);
    let longer = "x".repeat(8 * 1024 + 1);
    for (id, sends) in [
        ("4\t2", true),
        ("4\u{1}2", false),
        ("\u{7F}", false),
        ("\u{e9}t\u{e9}", true),
        (&*long, true),
        (&*longer, false),
    ] {
        let mut client = Client::new(Policy::feed().limits(Limits::new().with_id(1 << 20)));
        client.connection("id: before\ndata\n\n", NEVER, End::Broken);
        client.reconnect.take_id_moved();
        client.connection(&format!("id: {id}\ndata\n\n"), NEVER, End::Broken);
        // It is reported once, and the client continues.
        assert!(client.reconnect.take_id_moved());
        assert_eq!(client.reconnect.last_event_id(), id);
        assert_eq!(sent(&mut client).as_deref(), Some(id).filter(|_| sends));
    }
}

#[test]
fn case_29_the_idle_time_is_as_set() {
    let second = Duration::from_secs(1);
    assert_eq!(Client::new(Policy::feed().idle(second)).reconnect.idle_after(), Some(second));
    for policy in [Policy::browser(), Policy::until_first_event(), Policy::after_event_id(), Policy::never()]
    {
        let mut client = Client::new(policy);
        client.receive(":\n:\n:\n");
        assert_eq!(client.reconnect.idle_after(), None);
    }
}

#[test]
fn case_30_the_idle_time_is_learned_from_comments() {
    let mut client = Client::new(Policy::feed());
    let seconds = Duration::from_secs;
    client.open();
    client.receive_after(seconds(20), "data: x\n\n");
    assert_eq!(client.reconnect.idle_after(), None);
    client.receive_after(seconds(1), ": heartbeat\n");
    assert_eq!(client.reconnect.idle_after(), None);
    client.receive_after(seconds(30), ": heartbeat\n");
    assert_eq!(client.reconnect.idle_after(), Some(seconds(90)));
    // It belongs to the server, so it is kept for the next connection.
    client.close(End::Idle);
    client.open();
    assert_eq!(client.reconnect.idle_after(), Some(seconds(90)));
    assert_eq!(Client::new(Policy::feed().without_idle()).reconnect.idle_after(), None);

    // At least 15 s.
    let mut client = Client::new(Policy::feed());
    client.open();
    client.receive_after(seconds(1), ":\n:\n");
    assert_eq!(client.reconnect.idle_after(), Some(seconds(15)));
}

#[test]
fn case_32_the_head_has_to_come_in_time() {
    let minute = Duration::from_secs(60);
    assert_eq!(Client::new(Policy::feed()).reconnect.head_timeout(), Some(minute));
    assert_eq!(Client::new(Policy::feed().without_head_timeout()).reconnect.head_timeout(), None);
    for policy in [Policy::browser(), Policy::until_first_event(), Policy::after_event_id(), Policy::never()]
    {
        assert_eq!(Client::new(policy.clone()).reconnect.head_timeout(), None);
        assert_eq!(Client::new(policy.head_timeout(minute)).reconnect.head_timeout(), Some(minute));
    }
}

#[test]
fn case_33_an_oversized_event_is_not_asked_for_again() {
    let limits = Limits::new().with_event(20);
    let mut client = Client::new(Policy::feed().limits(limits));
    client.open();
    let items = client.receive("id: 1\ndata: a\n\nid: 2\ndata: larger than 20 bytes\n\ndata: b\n\n");
    assert_eq!(items[0], Ok("a".into()));
    let error = items[1].as_ref().unwrap_err();
    assert!(!client.reconnect.is_final(error));
    assert_eq!(items[2], Ok("b".into()));
    client.close(End::Broken);
    assert_eq!(sent(&mut client).as_deref(), Some("2"));
    // Only until another id arrives.
    client.connection("id: 3\ndata: c\n\n", NEVER, End::Broken);
    assert_eq!(sent(&mut client).as_deref(), Some("3"));

    let mut client = Client::new(Policy::feed().limits(limits.with_id(4)).oversized(Oversized::Stop));
    client.open();
    let items = client.receive("id: 12345\ndata: a\n\ndata: larger than 20 bytes\n\n");
    assert!(!client.reconnect.is_final(items[0].as_ref().unwrap_err()), "only the id is skipped");
    assert_eq!(items[1], Ok("a".into()));
    assert!(client.reconnect.is_final(items[2].as_ref().unwrap_err()));
}

#[test]
fn case_38_an_unfinished_event_is_there_for_who_asks() {
    for (stream, unfinished) in [
        ("data: a\n\n", None),
        ("data: a\n\nid: 2\ndata: cut\n", Some("cut")),
        ("data: a\n\nid: 2\ndata: cut\r", Some("cut")),
        ("data: a\n\nid: 2\ndata: cut\r\n", Some("cut")),
        ("data: a\n\nid: 2\ndata: cut", Some("cut")),
        ("data: a\n\nid: 2\n", None),
        ("data: a\n\n: comment", None),
        (": comment\ndata: cut", Some("cut")),
        ("", None),
    ] {
        let mut client = Client::new(Policy::feed());
        client.open();
        client.receive("id: 1\n\n");
        client.receive(stream);
        let event = client.reconnect.unfinished();
        assert_eq!(event.as_ref().map(|event| event.data()), unfinished, "{stream:?}");
        assert!(client.reconnect.unfinished().is_none());
        client.close(End::Ended);
        client.open();
        assert_eq!(client.receive("data: fresh\n\n"), [Ok("fresh".into())], "{stream:?}");
    }
    // Without a call of `unfinished`, it is dropped with its id.
    let mut client = Client::new(Policy::feed());
    client.connection("id: 1\ndata: a\n\nid: 2\ndata: cut\n", NEVER, End::Ended);
    assert_eq!(sent(&mut client).as_deref(), Some("1"));
}
