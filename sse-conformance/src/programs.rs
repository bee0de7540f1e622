//! Running programs, with input, output, signals and an exit code.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
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

/// Runs a program to its end on this input, like [`finish`].
pub fn run(command: &mut Command, input: &[u8]) -> Finished {
    run_within(PATIENCE, command, input)
}

/// The same for a program that may run for longer or shorter than [`PATIENCE`].
pub fn run_within(limit: Duration, command: &mut Command, input: &[u8]) -> Finished {
    let mut child = piped(command);
    let (mut stdin, input) = (child.stdin.take().unwrap(), input.to_vec());
    // It fails if the program does not read to the end.
    thread::spawn(move || stdin.write_all(&input));
    finish_within(limit, &format!("{command:?}"), child)
}

/// Waits for a program to exit. If it does not within [`PATIENCE`], kills it and panics with its output.
pub fn finish(child: Child) -> Finished {
    finish_within(PATIENCE, "the program", child)
}

fn finish_within(limit: Duration, name: &str, mut child: Child) -> Finished {
    drop(child.stdin.take());
    let deadline = Instant::now() + limit;
    let pipes = [child.stdout.take().map(chunks_of), child.stderr.take().map(chunks_of)];
    let [(out, out_ended), (err, err_ended)] =
        pipes.map(|pipe| pipe.map_or((vec![], true), |chunks| up_to_end(&chunks, deadline)));
    let status = if out_ended && err_ended { exited(&mut child, deadline) } else { None };
    let Some(status) = status else {
        kill(&mut child);
        let [out, err] = [out, err].map(|chunks| String::from_utf8_lossy(&chunks.concat()).into_owned());
        panic!("{name} did not exit within {limit:?}; it printed {out:?}, and {err:?} as errors")
    };
    let text = |chunks: Vec<Vec<u8>>| String::from_utf8(chunks.concat()).unwrap();
    Finished { out: text(out), err: text(err), code: status.code() }
}

/// Waits for a program to exit, whatever is left in its pipes. If it does not within [`PATIENCE`], kills it and panics.
pub fn exit(child: &mut Child) -> ExitStatus {
    exited(child, Instant::now() + PATIENCE).unwrap_or_else(|| {
        kill(child);
        panic!("the program did not exit within {PATIENCE:?}")
    })
}

/// Starts a program with pipes for standard input, output and error.
pub fn piped(command: &mut Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// A running program. It is killed when this is dropped.
#[derive(Debug)]
pub struct Running {
    name: String,
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
            name: format!("{command:?}"),
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
        let line = self.lines.recv_timeout(PATIENCE);
        line.unwrap_or_else(|error| panic!("no line on standard output of {}: {error}", self.name))
    }

    /// The other lines on standard output, up to its end. The end must come within [`PATIENCE`].
    pub fn rest(&self) -> Vec<String> {
        let (lines, ended) = up_to_end(&self.lines, Instant::now() + PATIENCE);
        assert!(ended, "{} printed for more than {PATIENCE:?}: {lines:?}", self.name);
        lines
    }

    /// The next line on standard error.
    pub fn error_line(&self) -> String {
        let line = self.error_lines.recv_timeout(PATIENCE);
        line.unwrap_or_else(|error| panic!("no line on standard error of {}: {error}", self.name))
    }

    /// Sends SIGINT, like Ctrl-C.
    #[cfg(unix)]
    pub fn interrupt(&self) {
        self.signal("INT");
    }

    /// Sends a signal, such as `STOP`.
    #[cfg(unix)]
    pub fn signal(&self, name: &str) {
        signal(self.id(), name);
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it and the process group that it leads.
    pub fn kill_group(&mut self) {
        #[cfg(unix)]
        let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", self.child.id())]).status();
        kill(&mut self.child);
    }

    /// Closes its input, waits for it to exit, and returns its exit code. It must print nothing more, and exit within
    /// [`PATIENCE`].
    pub fn finish(mut self) -> i32 {
        self.close_input();
        let deadline = Instant::now() + PATIENCE;
        let [(out, out_ended), (err, err_ended)] =
            [&self.lines, &self.error_lines].map(|lines| up_to_end(lines, deadline));
        let status = if out_ended && err_ended { exited(&mut self.child, deadline) } else { None };
        let Some(status) = status else {
            let name = &self.name;
            panic!("{name} did not exit within {PATIENCE:?}; it printed {out:?}, and {err:?} as errors")
        };
        assert_eq!((out, err), (vec![], vec![]));
        status.code().expect("no signal")
    }
}

/// Sends a signal, such as `INT`, to the process with this id.
#[cfg(unix)]
pub fn signal(id: u32, name: &str) {
    let kill = Command::new("kill").args([format!("-{name}"), id.to_string()]).status().unwrap();
    assert!(kill.success());
}

impl Drop for Running {
    fn drop(&mut self) {
        kill(&mut self.child);
    }
}

fn kill(child: &mut Child) {
    // Both fail if it has already exited.
    let _ = child.kill();
    let _ = child.wait();
}

/// The status of a program that exits by then. A program has usually exited when its pipes end.
fn exited(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    loop {
        let status = child.try_wait().unwrap();
        if status.is_some() || Instant::now() >= deadline {
            return status;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// What comes up to the end of a pipe, and whether the end comes by then.
fn up_to_end<T>(pipe: &Receiver<T>, deadline: Instant) -> (Vec<T>, bool) {
    let mut all = Vec::new();
    loop {
        match pipe.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(part) => all.push(part),
            Err(end) => return (all, end == RecvTimeoutError::Disconnected),
        }
    }
}

fn chunks_of(mut output: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut chunk = vec![0; 64 * 1024];
        while let Ok(len @ 1..) = output.read(&mut chunk) {
            if sender.send(chunk[..len].to_vec()).is_err() {
                break;
            }
        }
    });
    receiver
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
