//! The headers of `ping` for connections and for pages of other origins, over plain sockets.

use sse_conformance::{examples::Server, http10::Answer};

const PROGRAMS: &[&str] = &[
    "ping",
    #[cfg(feature = "warp")]
    "ping_warp",
];

#[test]
fn a_connection_that_closes_is_not_said_to_stay() {
    let ping = Server::start("ping", &[]);
    for (request, expected) in [
        ("GET /sse HTTP/1.1\r\nhost: x\r\n\r\n", &["keep-alive"][..]),
        ("GET /sse HTTP/1.1\r\nhost: x\r\nconnection: keep-alive\r\n\r\n", &["keep-alive"]),
        ("GET /sse HTTP/1.1\r\nhost: x\r\nConnection: close\r\n\r\n", &["close"]),
        ("GET /sse HTTP/1.1\r\nhost: x\r\nconnection: te , Close\r\n\r\n", &["close"]),
        ("GET /sse HTTP/1.1\r\nhost: x\r\nconnection: te\r\nconnection: close\r\n\r\n", &["close"]),
        ("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", &["close"]),
    ] {
        let answer = Answer::to(ping.addr, request.as_bytes());
        let values: Vec<&str> =
            answer.head.lines().filter_map(|line| line.strip_prefix("connection: ")).collect();
        assert_eq!(values, expected, "{request:?}: {}", answer.head);
    }
}

#[test]
fn a_page_of_another_origin_may_send_its_last_event_id() {
    for name in PROGRAMS {
        let ping = Server::start(name, &[]);
        let preflight = "OPTIONS /sse HTTP/1.1\r\nhost: x\r\norigin: http://y\r\n\
            access-control-request-method: GET\r\naccess-control-request-headers: last-event-id\r\n\r\n";
        let answer = Answer::to(ping.addr, preflight.as_bytes());
        assert_eq!(answer.status(), "204", "{name}");
        let field = |name: &str| {
            let mut fields = answer.head.lines().filter_map(|line| line.split_once(": "));
            fields.find(|field| field.0 == name).unwrap_or_else(|| panic!("{name}: {}", answer.head)).1
        };
        assert_eq!(field("access-control-allow-origin"), "*");
        assert!(field("access-control-allow-methods").split(", ").any(|method| method == "GET"));
        assert!(field("access-control-allow-headers").split(", ").any(|name| name == "last-event-id"));
        assert!(field("allow").split(", ").any(|method| method == "OPTIONS"));
        assert!(!answer.head.contains("content-length"), "{}", answer.head);

        let answer = Answer::to(ping.addr, b"GET /sse HTTP/1.1\r\nhost: x\r\nlast-event-id: 7\r\n\r\n");
        assert!(answer.head.contains("\r\naccess-control-allow-origin: *\r\n"), "{}", answer.head);
    }
}
