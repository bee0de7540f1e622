//! Plays one server to one run of a program.

use std::{ffi::OsString, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader},
    process::{Child, Command},
    sync::{Semaphore, mpsc},
    task::JoinHandle,
    time::{Instant, sleep_until, timeout},
};

use super::{
    record::Record,
    scenarios::{Scenario, Until},
};
use crate::{kit::program::kill, scripts::socket::Server};

/// The text that is replaced by the URL.
pub(super) const PLACEHOLDER: &str = "{url}";

/// How long a program may take to print its last events once the server has seen enough.
const SETTLE: Duration = Duration::from_millis(300);

/// The factor of the wait for the first request: machines are busy, and some runtimes start slowly.
const SLOW_START: u32 = 6;

/// How many bytes are kept of the end of standard error.
const MAX_ERRORS: usize = 64 * 1024;

/// How the programs are run.
pub(super) struct Player<'a> {
    command: &'a [OsString],
    /// How long to wait for an expected event.
    patience: Duration,
    /// A permit for each program that may start at the same time: some runtimes need a second of CPU time to start, and
    /// many starting at once would distort the times.
    starts: Semaphore,
}

impl<'a> Player<'a> {
    pub(super) fn new(command: &'a [OsString], patience: Duration, starts: usize) -> Self {
        Self { command, patience, starts: Semaphore::new(starts) }
    }

    /// Runs the program until the server has seen enough, or nothing for `patience`. The error is a local one: no free
    /// port, or no such program.
    pub(super) async fn play(&self, scenario: &Scenario) -> Result<Record, String> {
        let script = scenario.script.clone();
        let server = Server::start_with(move |number, addr| script(number, addr)).await;
        let mut server = server.map_err(|error| format!("no server could be started: {error}"))?;
        let user = if scenario.with_password { "user:secret@" } else { "" };
        let url = format!("http://{user}{}/events", server.addr);
        let mut start = self.starts.acquire().await.ok();
        let mut program = Program::start(self.command, &url)?;

        let mut record = Record::new();
        loop {
            if !record.requests().is_empty() {
                start = None;
            }
            let deadline = scenario.deadline(&record, self.patience);
            tokio::select! {
                sighting = server.sighting() => record.see(sighting),
                line = program.lines.recv() => match line {
                    Some(line) => record.read(&line),
                    // Its output is closed, so it is about to exit.
                    None => {
                        record.ended(program.end(self.patience).await);
                        break;
                    }
                },
                () = sleep_until(deadline) => {
                    kill(&mut program.child).await;
                    break;
                }
            }
        }
        drop(start);
        while let Ok(line) = program.lines.try_recv() {
            record.read(&line);
        }
        record.errors(program.errors().await);
        Ok(record)
    }
}

impl Scenario {
    /// When to stop if nothing more happens.
    fn deadline(&self, record: &Record, patience: Duration) -> Instant {
        let Until { requests, quiet, watch } = self.until;
        let Some(first) = record.requests().first() else {
            // A program may reject a URL with a password. It has made other requests, so it does start.
            return record.started + patience * if self.with_password { 1 } else { SLOW_START };
        };
        if let Some(enough) = record.requests().get(requests - 1) {
            return Instant::from_std(enough.at) + SETTLE;
        }
        let quiet = record.last_seen + quiet.unwrap_or(patience);
        watch.map_or(quiet, |watch| quiet.min(Instant::from_std(first.at) + watch))
    }
}

struct Program {
    child: Child,
    lines: mpsc::UnboundedReceiver<Vec<u8>>,
    errors: JoinHandle<String>,
}

impl Program {
    fn start(command: &[OsString], url: &str) -> Result<Self, String> {
        let mut words = command.iter().map(|word| match word.to_str() {
            Some(word) => OsString::from(word.replace(PLACEHOLDER, url)),
            None => word.clone(),
        });
        let name = words.next().ok_or("no command")?;
        let mut command = Command::new(&name);
        command.args(words).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Its child processes are killed with it.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn().map_err(|error| format!("cannot run {name:?}: {error}"))?;
        let (sender, lines) = mpsc::unbounded_channel();
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(read_lines(stdout, sender));
        }
        let errors = tokio::spawn(read_end(child.stderr.take()));
        Ok(Self { child, lines, errors })
    }

    /// Waits until it exits. `None` if a signal ended it, or if it had to be killed.
    async fn end(&mut self, patience: Duration) -> Option<i32> {
        match timeout(patience, self.child.wait()).await {
            Ok(status) => status.ok()?.code(),
            Err(_) => {
                kill(&mut self.child).await;
                None
            }
        }
    }

    /// The end of its standard error.
    async fn errors(&mut self) -> String {
        // A child process that still runs may hold it open.
        timeout(SETTLE, &mut self.errors).await.ok().and_then(Result::ok).unwrap_or_default()
    }
}

async fn read_lines(output: impl AsyncRead + Unpin, lines: mpsc::UnboundedSender<Vec<u8>>) {
    let mut output = BufReader::new(output);
    loop {
        let mut line = Vec::new();
        match output.read_until(b'\n', &mut line).await {
            Ok(read) if read > 0 && lines.send(line).is_ok() => {}
            _ => break,
        }
    }
}

async fn read_end(output: Option<impl AsyncRead + Unpin>) -> String {
    let (mut end, mut buffer) = (Vec::new(), [0; 4_096]);
    if let Some(mut output) = output {
        while let Ok(read @ 1..) = output.read(&mut buffer).await {
            end.extend_from_slice(&buffer[..read]);
            end.drain(..end.len().saturating_sub(MAX_ERRORS));
        }
    }
    String::from_utf8_lossy(&end).into_owned()
}
