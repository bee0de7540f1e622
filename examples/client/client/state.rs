//! The last event ID in a file, so that a restart continues after it.

use std::{ffi::OsString, fs, io, path::Path};

use sse_client::EventId;

/// Reads the id. It is empty if the file does not exist.
pub(crate) fn read(file: &Path) -> Result<EventId, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    match fs::read_to_string(file) {
        Ok(id) => EventId::lenient(id).map_err(|error| wrong(&error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(EventId::default()),
        Err(error) => Err(wrong(&error)),
    }
}

/// Writes the id. The file is always complete: it is written under another name first.
pub(crate) fn write(file: &Path, id: &EventId) -> Result<(), String> {
    let mut new: OsString = file.into();
    new.push(".new");
    let written = fs::write(&new, id.as_str()).and_then(|()| fs::rename(&new, file));
    written.map_err(|error| format!("{}: {error}", file.display()))
}
