//! Cases 1 to 3: no id, an id that is not of a hub, and the id in the header or the query.

use http::{HeaderMap, HeaderValue, Uri};
use sse_codec::EventId;
use sse_hub::{Reason, Seen, Start, error::SubscribeError};
use sse_hyper::{last_event_id, last_event_id_or_query};

use crate::support::*;

#[test]
fn case_1_a_new_client_gets_what_happens_from_now_on() {
    let topic = topic(100);
    publish_all(&topic, 1..=3);
    for seen in [None, Some(EventId::default())] {
        let mut client = subscribe(&topic, seen);
        assert_eq!(client.gap(), None);
        assert_eq!(read(&mut client), [format!("ready @{}", topic.stats().unwrap().last.seq())]);
        let next = publish(&topic, "next");
        assert_eq!(read(&mut client), [format!("{}: next", next.seq())]);
    }
}

#[test]
fn case_1_or_the_oldest_or_the_last_few() {
    let topic = topic(3);
    publish_all(&topic, 1..=5);
    for (start, wanted) in [
        (Start::Oldest, &["ready @2", "3: 3", "4: 4", "5: 5"][..]),
        (Start::Last(0), &["ready @5"]),
        (Start::Last(2), &["ready @3", "4: 4", "5: 5"]),
        (Start::Last(3), &["ready @2", "3: 3", "4: 4", "5: 5"]),
        (Start::Last(100), &["ready @2", "3: 3", "4: 4", "5: 5"]),
    ] {
        assert_eq!(read(&mut open(topic.subscriber().start(start))), wanted, "{start:?}");
    }
}

#[test]
fn case_1_the_last_few_of_many_segments() {
    let topic = topic(1000);
    for _ in 1..=1000 {
        publish(&topic, "x".repeat(100));
    }
    for events in 0..=1000 {
        let client = open(topic.subscriber().start(Start::Last(events)));
        assert_eq!(client.position().seq(), 1000 - events as u64);
    }
}

#[test]
fn case_1_a_client_that_got_no_event_yet_resumes_exactly() {
    let topic = topic(100);
    publish_all(&topic, 1..=3);
    let mut client = subscribe(&topic, None);
    let ready = decode(&next(&mut client).unwrap().unwrap());
    drop(client);
    publish_all(&topic, 4..=5);
    let mut client = subscribe(&topic, ready[0].id().cloned());
    assert_eq!(read(&mut client), ["4: 4", "5: 5"]);
}

fn headers(values: &[&[u8]]) -> HeaderMap {
    let values = values.iter().map(|value| HeaderValue::from_bytes(value).unwrap());
    values.map(|value| (sse_hyper::LAST_EVENT_ID, value)).collect()
}

#[test]
fn case_2_what_is_no_id_of_a_hub_is_a_gap_and_then_it_goes_on_from_now() {
    let topic = topic(100);
    let last = publish(&topic, "1");
    let long = b"1".repeat(EventId::MAX_LEN + 1);
    let ours = last.to_string();
    for values in [
        &[&b"\xFF"[..]][..],
        &[ours.as_bytes(), ours.as_bytes()],
        &[&long],
        &[b"row 7"],
        &[b"7"],
        &[b"-"],
        &[b"1-"],
        &[b"-1"],
        &[b"01-1"],
        &[b"1-01"],
        &[b"+1-1"],
        &[b"1-+1"],
        &[b"1--1"],
        &[b"1-1-1"],
        &[b"1- 1"],
        &[b"1-18446744073709551616"],
        &[b"0x1-1"],
    ] {
        let mut client = subscribe(&topic, last_event_id(&headers(values)));
        let told = client.gap().copied().unwrap();
        assert_eq!((told.reason, told.missed), (Reason::Malformed, None));
        assert_eq!(read(&mut client), [gap("malformed", None, 1)], "{values:?}");

        let refusing =
            topic.subscriber().last_event_id(last_event_id(&headers(values))).refuse_malformed(true);
        let error = try_open(refusing).unwrap_err();
        assert!(matches!(error, SubscribeError::Malformed));
        assert_eq!((error.status(), error.retry_after()), (400, None));
    }
    // HTTP rejects a control character in a header, but not in a query.
    let seen = last_event_id_or_query(&HeaderMap::new(), &"/?id=1%00".parse().unwrap(), "id");
    assert_eq!(Seen::from(seen), Seen::Malformed);
    // An id of a hub is never refused, even if it leads to a gap.
    let ours = topic.subscriber().last_event_id(sse_hub::Position::new(1, 1)).refuse_malformed(true);
    assert_eq!(read(&mut open(ours)).len(), 2);
}

#[test]
fn case_3_the_header_wins_over_the_query() {
    let topic = topic(100);
    let positions: Vec<_> = (1..=3).map(|n| publish(&topic, n.to_string())).collect();
    let uri: Uri = format!("/?last_event_id={}", positions[0]).parse().unwrap();
    let subscribe = |headers| subscribe(&topic, last_event_id_or_query(&headers, &uri, "last_event_id"));
    assert_eq!(read(&mut subscribe(HeaderMap::new())), ["2: 2", "3: 3"]);
    let header = headers(&[positions[1].to_string().as_bytes()]);
    assert_eq!(read(&mut subscribe(header)), ["3: 3"]);
}
