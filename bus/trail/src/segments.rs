//! The files that take the frames until they are published.

use std::{
    collections::VecDeque,
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{batch::remove_if_there, disk::Disk};

/// A file that reached this size is followed by a new one: what a start reads back at most, beside
/// what is not published.
pub(crate) const SEGMENT_BYTES: u64 = 8 * 1024 * 1024;

/// Which segments there are.
#[derive(Debug)]
pub(crate) struct Segments {
    folder: PathBuf,
    /// Index of the first record of each, oldest first.
    firsts: Mutex<VecDeque<u64>>,
    /// The next frame is to begin a new one, whatever its size.
    fresh: AtomicBool,
}

// === impl Segments ===

impl Segments {
    /// Takes the segments found in `folder`, oldest first.
    pub(crate) fn new(folder: PathBuf, firsts: impl IntoIterator<Item = u64>) -> Self {
        let firsts = Mutex::new(firsts.into_iter().collect());
        Self { folder, firsts, fresh: AtomicBool::new(false) }
    }

    /// Returns the folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the file whose first record is, or will be, at index `first`.
    pub(crate) fn file(&self, first: u64) -> PathBuf {
        file(&self.folder, first)
    }

    /// Notes that records from `first` on are durable in a file of their own.
    pub(crate) fn begin(&self, first: u64) {
        let mut firsts = self.lock();
        if firsts.back() != Some(&first) {
            firsts.push_back(first);
        }
    }

    /// Has the next frame begin a new segment, so that the ones before it can go.
    pub(crate) fn ask_fresh(&self) {
        self.fresh.store(true, Ordering::Release);
    }

    /// Returns whether a new segment was asked for, once.
    pub(crate) fn take_fresh(&self) -> bool {
        self.fresh.swap(false, Ordering::AcqRel)
    }

    /// Removes the segments whose records are all below `size`, but for the newest.
    pub(crate) fn drop_published(&self, size: u64, disk: &dyn Disk) -> io::Result<()> {
        loop {
            let (oldest, next) = {
                let firsts = self.lock();
                match (firsts.front(), firsts.get(1)) {
                    (Some(oldest), Some(next)) if *next <= size => (*oldest, *next),
                    _ => return Ok(()),
                }
            };
            remove_if_there(disk, &self.file(oldest))?;
            let mut firsts = self.lock();
            if firsts.get(1) == Some(&next) {
                firsts.pop_front();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<u64>> {
        self.firsts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the file in `folder` whose first record is at index `first`.
pub(crate) fn file(folder: &Path, first: u64) -> PathBuf {
    folder.join(format!("{first:020}.seg"))
}

/// Returns the index of the first record of a file, or `None` if its name is no segment's.
pub(crate) fn first_of(file: &Path) -> Option<u64> {
    let stem = file.file_stem().and_then(OsStr::to_str)?;
    let named = file.extension() == Some(OsStr::new("seg"))
        && stem.len() == 20
        && stem.bytes().all(|byte| byte.is_ascii_digit());
    if named { stem.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_leads_to_the_first_record_and_back() {
        let name = file(Path::new("/trail"), 171_342);

        assert_eq!(name, Path::new("/trail/00000000000000171342.seg"));
        assert_eq!(first_of(&name), Some(171_342));
        for name in [
            "1.seg",
            "00000000000000000000",
            "00000000000000000000.tmp",
            "+0000000000000000001.seg",
        ] {
            assert_eq!(first_of(Path::new(name)), None);
        }
    }
}
