//! The input of `decode` and `encode`.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
};

/// Opens the file, or standard input if there is none or it is `-`.
pub(crate) fn open(file: Option<OsString>) -> Result<BufReader<Box<dyn Read>>, String> {
    let input: Box<dyn Read> = match file {
        Some(path) if path != "-" => {
            Box::new(File::open(&path).map_err(|error| format!("{}: {error}", Path::new(&path).display()))?)
        }
        _ => Box::new(io::stdin().lock()),
    };
    Ok(BufReader::with_capacity(64 * 1024, input))
}
