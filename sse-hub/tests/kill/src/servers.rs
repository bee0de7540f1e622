//! The servers under test: processes of the program `hub`, each with its own network to Redis.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::{process::Command, sync::Mutex};

use crate::{
    process::{Error, Process},
    proxy::{Proxy, Weather},
    redis,
};

/// One server, on one port through all its lives.
#[derive(Debug)]
pub(crate) struct Server {
    program: PathBuf,
    log: PathBuf,
    addr: SocketAddr,
    history: usize,
    proxy: Option<Proxy>,
    process: Mutex<Option<Process>>,
}

impl Server {
    /// With the port of its Redis, or without one.
    pub(crate) async fn start(
        program: &Path,
        log: PathBuf,
        history: usize,
        redis: Option<u16>,
    ) -> Result<Self, Error> {
        let proxy = match redis {
            Some(port) => Some(Proxy::start(port).await?),
            None => None,
        };
        let addr = SocketAddr::from(([127, 0, 0, 1], redis::free_port().await?));
        let server = Self { program: program.into(), log, addr, history, proxy, process: Mutex::new(None) };
        server.restart().await?;
        Ok(server)
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The network to Redis.
    pub(crate) fn set_weather(&self, weather: Weather) {
        if let Some(proxy) = &self.proxy {
            proxy.set(weather);
        }
    }

    /// Starts it unless it runs, and waits until it listens.
    pub(crate) async fn restart(&self) -> Result<(), Error> {
        let mut process = self.process.lock().await;
        if let Some(running) = &mut *process {
            return match running.has_ended() {
                true => {
                    Err(format!("the server at {} ended unexpectedly: see {}", self.addr, self.log.display())
                        .into())
                }
                false => Ok(()),
            };
        }
        let mut command = Command::new(&self.program);
        command.args(["--addr", &self.addr.to_string(), "--history", &self.history.to_string()]);
        if let Some(proxy) = &self.proxy {
            command.args(["--redis", &format!("redis://127.0.0.1:{}", proxy.port())]);
        }
        let mut started = Process::start(&mut command, &self.log)?;
        started.says("Listening on").await?;
        *process = Some(started);
        Ok(())
    }

    /// `kill -9`. Returns false if it did not run.
    pub(crate) async fn kill(&self) -> Result<bool, Error> {
        let Some(mut process) = self.process.lock().await.take() else { return Ok(false) };
        process.kill().await?;
        Ok(true)
    }

    /// Sends SIGTERM, and returns how long it took to end. `None` if it did not run.
    pub(crate) async fn terminate(&self) -> Result<Option<Duration>, Error> {
        let Some(mut process) = self.process.lock().await.take() else { return Ok(None) };
        process.terminate().await.map(Some)
    }

    /// Sends SIGSTOP or SIGCONT. Returns false if it does not run.
    pub(crate) async fn signal(&self, signal: &str) -> Result<bool, Error> {
        let process = self.process.lock().await;
        let Some(process) = &*process else { return Ok(false) };
        process.signal(signal).await?;
        Ok(true)
    }
}
