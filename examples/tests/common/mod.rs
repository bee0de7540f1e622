//! What the tests of the programs have in common.
#![allow(dead_code, unused_imports)] // each test uses its part

pub(crate) mod browser;

use std::{net::SocketAddr, path::PathBuf, process::Command};

#[cfg(unix)]
pub(crate) use sse_conformance::programs::interrupt;
pub(crate) use sse_conformance::{
    http10::Answer,
    programs::{Finished, PATIENCE, Running, piped, run},
};

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
