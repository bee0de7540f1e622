//! What the tests of the programs have in common.
#![allow(dead_code)] // each test uses its part

pub(crate) mod browser;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::Duration,
};

/// How long to wait for what must come: only a failing test ever waits that long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// An example program of this package. `cargo test` builds them before it runs the tests, but not
/// where `--test` picks one of these: then `cargo build --examples` first.
pub(crate) fn program(name: &str) -> Command {
    Command::new(path(name))
}

pub(crate) fn path(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile: PathBuf = test.parent().and_then(|deps| deps.parent()).unwrap().into();
    let path = profile.join("examples").join(name).with_extension(std::env::consts::EXE_EXTENSION);
    assert!(path.exists(), "{} is not built; `cargo build --examples` does it", path.display());
    path
}

/// How a program ended.
#[derive(Debug, PartialEq)]
pub(crate) struct Finished {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) code: Option<i32>,
}

/// Runs a program to its end on this input.
pub(crate) fn run(command: &mut Command, input: &[u8]) -> Finished {
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

pub(crate) fn piped(command: &mut Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// A program that runs, and is killed when the test is over.
pub(crate) struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    error_lines: Receiver<String>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = piped(&mut command);
        Self {
            stdin: child.stdin.take(),
            lines: lines_of(child.stdout.take().unwrap()),
            error_lines: lines_of(child.stderr.take().unwrap()),
            child,
        }
    }

    pub(crate) fn write(&mut self, text: &str) {
        self.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    pub(crate) fn close_input(&mut self) {
        drop(self.stdin.take());
    }

    /// The next line on standard output, without its end.
    pub(crate) fn line(&self) -> String {
        self.line_or_end().expect("a line on standard output")
    }

    /// None if there is no more.
    pub(crate) fn line_or_end(&self) -> Option<String> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("a line on standard output, or its end"),
        }
    }

    /// The next line on standard error.
    pub(crate) fn error_line(&self) -> String {
        self.error_lines.recv_timeout(PATIENCE).expect("a line on standard error")
    }

    #[cfg(unix)]
    pub(crate) fn interrupt(&self) {
        interrupt(self.id());
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it, and with it the process group that it leads.
    pub(crate) fn kill_group(&mut self) {
        #[cfg(unix)]
        let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", self.child.id())]).status();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Ends its input, waits for its end, and gives its exit code. It must have nothing more to say.
    pub(crate) fn finish(mut self) -> i32 {
        self.close_input();
        for lines in [&self.lines, &self.error_lines] {
            let more = lines.recv_timeout(PATIENCE);
            assert_eq!(more, Err(RecvTimeoutError::Disconnected));
        }
        self.child.wait().unwrap().code().expect("no signal")
    }
}

/// What Ctrl-C does.
#[cfg(unix)]
pub(crate) fn interrupt(id: u32) {
    let kill = Command::new("kill").args(["-INT", &id.to_string()]).status().unwrap();
    assert!(kill.success());
}

/// One of the servers, on a free port.
pub(crate) struct Server {
    pub(crate) running: Running,
    pub(crate) addr: SocketAddr,
}

impl Server {
    pub(crate) fn start(name: &str, args: &[&str]) -> Self {
        let mut command = program(name);
        command.args(["--addr", "127.0.0.1:0"]).args(args);
        Self::of(Running::start(command))
    }

    pub(crate) fn of(running: Running) -> Self {
        let line = running.line();
        let addr =
            line.strip_prefix("Listening on http://").and_then(|line| line.strip_suffix("/, Ctrl-C stops"));
        Self { addr: addr.unwrap_or_else(|| panic!("{line}")).parse().unwrap(), running }
    }

    /// Stops it. It must have nothing more to say.
    #[cfg(unix)]
    pub(crate) fn stop(self) {
        self.running.interrupt();
        assert_eq!(self.running.finish(), 0);
    }
}

/// The answer to a GET request. It is one of HTTP/1.0, so the body comes as it is, without chunks.
pub(crate) struct Answer {
    pub(crate) head: String,
    body: BufReader<TcpStream>,
}

impl Answer {
    /// `headers` are whole lines.
    pub(crate) fn get(addr: SocketAddr, path: &str, headers: &[u8]) -> Self {
        let line = format!("GET {path} HTTP/1.0\r\n");
        Self::to(addr, &[line.as_bytes(), headers, b"\r\n"].concat())
    }

    pub(crate) fn to(addr: SocketAddr, request: &[u8]) -> Self {
        let mut stream = TcpStream::connect(addr).unwrap();
        stream.write_all(request).unwrap();
        Self::read(stream)
    }

    /// What comes next on this stream.
    pub(crate) fn read(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut answer = Self { head: String::new(), body: BufReader::new(stream) };
        answer.head = answer.until("\r\n").expect("an answer");
        answer
    }

    pub(crate) fn status(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }

    /// Of an event stream: up to and with the next blank line. None at its end.
    pub(crate) fn block(&mut self) -> Option<String> {
        self.until("\n")
    }

    /// Of any body: the next line, with its end.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.body.read_line(&mut line).unwrap();
        line
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        self.body.get_ref()
    }

    /// Up to and with a line that is no more than this.
    fn until(&mut self, last: &str) -> Option<String> {
        let mut lines = String::new();
        loop {
            let start = lines.len();
            if self.body.read_line(&mut lines).unwrap() == 0 {
                assert_eq!(lines, "", "the answer breaks off");
                return None;
            }
            if &lines[start..] == last {
                return Some(lines);
            }
        }
    }
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
