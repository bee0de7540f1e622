//! Cases 1 to 10: requests, and answers that are not event streams.

use std::error::Error as _;

use futures_util::StreamExt;
use http::Response;
use http_body_util::BodyExt;
use sse_client::{Error, Failure, Policy, Refusal, Update};
use sse_conformance::scripts::memory::{Answer, Step, status, text};

use super::{Server, events, source, tell};

#[tokio::test(start_paused = true)]
async fn case_01_headers() {
    let server = Server::new([text("id: 4\u{e9}\ndata: x\n\n"), status(204)]);
    events(&server, Policy::feed()).next().await.unwrap().unwrap();
    let mut source = source(server.connect(), Policy::feed()).from_last_event_id(42_u64);
    assert!(source.next().await.is_none());

    let attempts = server.attempts();
    let headers = attempts[0].headers();
    assert_eq!(headers.len(), 2);
    assert_eq!(headers["accept"], "text/event-stream");
    assert_eq!(headers["cache-control"], "no-cache");
    assert_eq!(attempts[1].headers()["last-event-id"], "42");
}

#[tokio::test(start_paused = true)]
async fn case_01_ids_are_sent_as_utf_8() {
    let server = Server::new([text("id: 4\u{e9}\ndata: x\n\n"), status(204)]);
    let events: Vec<_> = events(&server, Policy::feed()).collect().await;
    assert_eq!(events.len(), 1);
    assert_eq!(server.attempts()[1].headers()["last-event-id"].as_bytes(), "4\u{e9}".as_bytes());
}

#[tokio::test(start_paused = true)]
async fn case_03_the_whole_response_is_handed_out() {
    let json = Response::builder().header("content-type", "application/json").header("x-request-id", "7");
    let server =
        Server::new([Answer::Head(json, vec![Step::Pend, Step::data("{\"error\":"), Step::data("1}")])]);
    let error = events(&server, Policy::feed()).next().await.unwrap().unwrap_err();
    assert_eq!(error.status().unwrap(), 200);
    let Error::Failed(Failure::Refused(refused)) = error else { panic!("{error:?}") };
    assert_eq!(refused.reason, Refusal::ContentType);
    assert_eq!(refused.response.headers()["x-request-id"], "7");
    let body = refused.response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "{\"error\":1}");
}

#[tokio::test(start_paused = true)]
async fn case_04_no_content_is_a_clean_end() {
    let server = Server::new([status(204)]);
    assert!(events(&server, Policy::feed()).next().await.is_none());
    let server = Server::new([status(204)]);
    let updates = tell(source(server.connect(), Policy::feed()).updates()).await;
    assert_eq!(updates, ["connecting 1", "NoContent"]);
}

#[tokio::test(start_paused = true)]
async fn case_05_what_may_pass_is_tried_again() {
    let server = Server::new([status(503), status(429), text("data: x\n\n"), status(404)]);
    let updates = tell(source(server.connect(), Policy::feed()).updates()).await;
    let first = ["connecting 1", "waiting: 503", "connecting 2", "waiting: 429"];
    let then = ["connecting 3", "open", "x", "waiting: ended", "connecting 4", "failed: 404"];
    assert_eq!(updates, [&first[..], &then[..]].concat());
}

/// Cases 4 to 8.
#[tokio::test(start_paused = true)]
async fn every_status_ends_it_or_is_tried_again() {
    for code in (201..=599).filter(|code| *code != 204) {
        let server = Server::new([status(code), status(204)]);
        let updates = tell(source(server.connect(), Policy::feed()).updates()).await;
        let expected = match code {
            408 | 425 | 429 | 500 | 502..=504 | 520..=524 | 529 => {
                vec![
                    "connecting 1".into(),
                    format!("waiting: {code}"),
                    "connecting 2".into(),
                    "NoContent".into(),
                ]
            }
            _ => vec!["connecting 1".into(), format!("failed: {code}")],
        };
        assert_eq!(updates, expected, "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn case_06_a_new_token_per_attempt() {
    let server = Server::new([status(401), text("data: x\n\n"), status(204)]);
    let mut connect = server.connect();
    let mut tokens = Vec::new();
    let mut source = source(
        |attempt| {
            let unauthorized = Some(sse_client::End::Refused(Refusal::Unauthorized(401)));
            tokens.push(if attempt.previous() == unauthorized { "fresh" } else { "old" });
            connect(attempt)
        },
        Policy::feed().unauthorized_once(),
    );
    assert_eq!(source.next().await.unwrap().unwrap().data(), "x");
    assert!(source.next().await.is_none());
    drop(source);
    assert_eq!(tokens, ["old", "fresh", "old"]);
}

#[tokio::test(start_paused = true)]
async fn case_08_a_redirect_is_handed_out() {
    let head = Response::builder().status(307).header("location", "/elsewhere");
    let server = Server::new([Answer::Head(head, vec![])]);
    let error = events(&server, Policy::feed()).next().await.unwrap().unwrap_err();
    assert_eq!(error.into_response().unwrap().headers()["location"], "/elsewhere");
}

#[tokio::test(start_paused = true)]
async fn case_09_compression_is_an_error() {
    let head =
        Response::builder().header("content-type", "text/event-stream").header("content-encoding", "gzip");
    let server = Server::new([Answer::Head(head, vec![])]);
    let error = events(&server, Policy::feed()).next().await.unwrap().unwrap_err();
    assert!(error.to_string().contains("compressed"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn case_10_a_request_that_fails_is_made_again() {
    let server =
        Server::new([Answer::Fail("no route"), Answer::Fail("refused"), text("data: x\n\n"), status(204)]);
    let updates = tell(source(server.connect(), Policy::feed()).updates()).await;
    let first = ["connecting 1", "waiting: no route", "connecting 2", "waiting: refused"];
    assert_eq!(updates[..4], first);

    let server = Server::new([Answer::Fail("no route"), Answer::Fail("bad name"), text("data: x\n\n")]);
    let source = source(server.connect(), Policy::feed()).retry_when(|error| error.to_string() != "bad name");
    let updates = tell(source.updates()).await;
    assert_eq!(updates, ["connecting 1", "waiting: no route", "connecting 2", "failed: bad name"]);
}

#[tokio::test(start_paused = true)]
async fn errors_have_sources() {
    let server = Server::new([Answer::Fail("no route")]);
    let error = events(&server, Policy::feed().fail_fast()).next().await.unwrap().unwrap_err();
    let failure = error.source().unwrap();
    assert_eq!(failure.source().unwrap().to_string(), "no route");
    assert!(error.to_string().ends_with("no route"), "{error}");

    let server = Server::new([text("data: x\n\n")]);
    let mut updates = source(server.connect(), Policy::feed()).updates();
    while let Some(update) = updates.next().await {
        if let Update::Waiting { failure, .. } = update.unwrap() {
            assert!(failure.source().is_none());
            break;
        }
    }
}
