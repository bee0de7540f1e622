//! CPU time of the servers for each event and client, relative to `plain`.

use std::{error::Error, sync::Arc, time::Duration};

use crate::{
    client::{Count, Server, connect, read},
    server::Kind,
};

/// A server with its clients.
struct Contestant {
    server: Server,
    count: Arc<Count>,
    published: usize,
}

const DATA: usize = 100;

const BURSTS: [usize; 3] = [1, 10, 200];

/// How often the servers are started: where its memory is can make a process 3 % faster or slower.
const STARTS: usize = 5;

pub async fn run(clients: usize, rounds: usize) -> Result<(), Box<dyn Error>> {
    // For each size of the bursts, and each server.
    let mut cpu = [[Duration::ZERO; Kind::ALL.len()]; BURSTS.len()];
    for _ in 0..STARTS {
        let mut contestants = Vec::new();
        for kind in Kind::ALL {
            contestants.push(Contestant::start(kind, clients).await?);
        }
        for (burst, cpu) in BURSTS.into_iter().zip(&mut cpu) {
            // Once to warm up.
            for turn in 0..=rounds {
                for (contestant, cpu) in contestants.iter_mut().zip(&mut *cpu) {
                    let taken = contestant.turn(burst, bursts(burst, rounds), clients).await?;
                    if turn > 0 {
                        *cpu += taken;
                    }
                }
            }
        }
    }

    println!("\nCPU time of the server for each event of {DATA} bytes and client, {clients} clients\n");
    println!("| burst | {} |", Kind::ALL.map(Kind::name).join(" | "));
    println!("| --: | --: | --: | --: | --: |");
    for (burst, cpu) in BURSTS.into_iter().zip(cpu) {
        let events = STARTS * rounds * bursts(burst, rounds) * burst * clients;
        let [plain, others @ ..] = cpu.map(|cpu| cpu.as_nanos() as f64);
        let others = others.map(|other| format!("{:.2}", other / plain)).join(" | ");
        println!("| {burst} | {:.0} ns | {others} |", plain / events as f64);
    }
    Ok(())
}

/// The number of bursts in a turn.
fn bursts(burst: usize, rounds: usize) -> usize {
    rounds * 10 / burst.min(10)
}

impl Contestant {
    async fn start(kind: Kind, clients: usize) -> Result<Self, Box<dyn Error>> {
        let server = Server::start(kind).await?;
        let count = Arc::new(Count::default());
        for _ in 0..clients {
            let socket = connect(server.port, "").await?;
            tokio::spawn(read(socket, count.clone()));
        }
        Ok(Self { server, count, published: 0 })
    }

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
