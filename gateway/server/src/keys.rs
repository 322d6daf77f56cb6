//! Key files of the gateway, made at the first start.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use oncebus_core::Rng;

/// Length of a key in bytes.
const KEY_BYTES: usize = 32;

/// Makes a folder that only its owner may look into, unless it is there.
pub(crate) fn private_dir(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// Reads a key of 32 bytes.
///
/// # Errors
///
/// Any error of the file system, and `InvalidData` if the file has another length.
pub(crate) fn load(file: &Path) -> io::Result<[u8; KEY_BYTES]> {
    fs::read(file)?.try_into().map_err(|bytes: Vec<u8>| {
        let text = format!("{} has {} bytes, a key has {KEY_BYTES}", file.display(), bytes.len());
        io::Error::new(io::ErrorKind::InvalidData, text)
    })
}

/// Reads a key of 32 bytes, or draws it and keeps it durably, mode 0600.
///
/// # Errors
///
/// As [`load`].
pub(crate) fn load_or_draw(file: &Path, rng: &dyn Rng) -> io::Result<[u8; KEY_BYTES]> {
    match load(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut key = [0; KEY_BYTES];
            rng.fill(&mut key);
            let mut new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
            new.write_all(&key)?;
            new.sync_all()?;
            Ok(key)
        }
        read => read,
    }
}
