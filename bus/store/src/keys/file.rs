//! The file of the subject keys.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use oncebus_core::{RegistryError, Rng};
use serde::{Deserialize, Serialize};

use super::SECRET_BYTES;

/// The key file: JSON, oldest key first. A key is added for rotation, and never removed.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyFile {
    pub(super) keys: Vec<KeyLine>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyLine {
    pub(super) id: i64,
    pub(super) secret: String,
}

// === impl KeyFile ===

impl KeyFile {
    /// Reads the file; none where there is no file.
    pub(super) fn read(file: &Path) -> Result<Option<Self>, RegistryError> {
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(storage("read the subject keys", error)),
        };
        match serde_json::from_str(&text) {
            Ok(keys) => Ok(Some(keys)),
            Err(_never_said_since_it_may_hold_a_key) => Err(corrupt()),
        }
    }

    /// Draws one more key, keeps all of them durably, mode 0600, and returns the new one's id.
    pub(super) fn add_key(&mut self, file: &Path, rng: &dyn Rng) -> Result<i64, RegistryError> {
        let mut secret = [0; SECRET_BYTES];
        rng.fill(&mut secret);
        let id = self.keys.iter().map(|key| key.id).max().unwrap_or(0) + 1;
        self.keys.push(KeyLine { id, secret: hex::encode(secret) });
        let text = serde_json::to_string(self).expect("a key file has only strings and integers");
        write_private(file, text.as_bytes())
            .map_err(|error| storage("write the subject keys", error))?;
        Ok(id)
    }
}

pub(super) fn corrupt() -> RegistryError {
    RegistryError::Corrupt { what: "subject key file" }
}

/// Writes beside the file and renames, mode 0600, so that a crash leaves a whole file or none; it is
/// durable when this returns.
pub(crate) fn write_private(file: &Path, content: &[u8]) -> io::Result<()> {
    let draft = file.with_extension("draft");
    let mut new =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    new.write_all(content)?;
    new.sync_all()?;
    fs::rename(&draft, file)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn storage(action: &'static str, error: io::Error) -> RegistryError {
    RegistryError::Storage { action, source: Box::new(error) }
}
