//! Cases 13 to 15: slow subscribers, or none. `tests/memory.rs` has those that never read.

use sse_hub::OnGap;

use crate::support::*;

#[test]
fn case_13_a_slow_client_catches_up_by_whole_segments() {
    let topic = topic(1000);
    let mut client = subscribe(&topic, None);
    publish_all(&topic, 1..=1000);
    let mut told = Vec::new();
    let mut items = 0;
    while let Some(Some(events)) = next(&mut client) {
        assert!(events.as_bytes().len() <= 16 * 1024);
        told.extend(tell(&events));
        items += 1;
    }
    let wanted: Vec<_> = (1..=1000).map(|n| format!("{n}: {n}")).collect();
    assert_eq!(told[1..], wanted);
    // 1,000 events of about 40 bytes, and `ready`.
    assert!(items <= 5, "{items} items");
}

#[test]
fn case_13_what_is_joined_is_shared_by_all_clients() {
    let topic = topic(1000);
    let mut clients: Vec<_> = (0..3).map(|_| subscribe(&topic, None)).collect();
    for client in &mut clients {
        read(client);
    }
    publish_all(&topic, 1..=50);
    let items: Vec<_> = clients.iter_mut().map(|client| next(client).unwrap().unwrap()).collect();
    assert_eq!(items[0].events(), 50);
    for item in &items {
        assert_eq!(item.as_bytes().as_ptr(), items[0].as_bytes().as_ptr(), "a copy for each");
    }
}

#[test]
fn case_13_below_the_history_is_a_gap_with_the_number() {
    let topic = topic(3);
    let mut client = subscribe(&topic, None);
    publish_all(&topic, 1..=2);
    assert_eq!(read(&mut client), ["ready @0", "1: 1", "2: 2"]);
    publish_all(&topic, 3..=10);
    assert_eq!(read(&mut client), [&gap("slow", 5, 7), "8: 8", "9: 9", "10: 10"]);
    assert_eq!(client.gap(), None, "only a gap after its last event ID");
    assert_eq!(topic.stats().unwrap().gaps, 1);
    // The id of the gap is where a client resumes.
    publish_all(&topic, 11..=12);
    assert_eq!(read(&mut client), ["11: 11", "12: 12"]);
}

#[test]
fn case_13_or_it_goes_on_with_the_latest_or_is_closed() {
    let topic = topic(3);
    let mut latest = open(topic.subscriber().on_gap(OnGap::Latest));
    let mut closed = open(topic.subscriber().close_if_slow(true));
    publish_all(&topic, 1..=10);
    assert_eq!(read(&mut latest), ["ready @0".into(), gap("slow", 10, 10)]);
    assert_eq!(read(&mut closed), ["ready @0", "closed"]);
    publish(&topic, "11");
    assert_eq!(read(&mut latest), ["11: 11"]);
    assert_eq!(read(&mut closed), ["closed"]);
}

#[test]
fn case_15_what_nobody_hears_is_kept() {
    let topic = topic(100);
    let first = publish(&topic, "1");
    publish(&topic, "2");
    assert_eq!(topic.stats().unwrap().subscribers, 0);
    assert_eq!(read(&mut subscribe(&topic, first)), ["2: 2"]);
}
