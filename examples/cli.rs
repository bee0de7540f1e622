//! What `decode` and `encode` have in common: where they read, and how they end.

use std::{
    error::Error,
    ffi::OsString,
    fs::File,
    io::{self, BufReader, Read, Write},
    path::Path,
    process::ExitCode,
};

/// Reads the file, or standard input if there is none or it is `-`.
pub(crate) fn open(file: Option<OsString>) -> Result<BufReader<Box<dyn Read>>, String> {
    let input: Box<dyn Read> = match file {
        Some(path) if path != "-" => {
            Box::new(File::open(&path).map_err(|error| format!("{}: {error}", Path::new(&path).display()))?)
        }
        _ => Box::new(io::stdin().lock()),
    };
    Ok(BufReader::with_capacity(64 * 1024, input))
}

/// The exit code, after a word about what went wrong.
pub(crate) fn end(program: &str, result: Result<ExitCode, Box<dyn Error>>) -> ExitCode {
    result.unwrap_or_else(|error| {
        // Who reads our output may have seen enough: `encode | head`.
        if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
            return ExitCode::SUCCESS;
        }
        complain(program, &error.to_string());
        ExitCode::FAILURE
    })
}

/// Not `eprintln!`, which panics where standard error is a pipe that is closed.
pub(crate) fn complain(program: &str, message: &str) {
    let _ = writeln!(io::stderr(), "{program}: {message}");
}
