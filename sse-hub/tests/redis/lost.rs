//! Cases 20 to 22: Redis is down, or loses events.

use std::{collections::HashSet, time::Duration};

use sse_conformance::redis::{
    Durability::{Always, Saved},
    Server,
};
use sse_hub::{
    Hub, OnGap, Position,
    error::{PublishError, ReadError, SubscribeError},
    redis::Redis,
};

use super::client::*;

#[tokio::test]
async fn case_20_redis_is_down() {
    let Some(mut server) = Server::start(Always) else { return };
    let builder = Redis::builder().read_timeout(Duration::from_millis(300)).max_waiting(1);
    let redis = builder.connect(&server.url()).await.unwrap();
    let hub = Hub::builder().history(5).backplane(redis).build();
    let topic = hub.topic(TOPIC);
    let first = publish(&topic, 1..=1).await;
    publish(&topic, 2..=10).await;
    let mut client = Client::begin(&topic).await;
    let seen = publish(&topic, 11..=11).await;
    client.expect(11..=11).await;
    server.kill();

    assert!(client.is_silent().await, "the connection stays");
    // Events in the ring are served.
    let mut covered = Client::open(&topic, Position::new(seen.epoch(), seen.seq() - 2)).await;
    covered.expect(10..=11).await;
    let mut begun = Client::begin(&topic).await;
    // For other events clients wait, at most `max_waiting`.
    let (one, other) = tokio::join!(topic.subscribe(first), topic.subscribe(first));
    let (one, other) = (one.unwrap_err(), other.unwrap_err());
    for error in [&one, &other] {
        assert_eq!(error.status(), 503);
        assert!(error.retry_after().is_some());
    }
    assert!(matches!(one, SubscribeError::Read(ReadError::Unavailable(_))), "{one:?}");
    assert!(matches!(other, SubscribeError::Read(ReadError::Busy)), "{other:?}");
    let new = within(hub.topic("new").subscribe(None)).await.unwrap_err();
    assert!(matches!(new, SubscribeError::Read(ReadError::Unavailable(_))), "{new:?}");

    server.run();
    publish(&topic, 12..=13).await;
    for client in [&mut client, &mut covered, &mut begun] {
        client.expect(12..=13).await;
    }
    Client::open(&topic, first).await.expect(2..=13).await;
}

#[tokio::test]
async fn case_20_a_slow_client_whose_read_failed_goes_on() {
    let Some(mut server) = Server::start(Always) else { return };
    let redis =
        Redis::builder().read_timeout(Duration::from_millis(200)).connect(&server.url()).await.unwrap();
    let topic = Hub::builder().history(3).backplane(redis).build().topic(TOPIC);
    publish(&topic, 1..=1).await;
    let mut slow = Client::begin(&topic).await;
    let mut live = Client::begin(&topic).await;
    publish(&topic, 2..=20).await;
    live.expect(2..=20).await;
    server.kill();
    assert!(slow.is_silent().await, "what it misses is in Redis only");
    server.run();
    // It continues although nobody publishes.
    slow.expect(2..=20).await;
}

#[tokio::test]
async fn case_21_a_restart_with_all_data_is_no_gap() {
    let Some(mut server) = Server::start(Always) else { return };
    let (a, b) = (process(&server).await.topic(TOPIC), process(&server).await.topic(TOPIC));
    let mut live = Client::begin(&b).await;
    let mut number = 1;
    for _ in 0..3 {
        let seen = publish(&a, number..=number + 4).await;
        live.expect(number..=number + 4).await;
        server.kill();
        server.run();
        let last = publish(&a, number + 5..=number + 9).await;
        assert!(last.epoch() > seen.epoch());
        live.expect(number + 5..=number + 9).await;
        Client::open(&b, seen).await.expect(number + 5..=number + 9).await;
        number += 10;
    }
}

#[tokio::test]
async fn case_21_a_restart_with_an_older_state() {
    let Some(mut server) = Server::start(Saved) else { return };
    let (a, b) = (process(&server).await.topic(TOPIC), process(&server).await.topic(TOPIC));
    let mut used = HashSet::new();
    let mut live = Client::begin(&b).await;
    let kept = publish(&a, 1..=3).await;
    server.save();
    for number in 4..=6 {
        used.insert(a.publish(number.to_string()).await.unwrap());
    }
    live.expect(1..=6).await;
    let lost = live.last.unwrap();
    server.kill();
    server.run();
    // A client that comes before anyone has published: the log does not have its position, so it gets a gap.
    let c = process(&server).await.topic(TOPIC);
    let mut ahead = Client::open(&c, lost).await;
    assert_eq!(ahead.next().await, gap("reset", None));
    // A process that does not know of the loss begins another epoch.
    for number in 7..=9 {
        assert!(used.insert(c.publish(number.to_string()).await.unwrap()), "an id is used again");
    }
    // A process that was connected before gets an unknown outcome first, unless it has noticed the restart.
    let first = match a.publish("10").await {
        Err(PublishError::Unknown(_)) => a.publish("10").await,
        outcome => outcome,
    };
    assert!(used.insert(first.unwrap()), "an id is used again");
    for number in 11..=12 {
        assert!(used.insert(a.publish(number.to_string()).await.unwrap()), "an id is used again");
    }
    assert!(live.next().await.starts_with("gap"));
    live.expect(7..=12).await;
    ahead.expect(7..=12).await;
    let mut resumed = Client::open(&b, lost).await;
    assert!(resumed.next().await.starts_with("gap"));
    resumed.expect(7..=12).await;
    let mut earlier = Client::open(&b, kept).await;
    assert_eq!(earlier.next().await, gap("reset", None));
    earlier.expect(7..=12).await;
}

/// So its first event has a known outcome.
#[tokio::test]
async fn case_21_an_idle_connection_is_asked_before_it_is_used() {
    let Some(mut server) = Server::start(Saved) else { return };
    let a = process(&server).await.topic(TOPIC);
    publish(&a, 1..=1).await;
    server.save();
    publish(&a, 2..=2).await;
    server.kill();
    server.run();
    // A connection is idle after a second without an answer.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    publish(&a, 3..=3).await;
}

/// How a log can be lost.
#[derive(Clone, Copy, Debug)]
enum Loss {
    FlushAll,
    Delete,
    Expire,
}

impl Loss {
    fn happen(self, server: &Server) {
        let answer = match self {
            Self::FlushAll => server.command(&["FLUSHALL"]),
            Self::Delete => server.command(&["DEL", KEY]),
            Self::Expire => server.command(&["PEXPIRE", KEY, "0"]),
        };
        assert!(["+OK\r\n", ":1\r\n"].contains(&&*answer), "{answer}");
    }
}

#[tokio::test]
async fn case_21_a_log_that_is_gone() {
    let Some(server) = Server::start(Saved) else { return };
    let (a, b) = (process(&server).await.topic(TOPIC), process(&server).await.topic(TOPIC));
    let mut used = HashSet::new();
    for loss in [Loss::FlushAll, Loss::Delete, Loss::Expire] {
        let mut live = Client::begin(&b).await;
        for topic in [&a, &b, &a] {
            assert!(used.insert(topic.publish("before").await.unwrap()), "an id is used again");
            assert_eq!(live.next().await, "before");
        }
        let lost = live.last.unwrap();
        loss.happen(&server);
        // The connections stay, so they are no reason to begin an epoch.
        for topic in [&a, &b] {
            assert!(
                used.insert(topic.publish(format!("after {loss:?}")).await.unwrap()),
                "an id is used again"
            );
        }
        for seen in [None, Some(lost)] {
            let mut client = match seen {
                None => live,
                Some(lost) => Client::open(&process(&server).await.topic(TOPIC), lost).await,
            };
            let told = client.next().await;
            assert!(told.starts_with("gap"), "{loss:?}: {told}");
            assert_eq!(client.next().await, format!("after {loss:?}"));
            assert_eq!(client.next().await, format!("after {loss:?}"));
            if seen.is_some() {
                break;
            }
            live = client;
        }
    }
}

/// The clients get a reset, and Redis comes back with a state from before it.
#[tokio::test]
async fn case_21_an_older_state_after_a_log_that_is_gone() {
    for loss in [Loss::FlushAll, Loss::Delete, Loss::Expire] {
        let Some(mut server) = Server::start(Saved) else { return };
        let first = process(&server).await;
        let seen = publish(&first.topic(TOPIC), 1..=3).await;
        // From now on, no process knows what was there.
        drop(first);
        server.save();
        loss.happen(&server);
        let topic = process(&server).await.topic(TOPIC);
        let mut live = Client::open(&topic, seen).await;
        assert_eq!(live.next().await, gap("reset", None), "{loss:?}");
        let told = live.last.unwrap();
        server.kill();
        server.run();
        let mut back = Client::open(&process(&server).await.topic(TOPIC), told).await;
        publish_again(&topic, 4).await;
        for client in [&mut live, &mut back] {
            assert_eq!(client.next().await, gap("reset", None), "{loss:?}: Redis was restarted");
            client.expect(4..=4).await;
        }
    }
}

/// Clients that have seen no event yet get a gap after a loss, even if nobody knows what was there.
#[tokio::test]
async fn case_21_a_client_at_the_begin_of_a_log_that_is_gone() {
    for loss in [Loss::FlushAll, Loss::Delete, Loss::Expire] {
        let Some(server) = Server::start(Saved) else { return };
        let first = process(&server).await;
        let begin = Client::begin(&first.topic(TOPIC)).await.last.unwrap();
        publish(&first.topic(TOPIC), 1..=1).await;
        drop(first);
        loss.happen(&server);
        publish(&process(&server).await.topic(TOPIC), 2..=3).await;
        let mut client = Client::open(&process(&server).await.topic(TOPIC), begin).await;
        assert_eq!(client.next().await, gap("reset", None), "{loss:?}");
        client.expect(2..=3).await;
    }
}

/// The same where Redis comes back empty, and the client is connected. It need not wait for an event.
#[tokio::test]
async fn case_21_a_restart_is_told_at_the_begin_of_a_topic() {
    let Some(mut server) = Server::start(Saved) else { return };
    let topic = process(&server).await.topic(TOPIC);
    let mut live = Client::begin(&topic).await;
    server.kill();
    server.run();
    assert_eq!(live.next().await, gap("reset", None));
    let told = live.last.unwrap();
    publish_again(&topic, 1).await;
    live.expect(1..=1).await;
    Client::open(&process(&server).await.topic(TOPIC), told).await.expect(1..=1).await;
}

/// A log that was made again with lower ids, by a Redis whose clock is late: `XREAD` waits for higher ones.
#[tokio::test]
async fn case_21_a_log_that_was_made_anew_with_lower_ids() {
    let Some(server) = Server::start(Saved) else { return };
    let a = process(&server).await.topic(TOPIC);
    let mut live = Client::begin(&a).await;
    let seen = publish(&a, 1..=2).await;
    live.expect(1..=2).await;
    let low = Position::epoch_of(TOPIC, 7);
    server.command(&["DEL", KEY]);
    server.command(&["XADD", KEY, &format!("{low}-0"), "begin", "0-0", "nonce", "x"]);
    server.command(&["XADD", KEY, &format!("{low}-*"), "data", "3", "nonce", "x"]);
    // The process knows higher ids, and begins an epoch above them. The lower entries are part of the gap.
    assert_eq!(live.next().await, gap("reset", None));
    let mut back = Client::open(&process(&server).await.topic(TOPIC), seen).await;
    assert_eq!(back.next().await, gap("reset", None));
    let next = a.publish("4").await.unwrap();
    assert!(next.epoch() > seen.epoch());
    live.expect(4..=4).await;
    back.expect(4..=4).await;
}

#[tokio::test]
async fn case_22_a_log_that_is_trimmed_faster_than_it_is_read() {
    let Some(server) = Server::start(Saved) else { return };
    let a = process(&server).await.topic(TOPIC);
    let mut live = Client::begin(&a).await;
    let mut latest = Client::new(a.subscriber().on_gap(OnGap::Latest).open().await.unwrap());
    assert_eq!(latest.next().await, "ready");
    let last = publish(&a, 1..=1).await;
    live.expect(1..=1).await;
    latest.expect(1..=1).await;
    // Redis wakes blocked readers after the script: 7 of 10 events are gone by then.
    let script = "for n = 2, 11 do redis.call('XADD', KEYS[1], ARGV[1] .. '-*', 'data', n, 'nonce', 'x') end \
                  return redis.call('XTRIM', KEYS[1], 'MAXLEN', 3)";
    server.command(&["EVAL", script, "1", KEY, &last.epoch().to_string()]);
    let told = live.next().await;
    assert!(told.starts_with("gap") && told.contains(r#""missed":7"#), "{told}");
    live.expect(9..=11).await;
    let told = latest.next().await;
    assert!(told.starts_with("gap") && told.contains(r#""missed":10"#), "{told}");
    publish(&a, 12..=12).await;
    live.expect(12..=12).await;
    latest.expect(12..=12).await;
    // A client that comes back gets the same.
    let mut back = Client::open(&process(&server).await.topic(TOPIC), last).await;
    assert_eq!(back.next().await, gap("trimmed", 7));
    back.expect(9..=12).await;
}

/// Entries that someone deletes in the middle are missed as well.
#[tokio::test]
async fn case_22_a_hole_in_the_middle() {
    let Some(server) = Server::start(Saved) else { return };
    let a = process(&server).await.topic(TOPIC);
    let seen = publish(&a, 1..=1).await;
    publish(&a, 2..=9).await;
    let id = |seq| format!("{}-{seq}", seen.epoch());
    server.command(&["XDEL", KEY, &id(4), &id(5)]);
    let b = process(&server).await.topic(TOPIC);
    let mut client = Client::open(&b, seen).await;
    client.expect(2..=3).await;
    let told = client.next().await;
    assert!(told.starts_with("gap") && told.contains(r#""missed":2"#), "{told}");
    client.expect(6..=9).await;
}
