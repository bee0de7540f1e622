//! Runs the `ping` programs, and talks to them over real sockets.

use std::{
    io::{ErrorKind, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    process::Command,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use http_body_util::{BodyExt, Empty};
use hyper::{
    Method, Request, Response, Version,
    body::{Bytes, Incoming},
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};

use sse_conformance::{
    examples::{Server, path},
    http10::read_to_end,
    programs::{PATIENCE, Running},
};

/// The same server twice; `ping_warp --help` lists the differences.
struct Program {
    name: &'static str,
    is_warp: bool,
}

/// Makes a test for each of the programs.
macro_rules! tests {
    ($($(#[$attribute:meta])* $test:ident;)*) => {
        mod ping {
            $($(#[$attribute])* #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
            async fn $test() {
                super::$test(super::Program { name: "ping", is_warp: false }).await;
            })*
        }

        #[cfg(feature = "warp")]
        mod ping_warp {
            $($(#[$attribute])* #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
            async fn $test() {
                super::$test(super::Program { name: "ping_warp", is_warp: true }).await;
            })*
        }
    };
}

tests! {
    pings_come_named_and_unnamed;
    pings_keep_their_interval;
    the_page_and_the_other_answers;
    #[cfg(unix)]
    ctrl_c_ends_the_streams_cleanly_and_stops;
    survives_peers_that_speak_no_http;
    #[cfg(unix)]
    survives_when_it_can_take_no_more_connections;
}

const VERSIONS: [Version; 2] = [Version::HTTP_11, Version::HTTP_2];

async fn pings_come_named_and_unnamed(program: Program) {
    for version in VERSIONS {
        for (path, kind, event) in [
            ("/sse", "named", "event: ping\n"),
            ("/sse?unnamed", "unnamed", ""),
            ("/sse?a&unnamed", "unnamed", ""),
        ] {
            let ping = Server::start(program.name, &["--interval", "20"]);
            let start = unix_time();
            let mut client = Client::send(&ping, version, Method::GET, path).await;
            let came = ping.running.line();
            let over = if program.is_warp { String::new() } else { format!(" over {version:?}") };
            assert_eq!(came, format!("{} came for {kind} pings{over}", client.addr));
            assert_eq!(client.response.status(), 200);
            program.assert_stream_headers(&client.response);

            for _ in 0..3 {
                let block = client.next_block().await;
                let id: u64 = block.lines().next().unwrap().strip_prefix("id: ").unwrap().parse().unwrap();
                assert_eq!(block, format!("id: {id}\n{event}data: {id}\n\n"));
                assert!((start..=unix_time()).contains(&id), "{id}, begun at {start}");
            }

            let addr = client.addr;
            drop(client);
            let left = ping.running.line();
            let words: Vec<&str> = left.split(' ').collect();
            assert_eq!(words[0], addr.to_string(), "{left}");
            assert!(words[3].parse::<f32>().is_ok(), "{left}");
            assert!(words[6].parse::<u64>().unwrap() >= 3, "{left}");
            let fixed = [&words[1..3], &words[4..6], &words[7..]].concat().join(" ");
            assert_eq!(fixed, "left after s and events: the client went away", "{left}");
        }
    }
}

async fn pings_keep_their_interval(program: Program) {
    for (args, intervals) in [(&[][..], 1), (&["--interval", "100"], 5)] {
        let ping = Server::start(program.name, args);
        let start = Instant::now();
        let mut client = Client::send(&ping, Version::HTTP_11, Method::GET, "/sse").await;
        for _ in 0..=intervals {
            client.next_block().await;
        }
        // There is no upper bound: on a busy machine events may be late, but never early.
        assert!(start.elapsed() > Duration::from_millis(495), "{args:?}: {:?}", start.elapsed());
    }
}

async fn the_page_and_the_other_answers(program: Program) {
    let ping = Server::start(program.name, &[]);
    for version in VERSIONS {
        let page = include_str!("../../ping.html");
        let client = Client::send(&ping, version, Method::GET, "/").await;
        assert_eq!(client.response.status(), 200);
        assert_eq!(client.response.headers()["content-type"], "text/html; charset=utf-8");
        assert_eq!(client.whole_body().await, page);

        let client = Client::send(&ping, version, Method::HEAD, "/").await;
        assert_eq!(client.response.status(), 200);
        assert_eq!(client.response.headers()["content-type"], "text/html; charset=utf-8");
        assert_eq!(client.response.headers()["content-length"], page.len().to_string());
        assert_eq!(client.whole_body().await, "");

        let client = Client::send(&ping, version, Method::HEAD, "/sse").await;
        assert_eq!(client.response.status(), 200);
        program.assert_stream_headers(&client.response);
        assert_eq!(client.whole_body().await, "");

        for path in ["/", "/sse", "/sse?unnamed"] {
            for (method, status) in
                [(Method::POST, 405), (Method::PUT, 405), (Method::DELETE, 405), (Method::OPTIONS, 204)]
            {
                let client = Client::send(&ping, version, method, path).await;
                assert_eq!(client.response.status(), status);
                assert_eq!(client.response.headers()["allow"], "GET, HEAD, OPTIONS");
            }
        }
        for path in ["/sse/", "/favicon.ico", "//"] {
            if program.is_warp && path == "/sse/" {
                continue;
            }
            for method in [Method::GET, Method::POST] {
                assert_eq!(Client::send(&ping, version, method, path).await.response.status(), 404);
            }
        }
    }
    // None of these requests opens a stream, so nothing is logged.
    #[cfg(unix)]
    ping.stop();
}

#[cfg(unix)]
async fn ctrl_c_ends_the_streams_cleanly_and_stops(program: Program) {
    let ping = Server::start(program.name, &[]);
    let mut clients = Vec::new();
    for version in VERSIONS {
        let mut client = Client::send(&ping, version, Method::GET, "/sse").await;
        client.next_block().await;
        assert!(ping.running.line().contains(" came "));
        clients.push(client);
    }
    // None of these clients can delay the stop: a silent one, one in the middle of a request, and one that sends more
    // and more requests without reading, until the server waits for it.
    let _silent = TcpStream::connect(ping.addr).unwrap();
    let mut slow = TcpStream::connect(ping.addr).unwrap();
    slow.write_all(b"GET /s").unwrap();
    let mut deaf = TcpStream::connect(ping.addr).unwrap();
    deaf.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    while deaf.write_all(b"GET / HTTP/1.1\r\nhost: ping\r\n\r\n").is_ok() {}

    let start = Instant::now();
    ping.running.interrupt();
    for client in clients {
        // An incomplete body would be an error here.
        let rest = client.whole_body().await;
        assert!(rest.is_empty() || rest.ends_with("\n\n"), "{rest:?}");
        let left = ping.running.line();
        assert!(left.contains(" left after ") && left.ends_with(": the server stops"), "{left}");
    }
    assert_eq!(ping.running.finish(), 0);
    // It should stop within one second; the rest is for busy machines.
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

async fn survives_peers_that_speak_no_http(program: Program) {
    let ping = Server::start(program.name, &["--interval", "20"]);
    let mut witness = Client::send(&ping, Version::HTTP_11, Method::GET, "/sse").await;
    assert!(ping.running.line().contains(" came "));
    let peers: [&[u8]; 8] = [
        b"",
        b"\r\n\r\n",
        b"hello\r\n\r\n",
        b"GET /sse HTTP/9.9\r\n\r\n",
        b"GET /\xff\0 HTTP/1.1\r\nhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        &[b'a'; 1 << 20],
    ];
    for bytes in peers {
        let mut peer = TcpStream::connect(ping.addr).unwrap();
        // Both may fail, since the server may close at once; it only matters that the connection ends.
        let _ = peer.write_all(bytes).and_then(|()| peer.shutdown(Shutdown::Write));
        assert!(read_to_end(&mut peer).map_err(|error| error.kind()) != Err(ErrorKind::TimedOut));
    }
    for _ in 0..3 {
        witness.next_block().await;
    }
    assert_eq!(Client::send(&ping, Version::HTTP_2, Method::HEAD, "/sse").await.response.status(), 200);
}

#[cfg(unix)]
async fn survives_when_it_can_take_no_more_connections(program: Program) {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 32 && exec \"$0\" --addr 127.0.0.1:0"]).arg(path(program.name));
    let ping = Server::of(Running::start(command));
    let crowd: Vec<TcpStream> = (0..32).map(|_| TcpStream::connect(ping.addr).unwrap()).collect();
    let error = ping.running.error_line();
    assert!(error.starts_with(&format!("{}: cannot accept a connection: ", program.name)), "{error}");
    drop(crowd);
    assert_eq!(Client::send(&ping, Version::HTTP_11, Method::HEAD, "/").await.response.status(), 200);
}

impl Program {
    fn assert_stream_headers(&self, response: &Response<Incoming>) {
        let headers = response.headers();
        assert_eq!(headers["content-type"], "text/event-stream");
        assert_eq!(headers["cache-control"], "no-cache, no-transform");
        assert_eq!(headers["x-accel-buffering"], "no");
        assert_eq!(headers["access-control-allow-origin"], "*");
        let connection = headers.get("connection").map(|value| value.to_str().unwrap());
        let has_it = response.version() == Version::HTTP_11 && !self.is_warp;
        assert_eq!(connection, has_it.then_some("keep-alive"));
    }
}

/// A connection with one request, and its response.
struct Client {
    addr: SocketAddr,
    response: Response<Incoming>,
    received: String,
}

impl Client {
    async fn send(ping: &Server, version: Version, method: Method, path: &str) -> Self {
        soon(async {
            let stream = tokio::net::TcpStream::connect(ping.addr).await.unwrap();
            let addr = stream.local_addr().unwrap();
            let io = TokioIo::new(stream);
            let uri = format!("http://{}{path}", ping.addr);
            let request = Request::builder().method(method).uri(uri).header("host", ping.addr.to_string());
            let request = request.body(Empty::<Bytes>::new()).unwrap();
            // Each connection ends when its response is dropped.
            let response = if version == Version::HTTP_2 {
                let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
                tokio::spawn(connection);
                sender.send_request(request).await
            } else {
                let (mut sender, connection) = http1::handshake(io).await.unwrap();
                tokio::spawn(connection);
                sender.send_request(request).await
            };
            Self { addr, response: response.unwrap(), received: String::new() }
        })
        .await
    }

    /// Reads up to and including the next blank line.
    async fn next_block(&mut self) -> String {
        loop {
            if let Some(end) = self.received.find("\n\n") {
                let rest = self.received.split_off(end + 2);
                return std::mem::replace(&mut self.received, rest);
            }
            let frame = soon(self.response.frame()).await.expect("an endless stream").unwrap();
            self.received += std::str::from_utf8(frame.data_ref().unwrap()).unwrap();
        }
    }

    async fn whole_body(self) -> String {
        let rest = soon(self.response.collect()).await.unwrap().to_bytes();
        self.received + std::str::from_utf8(&rest).unwrap()
    }
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("an answer")
}

fn unix_time() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}
