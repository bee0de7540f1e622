//! Cases 1 to 9: the request, and how its answer is classified.

use sse_client::{End, EventId, Head, Policy, Reconnect, Refusal, Stop};

use super::{Client, delay, event_stream, refused, stop};

#[test]
fn case_01_the_request_says_what_it_wants() {
    let mut client = Client::new(Policy::feed());
    let first = client.open();
    let fields: Vec<_> = first.header_fields().collect();
    assert_eq!(fields, [("accept", "text/event-stream"), ("cache-control", "no-cache")]);

    client.receive("id: 7\ndata: x\n\n");
    client.close(End::Ended);
    let second = client.connect();
    let fields: Vec<_> = second.header_fields().collect();
    let all = [("accept", "text/event-stream"), ("cache-control", "no-cache"), ("last-event-id", "7")];
    assert_eq!(fields, all);
    assert_eq!((first.number(), second.number()), (1, 2));
    assert_eq!((first.previous(), second.previous()), (None, Some(End::Ended)));
}

#[test]
fn case_02_an_event_stream_opens() {
    for content_type in [
        "text/event-stream",
        "TEXT/Event-Stream",
        "text/event-stream;",
        "text/event-stream ; charset=utf-8",
        "text/event-stream; charset=iso-8859-1",
        " text/event-stream\t",
    ] {
        let head = Head { content_type: Some(content_type.as_bytes()), ..Head::new(200) };
        assert_eq!(head.check(), Ok(()), "{content_type}");
    }
}

#[test]
fn case_03_another_content_type_is_final() {
    for content_type in
        [None, Some("application/json"), Some("text/event-stream2"), Some("text/event"), Some("")]
    {
        let head = Head { content_type: content_type.map(str::as_bytes), ..Head::new(200) };
        assert_eq!(head.check(), Err(Refusal::ContentType), "{content_type:?}");
        assert_eq!(stop(Client::new(Policy::feed()).answer(&head)), Stop::Failed, "{content_type:?}");
    }
}

#[test]
fn case_04_another_2xx_is_final_and_204_is_a_clean_end() {
    for status in [201, 202, 203, 205, 206] {
        assert_eq!(refused(status), Refusal::Status(status));
        assert_eq!(stop(answer(Policy::feed(), status)), Stop::Failed, "{status}");
    }
    assert_eq!(stop(answer(Policy::feed(), 204)), Stop::NoContent);
}

#[test]
fn case_05_what_may_pass_is_tried_again() {
    let passing = [408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529];
    for status in 100..=599 {
        assert_eq!(
            matches!(Head::new(status).check(), Err(Refusal::Unavailable(_))),
            passing.contains(&status),
            "{status}"
        );
    }
    for status in passing {
        delay(answer(Policy::feed(), status));
        assert_eq!(stop(answer(Policy::browser(), status)), Stop::Failed, "{status}");
        assert_eq!(stop(answer(Policy::never(), status)), Stop::Failed, "{status}");
    }
}

#[test]
fn case_06_unauthorized_is_final_or_tried_once() {
    for status in [401, 403] {
        assert_eq!(stop(answer(Policy::feed(), status)), Stop::Failed);

        let mut client = Client::new(Policy::feed().unauthorized_once());
        let unauthorized = Head::new(status);
        delay(client.answer(&unauthorized));
        let attempt = client.connect();
        assert_eq!(attempt.previous(), Some(End::Refused(Refusal::Unauthorized(status))));
        // The client sees the reason, and has a new token.
        client.reconnect.opened(&event_stream(), client.now).unwrap();
        delay(client.close(End::Ended));
        delay(client.answer(&unauthorized));
        assert_eq!(stop(client.answer(&unauthorized)), Stop::Failed);
    }
}

#[test]
fn case_07_other_statuses_are_final() {
    for status in [400, 402, 404, 405, 410, 418, 422, 501, 505, 507, 599] {
        assert_eq!(refused(status), Refusal::Status(status));
        assert_eq!(stop(answer(Policy::feed(), status)), Stop::Failed, "{status}");
    }
}

#[test]
fn case_08_a_redirect_that_arrives_is_final() {
    for status in [300, 301, 302, 303, 304, 307, 308] {
        assert_eq!(refused(status), Refusal::Redirect(status));
        assert_eq!(stop(answer(Policy::feed(), status)), Stop::Failed, "{status}");
    }
}

#[test]
fn case_09_a_content_encoding_is_final() {
    for (encoding, result) in [
        ("gzip", Err(Refusal::ContentEncoding)),
        ("br", Err(Refusal::ContentEncoding)),
        ("Identity", Ok(())),
        ("", Ok(())),
    ] {
        let head = Head { content_encoding: Some(encoding.as_bytes()), ..event_stream() };
        assert_eq!(head.check(), result, "{encoding}");
    }
    let gzip = Head { content_encoding: Some(b"gzip"), ..event_stream() };
    assert_eq!(stop(Client::new(Policy::feed()).answer(&gzip)), Stop::Failed);
}

#[test]
fn case_26_an_id_from_an_earlier_run_is_sent_at_once() {
    let id = EventId::from(41_u64);
    let mut client = Client::of(Reconnect::with_last_event_id(Policy::feed(), id));
    assert_eq!(client.open().last_event_id().unwrap(), "41");
    client.receive("data: without an id\n\n");
    client.close(End::Broken);
    assert_eq!(client.open().last_event_id().unwrap(), "41");
    client.receive("id: 42\ndata: x\n\n");
    client.close(End::Broken);
    assert_eq!(client.open().last_event_id().unwrap(), "42");
}

#[test]
fn case_31_after_a_silence_another_connection_is_better() {
    let mut client = Client::new(Policy::feed());
    for (end, wants) in [(End::Idle, true), (End::NoHead, true), (End::Ended, false), (End::Broken, false)] {
        client.open();
        client.close(end);
        assert_eq!(client.connect().wants_new_connection(), wants, "{end:?}");
    }
}

fn answer(policy: Policy, status: u16) -> sse_client::Next {
    Client::new(policy).answer(&Head { status, ..event_stream() })
}
