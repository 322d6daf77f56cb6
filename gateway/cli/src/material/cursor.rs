//! The file that says how far a watch was shown.

use std::{
    fs::File,
    io::{self, Read as _},
    path::PathBuf,
};

use crate::{exit::CliError, whole};

/// No cursor is longer, in bytes.
const MAX_BYTES: u64 = 512;

/// A file with a cursor, or one to be.
pub(super) struct CursorFile(PathBuf);

// === impl CursorFile ===

impl CursorFile {
    pub(super) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Returns the cursor; empty where the file is not there yet.
    pub(super) fn read(&self) -> Result<String, CliError> {
        let mut text = String::new();
        let read =
            File::open(&self.0).and_then(|file| file.take(MAX_BYTES).read_to_string(&mut text));
        match read {
            Ok(_) => Ok(text.trim().to_owned()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(self.refused("read", &error)),
        }
    }

    /// Keeps a cursor, whole or not at all.
    pub(super) fn keep(&self, cursor: &str) -> Result<(), CliError> {
        let text = format!("{cursor}\n");
        whole::write(&self.0, text.as_bytes()).map_err(|error| self.refused("write", &error))
    }

    fn refused(&self, action: &str, error: &io::Error) -> CliError {
        CliError::usage(format!("cannot {action} the cursor {}: {error}", self.0.display()))
    }
}
