//! The log of a running server.
//!
//! A full pipe or a stopped terminal must not block the server. Therefore a thread writes the lines, and drops those
//! that do not fit into its queue.

use std::{
    fmt,
    io::{self, Write},
    sync::{
        LazyLock,
        mpsc::{self, SyncSender},
    },
    thread,
    time::Duration,
};

use super::cli::printable;

/// How many lines may wait to be written.
const WAITING: usize = 1_000;

static OUTPUT: LazyLock<SyncSender<Line>> = LazyLock::new(|| start(io::stdout()));
static ERRORS: LazyLock<SyncSender<Line>> = LazyLock::new(|| start(io::stderr()));

enum Line {
    Text(String),
    /// Dropped when everything before it is written.
    Mark(SyncSender<()>),
}

/// Writes a line to standard output.
pub(crate) fn say(line: impl fmt::Display) {
    let _ = OUTPUT.try_send(Line::Text(printable(&line.to_string())));
}

/// Writes a line to standard error.
#[allow(dead_code)] // axum does not report connections that it cannot accept
pub(crate) fn complain(program: &str, message: &str) {
    let _ = ERRORS.try_send(Line::Text(printable(&format!("{program}: {message}"))));
}

/// Waits a short time until everything is written.
#[cfg_attr(not(unix), allow(dead_code))] // `plain` has no last line there
pub(crate) fn flush() {
    for log in [&OUTPUT, &ERRORS] {
        let (mark, written) = mpsc::sync_channel(0);
        if log.try_send(Line::Mark(mark)).is_ok() {
            let _ = written.recv_timeout(Duration::from_millis(200));
        }
    }
}

/// Starts the thread. Without it nothing is written.
fn start(mut output: impl Write + Send + 'static) -> SyncSender<Line> {
    let (log, lines) = mpsc::sync_channel(WAITING);
    let _ = thread::Builder::new().spawn(move || {
        for line in lines {
            match line {
                Line::Text(text) => drop(writeln!(output, "{text}")),
                Line::Mark(mark) => drop(mark),
            }
        }
    });
    log
}
