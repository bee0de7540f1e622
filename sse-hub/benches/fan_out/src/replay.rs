//! History from memory: the throughput, and the time to a client's first byte.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use sse_conformance::redis::{Durability, Server as Redis};
use tokio::io::AsyncBufReadExt;

use crate::{
    client::{Server, connect, skip},
    server::Kind,
};

pub async fn run() -> Result<(), Box<dyn Error>> {
    println!("\nReplay from memory, 32 MiB of data\n");
    println!("| data of an event | bytes per second | per second of the server's CPU time |");
    println!("| --: | --: | --: |");
    for len in [600, 1_000, 10_000] {
        let mut server = Server::start(Kind::Hub).await?;
        let events = (32 << 20) / len;
        server.publish(events, len).await?;
        let bytes = events * len;
        let mut best = (0.0, 0.0);
        for _ in 0..5 {
            // The first client waits until everything is published.
            let mut socket = connect(server.port, "x-oldest: 1\r\n").await?;
            let (start, cpu) = (Instant::now(), server.cpu()?);
            skip(&mut socket, bytes).await?;
            let elapsed = start.elapsed();
            let cpu = server.cpu()? - cpu;
            if bytes as f64 / elapsed.as_secs_f64() > best.0 {
                best = (bytes as f64 / elapsed.as_secs_f64(), bytes as f64 / cpu.as_secs_f64());
            }
        }
        println!("| {len} | {:.2} GB/s | {:.2} GB/s |", best.0 / 1e9, best.1 / 1e9);
    }

    println!("\nFrom the connection to the first byte of what was missed, 2,000 clients one after another\n");
    println!("| from | half within | 99 % within | all within |");
    println!("| --- | --: | --: | --: |");
    let mut server = Server::start(Kind::Hub).await?;
    print_times("memory", resume(&mut server, 2_000).await?);
    if let Some(redis) = Redis::start(Durability::Saved) {
        let mut server = Server::start_on(Kind::Redis, &redis.url()).await?;
        print_times("Redis", resume(&mut server, 2_000).await?);
    }
    Ok(())
}

fn print_times(from: &str, mut times: Vec<Duration>) {
    times.sort();
    let part = |part: f64| times[(times.len() as f64 * part) as usize].as_secs_f64() * 1e3;
    println!("| {from} | {:.2} ms | {:.2} ms | {:.2} ms |", part(0.5), part(0.99), part(0.9999));
}

/// The events of the history.
const EVENTS: usize = 20_000;

/// Clients that missed half of the history.
async fn resume(server: &mut Server, clients: usize) -> Result<Vec<Duration>, Box<dyn Error>> {
    let mut first = connect(server.port, "").await?;
    server.publish(EVENTS, 100).await?;
    // The first event is `ready`. With a log outside, its position may be of an earlier epoch.
    let mut id = String::new();
    for _ in 0..2 {
        id.clear();
        while !id.starts_with("id: ") {
            id.clear();
            first.read_line(&mut id).await?;
        }
    }
    let (epoch, _) = id.trim_start_matches("id: ").trim().split_once('-').ok_or("not an id")?;
    let headers = format!("last-event-id: {epoch}-{}\r\n", EVENTS / 2);
    // Everything is there once the last one is.
    skip(&mut first, (EVENTS - 1) * 100).await?;
    drop(first);
    let mut times = Vec::with_capacity(clients);
    for _ in 0..clients {
        let start = Instant::now();
        let mut socket = connect(server.port, &headers).await?;
        socket.fill_buf().await?;
        times.push(start.elapsed());
    }
    Ok(times)
}
