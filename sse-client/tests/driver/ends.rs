//! Cases 11, 12, 15, 24, 25, 27, 28, 33, 36 to 38: the events of a body, and its end.

use futures_util::{FutureExt, StreamExt, stream::FusedStream};
use sse_client::{Ending, Error, Failure, Limits, Oversized, Policy, Update};
use sse_conformance::scripts::memory::{Step, status, stream, text};
use tokio::time::Instant;

use super::{Server, events, ms, source, tell};

#[tokio::test(start_paused = true)]
async fn case_11_the_events_before_a_break_come_first() {
    let server = Server::new([
        stream([Step::data("id: 1\ndata: a\n\ndata: b\n\nid: 9\ndata: c"), Step::Break]),
        text("data: d\n\n"),
        status(204),
    ]);
    let updates = tell(source(server.connect(), Policy::feed()).updates()).await;
    let first = ["connecting 1", "open", "a", "id 1", "b", "waiting: broken"];
    let then = ["connecting 2", "open", "d", "waiting: ended", "connecting 3", "NoContent"];
    assert_eq!(updates, [&first[..], &then[..]].concat());
    assert_eq!(server.attempts()[1].last_event_id().unwrap(), "1");
}

#[tokio::test(start_paused = true)]
async fn case_12_a_clean_end_is_waited_for_too() {
    let server = Server::new([text("data: a\n\nid: 9\ndata: cut"), text("data: b\n\n"), status(204)]);
    let events: Vec<_> = events(&server, Policy::feed()).map(Result::unwrap).collect().await;
    assert_eq!(events, ["a", "b"]);
    assert_eq!(server.attempts()[1].last_event_id(), None);
}

#[tokio::test(start_paused = true)]
async fn case_24_an_id_without_an_event_is_told() {
    let server = Server::new([text("id: 1\n\nid: 2\ndata: x\n\n: c\n\nid: 3\n\n"), status(204)]);
    let updates = tell(source(server.connect(), Policy::feed()).updates()).await;
    assert_eq!(updates[2..6], ["x", "id 2", ": c", "id 3"]);
    assert_eq!(server.attempts()[1].last_event_id().unwrap(), "3");
}

#[tokio::test(start_paused = true)]
async fn case_24_only_what_was_yielded_counts() {
    let server = Server::new([text("id: 1\ndata: a\n\nid: 2\ndata: b\n\n"), status(204)]);
    let mut source = source(server.connect(), Policy::feed());
    source.next().await.unwrap().unwrap();
    assert_eq!(source.last_event_id(), "1");
    // The second event has arrived, but was not yielded.
    source.handle().reconnect();
    assert!(source.next().await.is_none());
    assert_eq!(server.attempts()[1].last_event_id().unwrap(), "1");
}

#[tokio::test(start_paused = true)]
async fn case_25_an_id_that_cannot_be_sent_is_told_once() {
    let server = Server::new([text("id: 1\u{1}\ndata: a\n\ndata: b\n\n"), text("data: c\n\n"), status(204)]);
    let updates = tell(source(server.connect(), Policy::feed()).updates()).await;
    assert_eq!(updates.iter().filter(|update| update.ends_with("not sent")).count(), 1, "{updates:?}");
    assert!(server.attempts().iter().all(|attempt| !attempt.headers().contains_key("last-event-id")));
}

fn done() -> impl FnMut(&sse_client::Event) -> bool + Send + 'static {
    |event| event.data() == "[DONE]"
}

#[tokio::test(start_paused = true)]
async fn case_27_the_last_event_is_yielded_and_the_body_read_to_its_end() {
    let steps =
        [Step::data("data: a\n\ndata: [DONE]\n\ndata: more\n\n"), Step::Sleep(ms(49)), Step::data(":\n")];
    let server = Server::new([stream(steps)]);
    let updates = tell(source(server.connect(), Policy::feed()).ends_with(done()).updates()).await;
    assert_eq!(updates, ["connecting 1", "open", "a", "[DONE]", "Matched"]);
    assert_eq!((server.ends(), server.alive()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn case_27_it_is_not_drained_for_long() {
    let silent = stream([Step::data("data: [DONE]\n\n"), Step::Hang]);
    let broken = stream([Step::data("data: [DONE]\n\n"), Step::Break]);
    let kilobyte = Step::data(&"x".repeat(1_024));
    let endless = stream([vec![Step::data("data: [DONE]\n\n")], vec![kilobyte; 1_000]].concat());
    for (answer, time, polls) in [(silent, 50..52, 3), (broken, 0..1, 2), (endless, 0..1, 18)] {
        let server = Server::new([answer]);
        let mut source = source(server.connect(), Policy::feed()).ends_with(done());
        assert_eq!(source.next().await.unwrap().unwrap().data(), "[DONE]");
        let start = Instant::now();
        assert!(source.next().await.is_none());
        assert!(time.contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
        assert!(server.polls() <= polls, "{}", server.polls());
        assert_eq!((server.ends(), server.alive()), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn case_28_without_its_last_event_it_is_truncated() {
    for policy in [Policy::never(), Policy::until_first_event()] {
        let server = Server::new([text("data: a\n\n")]);
        let updates = tell(source(server.connect(), policy).ends_with(done()).updates()).await;
        assert_eq!(updates, ["connecting 1", "open", "a", "truncated: ended"]);
    }
    // The order of the settings does not matter.
    let server = Server::new([text("data: a\n\n")]);
    let source = super::EventSource::new(server.connect()).ends_with(done()).policy(Policy::never());
    assert_eq!(tell(source.updates()).await.last().unwrap(), "truncated: ended");
    // A feed reconnects.
    let server = Server::new([text("data: a\n\n"), text("data: [DONE]\n\n")]);
    let updates = tell(super::source(server.connect(), Policy::feed()).ends_with(done()).updates()).await;
    assert_eq!(updates.last().unwrap(), "Matched");
}

#[tokio::test(start_paused = true)]
async fn case_33_what_is_too_large_is_skipped_or_final() {
    let large = || {
        stream([Step::data("id: 1\ndata: a\n\nid: 2\ndata: larger than"), Step::data(" 20\n\ndata: b\n\n")])
    };
    let policy = Policy::feed().limits(Limits::new().with_event(20));
    let server = Server::new([large(), status(204)]);
    let updates = tell(source(server.connect(), policy.clone()).updates()).await;
    assert_eq!(updates[2..7], ["a", "id 1", "skipped EventTooLarge", "id 2", "b"]);
    assert_eq!(server.attempts()[1].last_event_id().unwrap(), "2");

    let server = Server::new([large()]);
    let mut events = events(&server, policy.oversized(Oversized::Stop));
    assert_eq!(events.next().await.unwrap().unwrap(), "a");
    let error = events.next().await.unwrap().unwrap_err();
    assert!(matches!(error, Error::TooLarge(_)), "{error:?}");
    assert!(events.next().await.is_none());
    assert_eq!(server.alive(), 0);
}

/// A server that sends the same event on each connection, and ignores the last event ID.
#[tokio::test(start_paused = true)]
async fn case_33_what_is_too_large_does_not_make_it_hurry() {
    for end in [vec![], vec![Step::Break]] {
        let large =
            || stream([vec![Step::data("id: 2\ndata: larger than 20 bytes\n\n")], end.clone()].concat());
        let server = Server::new((0..20).map(|_| large()).chain([status(204)]));
        let policy = Policy::feed().limits(Limits::new().with_event(20));
        let updates = tell(source(server.connect(), policy).updates()).await;
        let skipped = updates.iter().filter(|update| *update == "skipped EventTooLarge");
        assert_eq!(skipped.count(), 20, "{updates:?}");
        // Each request after the first reports the event as seen.
        let ids: Vec<_> = server
            .attempts()
            .iter()
            .map(|attempt| attempt.last_event_id().map(ToString::to_string))
            .collect();
        assert_eq!(ids[0], None);
        assert!(ids[1..].iter().all(|id| id.as_deref() == Some("2")), "{ids:?}");
        assert!(server.gaps().iter().all(|gap| *gap >= ms(500)), "{:?}", server.gaps());
    }
}

#[tokio::test(start_paused = true)]
async fn case_36_the_body_is_not_polled_for_a_slow_consumer() {
    let server =
        Server::new([stream([Step::data("data: 1\n\ndata: 2\n\ndata: 3\n\n"), Step::data("data: 4\n\n")])]);
    let mut events = events(&server, Policy::feed());
    for polls in [1, 1, 1, 2] {
        events.next().await.unwrap().unwrap();
        tokio::time::sleep(super::secs(3_600)).await;
        assert_eq!(server.polls(), polls);
    }
}

#[tokio::test(start_paused = true)]
async fn case_37_after_the_end_there_is_nothing() {
    for answer in [status(204), status(404), text("")] {
        let server = Server::new([answer]);
        let mut source = source(server.connect(), Policy::never());
        while source.next().await.is_some() {}
        assert!(source.is_terminated());
        for _ in 0..3 {
            assert!(source.next().now_or_never().unwrap().is_none());
        }
        assert_eq!((server.attempts().len(), server.alive()), (1, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn case_38_the_unfinished_event_is_yielded_if_asked_for() {
    let cut = || text("data: a\n\nid: 7\ndata: [DONE]\n");
    let updates = async |wants, ends| {
        let server = Server::new([cut(), status(204)]);
        let source = source(server.connect(), Policy::feed());
        let source = if wants { source.unfinished() } else { source };
        tell(if ends { source.ends_with(done()) } else { source }.updates()).await
    };
    let end = ["waiting: ended", "connecting 2", "NoContent"];
    let start = ["connecting 1", "open", "a"];
    assert_eq!(updates(false, false).await, [&start[..], &end[..]].concat());
    assert_eq!(updates(true, false).await, [&start[..], &["[DONE]", "id 7"], &end[..]].concat());
    assert_eq!(updates(true, true).await, [&start[..], &["[DONE]", "id 7", "Matched"]].concat());
    // Not if the connection breaks: the event may lack any part.
    let server = Server::new([stream([Step::data("data: half of"), Step::Break]), status(204)]);
    let source = source(server.connect(), Policy::feed()).unfinished();
    assert_eq!(source.count().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_ends_is_whole_or_truncated() {
    let server = Server::new([text("data: a\n\n")]);
    let mut updates = source(server.connect(), Policy::never()).updates();
    let mut last = None;
    while let Some(update) = updates.next().await {
        last = Some(update.unwrap());
    }
    assert!(matches!(last, Some(Update::Ended(Ending::Stream))));
    assert!(updates.is_terminated());

    let server = Server::new([stream([Step::data("data: a\n\n"), Step::Break])]);
    let events: Vec<_> = events(&server, Policy::until_first_event()).collect().await;
    assert!(matches!(events[1], Err(Error::Truncated(Failure::Broken(_)))));
}

/// In every chunking, with pending polls in between, and with trailers.
#[tokio::test(start_paused = true)]
async fn chunks_may_be_cut_anywhere() {
    const STREAM: &str =
        "\u{FEFF}id: 1\r\ndata: \u{e9}\rdata: b\n\n: c\nretry: 200\n\nid: 2\r\n\r\ndata: c\n\n";
    // An id without data is reported before the next event only if it is read alone.
    let expected = (vec!["id 1", "id 2"], vec!["connecting 1", "open", "\u{e9}\nb", ": c", "c", "Stream"]);
    let cuts: Vec<Vec<&[u8]>> = (0..STREAM.len())
        .map(|at| vec![&STREAM.as_bytes()[..at], &STREAM.as_bytes()[at..]])
        .chain([STREAM.as_bytes().chunks(1).collect()])
        .collect();
    for chunks in cuts {
        let steps = chunks
            .iter()
            .flat_map(|chunk| [Step::Pend, Step::Data(bytes::Bytes::copy_from_slice(chunk))])
            .chain([Step::Pend, Step::Trailers]);
        let server = Server::new([stream(steps)]);
        let updates = tell(source(server.connect(), Policy::never()).updates()).await;
        let updates = updates.iter().map(String::as_str).partition(|update| update.starts_with("id"));
        assert_eq!(updates, expected, "{chunks:?}");
    }
}
