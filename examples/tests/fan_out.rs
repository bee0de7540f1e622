//! Runs the `fan_out` program, with many clients on it.
#![cfg(feature = "axum")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{
    io::{self, Write},
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    sync::Barrier,
    task::JoinSet,
    time,
};

use common::{Answer, PATIENCE, Server};

/// The largest event, in bytes, as it is sent.
const MAX_EVENT: usize = 64 * 1024;

/// The most that can be said at once, in bytes: a line, in an event with an id of up to four digits.
const MAX_SAID: usize = MAX_EVENT - "id: 1234\nevent: said\ndata: \n\n".len();

#[test]
fn everybody_hears_what_is_said() {
    let server = Server::start("fan_out", &["--rate", "0"]);
    let mut clients = [(); 3].map(|()| Answer::get(server.addr, "/sse", b""));
    for (id, text, data) in [
        (1, "hello", "data: hello\n"),
        (2, "", "data: \n"),
        (3, "två\r\nid: 9\n", "data: två\ndata: id: 9\ndata: \n"),
    ] {
        assert_eq!(say(server.addr, text.as_bytes()).unwrap(), id);
        for client in &mut clients {
            assert_eq!(client.block().unwrap(), format!("id: {id}\nevent: said\n{data}\n"));
        }
    }
    // Nothing of this is published.
    assert_eq!(say(server.addr, &[b'x'; MAX_EVENT + 1]).unwrap_err(), "413");
    assert_eq!(say(server.addr, b"\xFF").unwrap_err(), "400");

    let mut newcomer = Answer::get(server.addr, "/sse", b"Last-Event-ID: 1\r\n");
    assert_eq!(say(server.addr, &[b'x'; MAX_SAID]).unwrap(), 4);
    let [client, ..] = &mut clients;
    let block = format!("id: 4\nevent: said\ndata: {}\n\n", "x".repeat(MAX_SAID));
    assert!([newcomer.block(), client.block()] == [(); 2].map(|()| Some(block.clone())));
}

/// What counts is what is kept and sent: a line break takes seven bytes there.
#[test]
fn what_is_said_is_bounded_by_what_it_takes_as_an_event() {
    let server = Server::start("fan_out", &["--rate", "0"]);
    let mut client = Answer::get(server.addr, "/sse", b"");
    let room = MAX_EVENT - "id: 1\nevent: said\ndata: \n\n".len();
    for text in ["\n".repeat(64 * 1024), "\n".repeat(room / 7 + 1), "x".repeat(room + 1)] {
        assert_eq!(say(server.addr, text.as_bytes()).unwrap_err(), "413", "{} bytes", text.len());
    }
    for (id, text) in [(1, "\n".repeat(room / 7)), (2, "x".repeat(room))] {
        assert_eq!(say(server.addr, text.as_bytes()).unwrap(), id);
        let block = client.block().unwrap();
        assert!(block.starts_with(&format!("id: {id}\n")), "{block:.20}");
        assert!((MAX_EVENT - 6..=MAX_EVENT).contains(&block.len()), "{} bytes", block.len());
    }
}

#[test]
fn it_ticks_at_its_rate() {
    let start = Instant::now();
    let server = Server::start("fan_out", &["--rate", "50"]);
    let _other = Answer::get(server.addr, "/sse", b"");
    let mut client = Answer::get(server.addr, "/sse", b"");
    let mut tally = Tally::default();
    for _ in 0..50 {
        let block = client.block().unwrap();
        assert!(block.ends_with("\nevent: tick\ndata: 2\n\n"), "{block}");
        tally.count(&block);
    }
    // Only downwards: on a busy machine they may be late, but nowhere early. The first is 1, at once.
    let earliest = Duration::from_millis(20) * (tally.last_id as u32 - 1);
    assert!(start.elapsed() > earliest - Duration::from_millis(5), "{:?} for {tally:?}", start.elapsed());
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_the_streams_and_stops() {
    let server = Server::start("fan_out", &[]);
    let mut clients = [(); 3].map(|()| Answer::get(server.addr, "/sse", b""));
    clients[2].block().unwrap();
    server.running.interrupt();
    for client in &mut clients {
        while client.block().is_some() {}
    }
    assert_eq!(server.running.finish(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_clients_miss_nothing_untold() {
    const EVENTS: u64 = 200;
    // For the server as well. Each of the processes has some other files.
    let files = rlimit::increase_nofile_limit(4_096).unwrap();
    let count = 1_000.min(usize::try_from(files).unwrap() - 64);
    if count < 1_000 {
        let _ = writeln!(io::stderr(), "only {count} clients, since {files} open files are allowed");
    }
    let server = Server::start("fan_out", &["--rate", "50"]);
    let all_here = Arc::new(Barrier::new(count));
    let mut clients = JoinSet::new();
    for _ in 0..count {
        clients.spawn(time::timeout(PATIENCE, receive(server.addr, EVENTS, all_here.clone())));
    }
    let tallies: Vec<Tally> = clients.join_all().await.into_iter().map(|tally| tally.unwrap()).collect();

    for tally in &tallies {
        assert!(tally.received + tally.missed >= EVENTS, "{tally:?}");
    }
    let [received, missed, lagged] = tallies.iter().fold([0; 3], |[received, missed, lagged], tally| {
        [received + tally.received, missed + tally.missed, lagged + u64::from(tally.missed > 0)]
    });
    println!(
        "{count} clients received {received} events; {lagged} of them were told that they missed {missed}"
    );
}

/// What a client received from when all were there.
async fn receive(addr: SocketAddr, events: u64, all_here: Arc<Barrier>) -> Tally {
    let mut stream = BufReader::new(TcpStream::connect(addr).await.unwrap());
    stream.write_all(b"GET /sse HTTP/1.0\r\n\r\n").await.unwrap();
    assert!(until(&mut stream, "\r\n").await.starts_with("HTTP/1.0 200 "));
    let mut tally = Tally::default();
    tally.count(&until(&mut stream, "\n").await);
    all_here.wait().await;
    let start = tally.received + tally.missed;
    while tally.received + tally.missed < start + events {
        tally.count(&until(&mut stream, "\n").await);
    }
    tally
}

/// Up to and with a line that is no more than this.
async fn until(stream: &mut BufReader<TcpStream>, last: &str) -> String {
    let mut lines = String::new();
    loop {
        let start = lines.len();
        assert_ne!(stream.read_line(&mut lines).await.unwrap(), 0, "the stream ends");
        if &lines[start..] == last {
            return lines;
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn readers_that_never_read_cost_nothing_and_hold_up_nobody() {
    const MESSAGES: u64 = 1_000;
    let server = Server::start("fan_out", &["--rate", "0", "--buffer", "4", "--silence", "600000"]);
    let mut deaf = [(); 8].map(|()| Answer::get(server.addr, "/sse", b""));
    let mut witnesses = [(); 2].map(|()| Answer::get(server.addr, "/sse", b""));
    let mut tallies = [(); 2].map(|()| Tally::default());
    let mut start = 0;
    for id in 1..=MESSAGES {
        assert_eq!(say(server.addr, &[b'x'; MAX_SAID]).unwrap(), id);
        // The others have each message before the next is sent.
        for (witness, tally) in witnesses.iter_mut().zip(&mut tallies) {
            tally.count(&witness.block().unwrap());
            assert_eq!((tally.received, tally.missed), (id, 0));
        }
        if id == MESSAGES / 10 {
            start = resident_set(&server);
        }
    }
    let (end, said) = (resident_set(&server), MESSAGES as usize * MAX_SAID / 1024);
    println!("{said} KiB were said; the server has {start} KiB after a tenth of it, and {end} KiB after all");
    assert!(end < start + said / 4, "{start} KiB, then {end} KiB");

    // Now they read, and are told what they missed; and then go on.
    for deaf in &mut deaf {
        let mut tally = Tally::default();
        while tally.last_id < MESSAGES {
            tally.count(&deaf.block().unwrap());
        }
        assert_eq!(tally.received + tally.missed, MESSAGES, "{tally:?}");
        assert!(tally.missed > 0 && tally.received > 0, "{tally:?}");
    }
    say(server.addr, b"Hello again").unwrap();
    for client in deaf.iter_mut().chain(&mut witnesses) {
        assert_eq!(client.block().unwrap(), "id: 1001\nevent: said\ndata: Hello again\n\n");
    }
}

/// The memory that the server occupies, in KiB.
#[cfg(target_os = "linux")]
fn resident_set(server: &Server) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.running.id())).unwrap();
    let size = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    size.trim().strip_suffix(" kB").unwrap().parse().unwrap()
}

/// What a client knows of the events since its first.
#[derive(Debug, Default)]
struct Tally {
    last_id: u64,
    received: u64,
    missed: u64,
}

impl Tally {
    /// Fails if an event is missing that the client was not told of, or is not in order.
    fn count(&mut self, block: &str) {
        if let Some(missed) = block.strip_prefix("event: lagged\ndata: ") {
            let missed: u64 = missed.trim_end().parse().unwrap();
            assert!(missed > 0);
            self.last_id += missed;
            self.missed += missed;
            return;
        }
        let id = block.lines().next().unwrap().strip_prefix("id: ").unwrap().parse().unwrap();
        if self.received > 0 {
            assert_eq!(id, self.last_id + 1, "{self:?}");
        }
        self.last_id = id;
        self.received += 1;
    }
}

/// The id of what was said, or the status of the refusal.
fn say(addr: SocketAddr, text: &[u8]) -> Result<u64, String> {
    let head = format!("POST /say HTTP/1.0\r\ncontent-length: {}\r\n\r\n", text.len());
    let mut answer = Answer::to(addr, &[head.as_bytes(), text].concat());
    match answer.status() {
        "200" => Ok(answer.line().trim_end().parse().unwrap()),
        status => Err(status.into()),
    }
}
