//! Programs that run: with input, output, signals and an end.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::Duration,
};

/// How long to wait for what must come: only a failing test ever waits that long.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How a program ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Finished {
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
    /// Its exit code; `None` after a signal.
    pub code: Option<i32>,
}

/// Runs a program to its end on this input.
pub fn run(command: &mut Command, input: &[u8]) -> Finished {
    let mut child = piped(command);
    let mut stdin = child.stdin.take().unwrap();
    let output = thread::scope(|scope| {
        // It fails where the program does not read to the end.
        scope.spawn(move || stdin.write_all(input));
        child.wait_with_output().unwrap()
    });
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Finished { out: text(output.stdout), err: text(output.stderr), code: output.status.code() }
}

/// Starts a program with pipes for its input, its output and its errors.
pub fn piped(command: &mut Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// A program that runs, and is killed when the test is over.
#[derive(Debug)]
pub struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    error_lines: Receiver<String>,
}

impl Running {
    /// Starts it, with pipes.
    pub fn start(mut command: Command) -> Self {
        let mut child = piped(&mut command);
        Self {
            stdin: child.stdin.take(),
            lines: lines_of(child.stdout.take().unwrap()),
            error_lines: lines_of(child.stderr.take().unwrap()),
            child,
        }
    }

    /// Writes to its input.
    pub fn write(&mut self, text: &str) {
        self.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Ends its input.
    pub fn close_input(&mut self) {
        drop(self.stdin.take());
    }

    /// The next line on standard output, without its end.
    pub fn line(&self) -> String {
        self.line_or_end().expect("a line on standard output")
    }

    /// The same, or `None` if there is no more.
    pub fn line_or_end(&self) -> Option<String> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("a line on standard output, or its end"),
        }
    }

    /// The next line on standard error.
    pub fn error_line(&self) -> String {
        self.error_lines.recv_timeout(PATIENCE).expect("a line on standard error")
    }

    /// What Ctrl-C does.
    #[cfg(unix)]
    pub fn interrupt(&self) {
        interrupt(self.id());
    }

    /// The id of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it, and with it the process group that it leads.
    pub fn kill_group(&mut self) {
        #[cfg(unix)]
        let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", self.child.id())]).status();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Ends its input, waits for its end, and gives its exit code. It must have nothing more to say.
    pub fn finish(mut self) -> i32 {
        self.close_input();
        for lines in [&self.lines, &self.error_lines] {
            let more = lines.recv_timeout(PATIENCE);
            assert_eq!(more, Err(RecvTimeoutError::Disconnected));
        }
        self.child.wait().unwrap().code().expect("no signal")
    }
}

/// What Ctrl-C does, to the process of this id.
#[cfg(unix)]
pub fn interrupt(id: u32) {
    let kill = Command::new("kill").args(["-INT", &id.to_string()]).status().unwrap();
    assert!(kill.success());
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail if it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines_of(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines() {
            if sender.send(line.unwrap()).is_err() {
                break;
            }
        }
    });
    receiver
}
