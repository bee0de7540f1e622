//! One run: a site, its clients and publishers, and a mix of faults.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::watch,
    task::JoinSet,
    time::{self, Instant},
};

use crate::{
    client::{Client, Phase},
    faults::{self, Happened, Mix, Site},
    flags::Flags,
    log::{ClientLog, Publication},
    process::Error,
    publisher::Publisher,
    random::Random,
    redis::Redis,
    servers::Server,
    verify::{self, Rules, Verdict},
};

/// How long clients may take to get the last event of their topics, once it is published.
const PATIENCE: Duration = Duration::from_secs(20);

/// The events that servers keep of a topic: more than a client can miss while it is away.
const HISTORY: usize = 5_000;

/// The parts of a run that have their own random numbers.
const FAULTS: u64 = 1 << 32;
const PUBLISHERS: u64 = 2 << 32;

pub(crate) async fn run(mix: &Mix, flags: &Flags, dir: &Path) -> Result<(Verdict, Happened), Error> {
    fs::create_dir_all(dir)?;
    let redis = match mix.redis {
        Some(persistence) => Some(Redis::start(&flags.redis, &dir.join("redis"), persistence).await?),
        None => None,
    };
    let port = redis.as_ref().map(Redis::port);
    let mut servers = Vec::new();
    for number in 0..if redis.is_some() { flags.servers } else { 1 } {
        servers
            .push(Server::start(&flags.hub, dir.join(format!("server-{number}.log")), HISTORY, port).await?);
    }
    let addrs: Arc<[SocketAddr]> = servers.iter().map(Server::addr).collect();
    let site = Arc::new(Site { servers, redis });

    let start = Instant::now();
    let (phase, phases) = watch::channel(Phase::Stormy);
    let mut clients = JoinSet::new();
    for number in 0..flags.clients {
        let topic = (number % usize::from(flags.topics)) as u16;
        let random = Random::new(flags.seed, number as u64);
        clients.spawn(Client::new(number, topic, addrs.clone(), start, phases.clone(), random).run());
    }
    let publisher = |number: u8| {
        let random = Random::new(flags.seed, PUBLISHERS + u64::from(number));
        Publisher::new(number, flags.topics, flags.rate, addrs.clone(), start, random)
    };
    let mut publishers = JoinSet::new();
    for number in 0..flags.publishers {
        publishers.spawn(publisher(number).run(phases.clone()));
    }

    let random = Random::new(flags.seed, FAULTS);
    let happened = faults::storm(site.clone(), mix, start, start + flags.duration, random).await?;
    phase.send_replace(Phase::Calm);
    let mut publications = publishers.join_all().await;
    publications.push(publisher(u8::MAX).end().await);
    phase.send_replace(Phase::Over(Instant::now() + PATIENCE));
    let mut logs = clients.join_all().await;
    logs.sort_by_key(|log| log.client);

    let rules = Rules { losses: &happened.losses, epochs_grow: mix.redis.is_some() };
    let verdict = verify::verify(&logs, &publications, rules);
    if flags.keep || !verdict.tally.is_good() {
        write(dir, &logs, &publications, &happened.story)?;
    }
    // Before the directory may be removed.
    time::timeout(PATIENCE, end(&site)).await.map_err(|_| "the servers do not end")??;
    Ok((verdict, happened))
}

async fn end(site: &Site) -> Result<(), Error> {
    for server in &site.servers {
        server.kill().await?;
    }
    match &site.redis {
        Some(redis) => redis.kill().await,
        None => Ok(()),
    }
}

fn write(
    dir: &Path,
    clients: &[ClientLog],
    publishers: &[Vec<Publication>],
    story: &[String],
) -> Result<(), Error> {
    for log in clients {
        let mut file = BufWriter::new(File::create(dir.join(format!("client-{}.log", log.client)))?);
        writeln!(file, "topic {}", log.topic)?;
        for (line, record) in log.records.iter().enumerate() {
            writeln!(file, "{line} {record}")?;
        }
        file.flush()?;
    }
    for (number, publications) in publishers.iter().enumerate() {
        let mut file = BufWriter::new(File::create(dir.join(format!("publisher-{number}.log")))?);
        for publication in publications {
            writeln!(file, "{publication}")?;
        }
        file.flush()?;
    }
    fs::write(dir.join("faults.log"), story.join("\n") + "\n")?;
    Ok(())
}
