//! Cases 17 and 18: the outcomes that a publisher gets.

use std::time::Duration;

use sse_conformance::redis::{
    Durability::{Always, Saved},
    Server,
};
use sse_hub::{
    Hub,
    error::PublishError,
    redis::{Error, Redis},
};

use super::{client::*, proxy::Proxy};

#[tokio::test]
async fn case_17_redis_is_down() {
    let Some(mut server) = Server::start(Always) else { return };
    let builder = Redis::builder().publish_timeout(Duration::from_millis(500));
    let topic = process_with(builder, &server.url()).await.topic(TOPIC);
    let mut client = Client::begin(&topic).await;
    publish(&topic, 1..=1).await;
    server.kill();
    // The first one was sent on a connection that was already broken, unnoticed.
    let first = topic.publish("lost").await.unwrap_err();
    assert!(matches!(first, PublishError::Unavailable(_) | PublishError::Unknown(_)), "{first:?}");
    let error = topic.publish("lost").await.unwrap_err();
    assert!(matches!(&error, PublishError::Unavailable(_)), "{error:?}");
    assert_eq!(error.status(), 503);
    assert!(error.retry_after().is_some());
    let source = std::error::Error::source(&error).and_then(|source| source.downcast_ref::<Error>());
    assert!(matches!(source, Some(Error::Unreachable(_))), "{source:?}");
    client.expect(1..=1).await;
    assert!(client.is_silent().await, "what is not in the log is shown to nobody");
    server.run();
    publish(&topic, 2..=2).await;
    client.expect(2..=2).await;
}

/// The connection breaks after Redis has carried out the append, or before: the publisher gets the true outcome, and
/// the event is in the log once.
#[tokio::test]
async fn case_17_an_outcome_that_is_unknown_is_settled() {
    let Some(server) = Server::start(Saved) else { return };
    let proxy = Proxy::start(server.port()).await;
    let topic = process_with(Redis::builder(), &proxy.url()).await.topic(TOPIC);
    let direct = process(&server).await.topic(TOPIC);
    let mut client = Client::begin(&direct).await;
    let mut number = 1;
    for round in 0..10 {
        publish(&topic, number..=number).await;
        // The answer never comes.
        proxy.swallow_answers();
        let published = tokio::spawn({
            let topic = topic.clone();
            async move { topic.publish((number + 1).to_string()).await }
        });
        proxy.request_came().await;
        if round % 2 == 0 {
            // Another publisher appends in between.
            publish(&direct, number + 2..=number + 2).await;
        }
        proxy.cut();
        let at = within(published).await.unwrap().unwrap();
        let told: Vec<_> = if round % 2 == 0 {
            vec![client.next().await, client.next().await, client.next().await]
        } else {
            vec![client.next().await, client.next().await]
        };
        let mut sorted = told.clone();
        sorted.sort_by_key(|told| told.parse::<u64>().unwrap());
        let wanted: Vec<_> = (number..number + told.len() as u64).map(|number| number.to_string()).collect();
        assert_eq!(sorted, wanted, "each is there once");
        assert!(at.seq() > 0);
        number += told.len() as u64;
    }
    assert!(client.is_silent().await);
}

/// A late command from a connection that is gone is refused.
#[tokio::test]
async fn case_17_a_late_command_is_refused() {
    let Some(server) = Server::start(Saved) else { return };
    let proxy = Proxy::start(server.port()).await;
    let topic = process_with(Redis::builder(), &proxy.url()).await.topic(TOPIC);
    let mut client = Client::begin(&process(&server).await.topic(TOPIC)).await;
    publish(&topic, 1..=1).await;
    proxy.hold_requests();
    let published = tokio::spawn({
        let topic = topic.clone();
        async move { topic.publish("2").await }
    });
    proxy.request_came().await;
    // The client's side breaks. The command is still on its way.
    proxy.cut_client();
    within(published).await.unwrap().unwrap();
    proxy.release_requests().await;
    publish(&topic, 3..=3).await;
    client.expect(1..=3).await;
}

#[tokio::test]
async fn case_17_an_outcome_that_stays_unknown() {
    let Some(server) = Server::start(Saved) else { return };
    let proxy = Proxy::start(server.port()).await;
    let builder = Redis::builder()
        .response_timeout(Duration::from_millis(200))
        .publish_timeout(Duration::from_millis(600));
    let topic = process_with(builder, &proxy.url()).await.topic(TOPIC);
    publish(&topic, 1..=1).await;
    proxy.swallow_answers();
    proxy.refuse(true);
    let error = within(topic.publish("2")).await.unwrap_err();
    assert!(matches!(&error, PublishError::Unknown(_)), "{error:?}");
    assert_eq!(error.retry_after(), None);
    proxy.request_came().await;
    proxy.refuse(false);
    // The event is deleted before it can be looked for.
    proxy.swallow_answers();
    let published = tokio::spawn({
        let topic = topic.clone();
        async move { topic.publish("3").await }
    });
    proxy.request_came().await;
    server.command(&["DEL", KEY]);
    proxy.cut();
    let error = within(published).await.unwrap().unwrap_err();
    assert!(matches!(&error, PublishError::Unknown(_)), "{error:?}");
}

#[tokio::test]
async fn case_17_definite_errors() {
    let Some(server) = Server::start(Saved) else { return };
    let hub = Hub::builder().max_event(100).backplane(Redis::connect(&server.url()).await.unwrap()).build();
    let topic = hub.topic(TOPIC);
    let error = topic.publish("x".repeat(200)).await.unwrap_err();
    assert!(matches!(error, PublishError::TooLarge { max: 100, .. }), "{error:?}");
    topic.finish().await.unwrap();
    for topic in [topic, process(&server).await.topic(TOPIC)] {
        assert!(matches!(topic.publish("late").await, Err(PublishError::Closed)));
        assert!(matches!(topic.finish().await, Err(PublishError::Closed)));
    }
    // The key is not a stream.
    server.command(&["SET", "sse:log:other", "text"]);
    let error = hub.topic("other").publish("1").await.unwrap_err();
    assert!(matches!(&error, PublishError::Unavailable(_)), "{error:?}");
    let source = std::error::Error::source(&error).unwrap();
    assert!(matches!(source.downcast_ref(), Some(Error::Refused(_))), "{source:?}");
    assert!(std::error::Error::source(source).unwrap().to_string().contains("WRONGTYPE"), "{source:?}");
    // Redis has no memory left.
    let full = hub.topic("full");
    publish(&full, 1..=1).await;
    server.command(&["CONFIG", "SET", "maxmemory", "1"]);
    let error = full.publish("2").await.unwrap_err();
    assert!(matches!(&error, PublishError::Unavailable(_)), "{error:?}");
}

#[tokio::test]
async fn case_18_the_same_key_again() {
    let Some(server) = Server::start(Saved) else { return };
    let (a, b) = (process(&server).await.topic(TOPIC), process(&server).await.topic(TOPIC));
    let mut client = Client::begin(&b).await;
    let first = a.publish_once("order 1", "1").await.unwrap();
    assert_eq!(b.publish_once("order 1", "1 again").await.unwrap(), first);
    publish(&b, 2..=2).await;
    // Only one of many at once is published.
    let mut tasks = Vec::new();
    for topic in [&a, &b].repeat(10) {
        let topic = topic.clone();
        tasks.push(tokio::spawn(async move { topic.publish_once("order 3", "3").await.unwrap() }));
    }
    let mut positions = Vec::new();
    for task in tasks {
        positions.push(within(task).await.unwrap());
    }
    positions.dedup();
    assert_eq!(positions.len(), 1);
    // Another topic has other keys, and finishing changes nothing.
    assert_ne!(a.publish_once("order 4", "4").await.unwrap(), first);
    client.expect(1..=4).await;
    a.finish().await.unwrap();
    assert_eq!(b.publish_once("order 1", "1 again").await.unwrap(), first);
    assert_eq!(client.next().await, "end");
    server.command(&["FLUSHALL"]);
    let again = b.publish_once("order 1", "1").await.unwrap();
    assert!(again > first, "nothing is left of the first one");
}

#[tokio::test]
async fn history_is_bounded_and_idle_topics_expire() {
    let Some(server) = Server::start(Saved) else { return };
    let builder = Redis::builder().history(100).expire_after(Duration::from_secs(1000)).prefix("test/");
    let topic = process_with(builder, &server.url()).await.topic(TOPIC);
    publish(&topic, 1..=1000).await;
    let length = server.command(&["XLEN", "test/log:room"]);
    let length: u32 = length.trim().trim_start_matches(':').parse().unwrap();
    assert!((100..=300).contains(&length), "{length}");
    let expiry = server.command(&["TTL", "test/log:room"]);
    let expiry: u32 = expiry.trim().trim_start_matches(':').parse().unwrap();
    assert!((900..=1000).contains(&expiry), "{expiry}");
}

#[tokio::test]
async fn connecting_says_what_is_wrong() {
    let error = Redis::connect("http://127.0.0.1").await.unwrap_err();
    assert!(matches!(error, Error::Url(_)), "{error:?}");
    // Nobody listens on port 1.
    let error = Redis::connect("redis://127.0.0.1:1").await.unwrap_err();
    assert!(matches!(error, Error::Unreachable(_)), "{error:?}");
}
