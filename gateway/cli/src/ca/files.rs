//! Files that hold keys: readable by their owner alone, and never overwritten.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use super::CaError;

/// A PEM file larger than this is not read: a bundle of some hundred authorities is far smaller.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Who may read a new file.
#[derive(Clone, Copy, Debug)]
pub(super) enum Readers {
    /// The owner alone: keys and passwords.
    Owner,
    /// Everybody: certificates.
    Everybody,
}

/// Makes `dir` and the folders above it that are missing, for the owner alone.
pub(crate) fn private_dir(dir: &Path) -> Result<(), CaError> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|source| CaError::Disk {
        action: "make",
        path: dir.to_owned(),
        source,
    })
}

/// Fails if there is anything at one of `paths`.
pub(super) fn refuse_existing<'p>(
    paths: impl IntoIterator<Item = &'p Path>,
) -> Result<(), CaError> {
    for path in paths {
        if fs::symlink_metadata(path).is_ok() {
            return Err(CaError::Exists { path: path.to_owned() });
        }
    }
    Ok(())
}

/// Writes a new file; fails if there is one already.
pub(super) fn write_new(path: &Path, content: &[u8], readers: Readers) -> Result<(), CaError> {
    let mode = match readers {
        Readers::Owner => 0o600,
        Readers::Everybody => 0o644,
    };
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        file.write_all(content)?;
        file.sync_all()
    };
    write().map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => CaError::Exists { path: path.to_owned() },
        _ => CaError::Disk { action: "write", path: path.to_owned(), source },
    })
}

/// Reads a PEM file of at most 1 MiB.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, CaError> {
    let read = || {
        let mut content = Vec::new();
        File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut content)?;
        if MAX_FILE_BYTES < content.len() as u64 {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 1 MiB"));
        }
        Ok(content)
    };
    read().map_err(|source| CaError::Disk { action: "read", path: path.to_owned(), source })
}
