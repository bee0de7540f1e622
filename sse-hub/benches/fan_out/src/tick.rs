//! Many clients and one event per second.

use std::{
    error::Error,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::{io::AsyncBufReadExt, time};

use crate::{
    client::{Count, Server, connect},
    server::Kind,
};

const SECONDS: u32 = 10;

pub async fn run(clients: usize) -> Result<(), Box<dyn Error>> {
    println!("\n{clients} clients, one event a second for {SECONDS} s\n");
    println!("| server | CPU | half within | 99 % within | memory for each client |");
    println!("| --- | --: | --: | --: | --: |");
    for kind in [Kind::Plain, Kind::Hub] {
        let mut server = Server::start(kind).await?;
        let empty = server.memory()?;
        let count = Arc::new(Count::default());
        let delays = Arc::new(Mutex::new(Vec::new()));
        for _ in 0..clients {
            let socket = connect(server.port, "").await?;
            let (count, delays) = (count.clone(), delays.clone());
            tokio::spawn(async move {
                let mut lines = socket.lines();
                while let Ok(Some(line)) = lines.next_line().await {
                    // The data begins with its time of publication.
                    if let Some((_, data)) = line.split_once("data: ")
                        && let Some((micros, _)) = data.split_once('~')
                    {
                        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                        let sent = Duration::from_micros(micros.parse().unwrap_or_default());
                        delays
                            .lock()
                            .unwrap_or_else(|error| error.into_inner())
                            .push(now.saturating_sub(sent));
                        count.add(1);
                    }
                }
            });
        }
        let cpu = server.cpu()?;
        let mut interval = time::interval(Duration::from_secs(1));
        for second in 1..=SECONDS {
            interval.tick().await;
            server.publish(1, 100).await?;
            count.reach(u64::from(second) * clients as u64).await;
        }
        let cpu = (server.cpu()? - cpu).as_secs_f64() / f64::from(SECONDS);
        let memory = (server.memory()? - empty) / clients as u64;
        let mut delays = std::mem::take(&mut *delays.lock().unwrap_or_else(|error| error.into_inner()));
        delays.sort();
        let part = |part: f64| delays[(delays.len() as f64 * part) as usize].as_millis();
        println!(
            "| {} | {:.1} % | {} ms | {} ms | {memory} bytes |",
            kind.name(),
            cpu * 100.0,
            part(0.5),
            part(0.99)
        );
    }
    Ok(())
}
