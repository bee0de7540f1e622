//! Cases 13 to 22: how long it waits, and how often it connects.

use std::time::{Duration, SystemTime};

use futures_util::{StreamExt, future::join_all};
use http::Response;
use sse_client::{Policy, Update};
use sse_conformance::scripts::memory::{Answer, Step, status, stream, text};
use tokio::time::Instant;

use super::{Server, events, ms, secs, source};

/// The number of attempts in the first 30 s, if all get this answer.
async fn connections(answer: impl Fn() -> Answer) -> usize {
    let server = Server::new((0..100).map(|_| answer()));
    let mut events = events(&server, Policy::feed());
    let all = async { while events.next().await.is_some() {} };
    tokio::time::timeout(secs(30), all).await.unwrap_err();
    server.attempts().len()
}

#[tokio::test(start_paused = true)]
async fn case_19_a_server_that_opens_and_closes_is_not_hammered() {
    for _ in 0..100 {
        let silent = connections(|| text("")).await;
        assert!(silent <= 8, "{silent}");
        let event_and_break = connections(|| stream([Step::data("data: x\n\n"), Step::Break])).await;
        assert!(event_and_break <= 8, "{event_and_break}");
        let break_after_1_s =
            connections(|| stream([Step::data("data: x\n\n"), Step::Sleep(secs(1)), Step::Break])).await;
        assert!(break_after_1_s <= 8, "{break_after_1_s}");
        for retry in ["retry: 0\n\n", "retry: 5\n\n"] {
            let at_once = connections(|| text(retry)).await;
            assert!(at_once <= 8, "{at_once}");
            let event = format!("{retry}data: x\n\n");
            let event_and_break = connections(|| stream([Step::data(&event), Step::Break])).await;
            assert!(event_and_break <= 8, "{event_and_break}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn case_13_the_waits_of_1000_clients_are_spread() {
    let first_wait = async || {
        let server = Server::new([status(503), status(204)]);
        assert!(events(&server, Policy::feed()).next().await.is_none());
        server.gaps()[0]
    };
    let waits = join_all((0..1_000).map(|_| first_wait())).await;
    are_spread(&waits, ms(500), ms(1_000));
}

#[tokio::test(start_paused = true)]
async fn case_14_the_waits_of_1000_clients_are_spread_above_what_the_server_asks() {
    for (retry, least) in
        [(0_u64, ms(200)), (5, ms(200)), (2_000, ms(2_000)), (1_000_000_000_000, secs(3_600))]
    {
        let first_wait = async || {
            let server = Server::new([text(&format!("retry: {retry}\n\n")), status(204)]);
            assert!(events(&server, Policy::feed()).next().await.is_none());
            server.gaps()[0]
        };
        let waits = join_all((0..1_000).map(|_| first_wait())).await;
        assert!(waits.iter().all(|&wait| wait >= least), "{retry}: {waits:?}");
        are_spread(&waits, least, least + least / 10);
    }
}

/// Asserts that 1,000 waits are spread evenly from `least` to `most`.
fn are_spread(waits: &[Duration], least: Duration, most: Duration) {
    // Timers are exact to a millisecond.
    let bounds = least - ms(1)..=most + ms(2);
    assert!(waits.iter().all(|wait| bounds.contains(wait)), "{waits:?}");
    // The narrowest bounds are 20 ms apart.
    let fifth = (most - least) / 5;
    for number in 0..5 {
        let from = least + fifth * number;
        let within = waits.iter().filter(|&&wait| wait >= from && wait < from + fifth).count();
        assert!(within > 100, "{within} of 1000 between {from:?} and {fifth:?} later");
    }
}

#[tokio::test(start_paused = true)]
async fn case_15_a_wait_that_was_cut_is_told() {
    let server = Server::new([text("retry: 1000000000000\n\n"), status(204)]);
    let mut updates = source(server.connect(), Policy::feed()).updates();
    let mut told = None;
    while let Some(update) = updates.next().await {
        if let Update::Waiting { wait, .. } = update.unwrap() {
            told = wait.cut_from;
        }
    }
    assert_eq!(told, Some(Duration::from_millis(1_000_000_000_000)));
    assert!(server.gaps()[0] >= secs(3_600) && server.gaps()[0] <= secs(3_961), "{:?}", server.gaps());
}

#[tokio::test(start_paused = true)]
async fn case_17_retry_after_in_its_forms() {
    let now = "Sun, 06 Nov 1994 08:49:37 GMT";
    let soon = httpdate::fmt_http_date(SystemTime::now() + secs(100));
    for (headers, from, to) in [
        (&[("retry-after", "7")][..], 7_000, 7_702),
        (&[("retry-after", "1.5")], 1_500, 1_652),
        (&[("retry-after-ms", "2500")], 2_500, 2_752),
        (&[("retry-after-ms", "2500"), ("retry-after", "3")], 2_500, 2_752),
        (&[("retry-after", "Sun, 06 Nov 1994 08:49:49 GMT"), ("date", now)], 12_000, 13_202),
        (&[("retry-after", "Sunday, 06-Nov-94 08:49:49 GMT"), ("date", now)], 12_000, 13_202),
        (&[("retry-after", "Sun Nov  6 08:49:49 1994"), ("date", now)], 12_000, 13_202),
        (&[("retry-after", &soon)], 98_000, 110_002),
        // Invalid values, or a time in the past.
        (&[("retry-after", "Sun, 06 Nov 1994 08:49:07 GMT"), ("date", now)], 500, 1_002),
        (&[("retry-after", "-3")], 500, 1_002),
        (&[("retry-after", "inf")], 500, 1_002),
        (&[("retry-after", "NaN")], 500, 1_002),
        (&[("retry-after", "soon")], 500, 1_002),
        (&[("retry-after-ms", "soon"), ("retry-after", "7")], 7_000, 7_702),
        // At most an hour.
        (&[("retry-after", "18446744073709551615")], 3_600_000, 3_960_002),
        (&[("retry-after", "1e19")], 3_600_000, 3_960_002),
    ] {
        let mut head = Response::builder().status(503);
        for (name, value) in headers {
            head = head.header(*name, *value);
        }
        let server = Server::new([Answer::Head(head, vec![]), status(204)]);
        assert!(events(&server, Policy::feed()).next().await.is_none());
        let wait = server.gaps()[0];
        assert!((ms(from)..=ms(to)).contains(&wait), "{headers:?}: {wait:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn case_18_the_delays_of_the_server_to_the_millisecond() {
    let server = Server::new([text("retry: 1234\ndata: x\n\n"), text("data: x\n\n"), status(204)]);
    let count = events(&server, Policy::feed().spread(0.0)).count().await;
    assert_eq!(count, 2);
    for gap in server.gaps() {
        assert!(gap >= ms(1_234) && gap <= ms(1_236), "{gap:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn case_20_a_healthy_server_that_closes_every_30_s() {
    let server = Server::new((0..20).map(|_| stream([Step::Sleep(secs(30))])).chain([status(204)]));
    let start = Instant::now();
    assert!(events(&server, Policy::feed()).next().await.is_none());
    assert!(start.elapsed() <= secs(20 * 31 + 1), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn case_21_polling() {
    let server = Server::new((0..20).map(|_| text("data: x\n\n")).chain([status(204)]));
    assert_eq!(events(&server, Policy::feed()).count().await, 20);
    assert!(server.gaps().iter().all(|&gap| gap <= ms(1_002)), "{:?}", server.gaps());
}

#[tokio::test(start_paused = true)]
async fn case_23_it_gives_up() {
    let server = Server::new((0..9).map(|_| status(503)));
    let last = super::tell(source(server.connect(), Policy::feed().attempts(3)).updates()).await;
    assert_eq!(last[last.len() - 2..], ["connecting 3", "gave up: 503"]);
    let error =
        events(&Server::new([status(503)]), Policy::feed().attempts(1)).next().await.unwrap().unwrap_err();
    assert_eq!(error.into_response().unwrap().status(), 503);

    let server = Server::new((0..9).map(|_| Answer::Fail("no route")));
    let start = Instant::now();
    let events: Vec<_> = events(&server, Policy::feed().give_up_after(secs(10))).collect().await;
    assert!(events[0].is_err() && start.elapsed() <= secs(10));
}
