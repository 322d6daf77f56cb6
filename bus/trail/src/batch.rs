//! Files that appear whole, or not at all.
//!
//! Each is written as a draft first, made durable, and then given its name. After a power cut a name
//! stands for the old file or the new one, never for part of one.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
};

use crate::disk::Disk;

/// Files to be put in place together.
#[derive(Debug)]
pub(crate) struct Batch<'a> {
    disk: &'a dyn Disk,
    dir: &'a Path,
    files: Vec<(PathBuf, PathBuf)>,
    folders: BTreeSet<PathBuf>,
}

// === impl Batch ===

impl<'a> Batch<'a> {
    /// Begins a batch of files below `dir`, which must have a folder [`DRAFTS`].
    pub(crate) fn new(disk: &'a dyn Disk, dir: &'a Path) -> Self {
        Self { disk, dir, files: Vec::new(), folders: BTreeSet::new() }
    }

    /// Writes the draft of `file`, a path below the batch's folder.
    pub(crate) fn write(&mut self, file: &Path, bytes: &[u8]) -> io::Result<()> {
        let draft = self.dir.join(DRAFTS).join(self.files.len().to_string());
        remove_if_there(self.disk, &draft)?;
        self.disk.create(&draft)?.append(bytes)?;
        self.files.push((draft, self.dir.join(file)));
        Ok(())
    }

    /// Makes the files durable and gives them their names.
    pub(crate) fn put(mut self) -> Result<(), BatchError> {
        for (draft, _file) in &self.files {
            let mut file = self.disk.open(draft)?;
            file.sync().map_err(|source| BatchError::Sync { file: draft.clone(), source })?;
        }
        for (draft, file) in std::mem::take(&mut self.files) {
            if let Some(folder) = file.parent() {
                self.make(folder)?;
                self.folders.insert(folder.to_owned());
            }
            self.disk.rename(&draft, &file)?;
        }
        for folder in &self.folders {
            let synced = self.disk.sync_folder(folder);
            synced.map_err(|source| BatchError::Sync { file: folder.clone(), source })?;
        }
        Ok(())
    }

    /// Makes a folder and the ones above it, down from the batch's own.
    fn make(&mut self, folder: &Path) -> io::Result<()> {
        if folder == self.dir || self.folders.contains(folder) {
            return Ok(());
        }
        let Some(above) = folder.parent() else { return Ok(()) };
        self.make(above)?;
        self.disk.create_folder(folder)?;
        self.folders.insert(above.to_owned());
        Ok(())
    }
}

/// Folder of the drafts; what a crash leaves in it is removed at start.
pub(crate) const DRAFTS: &str = "drafts";

/// Why files are not in place.
#[derive(Debug)]
pub(crate) enum BatchError {
    /// The disk refused; another try may fare better.
    Io(io::Error),
    /// A sync failed: what is durable is not known any more.
    Sync {
        /// The file or folder.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

// === impl BatchError ===

impl From<io::Error> for BatchError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Removes a file that may not be there.
pub(crate) fn remove_if_there(disk: &dyn Disk, file: &Path) -> io::Result<()> {
    match disk.remove(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
