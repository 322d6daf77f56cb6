//! The folder of a development bus: what is where, and the lock on it.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use serde::Serialize;

use crate::{ca, exit::CliError, whole};

/// The folder of a development bus, locked for this process.
#[derive(Debug)]
pub(crate) struct Home {
    dir: PathBuf,
    /// Held as long as the bus runs; the operating system frees it when this process ends.
    _lock: File,
}

// === impl Home ===

impl Home {
    /// Makes `dir` if it is missing, and locks it.
    ///
    /// # Errors
    ///
    /// Returns wrong usage if the folder cannot be used, or another process uses it.
    pub(super) fn open(dir: &Path) -> Result<Self, CliError> {
        ca::private_dir(dir)?;
        let dir = dir.canonicalize().map_err(|error| disk("use", dir, &error))?;
        let path = dir.join("lock");
        let lock = File::create(&path).map_err(|error| disk("write", &path, &error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { dir, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(CliError::usage(format!(
                "{} is in use by another process: stop it, or name another folder",
                dir.display()
            ))),
            Err(TryLockError::Error(error)) => Err(disk("lock", &path, &error)),
        }
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn authority(&self) -> PathBuf {
        self.dir.join("ca")
    }

    pub(super) fn catalog(&self) -> PathBuf {
        self.dir.join("catalog")
    }

    pub(super) fn gateway_tls(&self) -> PathBuf {
        self.dir.join("tls/gateway")
    }

    pub(super) fn adapter_tls(&self, department: &str) -> PathBuf {
        self.dir.join("tls/adapters").join(department)
    }

    pub(super) fn system_tls(&self, name: &str) -> PathBuf {
        self.dir.join("tls/systems").join(name)
    }

    /// Returns the auditor's key, which opens sealed parts.
    pub(super) fn seal_identity(&self) -> PathBuf {
        self.dir.join("keys/auditor.age-identity")
    }

    pub(super) fn gateway_config(&self) -> PathBuf {
        self.dir.join("gateway.toml")
    }

    pub(super) fn adapter_config(&self, department: &str) -> PathBuf {
        self.dir.join(format!("adapter-{department}.toml"))
    }

    pub(super) fn gateway_data(&self) -> PathBuf {
        self.dir.join("gateway")
    }

    pub(super) fn adapter_data(&self, department: &str) -> PathBuf {
        self.dir.join("adapters").join(department)
    }

    pub(super) fn settings(&self) -> PathBuf {
        self.dir.join("dev.json")
    }

    pub(crate) fn connection(&self) -> PathBuf {
        self.dir.join("connection.json")
    }
}

/// Writes a file whole or not at all; readers never see half of it.
pub(super) fn write_whole(path: &Path, content: &[u8]) -> Result<(), CliError> {
    whole::write(path, content).map_err(|error| disk("write", path, &error))
}

/// Writes a value as indented JSON, whole or not at all.
pub(super) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), CliError> {
    let mut json = serde_json::to_vec_pretty(value).expect("texts, numbers and lists serialise");
    json.push(b'\n');
    write_whole(path, &json)
}

/// Reads a file, or nothing where there is none.
pub(super) fn read_if_there(path: &Path) -> Result<Option<String>, CliError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(disk("read", path, &error)),
    }
}

pub(super) fn disk(action: &str, path: &Path, error: &io::Error) -> CliError {
    CliError::usage(format!("cannot {action} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_user() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = temporary.path().join("new/dev");

        let first = Home::open(&dir).unwrap();
        let refused = Home::open(&dir).unwrap_err();
        drop(first);

        assert!(refused.message.contains("in use by another process"), "{refused}");
        assert!(Home::open(&dir).is_ok());
    }
}
