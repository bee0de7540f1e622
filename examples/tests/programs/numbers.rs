//! Runs the programs that serve numbers: `axum` and `plain`.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    time::{Duration, Instant},
};

use sse_conformance::{
    examples::Server,
    http10::{Answer, read_to_end},
    programs::PATIENCE,
};

const PROGRAMS: &[&str] = &[
    #[cfg(feature = "axum")]
    "axum",
    "plain",
];

/// Milliseconds; longer than any test waits.
const FOR_EVER: &str = "600000";

#[test]
fn they_count_and_go_on_after_the_last_event_id() {
    for name in PROGRAMS {
        let server = Server::start(name, &["--interval", "20"]);
        for (headers, first) in [
            (&b""[..], 1_u64),
            (b"Last-Event-ID: 41\r\n", 42),
            (b"accept: */*\r\nlast-event-id:9\r\nx: y\r\n", 10),
            (b"Last-Event-ID: \r\n", 1),
            (b"Last-Event-ID: -1\r\n", 1),
            (b"Last-Event-ID: one\r\n", 1),
            (b"Last-Event-ID: \xFF\r\n", 1),
            (b"Last-Event-ID: 18446744073709551614\r\n", u64::MAX),
            (b"Last-Event-ID: 18446744073709551616\r\n", 1),
        ] {
            let mut answer = Answer::get(server.addr, "/sse", headers);
            assert_eq!(answer.status(), "200", "{name}");
            for line in [
                "content-type: text/event-stream",
                "cache-control: no-cache, no-transform",
                "x-accel-buffering: no",
            ] {
                assert_eq!(answer.head.matches(&format!("\r\n{line}\r\n")).count(), 1, "{}", answer.head);
            }
            for number in (first..=u64::MAX).take(3) {
                assert_eq!(answer.block().unwrap(), format!("id: {number}\ndata: {number}\n\n"), "{name}");
            }
        }
    }
}

/// A browser that has the last event reconnects every three seconds, unless the answer is 204.
#[test]
fn after_the_last_number_there_is_nothing_to_come_back_for() {
    for name in PROGRAMS {
        let server = Server::start(name, &["--interval", "20"]);
        for method in ["GET", "HEAD"] {
            let request = format!(
                "{method} /sse HTTP/1.1\r\nhost: x\r\nconnection: close\r\nlast-event-id: {}\r\n\r\n",
                u64::MAX
            );
            let mut stream = TcpStream::connect(server.addr).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            let answer = String::from_utf8(read_to_end(&mut stream).unwrap()).unwrap();
            assert!(answer.starts_with("HTTP/1.1 204 "), "{name}: {answer}");
            assert!(answer.ends_with("\r\n\r\n") && !answer.contains("event-stream"), "{name}: {answer}");
        }
        // A client that got the last event had a clean end, which in chunks is the last chunk.
        let mut stream = TcpStream::connect(server.addr).unwrap();
        let last = format!("Last-Event-ID: {}\r\nconnection: close\r\nhost: x\r\n\r\n", u64::MAX - 1);
        stream.write_all(format!("GET /sse HTTP/1.1\r\n{last}").as_bytes()).unwrap();
        let answer = String::from_utf8(read_to_end(&mut stream).unwrap()).unwrap();
        let end = if answer.contains("\r\ntransfer-encoding: chunked\r\n") { "\r\n0\r\n\r\n" } else { "" };
        let event = format!("id: {0}\ndata: {0}\n\n", u64::MAX);
        assert!(answer.ends_with(&format!("{event}{end}")), "{name}: {answer}");
    }
}

#[test]
fn they_keep_their_interval() {
    for name in PROGRAMS {
        let server = Server::start(name, &["--interval", "100"]);
        let start = Instant::now();
        let mut answer = Answer::get(server.addr, "/sse", b"");
        for _ in 0..=5 {
            answer.block().unwrap();
        }
        // There is no upper bound: on a busy machine events may be late, but never early.
        assert!(start.elapsed() > Duration::from_millis(495), "{name}: {:?}", start.elapsed());
    }
}

#[test]
fn they_notice_a_client_that_leaves() {
    for name in PROGRAMS {
        // The servers do not notice it by a write.
        let server = Server::start(name, &["--interval", FOR_EVER]);
        for _ in 0..3 {
            let mut answer = Answer::get(server.addr, "/sse", b"");
            answer.block().unwrap();
            drop(answer);
            let line = server.running.line();
            assert!(line.starts_with("A client left after 1 events"), "{name}: {line}");
        }
    }
}

#[test]
fn their_other_answers() {
    for name in PROGRAMS {
        let server = Server::start(name, &["--interval", FOR_EVER]);
        for path in ["/", "/sse/", "/favicon.ico", "/ssee"] {
            assert_eq!(Answer::get(server.addr, path, b"").status(), "404", "{name} {path}");
        }
        for method in ["POST", "PUT", "DELETE"] {
            let request = format!("{method} /sse HTTP/1.1\r\nhost: x\r\n\r\n");
            let answer = Answer::to(server.addr, request.as_bytes());
            assert_eq!(answer.status(), "405", "{name} {method}");
            assert!(answer.head.contains("\r\nallow: GET"), "{name}: {}", answer.head);
        }
        for request in ["GET\r\n\r\n", "GET /sse\r\n\r\n", "\x16\x03\r\n\r\n"] {
            assert_eq!(Answer::to(server.addr, request.as_bytes()).status(), "400", "{name} {request:?}");
        }
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_the_streams_and_stops() {
    for name in PROGRAMS {
        let server = Server::start(name, &["--interval", FOR_EVER]);
        let mut answers: Vec<Answer> = (0..3).map(|_| Answer::get(server.addr, "/sse", b"")).collect();
        for answer in &mut answers {
            answer.block().unwrap();
        }
        server.running.interrupt();
        for mut answer in answers {
            assert_eq!(answer.block(), None, "{name}");
        }
        if *name == "axum" {
            for _ in 0..3 {
                assert_eq!(server.running.line(), "A client left after 1 events: Shutdown");
            }
        }
        assert_eq!(server.running.finish(), 0, "{name}");
    }
}

#[test]
fn plain_serves_only_so_many_at_a_time() {
    let server = Server::start("plain", &["--interval", "20", "--threads", "2"]);
    let [mut first, mut second] = [(); 2].map(|()| Answer::get(server.addr, "/sse", b""));
    // A new client replaces the oldest one, whose stream ends. The replaced client may reconnect.
    let mut third = Answer::get(server.addr, "/sse", b"");
    assert_eq!(third.block().unwrap(), "id: 1\ndata: 1\n\n");
    assert!((0..3_000).any(|_| first.block().is_none()), "the first stream continues");
    for answer in [&mut second, &mut third] {
        for _ in 0..3 {
            answer.block().unwrap();
        }
    }
    assert!(server.running.line().starts_with("A client left after "));

    // A client that leaves makes room.
    second.stream().shutdown(Shutdown::Both).unwrap();
    assert!(server.running.line().starts_with("A client left after "));
    let mut fourth = Answer::get(server.addr, "/sse", b"");
    for answer in [&mut third, &mut fourth] {
        for _ in 0..3 {
            answer.block().unwrap();
        }
    }
}

#[test]
fn plain_reads_requests_as_they_come() {
    let server = Server::start("plain", &["--interval", FOR_EVER]);
    let mut in_pieces = TcpStream::connect(server.addr).unwrap();
    in_pieces.set_nodelay(true).unwrap();
    for byte in b"GET /sse HTTP/1.1\r\nhost: x\r\nlast-event-id: 4\r\n\r\n" {
        in_pieces.write_all(&[*byte]).unwrap();
    }
    let mut answer = Answer::read(in_pieces);
    assert_eq!(answer.block().unwrap(), "id: 5\ndata: 5\n\n");
    // Further bytes of the client do not end its stream.
    answer.stream().write_all(&[b'x'; 100_000]).unwrap();
    drop(answer);
    assert_eq!(server.running.line(), "A client left after 1 events");

    // A client that sends more than necessary still gets its answer.
    let more = vec![b'x'; 16 << 20];
    for (request, status) in
        [("GET /sse HTTP/1.1\r\n", "431"), ("POST /sse HTTP/1.1\r\nhost: x\r\n\r\n", "405")]
    {
        let request = [request.as_bytes(), &more].concat();
        assert_eq!(Answer::to(server.addr, &request).status(), status);
    }

    for cut in [&b""[..], b"GET /sse HTTP/1.1\r\nhost: x\r\n"] {
        let mut stream = TcpStream::connect(server.addr).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(cut).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    }
}
