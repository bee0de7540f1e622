//! The headers and queries of requests, including invalid bytes.

use futures_util::stream;
use http::{
    HeaderMap, HeaderValue, Request,
    header::{ACCEPT, CONTENT_TYPE},
};
use http_body_util::Empty;
use sse_conformance::{
    http::{Http, RawAnswer, Server, get_with, try_get_with},
    responses::numbered,
};
use sse_hyper::{
    Accepts, Event, EventId, LAST_EVENT_ID, LastEventIdError, Preferred, Sse, accepts_event_stream,
    is_event_stream, last_event_id, last_event_id_header, last_event_id_or_query,
};

fn read(value: &[u8]) -> Result<Option<EventId>, LastEventIdError> {
    let mut headers = HeaderMap::new();
    headers.insert(LAST_EVENT_ID, HeaderValue::from_bytes(value).unwrap());
    last_event_id(&headers)
}

#[test]
fn last_event_ids_that_are_fine() {
    assert_eq!(last_event_id(&HeaderMap::new()), Ok(None));
    assert_eq!(read(b""), Ok(None));
    let longest = "7".repeat(EventId::MAX_LEN);
    for id in ["42", "two words", "a\tb", "caf\u{e9} \u{2713} \u{1f600}", "\u{2028}\u{85}", "%20", &longest] {
        assert_eq!(read(id.as_bytes()).unwrap().unwrap(), id);
    }
}

#[test]
fn last_event_ids_that_are_not() {
    assert_eq!(read(b"\xFF"), Err(LastEventIdError::NotUtf8 { at: 0 }));
    assert_eq!(read(b"ab\xE2\x82"), Err(LastEventIdError::NotUtf8 { at: 2 }));
    assert_eq!(read(b"\xED\xA0\x80"), Err(LastEventIdError::NotUtf8 { at: 0 }));
    assert_eq!(
        read(&[b'7'; EventId::MAX_LEN + 1]),
        Err(LastEventIdError::TooLong { len: EventId::MAX_LEN + 1 })
    );
    assert_eq!(read(&[0xFF; 65_536]), Err(LastEventIdError::TooLong { len: 65_536 }));

    let mut twice = HeaderMap::new();
    twice.append(LAST_EVENT_ID, HeaderValue::from_static("1"));
    twice.append(LAST_EVENT_ID, HeaderValue::from_static("1"));
    assert_eq!(last_event_id(&twice), Err(LastEventIdError::Repeated));
}

#[test]
fn every_error_says_what_to_do() {
    let errors = [
        LastEventIdError::Repeated,
        LastEventIdError::TooLong { len: 9_999 },
        LastEventIdError::NotUtf8 { at: 3 },
        LastEventIdError::ControlCharacter { at: 3 },
    ];
    for error in errors {
        let text = error.to_string();
        assert!(text.contains("; answer 4") || text.contains("; connect without"), "{text}");
    }
}

#[test]
fn the_way_back_refuses_exactly_what_a_header_cannot_carry() {
    for byte in 1..=0x7F_u8 {
        if matches!(byte, b'\n' | b'\r') {
            continue; // ids cannot contain these
        }
        let id = EventId::lenient(format!("ab{}", char::from(byte))).unwrap();
        let expected = if byte < 0x20 && byte != b'\t' || byte == 0x7F {
            Err(LastEventIdError::ControlCharacter { at: 2 })
        } else {
            Ok(Some(HeaderValue::from_str(id.as_str()).unwrap()))
        };
        assert_eq!(last_event_id_header(&id), expected, "{byte:#x}");
    }
    assert_eq!(last_event_id_header(&EventId::default()), Ok(None));
}

#[test]
fn there_and_back() {
    for id in ["42", "two words", "a\tb", "caf\u{e9} \u{2713}", "\u{85}"] {
        let value = last_event_id_header(&EventId::lenient(id).unwrap()).unwrap().unwrap();
        assert_eq!(read(value.as_bytes()).unwrap().unwrap(), id);
    }
}

#[test]
fn accept_headers() {
    let accepts = |values: &[&str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(ACCEPT, HeaderValue::from_str(value).unwrap());
        }
        accepts_event_stream(&headers)
    };
    for yes in [
        "text/event-stream",
        "Text/Event-Stream",
        "application/json, text/event-stream",
        "application/json,text/event-stream;q=0.1",
        "text/event-stream ; charset=utf-8",
        "text/event-stream;q=0.001",
        "text/event-stream;q=1.000",
        "text/*",
        "*/*",
        "*/*;q=0, text/event-stream",
        "text/*;q=0, text/event-stream;q=0.5",
        "*/*;q=0, text/*",
        "text/event-stream;q=0, text/event-stream",
        "rubbish, */*",
        "text/html, , text/event-stream",
        "text/event-stream;",
        "text/event-stream;\t; q=0.5",
        "text/event-stream;q=0.5;ext=1",
        "text/event-stream;charset=\"UTF\\-8\"",
        "application/x;a=\"b, c;q=0\", text/event-stream",
        "application/x;a=\"\\\", text/html\", text/event-stream",
        "text/event-stream;level=1;q=0, text/event-stream",
        "*/*;q=0.001",
    ] {
        assert!(accepts(&[yes]), "{yes}");
    }
    for no in [
        "",
        "application/json",
        "text/html, application/*",
        "text/event-stream;q=0",
        "text/event-stream; Q=0.000",
        "text/event-stream;charset=utf-8;q=0.0, */*",
        "text/*;q=0, */*",
        "*/*;q=0",
        "*/event-stream",
        "text/event-streams",
        "rubbish",
        "text/event-stream;q=much",
        "text/event-stream;q=1.001",
        "text/event-stream;q=2",
        "text/event-stream;q=.5",
        "text/event-stream;q=0.0000",
        "text/event-stream;q=0.1000",
        "text/event-stream;q=\"1\"",
        "text/event-stream;q = 1",
        "text/ event-stream",
        "text/event-stream;level=1",
        "text/event-stream;level",
        "text/html;a=\", text/event-stream\"",
        "text/html;a=\"unfinished, text/event-stream",
    ] {
        assert!(!accepts(&[no]), "{no}");
    }
    assert!(accepts(&[]));
    assert!(accepts(&["text/html", "text/event-stream"]));
    assert!(!accepts(&["text/html", "*/*;q=0"]));
    let mut odd = HeaderMap::new();
    odd.append(ACCEPT, HeaderValue::from_bytes(b"\xFF\xFE/\xFF, */*").unwrap());
    assert!(accepts_event_stream(&odd));
}

#[test]
fn what_a_client_prefers() {
    use Preferred::{Either, EventStream, Json};

    for (accept, preferred, is_named) in [
        ("*/*", Some(Either), false),
        ("text/event-stream", Some(EventStream), true),
        ("TEXT/*", Some(EventStream), false),
        ("application/json", Some(Json), false),
        ("application/json, text/event-stream", Some(Either), true),
        ("text/event-stream, application/json", Some(Either), true),
        ("application/json;q=0.9, text/event-stream;q=0.91", Some(EventStream), true),
        ("application/json, text/event-stream;q=0.999", Some(Json), true),
        ("application/json, */*;q=0.1", Some(Json), false),
        ("text/event-stream, */*;q=0.1", Some(EventStream), true),
        ("text/event-stream;q=0, */*", Some(Json), false),
        ("application/json;charset=UTF-8, text/event-stream;q=0.5", Some(Json), true),
        ("application/json;version=1, text/event-stream;q=0.5", Some(EventStream), true),
        ("text/html", None, false),
        ("*/*;q=0", None, false),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, accept.parse().unwrap());
        let accepts = Accepts::new(&headers);
        assert_eq!(accepts.preferred(), preferred, "{accept}");
        assert_eq!(accepts.names_event_stream(), is_named, "{accept}");
        assert_eq!(accepts.event_stream(), accepts_event_stream(&headers), "{accept}");
        let has_json = !matches!(accept, "text/event-stream" | "TEXT/*" | "text/html" | "*/*;q=0")
            && !accept.contains("version=1");
        assert_eq!(accepts.json(), has_json, "{accept}");
    }
    let accepts = Accepts::new(&HeaderMap::new());
    assert_eq!((accepts.preferred(), accepts.names_event_stream()), (Some(Either), false));
}

#[test]
fn the_type_of_an_answer() {
    let is = |values: &[&'static [u8]]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(CONTENT_TYPE, HeaderValue::from_bytes(value).unwrap());
        }
        is_event_stream(&headers)
    };
    for yes in [
        "text/event-stream",
        "Text/EVENT-stream",
        "text/event-stream;",
        "text/event-stream ; charset=x",
        " text/event-stream	",
    ] {
        assert!(is(&[yes.as_bytes()]), "{yes}");
    }
    for no in [
        "",
        "text/event-streams",
        "text/plain",
        "text /event-stream",
        ";text/event-stream",
        "text/event-stream, text/event-stream",
    ] {
        assert!(!is(&[no.as_bytes()]), "{no}");
    }
    assert!(!is(&[]));
    assert!(!is(&[b"text/event-stream", b"text/event-stream"]));
    assert!(!is(&[b"text/event-stream\xFF"]));
}

#[test]
fn an_id_in_the_query() {
    let read = |uri: &str| last_event_id_or_query(&HeaderMap::new(), &uri.parse().unwrap(), "last");
    let id = |text: &str| Ok(Some(EventId::lenient(text).unwrap()));
    assert_eq!(read("/events?last=7"), id("7"));
    assert_eq!(read("http://a/events?a=b&last=a+b%2Bc%E2%9C%93&c"), id("a b+c\u{2713}"));
    assert_eq!(read("/events?last=4%FF2"), id("4\u{FFFD}2"));
    for none in ["/events", "/events?", "/events?last", "/events?last=", "/events?Last=7", "/events?xlast=7"]
    {
        assert_eq!(read(none), Ok(None), "{none}");
    }
    assert_eq!(read("/events?last=7&last=7"), Err(LastEventIdError::Repeated));
    assert_eq!(read("/events?last=a%0Ab"), Err(LastEventIdError::ControlCharacter { at: 1 }));
    assert_eq!(read("/events?last=a%00"), Err(LastEventIdError::ControlCharacter { at: 1 }));
    let longest = "7".repeat(EventId::MAX_LEN);
    assert_eq!(read(&format!("/events?last={longest}")), id(&longest));
    let len = EventId::MAX_LEN + 1;
    assert_eq!(read(&format!("/events?last={longest}7")), Err(LastEventIdError::TooLong { len }));

    // The header has precedence, even if it is empty or invalid.
    for (header, expected) in
        [(&b"8"[..], id("8")), (b"", Ok(None)), (b"4\xFF", Err(LastEventIdError::NotUtf8 { at: 1 }))]
    {
        let headers = HeaderMap::from_iter([(LAST_EVENT_ID, HeaderValue::from_bytes(header).unwrap())]);
        assert_eq!(last_event_id_or_query(&headers, &"/events?last=7".parse().unwrap(), "last"), expected);
    }
}

/// A server that sends the id that it read, and then a stream.
async fn telling_server() -> Server {
    Server::start(|request| {
        let told = format!("{:?}", last_event_id(request.headers()));
        Sse::new(stream::iter([Event::new(told)].into_iter().chain(numbered(1)))).into_http_response()
    })
    .await
}

const REST: &str = "id: 0\ndata: event 0\n\n";

#[tokio::test(flavor = "multi_thread")]
async fn odd_bytes_from_a_client_never_break_a_response() {
    let server = telling_server().await;
    let long = vec![b'7'; 65_536];
    let cases: [(&[u8], Option<&str>); 9] = [
        (b"42", Some("Ok(Some(\"42\"))")),
        (b"", Some("Ok(None)")),
        (b"   ", Some("Ok(None)")),
        (b" \t4 2 \t", Some("Ok(Some(\"4 2\"))")),
        (b"\xE2\x9C\x93", Some("Ok(Some(\"\u{2713}\"))")),
        (b"4\xFF2", Some("Err(NotUtf8 { at: 1 })")),
        (&long, Some("Err(TooLong { len: 65536 })")),
        // hyper itself answers these with 400.
        (b"4\x012", None),
        (b"4\x7F2", None),
    ];
    for (value, told) in cases {
        let line = [b"last-event-id: ", value, b"\r\nconnection: close\r\n"].concat();
        let answer = RawAnswer::get(server.addr, &line).await;
        match told {
            Some(told) => {
                assert!(answer.head.starts_with("HTTP/1.1 200 OK\r\n"), "{told}: {}", answer.head);
                let body = String::from_utf8(answer.rest().await).unwrap();
                assert!(body.contains(&format!("data: {told}\n\n{REST}")), "{told}: {body}");
            }
            None => assert!(answer.head.starts_with("HTTP/1.1 400 "), "{}", answer.head),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_bytes_over_http_2() {
    let server = telling_server().await;
    let cases: [(&[u8], &str); 4] = [
        (b"42", "Ok(Some(\"42\"))"),
        (b"4\t2", "Ok(Some(\"4\\t2\"))"),
        (b"4\xFF2", "Err(NotUtf8 { at: 1 })"),
        (&[b'7'; 10_000], "Err(TooLong { len: 10000 })"),
    ];
    for (value, told) in cases {
        let value = HeaderValue::from_bytes(value).unwrap();
        let request = Request::builder().header(LAST_EVENT_ID, value).body(Empty::new()).unwrap();
        let (text, end) = get_with(server.addr, Http::Two, request).await.rest().await;
        assert_eq!(text, format!("data: {told}\n\n{REST}"));
        end.unwrap();
    }

    // hyper accepts 16 KiB of headers on HTTP/2, and answers 431 to more.
    let long = Request::builder().header(LAST_EVENT_ID, "7".repeat(20_000)).body(Empty::new()).unwrap();
    assert_eq!(get_with(server.addr, Http::Two, long).await.head.status(), 431);

    // For much more it closes the connection. Other clients are not affected.
    let mut other = get_with(server.addr, Http::Two, Request::new(Empty::new())).await;
    let long = Request::builder().header(LAST_EVENT_ID, "7".repeat(65_536)).body(Empty::new()).unwrap();
    assert!(try_get_with(server.addr, Http::Two, long).await.is_err());
    assert_eq!(other.block().await.unwrap(), "data: Ok(None)\n\n");
    assert_eq!(other.rest().await.0, REST);
}
