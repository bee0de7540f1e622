//! Many clients that request an endless flood and read none of it. A separate program, since it measures the process.
//!
//! With the documented 1,000 clients on each server:
//!
//! ```sh
//! SSE_STALLED=1000 cargo test --release -p sse-hyper --features axum --test stalled -- --nocapture
//! ```
#![cfg(feature = "axum")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows test functions, not their helpers

use std::{
    collections::HashMap,
    env, fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use socket2::SockRef;
use sse_conformance::http::{BOTH, SOON, get, soon};
use sse_hyper::Closed;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc::UnboundedReceiver,
    task::JoinSet,
    time::sleep,
};

use common::limited::{Limited, On, Stall, stalled};

mod common;

const DRAIN: Duration = Duration::from_secs(1);

/// Extra time for a loaded machine with many clients.
const SLACK: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_that_takes_nothing() {
    let count: usize = env::var("SSE_STALLED").map_or(40, |count| count.parse().unwrap());
    // Each client has two sockets in this process.
    rlimit::increase_nofile_limit(2 * count as u64 + 200).unwrap();
    let limit = Duration::from_secs(if count < 100 { 1 } else { 3 });
    for on in [On::Hyper, On::Axum] {
        // axum polls HTTP/2 streams in its own tasks. Streams whose socket is full end with their connection, and
        // streams whose window is empty end with the shutdown.
        let stalls: &[_] = match on {
            On::Hyper => &[Stall::Http1, Stall::Http2, Stall::Http2Window],
            On::Axum => &[Stall::Http1, Stall::Http2],
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        // On loopback the system would buffer 4 MB for each, more than it has for all sockets.
        SockRef::from(&listener).set_send_buffer_size(64 * 1024).unwrap();
        let mut server = Limited::start_on(listener, on, limit, DRAIN);
        let readers = Readers::start(&server).await;
        println!("{on:?}, {count} clients that take nothing; {} kB to begin with", resident_set());

        let start = Instant::now();
        let clients = come(&server, count, stalls).await;
        println!("  there after {:.1?}: {} kB", start.elapsed(), resident_set());
        sleep(limit / 4).await;
        let early = resident_set();
        sleep(limit / 4).await;
        let late = resident_set();
        println!("  {early} kB after {:?}, {late} kB after {:?}", limit / 4, limit / 2);
        // hyper buffers at most 16 frames of 16 KiB for each, however long the flood is.
        assert!(late < early + early / 4 + 8 * 1024, "the memory grows: {early} kB, {late} kB");

        let reasons = closings(&mut server.closed, count).await;
        let took = start.elapsed();
        println!("  all cut off after {took:.1?}: {reasons:?}; {} kB", resident_set());
        assert!(took >= limit && took < 2 * limit + SLACK, "{took:?}");
        let known = match on {
            On::Hyper => count,
            On::Axum => count.div_ceil(2),
        };
        assert_eq!(reasons.get("WriteTimeout"), Some(&known), "{reasons:?}");
        readers.assert_served(start.elapsed()).await;
        drop(clients);

        // New clients connect, and the server stops.
        let clients = come(&server, count, stalls).await;
        let start = Instant::now();
        let mut closed = soon(server.shutdown()).await;
        let took = start.elapsed();
        println!("  shut down after {took:.1?}");
        assert!(took < DRAIN + SLACK, "{took:?}");
        let served = readers.leave().await;
        let reasons = closings(&mut closed, count + served).await;
        println!("  {reasons:?}");
        assert!(closed.try_recv().is_err(), "a hook was called twice");
        drop(clients);
    }
}

async fn come(server: &Limited, count: usize, stalls: &[Stall]) -> Vec<TcpStream> {
    let addr = server.addr;
    let stalls = stalls.iter().cycle().take(count).map(|&stall| tokio::spawn(stalled(addr, stall)));
    stream::iter(stalls).map(|client| async { client.await.unwrap() }).buffer_unordered(100).collect().await
}

/// Counts the close reasons of `count` responses.
async fn closings(closed: &mut UnboundedReceiver<Closed>, count: usize) -> HashMap<String, usize> {
    let mut reasons = HashMap::new();
    for _ in 0..count {
        let closing = soon(closed.recv()).await.unwrap();
        *reasons.entry(format!("{:?}", closing.reason())).or_default() += 1;
    }
    reasons
}

/// Clients that read with pauses, since a flood would use the whole machine.
struct Readers {
    clients: JoinSet<()>,
    events: Vec<Arc<AtomicU64>>,
}

impl Readers {
    async fn start(server: &Limited) -> Self {
        let (mut clients, mut events) = (JoinSet::new(), Vec::new());
        for http in BOTH.into_iter().cycle().take(10) {
            let (mut answer, count) = (get(server.addr, http).await, Arc::new(AtomicU64::new(0)));
            events.push(count.clone());
            clients.spawn(async move {
                while answer.block().await.is_some() {
                    if count.fetch_add(1, Relaxed) % 100 == 0 {
                        sleep(Duration::from_millis(50)).await;
                    }
                }
            });
        }
        Self { clients, events }
    }

    /// Asserts that each client has been reading, and still does.
    async fn assert_served(&self, time: Duration) {
        for count in &self.events {
            let before = count.load(Relaxed);
            let each_second = before as f64 / time.as_secs_f64();
            assert!(each_second > 10.0, "a client got {each_second} events a second");
            let end = Instant::now() + SOON;
            while count.load(Relaxed) == before {
                assert!(Instant::now() < end, "a client gets nothing any more");
                sleep(Duration::from_millis(1)).await;
            }
        }
    }

    /// Waits until the server has ended their responses.
    async fn leave(mut self) -> usize {
        let count = self.clients.len();
        while let Some(left) = soon(self.clients.join_next()).await {
            left.unwrap();
        }
        count
    }
}

/// The resident set in kB on Linux, and 0 on other systems.
fn resident_set() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
    line.map_or(0, |kilobytes| kilobytes.parse().unwrap())
}
