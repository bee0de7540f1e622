//! Kills servers and Redis under a hub, and checks the events of its clients: see `flags.rs`.

#![forbid(unsafe_code)]

mod client;
mod faults;
mod flags;
mod http;
mod log;
mod payload;
mod position;
mod process;
mod proxy;
mod publisher;
mod random;
mod redis;
mod run;
mod servers;
mod verify;

use std::{fs, process::ExitCode};

use tokio::time::Instant;

use crate::{flags::Flags, process::Error, verify::Tally};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("kill: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether no check failed.
async fn run() -> Result<bool, Error> {
    let Some(flags) = Flags::read()? else { return Ok(true) };
    println!(
        "Seed {}. {} clients, {} publishers, {} topics.\n",
        flags.seed, flags.clients, flags.publishers, flags.topics
    );
    println!(
        "| mix | s | faults | published | unknown | refused | delivered | resumes | gaps | lost | doubled | reordered | \
         reused | false gaps | other | slowest SIGTERM |"
    );
    println!("| --- |{}", " --: |".repeat(15));
    let mut is_good = true;
    for mix in &flags.mixes {
        let start = Instant::now();
        let dir = flags.dir.join(mix.name);
        let (verdict, happened) = run::run(mix, &flags, &dir).await?;
        let Tally { published, refused, unknown, events, resumes, gaps, .. } = verdict.tally;
        let Tally { lost, doubled, reordered, reused, false_gaps, miscounted, ghosts, odd, stuck, .. } =
            verdict.tally;
        println!(
            "| {} | {} | {} | {published} | {unknown} | {refused} | {events} | {resumes} | {gaps} | {lost} | {doubled} | \
             {reordered} | {reused} | {false_gaps} | {} | {} ms |",
            mix.name,
            start.elapsed().as_secs(),
            happened.faults,
            miscounted + ghosts + odd + stuck,
            happened.slowest_end.as_millis(),
        );
        if !verdict.tally.is_good() {
            is_good = false;
            println!("\n{}", verdict.faults.join("\n"));
            println!("miscounted {miscounted}, ghosts {ghosts}, unexpected {odd}, stuck {stuck}");
            println!("The logs are in {}\n", dir.display());
        } else if !flags.keep {
            let _ = fs::remove_dir_all(&dir);
        }
    }
    if is_good && !flags.keep {
        let _ = fs::remove_dir(&flags.dir);
    }
    Ok(is_good)
}
