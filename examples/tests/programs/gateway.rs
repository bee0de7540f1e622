//! Runs `gateway` between a client and a server that follows a script.

use std::time::{Duration, Instant};

use http_body_util::Empty;
use hyper::{Request, body::Bytes, header::HeaderValue};
use sse_conformance::{
    examples,
    http::{Answer, Http, get, get_with, soon},
    http10,
    scripts::socket::{CHUNKED, NO_CONTENT, Seen, Server, Step, answer, chunk, header, hold},
};

/// The last chunk of a complete answer.
const END: &str = "0\r\n\r\n";

/// A gateway to a server with these scripts.
async fn gateway(scripts: impl IntoIterator<Item = Vec<Step>>, flags: &[&str]) -> (Server, examples::Server) {
    let upstream = Server::start(scripts).await;
    let url = format!("http://{}", upstream.addr);
    let gateway = examples::Server::start("gateway", &[flags, &[&url]].concat());
    (upstream, gateway)
}

/// An answer that begins with these chunks.
fn chunks<'c>(chunks: impl IntoIterator<Item = &'c str>) -> String {
    chunks.into_iter().fold(CHUNKED.to_owned(), |answer, text| answer + &chunk(text))
}

#[tokio::test(flavor = "multi_thread")]
async fn it_renames_types_and_changes_nothing_else() {
    let stream = ": a comment\n\n\
        id: 1\nevent: price\nx-trace: 7\n: inside\ndata: a\ndata:  b\ndata: \nid: 2\n\n\
        id: 3\n\n\
        retry: 2500\n\n\
        data: event: price\nevent: tick\n\n\
        event: prices\ndata: price\n\n\
        Event: price\nprice: event\ndata: \u{e9}\n\n\
        data: 1\nevent: price\nevent: price\n\n";
    // Cut within lines, and between the CR and the LF of a line end.
    let sent = stream.replace('\n', "\r\n");
    let pieces: Vec<String> = sent.chars().collect::<Vec<_>>().chunks(7).map(String::from_iter).collect();
    let body = chunks(pieces.iter().map(|piece| &**piece)) + END;
    let (_upstream, gateway) =
        gateway([answer(body)], &["--rename", "price=quote", "--rename", "tick=a=b"]).await;
    let (received, end) = get(gateway.addr, Http::One).await.rest().await;
    let expected =
        stream.replace("\nevent: price\n", "\nevent: quote\n").replace("event: tick", "event: a=b");
    let expected = expected.replace("event: price\n\n", "event: quote\n\n");
    assert_eq!(received, expected);
    end.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_request_goes_to_the_same_path_with_the_same_id() {
    let ids = ["42", "\u{c9}t\u{e9} \u{2713}", " "];
    let (mut upstream, gateway) = gateway([], &[]).await;
    for id in ids {
        let fields = format!("Last-Event-ID: {id}\r\ncookie: secret\r\n");
        http10::Answer::get(gateway.addr, "/a/b%20c?topic=x&y", fields.as_bytes());
        let Seen::Request(request) = upstream.seen().await else { panic!("a request") };
        assert!(request.starts_with("GET /a/b%20c?topic=x&y HTTP/1.1\r\n"), "{request}");
        assert_eq!(header(&request, "host"), Some(&*upstream.addr.to_string()));
        assert_eq!(header(&request, "accept"), Some("text/event-stream"));
        assert_eq!(header(&request, "last-event-id"), Some(id.trim()));
        assert_eq!(header(&request, "cookie"), None);
    }
    // A byte that is not UTF-8 arrives, too; the script shows it as U+FFFD.
    let mut request = Request::new(Empty::<Bytes>::new());
    request.headers_mut().insert("last-event-id", HeaderValue::from_bytes(b"4\xFF").unwrap());
    get_with(gateway.addr, Http::One, request).await;
    let Seen::Request(request) = upstream.seen().await else { panic!("a request") };
    assert_eq!(header(&request, "last-event-id"), Some("4\u{fffd}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_off_upstream_breaks_off_without_half_an_event() {
    let half = chunks(["id: 1\ndata: whole\n\nid: 2\n", "event: price\ndata: half\n"]);
    let complete = half.clone() + END;
    let (_upstream, gateway) = gateway([answer(half), answer(complete)], &["--rename", "price=quote"]).await;
    let (received, end) = get(gateway.addr, Http::One).await.rest().await;
    assert_eq!(received, "id: 1\ndata: whole\n\n");
    assert!(end.is_err());
    let line = gateway.running.error_line();
    assert!(line.starts_with("gateway: upstream broke off: "), "{line}");

    // A complete answer ends cleanly, also within a block.
    let (received, end) = get(gateway.addr, Http::One).await.rest().await;
    assert_eq!(received, "id: 1\ndata: whole\n\n");
    end.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_is_too_large_is_dropped_and_the_stream_goes_on() {
    let large = format!("id: 2\ndata: {}\n\n", "x".repeat(17 << 20));
    let body = chunks(["id: 1\ndata: before\n\n", &large, "id: 3\nevent: price\ndata: after\n\n"]);
    let (_upstream, gateway) = gateway([hold(body)], &["--rename", "price=quote"]).await;
    let mut client = get(gateway.addr, Http::One).await;
    assert_eq!(client.block().await.unwrap(), "id: 1\ndata: before\n\n");
    assert_eq!(event(&mut client).await, "id: 3\nevent: quote\ndata: after\n\n");
    let line = gateway.running.error_line();
    assert!(line.starts_with("gateway: dropped a block: "), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_without_an_event_stream_keep_their_status_or_become_502() {
    let html = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 2\r\n\r\nhi";
    let moved = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n";
    let busy = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 7\r\nx: y\r\ncontent-length: 2\r\n\r\nno";
    let missing = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
    for (response, status, time) in [
        (NO_CONTENT, 204, None),
        (missing, 404, None),
        (busy, 503, Some("7")),
        (html, 502, None),
        (moved, 502, None),
        ("nonsense\r\n\r\n", 502, None),
    ] {
        let (_upstream, gateway) = gateway([answer(response)], &[]).await;
        let answer = get(gateway.addr, Http::One).await;
        assert_eq!(answer.head.status(), status, "{response}");
        let retry_after = answer.head.headers().get("retry-after").map(|time| time.to_str().unwrap());
        assert_eq!(retry_after, time, "{response}");
        assert!(!answer.head.headers().contains_key("location"));
        let (body, end) = answer.rest().await;
        assert_eq!(body, "", "{response}");
        end.unwrap();
        if status == 502 {
            let line = gateway.running.error_line();
            assert!(line.contains(" upstream"), "{line}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_upstream_the_answer_is_502() {
    let gateway = {
        let (_upstream, gateway) = gateway([], &[]).await;
        gateway
    };
    assert_eq!(get(gateway.addr, Http::One).await.head.status(), 502);
    let line = gateway.running.error_line();
    assert!(line.starts_with("gateway: no answer from upstream: "), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_fill_the_silence_and_a_client_that_leaves_is_seen_upstream() {
    let body = chunks(["data: 1\n\n", "data: half\n"]);
    let (mut upstream, gateway) = gateway([hold(body)], &["--keep-alive", "20"]).await;
    let mut client = get(gateway.addr, Http::One).await;
    client.assert_headers();
    assert!(matches!(upstream.seen().await, Seen::Request(_)));
    assert_eq!(event(&mut client).await, "data: 1\n\n");
    let start = Instant::now();
    for _ in 0..3 {
        assert_eq!(client.block().await.unwrap(), ":keep-alive\n\n");
    }
    // By default, the first one would take this long.
    assert!(start.elapsed() < Duration::from_secs(15));
    drop(client);
    assert_eq!(upstream.seen().await, Seen::Closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_before_the_answer_is_seen_upstream() {
    let (mut upstream, gateway) = gateway([hold("")], &[]).await;
    let client = tokio::spawn(get(gateway.addr, Http::One));
    assert!(matches!(upstream.seen().await, Seen::Request(_)));
    client.abort();
    assert_eq!(upstream.seen().await, Seen::Closed);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn signals_end_the_streams_cleanly_and_close_those_of_the_upstream() {
    for signal in ["INT", "TERM"] {
        let (mut upstream, gateway) = gateway([hold(chunks(["data: 1\n\n"]))], &[]).await;
        let mut client = get(gateway.addr, Http::One).await;
        assert!(matches!(upstream.seen().await, Seen::Request(_)));
        assert_eq!(client.block().await.unwrap(), "data: 1\n\n");
        gateway.running.signal(signal);
        let (rest, end) = client.rest().await;
        assert_eq!(rest, "");
        end.unwrap();
        assert_eq!(upstream.seen().await, Seen::Closed);
        assert_eq!(gateway.running.finish(), 0, "SIG{signal}");
    }
}

/// The next block that is not a keep-alive.
async fn event(client: &mut Answer) -> String {
    soon(async {
        loop {
            let block = client.block().await.unwrap();
            if block != ":keep-alive\n\n" {
                return block;
            }
        }
    })
    .await
}
