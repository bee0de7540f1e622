//! A client that vanishes without FIN or RST, like a phone in a tunnel.
//!
//! Loopback cannot lose packets, so this needs a network namespace, with Linux, root and `ip` of iproute2. If
//! one of them is missing, the test prints that it skips; with `SSE_REQUIRE_NETNS` set, that is an error.

use std::{
    convert::Infallible,
    env,
    io::{BufRead, BufReader, Read, Write},
    net::{IpAddr, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use sse_hyper::{Closed, Event, Sse, WriteLimit};
use tokio::{
    net::TcpListener,
    sync::mpsc::{self, UnboundedReceiver},
    time::{sleep, timeout},
};

const KEEP_ALIVE: Duration = Duration::from_secs(1);
const LIMIT: Duration = Duration::from_secs(3);

/// The bound is the sum of the two. TCP checks it only on retransmission, and a loaded machine needs more.
const NOTICED: Duration = Duration::from_secs(12);

#[derive(Clone, Copy, Debug)]
enum Limited {
    /// With `WriteLimit::wrap`.
    Wrapped,
    /// With `WriteLimit::prepare`, as for warp.
    Prepared,
    Not,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_vanishes_is_noticed() {
    let network = match Network::new() {
        Ok(network) => network,
        Err(reason) => {
            assert!(env::var_os("SSE_REQUIRE_NETNS").is_none(), "{reason}");
            return println!("SKIPPED: {reason}");
        }
    };
    let mut servers = Vec::new();
    for limited in [Limited::Wrapped, Limited::Prepared, Limited::Not] {
        let listener = TcpListener::bind((network.server, 0)).await.unwrap();
        let addr = listener.local_addr().unwrap().to_string();
        let closed = serve(listener, limited);
        servers.push((closed, ["http1", "http2"].map(|http| network.client(&addr, http))));
    }
    network.cut();
    let start = Instant::now();
    let [(wrapped, _), (prepared, _), (not, _)] = &mut servers[..] else { unreachable!() };
    for (closed, expected) in [(wrapped, "WriteTimeout"), (prepared, "Dropped")] {
        for _ in 0..2 {
            let closing = timeout(NOTICED, closed.recv()).await.ok().flatten();
            println!("{:?} after {:.1?}", closing.as_ref().map(Closed::reason), start.elapsed());
            assert_eq!(closing.map(|closing| format!("{:?}", closing.reason())).as_deref(), Some(expected));
        }
    }
    // The keep-alive alone does not notice it: this shows that the clients sent neither FIN nor RST.
    sleep(KEEP_ALIVE).await;
    not.try_recv().unwrap_err();
}

/// One event for each client, and then comments.
fn serve(listener: TcpListener, limited: Limited) -> UnboundedReceiver<Closed> {
    let (closings, closed) = mpsc::unbounded_channel();
    let limit = WriteLimit::new().limit(LIMIT);
    if let Limited::Prepared = limited {
        limit.prepare(&listener).unwrap();
    }
    tokio::spawn(async move {
        let server = auto::Builder::new(limit.executor(TokioExecutor::new()));
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let closings = closings.clone();
            let service = service_fn(move |_| {
                let closings = closings.clone();
                let events = stream::iter([Event::new("hello")]).chain(stream::pending());
                let sse = Sse::new(events)
                    .keep_alive(KEEP_ALIVE)
                    .on_close(move |closed| drop(closings.send(closed)));
                async { Ok::<_, Infallible>(sse.into_http_response()) }
            });
            if let Limited::Wrapped = limited {
                let io = TokioIo::new(limit.wrap(socket));
                tokio::spawn(server.serve_connection(io, service).into_owned());
            } else {
                tokio::spawn(server.serve_connection(TokioIo::new(socket), service).into_owned());
            }
        }
    });
    closed
}

/// A network of this process and the processes in the namespace.
struct Network {
    name: String,
    server: IpAddr,
}

impl Network {
    fn new() -> Result<Self, String> {
        // The range that is reserved for network tests.
        let network = Self { name: format!("sse-{}", std::process::id()), server: [198, 18, 77, 1].into() };
        let name = &network.name;
        ip(&format!("netns add {name}"))?;
        ip(&format!("link add {name} type veth peer name sse-peer netns {name}"))?;
        ip(&format!("addr add 198.18.77.1/30 dev {name}"))?;
        ip(&format!("link set {name} up"))?;
        ip(&format!("-n {name} addr add 198.18.77.2/30 dev sse-peer"))?;
        network.link("up")?;
        Ok(network)
    }

    fn link(&self, state: &str) -> Result<(), String> {
        ip(&format!("-n {} link set sse-peer {state}", self.name))
    }

    fn cut(&self) {
        self.link("down").unwrap();
    }

    /// Starts a client in the namespace: this program again, see below. Returns when the client has an event.
    fn client(&self, addr: &str, http: &str) -> Client {
        let program = env::current_exe().unwrap();
        let mut process = Command::new("ip")
            .args(["netns", "exec", &self.name])
            .arg(program)
            .args(["--ignored", "--exact", "sse::vanished::client", "--nocapture"])
            .envs([("SSE_ADDR", addr), ("SSE_HTTP", http)])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        assert!(output.lines().any(|line| line.unwrap().contains("has an event")), "the client failed");
        Client(process)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // The system removes the link some time after the namespace.
        let _ = ip(&format!("link del {}", self.name));
        let _ = ip(&format!("netns del {}", self.name));
    }
}

fn ip(args: &str) -> Result<(), String> {
    let output = Command::new("ip").args(args.split(' ')).output().map_err(|error| format!("ip: {error}"))?;
    let error = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(format!("ip {args}: {}", error.trim())) }
}

struct Client(Child);

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Not a test: the client that vanishes.
#[test]
#[ignore = "what the other test runs in a namespace"]
fn client() {
    let Ok(addr) = env::var("SSE_ADDR") else { return };
    let request: &[u8] = match &*env::var("SSE_HTTP").unwrap() {
        "http1" => b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n",
        // The preface, SETTINGS and HEADERS.
        _ => {
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\
              \0\0\0\x04\0\0\0\0\0\
              \0\0\x06\x01\x05\0\0\0\x01\x82\x86\x84\x41\x01x"
        }
    };
    let mut socket = TcpStream::connect(addr).unwrap();
    socket.write_all(request).unwrap();
    let mut read = Vec::new();
    while !read.ends_with(b"data: hello\n\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).unwrap();
        read.extend(byte);
    }
    println!("has an event");
    std::thread::sleep(Duration::from_secs(600));
}
