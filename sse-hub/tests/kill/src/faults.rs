//! Faults, and how they are repaired.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    task::JoinSet,
    time::{self, Instant},
};

use crate::{
    log::Loss,
    process::Error,
    proxy::Weather,
    random::Random,
    redis::{Persistence, Redis},
    servers::Server,
};

/// One kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    KillServer,
    TerminateServer,
    StopServer,
    KillRedis,
    StopRedis,
    /// Saves, waits, and kills: Redis comes back with an older state.
    RollBack,
    FlushAll,
    DeleteTopic,
    TrimTopic,
    KillConnections,
    CutNetwork,
    SlowNetwork,
    SilentNetwork,
}

/// Faults that are tried together.
#[derive(Debug)]
pub(crate) struct Mix {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) faults: &'static [Fault],
    /// `None`: one server without Redis.
    pub(crate) redis: Option<Persistence>,
}

/// All mixes, in the order in which they run.
pub(crate) const MIXES: &[Mix] = &[
    Mix { name: "memory", about: "one server without Redis; clients come and go", faults: &[], redis: None },
    Mix {
        name: "memory-restart",
        about: "one server without Redis, killed and terminated: gaps, but no other loss",
        faults: &[Fault::KillServer, Fault::TerminateServer, Fault::StopServer],
        redis: None,
    },
    Mix {
        name: "servers",
        about: "kill -9, SIGTERM and SIGSTOP of servers",
        faults: &[Fault::KillServer, Fault::TerminateServer, Fault::StopServer],
        redis: Some(Persistence::Snapshots),
    },
    Mix {
        name: "network",
        about: "CLIENT KILL, and connections to Redis that are cut, slow or silent",
        faults: &[Fault::KillConnections, Fault::CutNetwork, Fault::SlowNetwork, Fault::SilentNetwork],
        redis: Some(Persistence::Snapshots),
    },
    Mix {
        name: "redis-aof",
        about: "kill -9 and SIGSTOP of a Redis that loses nothing, and kill -9 of servers",
        faults: &[Fault::KillRedis, Fault::StopRedis, Fault::KillServer],
        redis: Some(Persistence::Always),
    },
    Mix {
        name: "redis-empty",
        about: "kill -9 of a Redis that comes back empty",
        faults: &[Fault::KillRedis],
        redis: Some(Persistence::Snapshots),
    },
    Mix {
        name: "redis-older",
        about: "kill -9 of a Redis that comes back with an older state",
        faults: &[Fault::RollBack],
        redis: Some(Persistence::Snapshots),
    },
    Mix {
        name: "reset",
        about: "FLUSHALL, and DEL of a topic",
        faults: &[Fault::FlushAll, Fault::DeleteTopic],
        redis: Some(Persistence::Snapshots),
    },
    Mix {
        name: "trim",
        about: "XTRIM of a topic",
        faults: &[Fault::TrimTopic],
        redis: Some(Persistence::Snapshots),
    },
    Mix {
        name: "all",
        about: "everything at once, on a Redis that keeps only its last snapshot",
        faults: &[
            Fault::KillServer,
            Fault::TerminateServer,
            Fault::StopServer,
            Fault::KillRedis,
            Fault::StopRedis,
            Fault::RollBack,
            Fault::FlushAll,
            Fault::DeleteTopic,
            Fault::TrimTopic,
            Fault::KillConnections,
            Fault::CutNetwork,
            Fault::SlowNetwork,
            Fault::SilentNetwork,
        ],
        redis: Some(Persistence::Snapshots),
    },
];

/// The system under test.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) servers: Vec<Server>,
    pub(crate) redis: Option<Redis>,
}

/// The faults of a run, and their effects.
#[derive(Debug, Default)]
pub(crate) struct Happened {
    pub(crate) faults: usize,
    pub(crate) losses: Vec<Loss>,
    /// The longest time that a server took to end after SIGTERM.
    pub(crate) slowest_end: Duration,
    /// Faults in words, with their times.
    pub(crate) story: Vec<String>,
}

/// Makes faults until `end`, and repairs them all.
pub(crate) async fn storm(
    site: Arc<Site>,
    mix: &Mix,
    start: Instant,
    end: Instant,
    mut random: Random,
) -> Result<Happened, Error> {
    let happened = Arc::new(Mutex::new(Happened::default()));
    // A fault and its repair take some time, in which others may happen.
    let mut faults = JoinSet::new();
    while !mix.faults.is_empty() {
        let pause = random.around(0.8) + Duration::from_millis(200);
        if Instant::now() + pause >= end {
            break;
        }
        time::sleep(pause).await;
        let fault = mix.faults[random.below(mix.faults.len())];
        let damage = Damage {
            site: site.clone(),
            fault,
            server: random.below(site.servers.len()),
            topic: random.below(usize::MAX),
            time: random.time(0.1, 2.5),
            start,
            happened: happened.clone(),
        };
        faults.spawn(damage.happen());
        while let Some(done) = faults.try_join_next() {
            done??;
        }
    }
    time::sleep_until(end).await;
    while let Some(done) = faults.join_next().await {
        done??;
    }
    if let Some(redis) = &site.redis {
        redis.restart().await?;
    }
    for server in &site.servers {
        server.set_weather(Weather::Fine);
        revive(server).await?;
    }
    Ok(std::mem::take(&mut *happened.lock().unwrap_or_else(PoisonError::into_inner)))
}

/// One fault, and its repair.
struct Damage {
    site: Arc<Site>,
    fault: Fault,
    server: usize,
    topic: usize,
    time: Duration,
    start: Instant,
    happened: Arc<Mutex<Happened>>,
}

impl Damage {
    async fn happen(self) -> Result<(), Error> {
        let Some(server) = self.site.servers.get(self.server) else { return Ok(()) };
        match self.fault {
            Fault::KillServer => {
                if !self.lose_memory(server.kill()).await? {
                    return Ok(());
                }
                self.tell(format_args!("server {} killed", self.server));
                time::sleep(self.time).await;
                revive(server).await
            }
            Fault::TerminateServer => {
                let Some(took) = self.lose_memory(server.terminate()).await? else { return Ok(()) };
                self.tell(format_args!("server {} ended in {took:?}", self.server));
                let slowest = self.note().slowest_end.max(took);
                self.note().slowest_end = slowest;
                time::sleep(self.time).await;
                revive(server).await
            }
            Fault::StopServer => {
                if !server.signal("STOP").await? {
                    return Ok(());
                }
                self.tell(format_args!("server {} stopped for {:?}", self.server, self.time));
                time::sleep(self.time).await;
                // The server may have been killed meanwhile.
                server.signal("CONT").await.map(drop)
            }
            Fault::CutNetwork => self.weather(server, Weather::Down).await,
            Fault::SlowNetwork => self.weather(server, Weather::Slow(self.time / 20)).await,
            Fault::SilentNetwork => self.weather(server, Weather::Silent).await,
            _ => match &self.site.redis {
                Some(redis) => self.happen_to_redis(redis).await,
                None => Ok(()),
            },
        }
    }

    async fn weather(&self, server: &Server, weather: Weather) -> Result<(), Error> {
        self.tell(format_args!("network of server {}: {weather:?} for {:?}", self.server, self.time));
        server.set_weather(weather);
        time::sleep(self.time).await;
        server.set_weather(Weather::Fine);
        Ok(())
    }

    async fn happen_to_redis(&self, redis: &Redis) -> Result<(), Error> {
        match self.fault {
            Fault::KillRedis => {
                match redis.persistence() {
                    Persistence::Snapshots => self.lose(None, redis.kill()).await?,
                    Persistence::Always => redis.kill().await?,
                }
                self.tell("Redis killed");
                time::sleep(self.time).await;
                redis.restart().await
            }
            Fault::StopRedis => {
                let stopped = || self.tell(format_args!("Redis stopped for {:?}", self.time));
                redis.pause(self.time, stopped).await
            }
            Fault::RollBack => {
                // Redis may be down, by another fault.
                if redis.command(&["SAVE"]).await.is_err() {
                    return Ok(());
                }
                self.tell("Redis saved");
                time::sleep(self.time).await;
                self.lose(None, redis.kill()).await?;
                self.tell("Redis killed, older state");
                time::sleep(self.time / 4).await;
                redis.restart().await
            }
            Fault::KillConnections => {
                self.tell("CLIENT KILL");
                let _ = redis.command(&["CLIENT", "KILL", "TYPE", "normal"]).await;
                Ok(())
            }
            Fault::FlushAll => {
                self.tell("FLUSHALL");
                let _ = self.lose(None, redis.command(&["FLUSHALL"])).await;
                Ok(())
            }
            Fault::DeleteTopic | Fault::TrimTopic => {
                let Ok(keys) = streams(redis).await else { return Ok(()) };
                let Some(key) = keys.get(self.topic % keys.len().max(1)) else { return Ok(()) };
                // If the key has no known topic, the loss counts for all topics.
                let topic = topic_of(key);
                if self.fault == Fault::DeleteTopic {
                    self.tell(format_args!("DEL {key}"));
                    let _ = self.lose(topic, redis.command(&["DEL", key])).await;
                } else {
                    let left = [0, 0, 1, 3, 20][self.topic % 5].to_string();
                    self.tell(format_args!("XTRIM {key} to {left}"));
                    let _ = self.lose(topic, redis.command(&["XTRIM", key, "MAXLEN", &left])).await;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A server without Redis loses its history when it ends.
    async fn lose_memory<T>(&self, end: impl Future<Output = T>) -> T {
        match self.site.redis {
            None => self.lose(None, end).await,
            Some(_) => end.await,
        }
    }

    /// Records a loss before it happens, since clients may see it at once.
    async fn lose<T>(&self, topic: Option<u16>, loss: impl Future<Output = T>) -> T {
        let (at, is_reset) = (self.start.elapsed(), self.fault != Fault::TrimTopic);
        // Until it is over, it may remove any event.
        self.note().losses.push(Loss { at, done: Duration::MAX, topic, is_reset });
        let result = loss.await;
        let done = self.start.elapsed();
        if let Some(loss) = self.note().losses.iter_mut().find(|loss| loss.at == at) {
            loss.done = done;
        }
        result
    }

    fn tell(&self, text: impl fmt::Display) {
        let line = format!("{:9.3} s  {text}", self.start.elapsed().as_secs_f64());
        let mut happened = self.note();
        happened.faults += 1;
        happened.story.push(line);
    }

    fn note(&self) -> MutexGuard<'_, Happened> {
        self.happened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts a server again until it runs, like a service manager. It does not start while Redis is down.
async fn revive(server: &Server) -> Result<(), Error> {
    let mut attempts = 0;
    loop {
        match server.restart().await {
            Ok(()) => return Ok(()),
            Err(error) if attempts == 40 => return Err(error),
            Err(_) => attempts += 1,
        }
        time::sleep(Duration::from_millis(250)).await;
    }
}

/// The keys that are streams.
async fn streams(redis: &Redis) -> Result<Vec<String>, Error> {
    let mut streams = redis.command(&["SCAN", "0", "COUNT", "1000", "TYPE", "stream"]).await?;
    // The first line is the cursor.
    streams.retain(|line| line.parse::<u64>().is_err() && !line.is_empty());
    streams.sort();
    Ok(streams)
}

/// The topic that a key belongs to: its last part, if that is one of our topics.
fn topic_of(key: &str) -> Option<u16> {
    let (_, number) = key.rsplit_once('t')?;
    number.trim_matches('}').parse().ok()
}
