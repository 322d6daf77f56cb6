//! One trail folder, one process.

use std::{
    fs::{File, OpenOptions, TryLockError},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use crate::open::OpenError;

/// The right to write one trail folder; the system takes it back when the process ends.
#[derive(Debug)]
pub(crate) struct Lock(File);

// === impl Lock ===

impl Lock {
    /// Takes the right, unless this or another process has it.
    pub(crate) fn take(dir: &Path) -> Result<Self, OpenError> {
        let path = dir.join("lock");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(&path).map_err(|source| OpenError::io("open", &path, source))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(OpenError::Locked { dir: dir.to_owned() }),
            Err(TryLockError::Error(source)) => Err(OpenError::io("lock", &path, source)),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file gives the lock back too, but not while a child process that was just
        // forked still has it open.
        let _closed_anyway = self.0.unlock();
    }
}
