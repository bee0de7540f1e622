//! Runs the program `hub` without Redis.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
};

use sse_conformance::{
    examples::{Server, program},
    http10::{Answer, read_to_end},
    programs::{PATIENCE, run},
};

#[test]
fn a_client_gets_what_is_published_and_resumes_where_it_left() {
    let hub = Server::start("hub", &[]);
    let mut early = Answer::get(hub.addr, "/topics/a", b"");
    assert!(early.head.contains("content-type: text/event-stream"), "{}", early.head);
    let ready = early.block().unwrap();
    let (epoch, seq) = id(&ready).split_once('-').unwrap();
    assert_eq!((ready.contains("\nevent: ready\n"), seq), (true, "0"), "{ready}");

    let first = publish(hub.addr, "/topics/a", b"one");
    assert_eq!(first, format!("{epoch}-1"));
    let second = publish(hub.addr, "/topics/a?type=tick", "två\nlines".as_bytes());
    assert_eq!(second, format!("{epoch}-2"));
    publish(hub.addr, "/topics/b", b"elsewhere");
    let blocks = [
        format!("id: {first}\ndata: one\n\n"),
        format!("id: {second}\nevent: tick\ndata: två\ndata: lines\n\n"),
    ];
    assert_eq!([early.block().unwrap(), early.block().unwrap()], blocks);

    // By the header, by the query, and by the header if both are present.
    let header = |id: &str| format!("Last-Event-ID: {id}\r\n");
    for (path, header, rest) in [
        ("/topics/a".to_owned(), header(id(&ready)), &blocks[..]),
        ("/topics/a".to_owned(), header(&first), &blocks[1..]),
        (format!("/topics/a?last_event_id={first}"), String::new(), &blocks[1..]),
        (format!("/topics/a?last_event_id={first}"), header(id(&ready)), &blocks[..]),
    ] {
        let mut late = Answer::get(hub.addr, &path, header.as_bytes());
        for block in rest {
            assert_eq!(late.block().as_ref(), Some(block), "{path} {header}");
        }
    }
}

#[test]
fn a_new_client_may_begin_with_the_last_events() {
    let hub = Server::start("hub", &[]);
    let positions: Vec<String> = (0..5).map(|n| publish(hub.addr, "/topics/a", &[b'0' + n])).collect();
    let mut answer = Answer::get(hub.addr, "/topics/a?last=2", b"");
    let ready = answer.block().unwrap();
    assert_eq!((ready.contains("\nevent: ready\n"), id(&ready)), (true, &*positions[2]), "{ready}");
    assert_eq!(id(&answer.block().unwrap()), positions[3]);
    let resumes = format!("Last-Event-ID: {}\r\n", positions[0]);
    let mut answer = Answer::get(hub.addr, "/topics/a?last=2", resumes.as_bytes());
    assert_eq!(id(&answer.block().unwrap()), positions[1]);
    assert_eq!(Answer::get(hub.addr, "/topics/a?last=many", b"").status(), "400");
}

#[test]
fn what_is_missing_is_told() {
    let hub = Server::start("hub", &["--history", "3"]);
    let positions: Vec<String> = (0..10).map(|n| publish(hub.addr, "/topics/a", &[b'0' + n])).collect();
    for (header, reason, rest) in [
        (format!("Last-Event-ID: {}\r\n", positions[1]), r#"{"reason":"trimmed","missed":5}"#, 7..10),
        ("Last-Event-ID: what?\r\n".into(), r#"{"reason":"malformed"}"#, 10..10),
        ("Last-Event-ID: 17-4\r\n".into(), r#"{"reason":""#, 7..10),
    ] {
        let mut answer = Answer::get(hub.addr, "/topics/a", header.as_bytes());
        let gap = answer.block().unwrap();
        assert!(gap.contains("\nevent: gap\n") && gap.contains(&format!("data: {reason}")), "{header}{gap}");
        assert_eq!(id(&gap), positions[rest.start - 1], "{header}{gap}");
        for n in rest {
            assert_eq!(answer.block().unwrap(), format!("id: {}\ndata: {n}\n\n", positions[n]));
        }
    }
}

#[test]
fn a_topic_that_is_finished_has_an_end() {
    let hub = Server::start("hub", &[]);
    let mut listener = Answer::get(hub.addr, "/topics/a", b"");
    listener.block().unwrap();
    let position = publish(hub.addr, "/topics/a", b"the last");
    assert_eq!(post(hub.addr, "/topics/a/finish", b"", "").status(), "204");
    assert_eq!(listener.block().unwrap(), format!("id: {position}\ndata: the last\n\n"));
    let end = listener.block().unwrap();
    assert!(end.contains("\nevent: end\n"), "{end}");
    assert_eq!(listener.block(), None);

    let has_end = format!("Last-Event-ID: {}\r\n", id(&end));
    assert_eq!(Answer::get(hub.addr, "/topics/a", has_end.as_bytes()).status(), "204");
    let before = format!("Last-Event-ID: {position}\r\n");
    let mut late = Answer::get(hub.addr, "/topics/a", before.as_bytes());
    assert_eq!((late.block(), late.block()), (Some(end), None));
    assert_eq!(post(hub.addr, "/topics/a", b"more", "").status(), "410");
}

#[test]
fn a_key_publishes_once() {
    let hub = Server::start("hub", &[]);
    let key = "Idempotency-Key: 7\r\n";
    let [first, again] = [b"one", b"two"].map(|text| post(hub.addr, "/topics/a", text, key).line());
    assert_eq!(first, again);
    assert_ne!(first.trim_end(), publish(hub.addr, "/topics/a", b"three"));
}

#[test]
fn what_it_refuses() {
    let hub = Server::start("hub", &["--max-event", "200"]);
    for (path, body, status) in [
        ("/topics/a", &b"\xFF"[..], "400"),
        ("/topics/a?type=a%0Ab", b"x", "400"),
        ("/topics/a?type=gap", b"x", "400"),
        ("/topics/a?type=ready", b"x", "400"),
        ("/topics/a?type=end", b"x", "400"),
        ("/topics/a?type=bye", b"x", "400"),
        ("/topics/a", &[b'x'; 200], "413"),
        ("/topics/a", &[b'\n'; 100], "413"),
        ("/topics/a", &[b'x'; 1_000_000], "413"),
        ("/topics/a/b", b"x", "404"),
        ("/topics", b"x", "404"),
    ] {
        let mut answer = post(hub.addr, path, body, "");
        assert_eq!(answer.status(), status, "{path}");
        if !["/topics/a/b", "/topics"].contains(&path) {
            assert_ne!(answer.line(), "", "{path} says why");
        }
    }
    let long = format!("/topics/{}", "x".repeat(5_000));
    assert_eq!(Answer::get(hub.addr, &long, b"").status(), "404");
    // None of these was published.
    assert!(publish(hub.addr, "/topics/a", b"fine").ends_with("-1"));
}

#[test]
fn head_has_the_headers_of_a_stream_and_no_body() {
    let hub = Server::start("hub", &[]);
    let mut answer = Answer::to(hub.addr, b"HEAD /topics/a HTTP/1.0\r\n\r\n");
    assert_eq!(answer.status(), "200");
    assert!(answer.head.contains("content-type: text/event-stream"), "{}", answer.head);
    assert_eq!(answer.rest(), [""; 0]);
}

#[test]
fn it_has_a_page() {
    let hub = Server::start("hub", &[]);
    let mut page = Answer::get(hub.addr, "/", b"");
    assert!(page.head.contains("content-type: text/html"), "{}", page.head);
    assert_eq!(page.line(), "<!doctype html>\n");
}

/// Each stream ends with `bye` and a reconnection time, even if other clients read nothing.
#[cfg(unix)]
#[test]
fn signals_end_it_and_its_clients_are_told() {
    for signal in ["INT", "TERM"] {
        let hub = Server::start("hub", &[]);
        let mut streams = [(); 3].map(|()| {
            let mut stream = TcpStream::connect(hub.addr).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            stream.write_all(b"GET /topics/a HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
            stream
        });
        let mut received = [const { Vec::new() }; 3];
        for (stream, received) in streams.iter_mut().zip(&mut received) {
            while !received.windows(7).any(|bytes| bytes == b"\ndata: ") {
                let mut chunk = [0; 1024];
                let len = stream.read(&mut chunk).unwrap();
                assert_ne!(len, 0);
                received.extend_from_slice(&chunk[..len]);
            }
        }
        let _silent = TcpStream::connect(hub.addr).unwrap();
        hub.running.signal(signal);
        for (stream, received) in streams.iter_mut().zip(&mut received) {
            received.extend(read_to_end(stream).unwrap());
            let text = str::from_utf8(received).unwrap();
            assert!(text.contains("event: bye\nretry: ") && text.ends_with("\r\n0\r\n\r\n"), "{text}");
        }
        assert_eq!(hub.running.finish(), 0, "SIG{signal}");
    }
}

#[test]
fn help_and_wrong_flags() {
    let help = run(program("hub").arg("--help"), b"");
    assert!(help.out.contains("\nUsage: hub [--addr ADDR] [--redis URL] "), "{help:?}");
    assert_eq!((&*help.err, help.code), ("", Some(0)));
    for args in [&["--history", "0"][..], &["--max-event", "0"], &["--silence", "0"], &["--addr"], &["more"]]
    {
        let output = run(program("hub").args(args), b"");
        assert!(output.err.starts_with("hub: ") && output.err.contains("; see `hub --help`"), "{output:?}");
        assert_eq!((output.err.lines().count(), &*output.out, output.code), (1, "", Some(1)));
    }
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let output = run(program("hub").args(["--addr", &addr]), b"");
    assert!(output.err.starts_with(&format!("hub: cannot listen on {addr}: ")), "{output:?}");
    assert_eq!((output.err.lines().count(), output.code), (1, Some(1)));
}

#[test]
fn a_silent_connection_is_closed_and_an_open_stream_is_not_silent() {
    let hub = Server::start("hub", &["--silence", "1000"]);
    let mut silent = TcpStream::connect(hub.addr).unwrap();
    silent.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut stream = Answer::get(hub.addr, "/topics/a", b"");
    stream.block().unwrap();
    assert_eq!(silent.read(&mut [0]).map_err(|error| error.kind()).unwrap_or(0), 0);
    for _ in 0..4 {
        assert_eq!(stream.block().unwrap(), ":keep-alive\n\n");
    }
}

/// Publishes an event, and returns its position.
fn publish(addr: SocketAddr, path: &str, text: &[u8]) -> String {
    let mut answer = post(addr, path, text, "");
    assert_eq!(answer.status(), "200", "{path}");
    answer.line().strip_suffix('\n').unwrap().to_owned()
}

fn post(addr: SocketAddr, path: &str, body: &[u8], headers: &str) -> Answer {
    let head = format!("POST {path} HTTP/1.0\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
    Answer::to(addr, &[head.as_bytes(), body].concat())
}

/// The id of a block.
fn id(block: &str) -> &str {
    block.strip_prefix("id: ").unwrap_or_else(|| panic!("{block}")).lines().next().unwrap()
}
