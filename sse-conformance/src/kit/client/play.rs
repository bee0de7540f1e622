//! Plays one server to one run of a program.

use std::{ffi::OsString, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader},
    process::{Child, Command},
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, sleep_until, timeout},
};

use super::{
    PLACEHOLDER,
    record::Record,
    scenarios::{Scenario, Until},
};
use crate::{kit::program::kill, scripts::socket::Server};

/// How long a program has to print what it knows once the server has seen enough.
const SETTLE: Duration = Duration::from_millis(300);

/// The end of standard error that is kept, in bytes.
const MAX_ERRORS: usize = 64 * 1024;

/// Runs the program until enough was seen of it, or nothing for as long as `patience`. An error is one of this
/// machine: no port, or no such program.
pub(super) async fn play(
    command: &[OsString],
    scenario: &Scenario,
    patience: Duration,
) -> Result<Record, String> {
    let script = scenario.script.clone();
    let server = Server::start_with(move |number, addr| script(number, addr)).await;
    let mut server = server.map_err(|error| format!("no server could be started: {error}"))?;
    let user = if scenario.with_password { "user:secret@" } else { "" };
    let url = format!("http://{user}{}/events", server.addr);
    let mut program = Program::start(command, &url)?;

    let mut record = Record::new();
    loop {
        let deadline = scenario.until.deadline(&record, patience);
        tokio::select! {
            sighting = server.sighting() => record.see(sighting),
            line = program.lines.recv() => match line {
                Some(line) => record.read(&line),
                // Its output is closed, so it is about to end.
                None => {
                    record.ended(program.end(patience).await);
                    break;
                }
            },
            () = sleep_until(deadline) => {
                kill(&mut program.child).await;
                break;
            }
        }
    }
    while let Ok(line) = program.lines.try_recv() {
        record.read(&line);
    }
    record.errors(program.errors().await);
    Ok(record)
}

impl Until {
    /// When enough was seen, if nothing more happens.
    fn deadline(&self, record: &Record, patience: Duration) -> Instant {
        let Some(first) = record.requests().first() else { return record.started + patience };
        if let Some(enough) = record.requests().get(self.requests - 1) {
            return Instant::from_std(enough.at) + SETTLE;
        }
        let quiet = record.last_seen + self.quiet.unwrap_or(patience);
        self.watch.map_or(quiet, |watch| quiet.min(Instant::from_std(first.at) + watch))
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
        // What it starts itself ends with it.
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

    /// Waits for its end. `None` if a signal ended it, or if it had to be killed.
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
        // What it has started, and what goes on, may hold it open.
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
