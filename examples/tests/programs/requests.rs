//! Requests that `plain` accepts and refuses: RFC 9112, 2.2, 3, 5 and 6; RFC 9110, 7.2 and 9.

use std::{
    io::Write,
    net::{SocketAddr, TcpStream},
};

use sse_conformance::{
    examples::Server,
    http10::{Answer, read_to_end},
};

/// Milliseconds; longer than any test waits.
const FOR_EVER: &str = "600000";

const ALLOW: &str = "\r\nallow: GET, HEAD, OPTIONS\r\n";

#[test]
fn what_must_be_accepted() {
    let plain = Server::start("plain", &["--interval", FOR_EVER]);
    let long_query = format!("GET /sse?{} HTTP/1.1\r\nhost: x\r\n\r\n", "q".repeat(8_000 - 18));
    let long_field = format!("GET /sse HTTP/1.1\r\nhost: x\r\ncookie: {}\r\n\r\n", "c".repeat(16_000));
    for request in [
        "GET /sse HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET /sse HTTP/1.0\r\n\r\n",
        "GET /sse HTTP/1.0\r\nhost: x\r\n\r\n",
        // A higher minor version is treated as the highest known.
        "GET /sse HTTP/1.2\r\nhost: x\r\n\r\n",
        "GET /sse HTTP/1.9\r\nhost: x\r\n\r\n",
        // Empty lines first, and LF alone.
        "\r\nGET /sse HTTP/1.1\r\nhost: x\r\n\r\n",
        "\r\n\r\n\r\nGET /sse HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET /sse HTTP/1.1\nhost: x\n\n",
        // Queries.
        "GET /sse? HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET /sse?a=b&c=/d?e HTTP/1.1\r\nhost: x\r\n\r\n",
        &long_query,
        // The absolute form.
        "GET http://x/sse HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET HTTP://x:8080/sse?q HTTP/1.1\r\nhost: other\r\n\r\n",
        "GET http://[::1]:80/sse HTTP/1.1\r\nhost: [::1]:80\r\n\r\n",
        "GET http://x/sse HTTP/1.0\r\n\r\n",
        // Names of fields in any case, values with or without spaces around them.
        "GET /sse HTTP/1.1\r\nHoSt:x\r\n\r\n",
        "GET /sse HTTP/1.1\r\nhost: \t x \t\r\n\r\n",
        "GET /sse HTTP/1.1\r\nhost: x\r\n!#$%&'*+-.^_`|~9: \u{e9}\t:\r\nempty:\r\n\r\n",
        &long_field,
        // Every host of the grammar, and an empty one.
        "GET /sse HTTP/1.1\r\nhost:\r\n\r\n",
        "GET /sse HTTP/1.1\r\nhost: a-b_c.~!$&'()*+,;=%4f:\r\n\r\n",
        "GET /sse HTTP/1.1\r\nhost: 127.0.0.1:65535\r\n\r\n",
        "GET /sse HTTP/1.1\r\nhost: [2001:db8::1]\r\n\r\n",
        "GET /sse HTTP/1.1\r\nhost: [v1f.a:b]:1\r\n\r\n",
        // A body, which is ignored.
        "GET /sse HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc",
        "GET /sse HTTP/1.1\r\nhost: x\r\ncontent-length: 3, 3\r\ncontent-length: 3\r\n\r\nabc",
        "GET /sse HTTP/1.1\r\nhost: x\r\ntransfer-encoding: Chunked\r\n\r\n0\r\n\r\n",
        "GET /sse HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n\r\n",
    ] {
        let mut answer = Answer::to(plain.addr, request.as_bytes());
        assert_eq!(answer.status(), "200", "{request:?}");
        assert_eq!(answer.block().unwrap(), "id: 1\ndata: 1\n\n", "{request:?}");
    }
    for (field, first) in [("LAST-EVENT-ID: 4", 5), ("last-event-id: 4\r\nLast-Event-ID: 4", 1)] {
        let request = format!("GET http://x/sse?q HTTP/1.1\r\n{field}\r\nhost: x\r\n\r\n");
        let block = Answer::to(plain.addr, request.as_bytes()).block().unwrap();
        assert_eq!(block, format!("id: {first}\ndata: {first}\n\n"));
    }
}

#[test]
fn each_method_has_its_answer() {
    let plain = Server::start("plain", &["--interval", FOR_EVER]);
    let ask = |line: &str| whole(plain.addr, format!("{line} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes());
    // The same head as GET, without its body, and without a line in the log.
    let get = Answer::get(plain.addr, "/sse", b"");
    assert_eq!(ask("HEAD /sse"), (get.head.clone(), String::new()));
    drop(get);
    assert_eq!(plain.running.line(), "A client left after 1 events");
    for line in ["OPTIONS /sse", "OPTIONS *", "OPTIONS http://x", "OPTIONS http://x/sse?q"] {
        let (head, body) = ask(line);
        assert!(head.starts_with("HTTP/1.1 204 ") && head.contains(ALLOW), "{line}: {head}");
        assert!(!head.contains("content-length") && body.is_empty(), "{line}: {head}");
    }
    for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT"] {
        let (head, body) = ask(&format!("{method} /sse"));
        assert!(head.starts_with("HTTP/1.1 405 ") && head.contains(ALLOW), "{method}: {head}");
        assert_eq!(body, "");
    }
    assert!(ask("CONNECT x:80").0.starts_with("HTTP/1.1 405 "));
    for method in ["get", "Head", "BREW", &"M".repeat(9_000)] {
        assert!(ask(&format!("{method} /sse")).0.starts_with("HTTP/1.1 501 "), "{method}");
    }
    for target in ["/", "/?sse", "/sse/", "//sse", "/SSE", "http://x", "http://x?/sse", "http://x//sse"] {
        for method in ["GET", "HEAD", "POST"] {
            let (head, body) = ask(&format!("{method} {target}"));
            assert!(head.starts_with("HTTP/1.1 404 ") && body.is_empty(), "{method} {target}: {head}");
        }
    }
}

#[test]
fn what_must_be_refused() {
    let plain = Server::start("plain", &["--interval", FOR_EVER]);
    let long_line = format!("GET /{} HTTP/1.1\r\n", "x".repeat(20_000));
    let long_method = "x".repeat(20_000);
    let long_field = format!("GET /sse HTTP/1.1\r\nhost: x\r\ncookie: {}", "x".repeat(40_000));
    let many_fields = format!("GET /sse HTTP/1.1\r\nhost: x\r\n{}", "a: b\r\n".repeat(10_000));
    for (status, request) in [
        // Hosts.
        ("400", "GET /sse HTTP/1.1\r\n\r\n"),
        ("400", "GET http://x/sse HTTP/1.1\r\n\r\n"),
        ("400", "GET /sse HTTP/1.1\r\nhost: x\r\nhost: x\r\n\r\n"),
        ("400", "GET /sse HTTP/1.0\r\nhost: x\r\nHost: x\r\n\r\n"),
        ("400", "GET /sse HTTP/1.1\r\nhost: a b\r\n\r\n"),
        ("400", "GET /sse HTTP/1.1\r\nhost: a,b/c\r\n\r\n"),
        ("400", "GET /sse HTTP/1.1\r\nhost: me@x\r\n\r\n"),
        ("400", "GET /sse HTTP/1.1\r\nhost: x:80a\r\n\r\n"),
        ("400", "GET /sse HTTP/1.1\r\nhost: x:80:80\r\n\r\n"),
        ("400", "GET /sse HTTP/1.1\r\nhost: %4\r\n\r\n"),
        ("400", "GET /sse HTTP/1.1\r\nhost: %zz\r\n\r\n"),
        ("400", "GET /sse HTTP/1.1\r\nhost: \u{e9}\r\n\r\n"),
        ("400", "GET /sse HTTP/1.1\r\nhost: ::1\r\n\r\n"),
        ("400", "GET /sse HTTP/1.1\r\nhost: [::1\r\n\r\n"),
        ("400", "GET /sse HTTP/1.1\r\nhost: [::g]\r\n\r\n"),
        ("400", "GET /sse HTTP/1.1\r\nhost: [::1]80\r\n\r\n"),
        ("400", "GET /sse HTTP/1.0\r\nhost: a b\r\n\r\n"),
        // Request lines.
        ("400", "GET\r\n\r\n"),
        ("400", "GET /sse\r\n\r\n"),
        ("400", "GET  /sse HTTP/1.1\r\nhost: x\r\n\r\n"),
        ("400", "GET /sse  HTTP/1.1\r\nhost: x\r\n\r\n"),
        ("400", " GET /sse HTTP/1.1\r\nhost: x\r\n\r\n"),
        ("400", "GET /sse HTTP/1.1 \r\nhost: x\r\n\r\n"),
        ("400", "GET\t/sse HTTP/1.1\r\nhost: x\r\n\r\n"),
        ("400", "G(T /sse HTTP/1.1\r\nhost: x\r\n\r\n"),
        ("400", "GET /sse http/1.1\r\nhost: x\r\n\r\n"),
        ("400", "GET /sse HTTP/11\r\nhost: x\r\n\r\n"),
        ("400", "GET /sse HTTP/1.10\r\nhost: x\r\n\r\n"),
        ("505", "GET /sse HTTP/2.0\r\nhost: x\r\n\r\n"),
        ("505", "GET /sse HTTP/0.9\r\nhost: x\r\n\r\n"),
        ("414", &long_line),
        ("501", &long_method),
        // Targets.
        ("400", "GET sse HTTP/1.1\r\nhost: x\r\n\r\n"),
        ("400", "GET * HTTP/1.1\r\nhost: x\r\n\r\n"),
        ("400", "GET x:80 HTTP/1.1\r\nhost: x\r\n\r\n"),
        ("400", "GET /sse#1 HTTP/1.1\r\nhost: x\r\n\r\n"),
        ("400", "GET /\u{e9} HTTP/1.1\r\nhost: x\r\n\r\n"),
        ("400", "GET http:///sse HTTP/1.1\r\nhost: x\r\n\r\n"),
        ("400", "GET http://:80/sse HTTP/1.1\r\nhost: x\r\n\r\n"),
        ("400", "GET http://me@x/sse HTTP/1.1\r\nhost: x\r\n\r\n"),
        ("421", "GET https://x/sse HTTP/1.1\r\nhost: x\r\n\r\n"),
        // Fields.
        ("400", "GET /sse HTTP/1.1\r\nhost : x\r\n\r\n"),
        ("400", "GET /sse HTTP/1.1\r\nhost: x\r\na\t: b\r\n\r\n"),
        ("400", "GET /sse HTTP/1.1\r\n host: x\r\n\r\n"),
        ("400", "GET /sse HTTP/1.1\r\nhost: x\r\na: b\r\n c\r\n\r\n"),
        ("400", "GET /sse HTTP/1.1\r\nhost: x\r\na: b\r\n\tc: d\r\n\r\n"),
        ("400", "GET /sse HTTP/1.1\r\nhost: x\r\n: b\r\n\r\n"),
        ("400", "GET /sse HTTP/1.1\r\nhost: x\r\nabc\r\n\r\n"),
        ("400", "GET /sse HTTP/1.1\r\nhost: x\r\na: b\0c\r\n\r\n"),
        ("400", "GET /sse HTTP/1.1\r\nhost: x\r\na: b\rc\r\n\r\n"),
        ("400", "GET /sse\r HTTP/1.1\r\nhost: x\r\n\r\n"),
        ("431", &long_field),
        ("431", &many_fields),
        // Bodies with an unclear end.
        ("400", "POST /sse HTTP/1.1\r\nhost: x\r\ncontent-length: x\r\n\r\n"),
        ("400", "POST /sse HTTP/1.1\r\nhost: x\r\ncontent-length:\r\n\r\n"),
        ("400", "POST /sse HTTP/1.1\r\nhost: x\r\ncontent-length: +1\r\n\r\n"),
        ("400", "POST /sse HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n"),
        ("400", "POST /sse HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n"),
        ("400", "POST /sse HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip\r\n\r\n"),
        ("400", "POST /sse HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked, gzip\r\n\r\n"),
        (
            "501",
            "POST /sse HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n",
        ),
        ("400", "\x16\x03\r\n\r\n"),
    ] {
        let start: String = request.chars().take(100).collect();
        let (head, body) = whole(plain.addr, request.as_bytes());
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{start:?}: {head}");
        for line in ["content-length: 0", "connection: close"] {
            assert!(head.contains(&format!("\r\n{line}\r\n")), "{start:?}: {head}");
        }
        assert_eq!(body, "", "{start:?}");
    }
}

#[test]
fn clients_that_do_not_read_hold_up_nobody() {
    // Many clients, and as many clients as threads.
    for (args, count) in [(&[][..], 64), (&["--threads", "3"], 3)] {
        let plain = Server::start("plain", &[&["--interval", "1"], args].concat());
        let deaf: Vec<TcpStream> = (0..count).map(|_| TcpStream::connect(plain.addr).unwrap()).collect();
        for mut deaf in &deaf {
            deaf.write_all(b"GET /sse HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        }
        for _ in 0..2 {
            let mut answer = Answer::get(plain.addr, "/sse", b"");
            for number in 1..100 {
                assert_eq!(answer.block().unwrap(), format!("id: {number}\ndata: {number}\n\n"));
            }
        }
    }
}

/// The head of the answer and its body, to its end.
fn whole(addr: SocketAddr, request: &[u8]) -> (String, String) {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.write_all(request).unwrap();
    let answer = String::from_utf8(read_to_end(&mut stream).unwrap()).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer:?}"));
    (format!("{head}\r\n\r\n"), body.to_owned())
}
