//! A Redis for one test, on a free port and with a separate directory.

use std::{
    env, fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{self, Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

/// How long each operation may take before the test fails: far longer than necessary.
const DEADLINE: Duration = Duration::from_secs(30);

/// A server that ends with the test.
#[derive(Debug)]
pub struct Server {
    port: u16,
    directory: PathBuf,
    durability: Durability,
    child: Option<Child>,
}

/// Which data survives a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Each write.
    Always,
    /// The data as of the last [`Server::save`].
    Saved,
}

impl Server {
    /// Starts a server. Without `redis-server`, prints so and returns `None`; with `SSE_REQUIRE_REDIS=1` it panics
    /// instead.
    pub fn start(durability: Durability) -> Option<Self> {
        if Command::new("redis-server").arg("--version").stdout(Stdio::null()).spawn().is_err() {
            let is_required = env::var_os("SSE_REQUIRE_REDIS").is_some_and(|value| value == "1");
            assert!(!is_required, "there is no redis-server, but SSE_REQUIRE_REDIS=1 requires it");
            println!("SKIPPED: there is no redis-server");
            return None;
        }
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("sse-hub-redis-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let directory = env::temp_dir().join(name);
        fs::create_dir_all(&directory).unwrap();
        let mut server = Self { port: 0, directory, durability, child: None };
        // Another process may take the port before Redis does.
        for _ in 0..10 {
            server.port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            if server.try_run() {
                return Some(server);
            }
        }
        panic!("redis-server does not start; see {}", server.directory.join("log").display());
    }

    /// The URL for clients.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Kills it as `kill -9` does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Starts it again, on the same port and with its data.
    pub fn run(&mut self) {
        let end = Instant::now() + DEADLINE;
        while !self.try_run() {
            assert!(Instant::now() < end, "redis-server does not start again");
        }
    }

    /// Runs a command. The answer is almost as `redis-cli` prints it without a terminal.
    pub fn command(&self, words: &[&str]) -> String {
        self.try_command(words).unwrap()
    }

    /// Saves the data for a restart. Needed with [`Durability::Saved`].
    pub fn save(&self) {
        assert_eq!(self.command(&["SAVE"]), "+OK\r\n");
    }

    fn try_run(&mut self) -> bool {
        let log = fs::File::create(self.directory.join("log")).unwrap();
        let is_always = self.durability == Durability::Always;
        let child = Command::new("redis-server")
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", "", "--dir"])
            .arg(&self.directory)
            .args(["--appendonly", if is_always { "yes" } else { "no" }, "--appendfsync", "always"])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        // Another server may have taken the port.
        let its_process = format!("process_id:{}\r\n", child.id());
        self.child = Some(child);
        let end = Instant::now() + DEADLINE;
        while Instant::now() < end {
            if self.child.as_mut().is_some_and(|child| child.try_wait().unwrap().is_some()) {
                return false;
            }
            if self.try_command(&["INFO", "server"]).is_ok_and(|info| info.contains(&its_process)) {
                return true;
            }
            thread::sleep(Duration::from_millis(5));
        }
        self.kill();
        false
    }

    fn try_command(&self, words: &[&str]) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(DEADLINE))?;
        let mut command = format!("*{}\r\n", words.len());
        for word in words {
            command += &format!("${}\r\n{word}\r\n", word.len());
        }
        command += "*1\r\n$4\r\nQUIT\r\n";
        stream.write_all(command.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let mut answer = String::from_utf8_lossy(&answer).into_owned();
        if answer.ends_with("+OK\r\n") {
            answer.truncate(answer.len() - "+OK\r\n".len());
        }
        Ok(answer)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        if !thread::panicking() {
            let _ = fs::remove_dir_all(&self.directory);
        }
    }
}
