//! Case 21 where no publisher knows of the loss: Redis is in another run, and the log reports it.

use sse_conformance::redis::{
    Durability::{self, Always, Saved},
    Server,
};
use sse_hub::{
    Position,
    redis::{Builder, Redis},
};

use super::client::*;

/// One process publishes 1 to 6, of which 1 to 3 are saved. Redis is killed, and another process publishes 7. Returns
/// the outputs of a client that has seen 1 to 3. `deny` takes rights from the processes, in the form of an ACL.
async fn told(durability: Durability, builder: Builder, deny: &str) -> Option<Vec<String>> {
    let mut server = Server::start(durability)?;
    let url = format!("redis://app:password@127.0.0.1:{}", server.port());
    let acl = format!("ACL SETUSER app on nopass ~* &* +@all {deny}");
    let acl: Vec<&str> = acl.split_whitespace().collect();
    server.command(&acl);
    let first = process_with(builder.clone(), &url).await.topic(TOPIC);
    let seen = publish(&first, 1..=3).await;
    server.save();
    publish(&first, 4..=6).await;
    // Now no process knows of 4 to 6.
    drop(first);
    server.kill();
    server.run();
    server.command(&acl);
    let other = process_with(builder.clone(), &url).await.topic(TOPIC);
    publish(&other, 7..=7).await;
    // A process that begins an epoch in the same run reports no loss.
    publish(&process_with(builder.clone(), &url).await.topic(TOPIC), 8..=8).await;
    let mut client = Client::open(&process_with(builder, &url).await.topic(TOPIC), seen).await;
    let mut told = Vec::new();
    while told.last().is_none_or(|told| told != "8") {
        told.push(client.next().await);
    }
    Some(told)
}

#[tokio::test]
async fn case_21_what_a_restart_may_have_lost_is_told() {
    let Some(told) = told(Saved, Redis::builder(), "").await else { return };
    assert_eq!(told, [&gap("reset", None), "7", "8"]);
}

#[tokio::test]
async fn case_21_a_restart_that_loses_nothing_is_no_gap() {
    let Some(told) = told(Always, Redis::builder(), "").await else { return };
    assert_eq!(told, ["4", "5", "6", "7", "8"]);
}

#[tokio::test]
async fn case_21_each_restart_is_told_if_so_set() {
    let Some(told) = told(Always, Redis::builder().restart_keeps_all(false), "").await else { return };
    assert_eq!(told, ["4", "5", "6", &gap("reset", None), "7", "8"]);
}

/// The setting says that restarts lose nothing, which is wrong here.
#[tokio::test]
async fn case_21_no_restart_is_told_if_so_set() {
    let Some(told) = told(Saved, Redis::builder().restart_keeps_all(true), "").await else { return };
    assert_eq!(told, ["7", "8"]);
}

#[tokio::test]
async fn case_21_a_restart_is_told_where_redis_may_not_be_asked() {
    let Some(told) = told(Always, Redis::builder(), "-config").await else { return };
    assert_eq!(told, ["4", "5", "6", &gap("reset", None), "7", "8"]);
}

/// Nothing shows the restart.
#[tokio::test]
async fn case_21_a_redis_that_does_not_tell_its_run() {
    let Some(told) = told(Always, Redis::builder(), "-config -info").await else { return };
    assert_eq!(told, ["4", "5", "6", "7", "8"]);
}

/// A live client and one that comes back get one gap each.
#[tokio::test]
async fn case_21_a_restart_is_told_once() {
    let Some(mut server) = Server::start(Saved) else { return };
    let (a, b) = (process(&server).await.topic(TOPIC), process(&server).await.topic(TOPIC));
    let mut live = [Client::begin(&a).await, Client::begin(&b).await];
    let mut number = 1;
    for _ in 0..3 {
        let seen = publish(&a, number..=number).await;
        for client in &mut live {
            client.expect(number..=number).await;
        }
        server.save();
        server.kill();
        server.run();
        // Even if nobody publishes.
        for client in &mut live {
            assert_eq!(client.next().await, gap("reset", None));
        }
        let mut back = Client::open(&process(&server).await.topic(TOPIC), seen).await;
        assert_eq!(back.next().await, gap("reset", None));
        publish_again(&b, number + 1).await;
        publish(&a, number + 2..=number + 2).await;
        for client in live.iter_mut().chain([&mut back]) {
            client.expect(number + 1..=number + 2).await;
        }
        number += 3;
    }
}

/// The log loses its end while everyone is connected, as it may with a replica that takes over. The first publisher
/// does not know of the loss, so its marker does not report it. Another process knows of it, and reports it.
#[tokio::test]
async fn case_21_a_marker_that_does_not_tell_a_loss() {
    let Some(server) = Server::start(Saved) else { return };
    let a = process(&server).await.topic(TOPIC);
    let mut live = Client::begin(&a).await;
    let seen = publish(&a, 1..=3).await;
    server.command(&["COPY", KEY, "older"]);
    publish(&a, 4..=6).await;
    live.expect(1..=6).await;
    let b = process(&server).await.topic(TOPIC);
    server.command(&["RENAME", "older", KEY]);
    publish(&b, 7..=7).await;
    let mut back = Client::open(&process(&server).await.topic(TOPIC), seen).await;
    // The two come in any order.
    let mut told = [back.next().await, back.next().await];
    told.sort();
    assert_eq!(told, ["7", &gap("reset", None)]);
    publish(&b, 8..=8).await;
    back.expect(8..=8).await;
}

/// Nothing but a marker is between the event that the client has seen and the loss.
#[tokio::test]
async fn case_21_a_loss_right_after_a_marker_is_told() {
    let Some(server) = Server::start(Saved) else { return };
    let topic = process(&server).await.topic(TOPIC);
    let seen = publish(&topic, 1..=1).await;
    let mut live = Client::open(&topic, seen).await;
    let later = |epochs| Position::epoch_of(TOPIC, Position::epoch_number(seen.epoch()) + epochs);
    let (marker, loss) = (format!("{}-0", later(1_000_000)), format!("{}-0", later(2_000_000)));
    server.command(&["XADD", KEY, &marker, "begin", &seen.to_string(), "nonce", "a"]);
    server.command(&["XADD", KEY, &loss, "begin", &marker, "nonce", "b", "lost", ""]);
    server.command(&["XADD", KEY, &format!("{}-1", later(2_000_000)), "data", "2", "nonce", "c"]);
    let mut back = Client::open(&process(&server).await.topic(TOPIC), seen).await;
    for client in [&mut live, &mut back] {
        assert_eq!(client.next().await, gap("reset", None));
        assert_eq!(client.next().await, "2");
    }
}
