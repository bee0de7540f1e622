//! CPU time of the servers for each event and client, relative to `plain`.

use std::{error::Error, sync::Arc, time::Duration};

use crate::{
    client::{Count, Server, connect, read},
    server::Kind,
};

/// A server with its clients.
struct Contestant {
    kind: Kind,
    server: Server,
    count: Arc<Count>,
    published: usize,
    cpu: Duration,
}

const DATA: usize = 100;

pub async fn run(clients: usize, rounds: usize) -> Result<(), Box<dyn Error>> {
    let mut contestants = Vec::new();
    for kind in Kind::ALL {
        let server = Server::start(kind).await?;
        let count = Arc::new(Count::default());
        for _ in 0..clients {
            let socket = connect(server.port, "").await?;
            tokio::spawn(read(socket, count.clone()));
        }
        contestants.push(Contestant { kind, server, count, published: 0, cpu: Duration::ZERO });
    }
    println!("\nCPU time of the server for each event of {DATA} bytes and client, {clients} clients\n");
    println!(
        "| burst | plain | {} |",
        Kind::ALL[1..].iter().map(|kind| kind.name()).collect::<Vec<_>>().join(" | ")
    );
    println!("| --: | --: | --: | --: | --: |");
    for burst in [1, 10, 200] {
        // Once to warm up.
        for turn in 0..=rounds {
            for contestant in &mut contestants {
                let cpu = contestant.turn(burst, rounds * 10 / burst.min(10), clients).await?;
                if turn > 0 {
                    contestant.cpu += cpu;
                }
            }
        }
        let events = (rounds * burst * (rounds * 10 / burst.min(10)) * clients) as f64;
        let plain = contestants[0].cpu.as_nanos() as f64;
        print!("| {burst} |");
        for contestant in &mut contestants {
            let nanos = std::mem::take(&mut contestant.cpu).as_nanos() as f64;
            match contestant.kind {
                Kind::Plain => print!(" {:.0} ns |", nanos / events),
                _ => print!(" {:.2} |", nanos / plain),
            }
        }
        println!();
    }
    Ok(())
}

impl Contestant {
    /// Publishes bursts, each after all clients have received the one before.
    async fn turn(
        &mut self,
        burst: usize,
        bursts: usize,
        clients: usize,
    ) -> Result<Duration, Box<dyn Error>> {
        let before = self.server.cpu()?;
        for _ in 0..bursts {
            self.server.publish(burst, DATA).await?;
            self.published += burst;
            self.count.reach((self.published * clients) as u64).await;
        }
        Ok(self.server.cpu()? - before)
    }
}
