//! What a server tells while it serves.
//!
//! It goes on serving where nobody takes that: a pipe that is full, a terminal that is stopped. So a thread
//! writes the lines, and those that it cannot keep up with are left out.

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

/// How many lines wait to be written.
const WAITING: usize = 1_000;

static OUTPUT: LazyLock<SyncSender<Line>> = LazyLock::new(|| start(io::stdout()));
static ERRORS: LazyLock<SyncSender<Line>> = LazyLock::new(|| start(io::stderr()));

enum Line {
    Text(String),
    /// Dropped when all before it is written.
    Mark(SyncSender<()>),
}

/// One line on standard output.
pub(crate) fn say(line: impl fmt::Display) {
    let _ = OUTPUT.try_send(Line::Text(printable(&line.to_string())));
}

/// One line on standard error.
#[allow(dead_code)] // axum tells nothing of connections that it cannot take
pub(crate) fn complain(program: &str, message: &str) {
    let _ = ERRORS.try_send(Line::Text(printable(&format!("{program}: {message}"))));
}

/// Waits until all is written, but not for long.
#[cfg_attr(not(unix), allow(dead_code))] // `plain` has no word at its end there
pub(crate) fn flush() {
    for log in [&OUTPUT, &ERRORS] {
        let (mark, written) = mpsc::sync_channel(0);
        if log.try_send(Line::Mark(mark)).is_ok() {
            let _ = written.recv_timeout(Duration::from_millis(200));
        }
    }
}

/// Without a thread nothing is told.
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
