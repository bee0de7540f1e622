//! Runs the program `hub` with many clients, and with clients that read nothing.

use std::{
    io::{self, Write},
    net::SocketAddr,
    sync::Arc,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    sync::Barrier,
    task::JoinSet,
    time,
};

use sse_conformance::{examples::Server, http10::Answer, programs::PATIENCE};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_clients_get_everything_in_order() {
    const EVENTS: u64 = 200;
    // The server inherits the limit. Each process has some other open files.
    let files = rlimit::increase_nofile_limit(4_096).unwrap();
    let count = 1_000.min(usize::try_from(files).unwrap() - 64);
    if count < 1_000 {
        let _ = writeln!(io::stderr(), "only {count} clients, since {files} open files are allowed");
    }
    let server = Server::start("hub", &[]);
    let all_here = Arc::new(Barrier::new(count + 1));
    let mut clients = JoinSet::new();
    for _ in 0..count {
        clients.spawn(time::timeout(PATIENCE, receive(server.addr, EVENTS, all_here.clone())));
    }
    time::timeout(PATIENCE, all_here.wait()).await.expect("every client comes");
    let addr = server.addr;
    tokio::task::spawn_blocking(move || (1..=EVENTS).for_each(|n| drop(publish(addr, &n.to_string()))))
        .await
        .unwrap();
    for received in clients.join_all().await {
        assert_eq!(received.unwrap(), (1..=EVENTS).collect::<Vec<_>>());
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_server_that_is_busy_lets_a_thousand_clients_wait() {
    let longest = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
    let count = 1_000.min(longest.trim().parse().unwrap());
    rlimit::increase_nofile_limit(4_096).unwrap();
    let server = Server::start("hub", &[]);
    // It accepts nobody, but the system completes connections while its queue has room.
    server.running.signal("STOP");
    let mut waiting = Vec::new();
    for n in 0..count {
        let stream = time::timeout(PATIENCE, TcpStream::connect(server.addr)).await;
        waiting.push(stream.unwrap_or_else(|_| panic!("only {n} connections can wait")).unwrap());
    }
    server.running.signal("CONT");
    drop(waiting);
    time::timeout(PATIENCE, connect(server.addr, "")).await.expect("it accepts clients again");
}

/// The events of a client that disconnects in the middle and reconnects.
async fn receive(addr: SocketAddr, events: u64, all_here: Arc<Barrier>) -> Vec<u64> {
    let mut received = Vec::new();
    let (mut stream, ready) = connect(addr, "").await;
    all_here.wait().await;
    assert!(ready.contains("event: ready\n"), "{ready}");
    let mut id = String::new();
    while (received.len() as u64) < events {
        if received.len() as u64 == events / 2 && !id.is_empty() {
            stream = connect(addr, &format!("Last-Event-ID: {id}\r\n")).await.0;
            id.clear();
        }
        let block = until(&mut stream, "\n").await;
        let mut lines = block.lines();
        id = lines.next().unwrap().strip_prefix("id: ").unwrap().to_owned();
        received.push(lines.next().unwrap().strip_prefix("data: ").unwrap().parse().unwrap());
    }
    received
}

/// A stream, and its first block if the client is new.
async fn connect(addr: SocketAddr, headers: &str) -> (BufReader<TcpStream>, String) {
    let mut stream = BufReader::new(TcpStream::connect(addr).await.unwrap());
    stream.write_all(format!("GET /topics/a HTTP/1.0\r\n{headers}\r\n").as_bytes()).await.unwrap();
    assert!(until(&mut stream, "\r\n").await.starts_with("HTTP/1.0 200 "));
    let ready = if headers.is_empty() { until(&mut stream, "\n").await } else { String::new() };
    (stream, ready)
}

/// Reads up to and including the line `last`.
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
    const EVENTS: u64 = 1_000;
    const SIZE: usize = 60 * 1024;
    let server = Server::start("hub", &["--history", "4", "--silence", "600000"]);
    let mut deaf = [(); 8].map(|()| Answer::get(server.addr, "/topics/a", b""));
    let mut witnesses = [(); 2].map(|()| Answer::get(server.addr, "/topics/a", b""));
    for client in deaf.iter_mut().chain(&mut witnesses) {
        client.block().unwrap();
    }
    let text = "x".repeat(SIZE);
    let mut start = 0;
    for n in 1..=EVENTS {
        let id = publish(server.addr, &text);
        assert!(id.ends_with(&format!("-{n}")), "{id}");
        // The others get each event before the next is published.
        for witness in &mut witnesses {
            assert!(witness.block().unwrap().starts_with(&format!("id: {id}\ndata: x")));
        }
        if n == EVENTS / 10 {
            start = resident_set(&server);
        }
    }
    let (end, said) = (resident_set(&server), EVENTS as usize * SIZE / 1024);
    println!(
        "{said} KiB were published; the server has {start} KiB after a tenth of it, and {end} KiB after all"
    );
    assert!(end < start + said / 4, "{start} KiB, then {end} KiB");

    // Now they read, get a gap with the number of lost events, and continue.
    let last = publish(server.addr, "Hello again");
    for client in deaf.iter_mut().chain(&mut witnesses) {
        let (mut received, mut missed) = (0, 0);
        loop {
            let block = client.block().unwrap();
            if let Some((_, number)) = block.split_once(r#"data: {"reason":"slow","missed":"#) {
                missed += number.split('}').next().unwrap().parse::<u64>().unwrap();
                continue;
            }
            received += 1;
            if block == format!("id: {last}\ndata: Hello again\n\n") {
                break;
            }
        }
        let already = if missed == 0 { EVENTS } else { 0 };
        assert_eq!(already + received + missed, EVENTS + 1, "{received} and {missed}");
    }
}

/// The resident memory of the server, in KiB.
#[cfg(target_os = "linux")]
fn resident_set(server: &Server) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.running.id())).unwrap();
    let size = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    size.trim().strip_suffix(" kB").unwrap().parse().unwrap()
}

/// Publishes an event, and returns its position.
fn publish(addr: SocketAddr, text: &str) -> String {
    let head = format!("POST /topics/a HTTP/1.0\r\ncontent-length: {}\r\n\r\n", text.len());
    let mut answer = Answer::to(addr, &[head.as_bytes(), text.as_bytes()].concat());
    assert_eq!(answer.status(), "200");
    answer.line().strip_suffix('\n').unwrap().to_owned()
}
