//! The file that takes the frames.
//!
//! A trait so that tests can let a disk be full, fail or hang.

use std::{
    fmt,
    fs::{DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

/// The newest segment file, open for appending.
pub(crate) trait Disk: fmt::Debug + Send {
    /// Goes on in a new, empty file. If that fails, the old one stays.
    fn create(&mut self, file: &Path) -> io::Result<()>;
    /// Appends a frame. If that fails, part of it may be in the file.
    fn append(&mut self, frame: &[u8]) -> io::Result<()>;
    /// Cuts the file to `bytes`.
    fn truncate(&mut self, bytes: u64) -> io::Result<()>;
    /// Makes durable what was appended, and the file itself where it is new.
    fn sync(&mut self) -> io::Result<()>;
}

/// A real file.
#[derive(Debug)]
pub(crate) struct FileDisk {
    file: File,
    /// Folder of the file, until it is known that its entry there is durable.
    unsynced: Option<PathBuf>,
}

// === impl FileDisk ===

impl FileDisk {
    /// Opens a segment, known to be durable, for appending.
    pub(crate) fn open(file: &Path) -> io::Result<Self> {
        Ok(Self { file: OpenOptions::new().append(true).open(file)?, unsynced: None })
    }
}

impl Disk for FileDisk {
    fn create(&mut self, file: &Path) -> io::Result<()> {
        self.file = create_file(file)?;
        self.unsynced = file.parent().map(Path::to_owned);
        Ok(())
    }

    fn append(&mut self, frame: &[u8]) -> io::Result<()> {
        self.file.write_all(frame)
    }

    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        self.file.set_len(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()?;
        if let Some(folder) = self.unsynced.take() {
            sync_folder(&folder)?;
        }
        Ok(())
    }
}

/// Makes an empty file that only its owner may read, open for appending.
pub(crate) fn create_file(file: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create_new(true).mode(0o600).open(file)
}

/// Makes a folder, and the ones above it, that only their owner may enter; durable on return.
pub(crate) fn create_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = match folder.parent() {
        Some(above) if above != Path::new("") => above,
        _ => Path::new("."),
    };
    create_folder(above)?;
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    sync_folder(above)
}

/// Makes the entries of a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
