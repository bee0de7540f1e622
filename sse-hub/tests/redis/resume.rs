//! Cases 7, 8, 10, 12, 16, 19 and 27: a client that comes back, at any process, gets the rest.

use sse_conformance::redis::{Durability::Saved, Server};
use sse_hub::{Start, error::SubscribeError};

use super::client::*;

#[tokio::test]
async fn case_7_a_topic_without_events() {
    let Some(server) = Server::start(Saved) else { return };
    let (a, b) = (process(&server).await.topic(TOPIC), process(&server).await.topic(TOPIC));
    let mut client = Client::begin(&a).await;
    let mut back = Client::open(&b, client.last.unwrap()).await;
    assert!(back.is_silent().await);
    assert_eq!(server.command(&["EXISTS", KEY]), ":0\r\n", "a reader makes no key");
    let last = publish(&a, 1..=2).await;
    client.expect(1..=2).await;
    back.expect(1..=2).await;

    // All entries are trimmed, and nothing is missing.
    server.command(&["XTRIM", KEY, "MAXLEN", "0"]);
    let c = process(&server).await.topic(TOPIC);
    let mut back = Client::open(&c, last).await;
    assert!(back.is_silent().await);
    publish(&a, 3..=3).await;
    back.expect(3..=3).await;
    client.expect(3..=3).await;
}

#[tokio::test]
async fn case_8_ahead_is_what_the_log_says() {
    let Some(server) = Server::start(Saved) else { return };
    let (a, b) = (process(&server).await.topic(TOPIC), process(&server).await.topic(TOPIC));
    let mut reader = Client::begin(&b).await;
    // B may not have read A's events yet.
    for number in 1..=200 {
        let last = publish(&a, number..=number).await;
        let client = within(b.subscribe(last)).await.unwrap();
        assert_eq!(client.gap(), None, "after {number}");
    }
    reader.expect(1..=200).await;

    // No event has this position.
    let last = a.publish("last").await.unwrap();
    let ahead = sse_hub::Position::new(last.epoch(), last.seq() + 5);
    let mut client = Client::open(&b, ahead).await;
    assert_eq!(client.next().await, gap("ahead", None));
    assert_eq!(client.last, Some(last));
    publish(&a, 201..=201).await;
    client.expect(201..=201).await;
}

#[tokio::test]
async fn case_10_an_epoch_that_changed_is_no_gap() {
    let Some(server) = Server::start(Saved) else { return };
    let a = process(&server).await.topic(TOPIC);
    let seen = publish(&a, 1..=3).await;
    let mut live = Client::begin(&a).await;
    // Each process begins an epoch, and the others continue in it.
    let b = process(&server).await.topic(TOPIC);
    let in_b = publish(&b, 4..=5).await;
    assert!(in_b.epoch() > seen.epoch());
    assert_eq!(publish(&a, 6..=6).await.epoch(), in_b.epoch());
    let c = process(&server).await.topic(TOPIC);
    publish(&c, 7..=7).await;

    live.expect(4..=7).await;
    for topic in [&a, &b, &c, &process(&server).await.topic(TOPIC)] {
        Client::open(topic, seen).await.expect(4..=7).await;
        let mut all = Client::new(topic.subscriber().start(Start::Oldest).open().await.unwrap());
        assert_eq!(all.next().await, "ready");
        all.expect(1..=7).await;
    }
    // The event that was seen may be trimmed: the marker after it names it.
    let entries = server.command(&["XLEN", KEY]);
    assert_eq!(entries, ":10\r\n", "7 events and 3 markers");
    server.command(&["XTRIM", KEY, "MAXLEN", "6"]);
    let d = process(&server).await.topic(TOPIC);
    Client::open(&d, seen).await.expect(4..=7).await;
}

/// The process waits for events of other topics as it gets a new one.
#[tokio::test]
async fn case_12_publish_while_a_subscriber_attaches() {
    let Some(server) = Server::start(Saved) else { return };
    let (a, b) = (process(&server).await, process(&server).await);
    let mut clients = Vec::new();
    for number in 0..20 {
        let (to, from) = (a.topic(format!("room {number}")), b.topic(format!("room {number}")));
        publish(&to, 1..=1).await;
        let mut client = Client::begin(&from).await;
        let (_, mut second) = tokio::join!(publish(&to, 2..=2), Client::open(&from, None));
        client.expect(2..=2).await;
        assert_eq!(second.next().await, "ready");
        clients.push((to, client));
    }
    for (to, client) in &mut clients {
        publish(to, 3..=3).await;
        client.expect(3..=3).await;
    }
}

#[tokio::test]
async fn case_16_several_publishers_have_one_order() {
    let Some(server) = Server::start(Saved) else { return };
    let mut hubs = Vec::new();
    for _ in 0..3 {
        hubs.push(process(&server).await);
    }
    let mut clients = Vec::new();
    for hub in &hubs {
        clients.push(Client::begin(&hub.topic(TOPIC)).await);
    }
    let mut publishers = Vec::new();
    for (n, hub) in hubs.iter().enumerate() {
        for task in 0..3 {
            let topic = hub.topic(TOPIC);
            publishers.push(tokio::spawn(async move {
                for event in 0..30 {
                    topic.publish(format!("{n}/{task} {event}")).await.unwrap();
                }
            }));
        }
    }
    for publisher in publishers {
        within(publisher).await.unwrap();
    }
    let mut orders = Vec::new();
    for client in &mut clients {
        let mut order = Vec::new();
        for _ in 0..270 {
            let told = client.next().await;
            order.push((client.last.unwrap(), told));
        }
        assert!(client.is_silent().await);
        orders.push(order);
    }
    assert_eq!(orders[0], orders[1]);
    assert_eq!(orders[0], orders[2]);
    for publisher in ["0/0", "1/1", "2/2"] {
        let own: Vec<_> = orders[0]
            .iter()
            .filter_map(|(_, told)| told.strip_prefix(publisher)?.trim().parse::<u32>().ok())
            .collect();
        assert_eq!(own, (0..30).collect::<Vec<_>>(), "in the order in which it published");
    }
}

#[tokio::test]
async fn case_19_clients_of_a_dead_process_resume_at_another() {
    let Some(server) = Server::start(Saved) else { return };
    let (a, b) = (process(&server).await, process(&server).await);
    let mut client = Client::begin(&a.topic(TOPIC)).await;
    publish(&b.topic(TOPIC), 1..=10).await;
    client.expect(1..=7).await;
    let seen = client.last.unwrap();
    drop((client, a));
    publish(&b.topic(TOPIC), 11..=20).await;
    let mut client = Client::open(&b.topic(TOPIC), seen).await;
    client.expect(8..=20).await;
    // Also at a process that started later, and keeps less than is missing.
    let c = sse_hub::Hub::builder().history(3);
    let c = c.backplane(sse_hub::redis::Redis::connect(&server.url()).await.unwrap()).build();
    let mut client = Client::open(&c.topic(TOPIC), seen).await;
    client.expect(8..=20).await;
    publish(&c.topic(TOPIC), 21..=21).await;
    client.expect(21..=21).await;
}

#[tokio::test]
async fn case_27_a_finished_topic_is_finished_everywhere() {
    let Some(server) = Server::start(Saved) else { return };
    let (a, b) = (process(&server).await.topic(TOPIC), process(&server).await.topic(TOPIC));
    let mut client = Client::begin(&b).await;
    let seen = publish(&a, 1..=1).await;
    publish(&b, 2..=2).await;
    let end = a.finish().await.unwrap();
    client.expect(1..=2).await;
    assert_eq!([client.next().await, client.next().await], ["end", "closed"]);
    let c = process(&server).await.topic(TOPIC);
    for topic in [&b, &c] {
        let mut late = Client::open(topic, seen).await;
        assert_eq!([late.next().await, late.next().await, late.next().await], ["2", "end", "closed"]);
        assert!(matches!(topic.subscribe(end).await, Err(SubscribeError::Finished)));
    }
}
