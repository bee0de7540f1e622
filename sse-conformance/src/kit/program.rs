//! Runs the checked program.

use std::{ffi::OsString, process::Stdio, time::Duration};

use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command},
    time::timeout,
};

/// The output and the exit code of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its standard output.
    pub out: Vec<u8>,
    /// Its standard error.
    pub err: String,
    /// Its exit code; `None` after a signal.
    pub code: Option<i32>,
}

impl Ended {
    /// How it failed, with some lines of its standard error. `None` if it succeeded.
    pub fn complaint(&self) -> Option<String> {
        let how = match self.code {
            Some(0) => return None,
            Some(code) => format!("it ended with the exit code {code}"),
            None => "a signal ended it".to_owned(),
        };
        // Some languages print the reason first, others last.
        let mut said: Vec<&str> = self.err.lines().filter(|line| !line.trim().is_empty()).collect();
        if said.len() > 3 {
            said.drain(2..said.len() - 1);
        }
        Some([how.as_str()].iter().chain(&said).copied().collect::<Vec<_>>().join("\n"))
    }
}

/// Runs a program to its end on this input. Fails if it cannot be started, or if it takes longer than `limit`; then it
/// is killed.
pub async fn run(
    command: &[OsString],
    more: &[&str],
    input: &[u8],
    limit: Duration,
) -> Result<Ended, String> {
    let (name, args) = command.split_first().ok_or("no command")?;
    let mut command = Command::new(name);
    command.args(args).args(more).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("cannot run {name:?}: {error}"))?;
    let stdin = child.stdin.take();
    let write = async move {
        if let Some(mut stdin) = stdin {
            // It fails if the program does not read to the end; its output shows whether that matters.
            let _ = stdin.write_all(input).await;
            let _ = stdin.shutdown().await;
        }
    };
    let run = async { tokio::join!(write, child.wait_with_output()).1 };
    let output = match timeout(limit, run).await {
        Ok(output) => output.map_err(|error| format!("its output cannot be read: {error}"))?,
        Err(_) => return Err(format!("it did not end within {} s of the end of its input", limit.as_secs())),
    };
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    Ok(Ended { out: output.stdout, err, code: output.status.code() })
}

/// Kills a program and, on Unix, the process group that it leads, so that no child process is left.
pub async fn kill(child: &mut Child) {
    #[cfg(unix)]
    if let Some(id) = child.id() {
        let group = ["-KILL", "--", &format!("-{id}")];
        let _ = Command::new("kill").args(group).stderr(Stdio::null()).status().await;
    }
    // It may already have exited.
    let _ = child.kill().await;
}
