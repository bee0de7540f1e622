//! Runs each example, and sends requests over a real socket.
#![cfg(unix)]

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    process::Command,
    time::Instant,
};

use sse_conformance::programs::{PATIENCE, Running};

const EVENTS: &str = "id: 1\ndata: hello\n\nid: 2\ndata: hello\n\nid: 3\ndata: hello\n\n";
const KEEP_ALIVE: &str = ":keep-alive\n\n";

#[cfg(feature = "actix-web")]
#[test]
fn actix_web() {
    let program = env!("CARGO_BIN_EXE_sse-actix-web");
    check(program, include_str!("../actix_web.rs"));
    notices_fin(program);
    let server = Server::start(program);
    Client::resume(server.addr, "41")
        .read_until("id: 42\ndata: hello\n\nid: 43\ndata: hello\n\nid: 44\ndata: hello\n\n");
}

#[cfg(feature = "poem")]
#[test]
fn poem() {
    check(env!("CARGO_BIN_EXE_sse-poem"), include_str!("../poem.rs"));
}

#[cfg(feature = "rocket")]
#[test]
fn rocket() {
    let program = env!("CARGO_BIN_EXE_sse-rocket");
    check(program, include_str!("../rocket.rs"));
    notices_fin(program);
}

#[cfg(feature = "salvo")]
#[test]
fn salvo() {
    let program = env!("CARGO_BIN_EXE_sse-salvo");
    check(program, include_str!("../salvo.rs"));
    notices_fin(program);
}

#[allow(dead_code)] // without a feature there is nothing to check
fn check(program: &str, source: &str) {
    let code = source.lines().filter(|line| !line.starts_with("//!"));
    assert!(code.count() <= 31, "an example must be at most 30 lines, and a blank one after its head");
    for signal in ["INT", "TERM"] {
        let server = Server::start(program);

        let mut client = Client::connect(server.addr);
        for (name, value) in sse_hyper::HEADERS {
            assert_eq!(client.headers.get(name).map(String::as_str), Some(value), "{name}");
        }
        // The second comment shows that comments repeat, with nothing else between them.
        client.read_until(&[EVENTS, KEEP_ALIVE, KEEP_ALIVE].concat());
        drop(client);
        server.wait_for("closed: Dropped");

        let mut clients = [(); 2].map(|()| Client::connect(server.addr));
        for client in &mut clients {
            client.read_until(EVENTS);
        }
        server.running.signal(signal);
        for client in clients {
            client.read_to_clean_end();
            server.wait_for("closed: Shutdown");
        }
        server.running.rest();
        assert_eq!(server.running.finish(), 0, "SIG{signal}");
    }
}

/// FIN means that the client leaves, even if its system still accepts comments.
///
/// Not so with poem, which continues to poll the connection, and needs a reset.
#[allow(dead_code)]
fn notices_fin(program: &str) {
    let server = Server::start(program);
    let mut client = Client::connect(server.addr);
    client.read_until(EVENTS);
    client.stream.get_ref().shutdown(Shutdown::Write).expect("it is connected");
    server.wait_for("closed: Dropped");
}

struct Server {
    running: Running,
    addr: SocketAddr,
}

impl Server {
    fn start(program: &str) -> Self {
        let mut command = Command::new(program);
        command.arg("127.0.0.1:0");
        // Rocket reads its address from the environment. Its request log writes a line in two parts, so a line of the
        // example can come between them.
        command.envs([
            ("ROCKET_PORT", "0"),
            ("ROCKET_CLI_COLORS", "false"),
            ("ROCKET_LOG_LEVEL", "critical"),
        ]);
        let running = Running::start(command);
        loop {
            let line = running.line();
            let Some((_, rest)) = line.split_once("http://") else { continue };
            let addr = rest.split('/').next().and_then(|addr| addr.parse().ok());
            return Self { addr: addr.unwrap_or_else(|| panic!("no address in {line:?}")), running };
        }
    }

    /// Reads its output up to this line.
    fn wait_for(&self, line: &str) {
        while self.running.line() != line {}
    }
}

/// A connection after the head of its response, whose body comes in chunks.
struct Client {
    stream: BufReader<TcpStream>,
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

impl Client {
    fn connect(addr: SocketAddr) -> Self {
        Self::resume(addr, "")
    }

    /// An empty id is that of a new client.
    fn resume(addr: SocketAddr, last_event_id: &str) -> Self {
        let mut stream = TcpStream::connect(addr).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("that is possible");
        let request = format!("GET /events HTTP/1.1\r\nhost: x\r\nlast-event-id: {last_event_id}\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut stream = BufReader::new(stream);
        assert_eq!(line(&mut stream), "HTTP/1.1 200 OK");
        let mut headers = HashMap::new();
        loop {
            let line = line(&mut stream);
            let Some((name, value)) = line.split_once(':') else { break };
            let first = headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
            assert_eq!(first, None, "{name}");
        }
        assert_eq!(headers.get("transfer-encoding").map(String::as_str), Some("chunked"));
        Self { stream, headers, body: Vec::new() }
    }

    /// Reads until the body is exactly this.
    fn read_until(&mut self, expected: &str) {
        while self.body.len() < expected.len() {
            assert!(self.read_chunk(), "it ended");
        }
        assert_eq!(str::from_utf8(&self.body), Ok(expected));
    }

    /// After the events there are only comments and the last chunk. Without that chunk the response is broken.
    fn read_to_clean_end(mut self) {
        let start = Instant::now();
        while self.read_chunk() {
            assert!(start.elapsed() < PATIENCE, "the response goes on");
        }
        let body = str::from_utf8(&self.body).expect("it is text");
        let rest = body.strip_prefix(EVENTS).expect("the events are first");
        assert_eq!(rest.replace(KEEP_ALIVE, ""), "");
    }

    /// Returns false for the last chunk.
    fn read_chunk(&mut self) -> bool {
        let size = usize::from_str_radix(&line(&mut self.stream), 16).expect("a chunk's size");
        let start = self.body.len();
        self.body.resize(start + size, 0);
        self.stream.read_exact(&mut self.body[start..]).expect("a whole chunk");
        assert_eq!(line(&mut self.stream), "");
        size > 0
    }
}

fn line(stream: &mut impl BufRead) -> String {
    let mut line = String::new();
    stream.read_line(&mut line).expect("the server continues to write");
    line.strip_suffix("\r\n").unwrap_or_else(|| panic!("cut: {line:?}")).to_owned()
}
