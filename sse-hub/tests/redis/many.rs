//! Case 23: many clients at once.

use sse_conformance::redis::{Durability::Saved, Server};
use sse_hub::Position;

use super::client::*;

/// How often Redis has carried out a command.
fn calls(server: &Server, command: &str) -> u64 {
    let stats = server.command(&["INFO", "commandstats"]);
    let prefix = format!("cmdstat_{command}:calls=");
    let line = stats.lines().find_map(|line| line.strip_prefix(&prefix));
    line.map_or(0, |line| line.split(',').next().unwrap().parse().unwrap())
}

#[tokio::test]
async fn case_23_many_clients_come_back_at_once() {
    let Some(server) = Server::start(Saved) else { return };
    let a = process(&server).await.topic(TOPIC);
    let first = publish(&a, 1..=1).await;
    publish(&a, 2..=100).await;
    // The clients are at different positions in the log, and new to this process.
    let b = process(&server).await.topic(TOPIC);
    server.command(&["CONFIG", "RESETSTAT"]);
    let mut tasks = Vec::new();
    for client in 0..1000_u64 {
        let b = b.clone();
        tasks.push(tokio::spawn(async move {
            let seen = client % 100 + 1;
            let mut client = Client::open(&b, Position::new(first.epoch(), seen)).await;
            client.expect(seen + 1..=100).await;
            client
        }));
    }
    let mut clients = Vec::new();
    for task in tasks {
        clients.push(within(task).await.unwrap());
    }
    // The first page and the scripts for the last position use `XREVRANGE`.
    assert_eq!(calls(&server, "xrange"), 0, "no client has read for itself");
    let before = calls(&server, "xread");
    publish(&a, 101..=101).await;
    for client in &mut clients {
        client.expect(101..=101).await;
    }
    let after = calls(&server, "xread");
    assert!(after - before <= 5, "one command for all of them, not {}", after - before);
}

/// Redis that waits for events is not taken for a Redis that does not answer.
#[tokio::test]
async fn a_quiet_topic_keeps_its_connection() {
    let Some(server) = Server::start(Saved) else { return };
    let a = process(&server).await.topic(TOPIC);
    let mut client = Client::begin(&a).await;
    let tail = || {
        let clients = server.command(&["CLIENT", "LIST"]);
        let line = clients.lines().find(|line| line.contains("cmd=xread")).map(str::to_owned);
        line.map(|line| line.split(' ').next().unwrap().trim_start_matches('$').to_owned())
    };
    let first = loop {
        if let Some(tail) = tail() {
            break tail;
        }
        tokio::task::yield_now().await;
    };
    for _ in 0..5 {
        assert!(client.is_silent().await);
    }
    let last = loop {
        if let Some(tail) = tail() {
            break tail;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(first, last);
}
