//! A program that runs until it is killed, with its output in a file.

use std::{fs::File, io, path::Path, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time,
};

pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

/// How long a program may take to start, and to stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    output: Option<Lines<BufReader<ChildStdout>>>,
    name: String,
}

impl Process {
    /// Starts it. Its standard error is appended to `log`.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Result<Self, Error> {
        let name = command.as_std().get_program().to_string_lossy().into_owned();
        let log = File::options().create(true).append(true).open(log)?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| format!("cannot start {name}: {error}"))?;
        let output = child.stdout.take().map(|output| BufReader::new(output).lines());
        Ok(Self { child, output, name })
    }

    /// Waits until it prints a line that contains this text. Its later output is discarded.
    pub(crate) async fn says(&mut self, text: &str) -> Result<(), Error> {
        let Some(mut output) = self.output.take() else { return Ok(()) };
        let line = async {
            while let Some(line) = output.next_line().await? {
                if line.contains(text) {
                    return Ok(true);
                }
            }
            io::Result::Ok(false)
        };
        match time::timeout(PATIENCE, line).await {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => return Err(format!("{} ended at once: see its log", self.name).into()),
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => return Err(format!("{} does not print {text:?}", self.name).into()),
        }
        tokio::spawn(async move { while let Ok(Some(_)) = output.next_line().await {} });
        Ok(())
    }

    /// `kill -9`.
    pub(crate) async fn kill(&mut self) -> Result<(), Error> {
        Ok(self.child.kill().await?)
    }

    /// Sends SIGTERM, and returns how long it took to end.
    pub(crate) async fn terminate(&mut self) -> Result<Duration, Error> {
        let start = time::Instant::now();
        // It may be stopped, by another fault.
        self.signal("CONT").await?;
        self.signal("TERM").await?;
        let ended = time::timeout(PATIENCE, self.child.wait()).await;
        ended.map_err(|_| format!("{} does not end after SIGTERM", self.name))??;
        Ok(start.elapsed())
    }

    /// Sends a signal, by its name.
    pub(crate) async fn signal(&self, signal: &str) -> Result<(), Error> {
        let Some(id) = self.child.id() else { return Err(format!("{} has ended", self.name).into()) };
        let status = Command::new("kill").args([format!("-{signal}"), id.to_string()]).status().await?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("cannot send SIG{signal} to {}", self.name).into())
        }
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }
}
