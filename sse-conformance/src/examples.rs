//! The example programs of a package.

use std::{net::SocketAddr, path::PathBuf, process::Command};

use crate::programs::Running;

/// An example program of the package under test. `cargo test` builds the examples before the tests; with `--test`, run
/// `cargo build --examples` first.
pub fn program(name: &str) -> Command {
    Command::new(path(name))
}

/// The path of an example program.
pub fn path(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile: PathBuf = test.parent().and_then(|deps| deps.parent()).unwrap().into();
    let path = profile.join("examples").join(name).with_extension(std::env::consts::EXE_EXTENSION);
    assert!(path.exists(), "{} is not built; run `cargo build --examples`", path.display());
    path
}

/// An example server, on a free port.
#[derive(Debug)]
pub struct Server {
    /// The program.
    pub running: Running,
    /// The address on which it listens.
    pub addr: SocketAddr,
}

impl Server {
    /// Starts a server with these flags.
    pub fn start(name: &str, args: &[&str]) -> Self {
        let mut command = program(name);
        command.args(["--addr", "127.0.0.1:0"]).args(args);
        Self::of(Running::start(command))
    }

    /// Waits until a running server prints its address.
    pub fn of(running: Running) -> Self {
        let line = running.line();
        let addr =
            line.strip_prefix("Listening on http://").and_then(|line| line.strip_suffix("/, Ctrl-C stops"));
        Self { addr: addr.unwrap_or_else(|| panic!("{line}")).parse().unwrap(), running }
    }

    /// Stops it. It must print nothing more.
    #[cfg(unix)]
    pub fn stop(self) {
        self.running.interrupt();
        assert_eq!(self.running.finish(), 0);
    }
}
