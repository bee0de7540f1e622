//! The output and the exit codes of all programs.

use std::{
    error::Error,
    fmt,
    io::{self, Write},
    process::ExitCode,
};

/// The exit code. An error is printed first.
pub(crate) fn end(program: &str, result: Result<ExitCode, Box<dyn Error>>) -> ExitCode {
    result.unwrap_or_else(|error| {
        // The reader of the output may have closed the pipe, as in `encode | head`.
        if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
            return ExitCode::SUCCESS;
        }
        let help =
            if error.is::<lexopt::Error>() { format!("; see `{program} --help`") } else { String::new() };
        complain(program, &format!("{error}{help}"));
        ExitCode::FAILURE
    })
}

/// Prints text. Not with `print!`, which panics if standard output is a closed pipe.
pub(crate) fn say(text: impl fmt::Display) {
    let _ = write!(io::stdout(), "{text}");
}

/// Prints an error as one line. Not with `eprintln!`, for the same reason.
pub(crate) fn complain(program: &str, message: &str) {
    let _ = writeln!(io::stderr(), "{program}: {}", printable(message));
}

/// Replaces control characters (C0, DEL and C1), line ends included, so that the text cannot control the terminal.
pub(crate) fn printable(text: &str) -> String {
    text.replace(|char: char| char.is_control() && char != '\t', "\u{FFFD}")
}
