//! The maximum age of a response, under paused time.

use std::{collections::HashSet, time::Duration};

use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use sse_conformance::{
    http::{BOTH, Server, frame, frames, get, soon},
    responses::{hook, numbered, numbered_text, open_stream},
};
use sse_hyper::{CloseReason, Event, Sse};
use tokio::time::{Instant, timeout};

const AGE: Duration = Duration::from_secs(60 * 60);

/// The age at which a silent response ends. Checks the close reason.
async fn age_of(sse: Sse<stream::Pending<Event>>) -> Duration {
    let (on_close, closed) = hook();
    let start = Instant::now();
    let body = sse.no_keep_alive().on_close(on_close).into_body();
    let collected = timeout(100 * AGE, body.collect()).await.expect("it never ends");
    assert!(collected.unwrap().to_bytes().is_empty());
    assert!(matches!(soon(closed).await.unwrap().reason(), CloseReason::MaxAge));
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn it_ends_a_silent_response_within_the_spread() {
    let sse = || Sse::new(stream::pending::<Event>()).max_age(AGE);
    // Timers round to whole milliseconds.
    let rounding = Duration::from_millis(2);
    for (spread, sse) in [
        (AGE / 10, (&|| sse()) as &dyn Fn() -> _),
        (AGE / 2, &|| sse().max_age_spread(AGE / 2)),
        (AGE, &|| sse().max_age_spread(10 * AGE)),
    ] {
        let mut ages = Vec::new();
        for _ in 0..200 {
            ages.push(age_of(sse()).await);
        }
        assert!(ages.iter().all(|age| (AGE - spread..AGE + rounding).contains(age)), "{ages:?}");
        let (third, different) = (spread / 3, ages.iter().collect::<HashSet<_>>().len());
        assert!(different > 150, "{different} different of 200");
        assert!(ages.iter().any(|&age| age < AGE - spread + third), "{ages:?}");
        assert!(ages.iter().any(|&age| age > AGE - third), "{ages:?}");
    }
    for _ in 0..10 {
        let age = age_of(sse().max_age_spread(Duration::ZERO)).await;
        assert!((AGE..AGE + rounding).contains(&age), "{age:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_ends_a_response_that_is_never_silent() {
    let (on_close, closed) = hook();
    let ticks = stream::iter(numbered(1_000_000)).then(|event| async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        event
    });
    let sse = Sse::new(ticks).max_age(AGE).max_age_spread(Duration::ZERO).farewell(Event::new("not this"));
    let text = frames(sse.on_close(on_close).into_body()).await.concat();
    let closed = soon(closed).await.unwrap();
    assert!(matches!(closed.reason(), CloseReason::MaxAge));
    assert!((3_595..=3_600).contains(&closed.events()), "{}", closed.events());
    assert_eq!(text, numbered_text(closed.events()));

    let ready = stream::repeat_with(|| Event::new("again"));
    let mut body = Box::pin(Sse::new(ready).max_age(AGE).into_body());
    frame(&mut body).await.unwrap();
    tokio::time::advance(AGE).await;
    // The event that did not fit into the previous frame.
    assert_eq!(frame(&mut body).await.unwrap(), "data: again\n\n");
    assert_eq!(frame(&mut body).await, None);
}

#[tokio::test(start_paused = true)]
async fn zero_and_beyond_the_end_of_time_are_off() {
    for age in [Duration::ZERO, Duration::MAX] {
        let sse = Sse::new(stream::pending::<Event>()).max_age(age).max_age_spread(Duration::ZERO);
        let mut body = Box::pin(sse.into_body());
        for _ in 0..100 {
            assert_eq!(frame(&mut body).await.unwrap(), ":keep-alive\n\n");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_real_sockets() {
    let server =
        Server::start(|_| Sse::new(open_stream()).max_age(Duration::from_millis(50)).into_http_response())
            .await;
    for http in BOTH {
        let (text, end) = get(server.addr, http).await.rest().await;
        end.unwrap();
        assert_eq!(text, numbered_text(1));
    }
    soon(server.shutdown()).await;
}
