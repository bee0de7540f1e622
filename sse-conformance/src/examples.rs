//! The example programs of a package.

use std::{net::SocketAddr, path::PathBuf, process::Command};

use crate::programs::Running;

/// An example program of the package under test. `cargo test` builds them before it runs the tests, but not
/// where `--test` picks one of these: then `cargo build --examples` first.
pub fn program(name: &str) -> Command {
    Command::new(path(name))
}

/// Where it is.
pub fn path(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile: PathBuf = test.parent().and_then(|deps| deps.parent()).unwrap().into();
    let path = profile.join("examples").join(name).with_extension(std::env::consts::EXE_EXTENSION);
    assert!(path.exists(), "{} is not built; `cargo build --examples` does it", path.display());
    path
}

/// One of the servers, on a free port.
#[derive(Debug)]
pub struct Server {
    /// The program.
    pub running: Running,
    /// Where it listens.
    pub addr: SocketAddr,
}

impl Server {
    /// Starts it with these flags.
    pub fn start(name: &str, args: &[&str]) -> Self {
        let mut command = program(name);
        command.args(["--addr", "127.0.0.1:0"]).args(args);
        Self::of(Running::start(command))
    }

    /// The server that runs, once it says where it listens.
    pub fn of(running: Running) -> Self {
        let line = running.line();
        let addr =
            line.strip_prefix("Listening on http://").and_then(|line| line.strip_suffix("/, Ctrl-C stops"));
        Self { addr: addr.unwrap_or_else(|| panic!("{line}")).parse().unwrap(), running }
    }

    /// Stops it. It must have nothing more to say.
    #[cfg(unix)]
    pub fn stop(self) {
        self.running.interrupt();
        assert_eq!(self.running.finish(), 0);
    }
}
