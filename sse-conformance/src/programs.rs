//! Running programs, with input, output, signals and an exit code.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::Duration,
};

/// How long to wait for an expected event. Only a failing test waits this long.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The output and the exit code of a program.
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
        // It fails if the program does not read to the end.
        scope.spawn(move || stdin.write_all(input));
        child.wait_with_output().unwrap()
    });
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Finished { out: text(output.stdout), err: text(output.stderr), code: output.status.code() }
}

/// Starts a program with pipes for standard input, output and error.
pub fn piped(command: &mut Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// A running program. It is killed when this is dropped.
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

    /// The same, or `None` at the end of the output.
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

    /// Sends SIGINT, like Ctrl-C.
    #[cfg(unix)]
    pub fn interrupt(&self) {
        interrupt(self.id());
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it and the process group that it leads.
    pub fn kill_group(&mut self) {
        #[cfg(unix)]
        let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", self.child.id())]).status();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Closes its input, waits for it to exit, and returns its exit code. It must print nothing more.
    pub fn finish(mut self) -> i32 {
        self.close_input();
        for lines in [&self.lines, &self.error_lines] {
            let more = lines.recv_timeout(PATIENCE);
            assert_eq!(more, Err(RecvTimeoutError::Disconnected));
        }
        self.child.wait().unwrap().code().expect("no signal")
    }
}

/// Sends SIGINT to the process with this id, like Ctrl-C.
#[cfg(unix)]
pub fn interrupt(id: u32) {
    let kill = Command::new("kill").args(["-INT", &id.to_string()]).status().unwrap();
    assert!(kill.success());
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail if it has already exited.
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
