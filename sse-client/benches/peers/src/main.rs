//! Measures the CPU time of a client per event: sse-client, other crates, and a bare loop. See `HELP`.

mod clients;
mod server;

use std::{error::Error, io::Read, process::Command};

use cpu_time::ProcessTime;
use lexopt::prelude::*;

use clients::CLIENTS;

const HELP: &str = "\
Compares the CPU time per event of event stream clients, over loopback.

Usage: sse-client-peers [--rounds N] [--events N] [--only NAME]

All are measured in one run, interleaved. Each number is the median of the rounds; the one in brackets is the median
of the ratios to the bare loop in the same round. The server is a separate process.

Options:
  --rounds N  [default: 31]
  --events N  Events of a flood; a fortieth of them if sent one by one [default: 100000]
  --only NAME  Run only the first client whose name contains NAME, once, with events of 40 B one by one; for example
               under callgrind, which counts instructions
";

/// How events are sent.
#[derive(Clone, Copy)]
struct Load {
    name: &'static str,
    /// Whether each is written alone, with a pause after it.
    paced: bool,
    data: usize,
}

const LOADS: [Load; 4] = [
    Load { name: "one event per write, 40 B", paced: true, data: 40 },
    Load { name: "one event per write, 1 KB", paced: true, data: 1_000 },
    Load { name: "flood, 40 B", paced: false, data: 40 },
    Load { name: "flood, 1 KB", paced: false, data: 1_000 },
];

fn main() -> Result<(), Box<dyn Error>> {
    let (mut rounds, mut events, mut only) = (31, 100_000, None);
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("serve") => return server::run(),
            Long("rounds") => rounds = args.value()?.parse()?,
            Long("events") => events = args.value()?.parse()?,
            Long("only") => only = Some(args.value()?.string()?),
            Short('h') | Long("help") => {
                print!("{HELP}");
                return Ok(());
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let mut server =
        Command::new(std::env::current_exe()?).arg("--serve").stdout(std::process::Stdio::piped()).spawn()?;
    let mut port = [0; 5];
    server.stdout.take().ok_or("no output of the server")?.read_exact(&mut port)?;
    let port: u16 = std::str::from_utf8(&port)?.trim().parse()?;
    let result = match only {
        None => measure(port, rounds, events),
        Some(name) => run_alone(port, &name, events),
    };
    server.kill()?;
    server.wait()?;
    result
}

/// One client, for a tool that counts instructions.
fn run_alone(port: u16, name: &str, events: usize) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (_, client) =
        CLIENTS.iter().find(|(client, _)| client.contains(name)).ok_or("there is no such client")?;
    runtime.block_on(client(&format!("http://127.0.0.1:{port}/1/40/{events}"), events));
    Ok(())
}

fn measure(port: u16, rounds: usize, events: usize) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    println!("CPU time of an event in ns, and as a part of the bare loop's\n");
    print!("| |");
    CLIENTS.iter().for_each(|(name, _)| print!(" {name} |"));
    println!("\n| --- |{}", " --: |".repeat(CLIENTS.len()));
    for load in LOADS {
        let events = if load.paced { events / 40 } else { events };
        let url = format!("http://127.0.0.1:{port}/{}/{}/{events}", u8::from(load.paced), load.data);
        // Of each client, the time of each round in ns, and its ratio to that of the first client.
        let mut times = CLIENTS.map(|_| Vec::with_capacity(rounds));
        let mut ratios = CLIENTS.map(|_| Vec::with_capacity(rounds));
        for round in 0..rounds {
            for (at, (name, client)) in CLIENTS.iter().enumerate() {
                let start = ProcessTime::now();
                let bytes = runtime.block_on(client(&url, events));
                times[at].push(start.elapsed().as_nanos() as f64 / events as f64);
                ratios[at].push(times[at][round] / times[0][round]);
                assert_eq!(bytes, events * load.data, "{name}");
            }
        }
        print!("| {} |", load.name);
        for (times, ratios) in times.iter_mut().zip(&mut ratios) {
            print!(" {:.0} ({:.2}) |", median(times), median(ratios));
        }
        println!();
    }
    Ok(())
}

fn median(numbers: &mut [f64]) -> f64 {
    numbers.sort_unstable_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}
