//! A Redis for the run, on a free port and in its own directory.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::{net::TcpListener, process::Command, sync::Mutex, time};

use crate::process::{Error, Process};

/// The data that remains after `kill -9`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Persistence {
    /// Nothing, or the last snapshot.
    Snapshots,
    /// Everything that was acknowledged: the append-only file is synced before each answer.
    Always,
}

#[derive(Debug)]
pub(crate) struct Redis {
    program: PathBuf,
    dir: PathBuf,
    port: u16,
    persistence: Persistence,
    process: Mutex<Option<Process>>,
}

impl Redis {
    pub(crate) async fn start(program: &Path, dir: &Path, persistence: Persistence) -> Result<Self, Error> {
        // Otherwise it would load the data of an earlier run.
        if dir.exists() {
            std::fs::remove_dir_all(dir)?;
        }
        std::fs::create_dir_all(dir)?;
        let port = free_port().await?;
        let redis =
            Self { program: program.into(), dir: dir.into(), port, persistence, process: Mutex::new(None) };
        redis.restart().await?;
        Ok(redis)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn persistence(&self) -> Persistence {
        self.persistence
    }

    /// Starts it unless it runs, and waits until it answers.
    pub(crate) async fn restart(&self) -> Result<(), Error> {
        let mut process = self.process.lock().await;
        if process.is_some() {
            return Ok(());
        }
        let mut command = Command::new(&self.program);
        command.arg("--port").arg(self.port.to_string()).arg("--dir").arg(&self.dir);
        command.args(["--bind", "127.0.0.1", "--save", "", "--daemonize", "no"]);
        match self.persistence {
            Persistence::Snapshots => command.args(["--appendonly", "no"]),
            Persistence::Always => command.args(["--appendonly", "yes", "--appendfsync", "always"]),
        };
        let mut started = Process::start(&mut command, &self.dir.join("redis.log"))?;
        started.says("Ready to accept connections").await?;
        *process = Some(started);
        Ok(())
    }

    /// `kill -9`.
    pub(crate) async fn kill(&self) -> Result<(), Error> {
        match self.process.lock().await.take() {
            Some(mut process) => process.kill().await,
            None => Ok(()),
        }
    }

    /// Stops it for this time, like a machine that swaps. Calls `stopped` when it has stopped: another fault may be first.
    pub(crate) async fn pause(&self, time: Duration, stopped: impl FnOnce()) -> Result<(), Error> {
        let process = self.process.lock().await;
        if let Some(process) = &*process {
            process.signal("STOP").await?;
            stopped();
            time::sleep(time).await;
            process.signal("CONT").await?;
        }
        Ok(())
    }

    /// Runs a command with `redis-cli`, and returns the lines of its answer.
    pub(crate) async fn command(&self, args: &[&str]) -> Result<Vec<String>, Error> {
        let mut command = Command::new("redis-cli");
        command
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "--raw"])
            .args(args)
            .kill_on_drop(true);
        let output = time::timeout(Duration::from_secs(10), command.output())
            .await
            .map_err(|_| format!("Redis does not answer {args:?}"))?
            .map_err(|error| format!("cannot run redis-cli: {error}"))?;
        if !output.status.success() {
            return Err(format!("redis-cli {args:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
    }
}

/// A port that nobody listens on now.
pub(crate) async fn free_port() -> Result<u16, Error> {
    Ok(TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port())
}
