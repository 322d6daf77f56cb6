//! Reads sealed parts as they are stored, with the wrapped keys that they need.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use oncebus_store::{IndexError, SealedForm};
use oncebus_trail::{ReadError, Trail};
use tokio::task::spawn_blocking;

use super::{ActError, Acts};

/// Sealed parts, and their keys.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    /// What is still there, ascending.
    pub parts: Vec<Part>,
    /// Wrapped data keys, by id.
    pub keys: BTreeMap<String, Vec<u8>>,
}

/// The sealed part of one record.
#[derive(Debug)]
pub(crate) struct Part {
    /// Position of the record.
    pub index: u64,
    /// Id of its data key.
    pub key: String,
    /// The part, as it is stored.
    pub sealed: Vec<u8>,
    /// The record.
    pub leaf: Vec<u8>,
}

// === impl Acts ===

impl Acts {
    /// Returns the folder of the wrapped data keys.
    pub(super) fn keys_dir(&self) -> PathBuf {
        self.trail_dir.join("keys")
    }
}

// === impl Parts ===

impl Parts {
    /// Reads the parts of these records, off the threads that answer calls.
    ///
    /// # Errors
    ///
    /// If the trail or a key cannot be read; what was erased, dropped or destroyed is left out.
    pub(super) async fn read(
        trail: Trail,
        keys: PathBuf,
        indices: Vec<u64>,
    ) -> Result<Self, ActError> {
        let work = spawn_blocking(move || {
            let mut read = Self::default();
            for index in indices {
                read.add(&trail, &keys, index)?;
            }
            Ok(read)
        });
        work.await.map_err(IndexError::from)?
    }

    fn add(&mut self, trail: &Trail, keys: &Path, index: u64) -> Result<(), ActError> {
        let leaf = match trail.read(index, 1) {
            Err(ReadError::Pruned { .. }) => return Ok(()),
            leaf => leaf?.pop().unwrap_or_default(),
        };
        let sealed = trail.read_sealed(index, 1)?.pop().unwrap_or_default();
        let key = match SealedForm::read(&sealed) {
            _ if sealed.is_empty() => return Ok(()),
            Ok(form) => form.key.to_string(),
            Err(error) => {
                tracing::error!(%error, index, "a sealed part is damaged");
                return Ok(());
            }
        };
        if !self.keys.contains_key(&key) {
            let Some(wrapped) = wrapped(&keys.join(format!("{key}.age")))? else { return Ok(()) };
            self.keys.insert(key.clone(), wrapped);
        }
        self.parts.push(Part { index, key, sealed, leaf });
        Ok(())
    }
}

/// Reads a wrapped key; `None` where it was destroyed.
fn wrapped(file: &Path) -> Result<Option<Vec<u8>>, ReadError> {
    match fs::read(file) {
        Ok(wrapped) => Ok(Some(wrapped)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ReadError::Io { file: file.to_owned(), source }),
    }
}
