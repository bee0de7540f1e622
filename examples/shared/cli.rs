//! What all programs have in common: what they say, and how they end.

use std::{
    error::Error,
    fmt,
    io::{self, Write},
    process::ExitCode,
};

/// The exit code, after a word about what went wrong.
pub(crate) fn end(program: &str, result: Result<ExitCode, Box<dyn Error>>) -> ExitCode {
    result.unwrap_or_else(|error| {
        // Who reads our output may have seen enough: `encode | head`.
        if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
            return ExitCode::SUCCESS;
        }
        let help = if error.is::<lexopt::Error>() {
            format!("; `{program} --help` tells more")
        } else {
            String::new()
        };
        complain(program, &format!("{error}{help}"));
        ExitCode::FAILURE
    })
}

/// Not `print!`, which panics where standard output is a pipe that is closed.
pub(crate) fn say(text: impl fmt::Display) {
    let _ = write!(io::stdout(), "{text}");
}

/// Not `eprintln!`, for the same reason. One line, whatever the message quotes.
pub(crate) fn complain(program: &str, message: &str) {
    let _ = writeln!(io::stderr(), "{program}: {}", printable(message));
}

/// A text of one line without control characters (C0, DEL and C1): it could otherwise do with the terminal
/// as it likes.
pub(crate) fn printable(text: &str) -> String {
    text.replace(|char: char| char.is_control() && char != '\t', "\u{FFFD}")
}
