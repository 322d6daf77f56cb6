//! Rotates the key that hides subjects, while the gateway does not run.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::PathBuf,
};

use oncebus_core::{RegistryError, SystemRng};
use oncebus_store::SubjectKeys;

use crate::GatewayConfig;

/// Why a key is not rotated.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// The gateway runs.
    #[error("the gateway runs on {}, stop it first", dir.display())]
    Running {
        /// Folder of its trail.
        dir: PathBuf,
    },
    /// The trail's lock cannot be asked.
    #[error("{} cannot be locked", file.display())]
    Lock {
        /// The lock.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no key file, or it cannot be read or written.
    #[error("no key is added to {}, start the gateway once or restore the file", file.display())]
    Keys {
        /// The file.
        file: PathBuf,
        /// Why.
        source: RegistryError,
    },
}

/// Adds a key that hides subjects and returns its id. The gateway uses it from its next start on, and
/// hides again what older keys hid.
///
/// # Errors
///
/// If the gateway runs, or the key file cannot be read or written; nothing has changed then.
pub fn rotate_subject_key(config: &GatewayConfig) -> Result<i64, RotateError> {
    let _not_running = lock(config)?;
    let file = config.subject_key_file();
    SubjectKeys::rotate(&file, &SystemRng).map_err(|source| RotateError::Keys { file, source })
}

/// Takes the lock of the trail, which a running gateway holds.
fn lock(config: &GatewayConfig) -> Result<File, RotateError> {
    let file = config.trail_dir.join("lock");
    let mut options = OpenOptions::new();
    let open = options.write(true).create(true).truncate(false).mode(0o600).open(&file);
    let lock = open.map_err(|source| RotateError::Lock { file: file.clone(), source })?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            Err(RotateError::Running { dir: config.trail_dir.clone() })
        }
        Err(TryLockError::Error(source)) => Err(RotateError::Lock { file, source }),
    }
}
