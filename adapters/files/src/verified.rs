//! Opens contents, and lets none go before it was seen whole and right.

use std::{
    collections::{HashMap, VecDeque},
    fs::File,
    io,
    os::unix::fs::{FileExt as _, MetadataExt as _},
    sync::{Arc, Mutex, PoisonError},
};

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use oncebus_adapter::{
    AdapterError, CHUNK_BYTES, ContentHash, ContentHasher, ContentStream, Digest,
};

use crate::{blocking::blocking, folder::Folder};

/// Most files that are remembered.
const MAX_REMEMBERED: usize = 4_096;

/// Opens contents that are what they must be.
///
/// A content is read whole before its first byte leaves, unless this very file was seen right before
/// and did not change since: device, inode, size and both times are the same.
///
/// Times move in ticks of some milliseconds, and two changes within one tick look like one. So a file
/// is only remembered if the tick of its last change was over before it was read.
#[derive(Debug)]
pub(crate) struct Verified {
    remembered: Mutex<Remembered>,
    /// A file on the same file system: writing to it tells the time that changes get there.
    probe: File,
}

#[derive(Debug, Default)]
struct Remembered {
    digests: HashMap<Id, (Stamp, Digest)>,
    /// The oldest first.
    order: VecDeque<Id>,
}

/// Device and inode.
type Id = (u64, u64);

/// What changes when a file does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    size_bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

// === impl Verified ===

impl Verified {
    /// `probe` is a file of the adapter's own whose content means nothing.
    pub(crate) fn new(probe: File) -> Self {
        Self { remembered: Mutex::default(), probe }
    }

    /// Opens the content at `path`. Blocks while it is read.
    ///
    /// # Errors
    ///
    /// [`AdapterError::SizeMismatch`] or [`AdapterError::DigestMismatch`] if it is another than it
    /// must be, and what [`Folder::read`] says.
    pub(crate) fn open(
        &self,
        folder: &Folder,
        path: &str,
        size_bytes: u64,
        digest: Digest,
    ) -> Result<File, AdapterError> {
        let file = folder.read(path)?;
        let (id, stamp) = identify(&file)?;
        if stamp.size_bytes != size_bytes {
            return Err(AdapterError::SizeMismatch);
        }
        if self.known(id, stamp) == Some(digest) {
            return Ok(file);
        }
        let settled = self.tick().is_ok_and(|now| stamp.is_before(now));
        if hash(&file)?.digest != digest {
            return Err(AdapterError::DigestMismatch);
        }
        if settled && identify(&file)? == (id, stamp) {
            self.remember(id, stamp, digest);
        }
        Ok(file)
    }

    /// Returns the time that a change gets now.
    fn tick(&self) -> io::Result<(i64, i64)> {
        self.probe.write_all_at(b"\n", 0)?;
        let metadata = self.probe.metadata()?;
        Ok((metadata.mtime(), metadata.mtime_nsec()))
    }

    fn known(&self, id: Id, stamp: Stamp) -> Option<Digest> {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let (seen, digest) = remembered.digests.get(&id)?;
        (*seen == stamp).then_some(*digest)
    }

    fn remember(&self, id: Id, stamp: Stamp, digest: Digest) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.digests.insert(id, (stamp, digest)).is_none() {
            remembered.order.push_back(id);
        }
        if MAX_REMEMBERED < remembered.order.len()
            && let Some(oldest) = remembered.order.pop_front()
        {
            remembered.digests.remove(&oldest);
        }
    }
}

// === impl Stamp ===

impl Stamp {
    /// Tells whether a change at `now` would look different.
    fn is_before(&self, now: (i64, i64)) -> bool {
        self.modified < now && self.changed < now
    }
}

fn identify(file: &File) -> io::Result<(Id, Stamp)> {
    let metadata = file.metadata()?;
    let stamp = Stamp {
        size_bytes: metadata.size(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    };
    Ok(((metadata.dev(), metadata.ino()), stamp))
}

/// Reads a file whole and hashes it. Blocks.
pub(crate) fn hash(file: &File) -> io::Result<ContentHash> {
    let mut hasher = ContentHasher::default();
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut at = 0;
    loop {
        match file.read_at(&mut buffer, at) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(read) => {
                hasher.update(&buffer[..read]);
                at += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Streams bytes `from..to` of a file in chunks, each read when it is asked for.
pub(crate) fn stream(file: File, from: u64, to: u64) -> ContentStream {
    let file = Arc::new(file);
    ContentStream::from_stream(stream::try_unfold(from, move |at| {
        let file = Arc::clone(&file);
        async move {
            let length = usize::try_from(to - at).unwrap_or(usize::MAX).min(CHUNK_BYTES);
            if length == 0 {
                return Ok(None);
            }
            let chunk = blocking(move || read_exact(&file, at, length)).await?;
            Ok(Some((chunk, at + length as u64)))
        }
    }))
}

/// Reads exactly `length` bytes at `at`. Blocks.
pub(crate) fn read_exact(file: &File, at: u64, length: usize) -> Result<Bytes, AdapterError> {
    let mut chunk = BytesMut::zeroed(length);
    match file.read_exact_at(&mut chunk, at) {
        Ok(()) => Ok(chunk.freeze()),
        // Cut while it was read.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(AdapterError::SizeMismatch)
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const STAMP: Stamp = Stamp { size_bytes: 1, modified: (1, 1), changed: (1, 1) };

    fn verified() -> Verified {
        Verified::new(tempfile::tempfile().unwrap())
    }

    #[test]
    fn only_so_many_files_are_remembered() {
        let verified = verified();

        for inode in 0..=MAX_REMEMBERED as u64 {
            verified.remember((1, inode), STAMP, Digest::of(b"a"));
        }

        assert_eq!(verified.known((1, 0), STAMP), None);
        assert_eq!(verified.known((1, 1), STAMP), Some(Digest::of(b"a")));
        assert_eq!(verified.remembered.lock().unwrap().digests.len(), MAX_REMEMBERED);
    }

    #[test]
    fn a_changed_file_is_not_known() {
        let verified = verified();

        verified.remember((1, 1), STAMP, Digest::of(b"a"));

        assert_eq!(verified.known((1, 1), Stamp { changed: (1, 2), ..STAMP }), None);
    }

    #[test]
    fn a_change_in_the_tick_of_the_last_one_is_not_told_apart() {
        assert!(!STAMP.is_before((1, 1)));
        assert!(!Stamp { modified: (2, 0), ..STAMP }.is_before((1, 9)));
        assert!(STAMP.is_before((1, 2)));
    }

    #[test]
    fn a_file_that_rests_is_read_once() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path()).unwrap();
        let verified = Verified::new(folder.write("probe").unwrap());
        fs::write(dir.path().join("file"), b"right").unwrap();

        let mut file = verified.open(&folder, "file", 5, Digest::of(b"right")).unwrap();
        // Remembered as soon as the tick of its writing is over.
        for _ in 0..100_000 {
            let (id, stamp) = identify(&file).unwrap();
            if verified.known(id, stamp).is_some() {
                return;
            }
            file = verified.open(&folder, "file", 5, Digest::of(b"right")).unwrap();
        }
        panic!("the file was never remembered");
    }

    #[test]
    fn a_change_right_after_the_check_is_never_missed() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path()).unwrap();
        let verified = Verified::new(folder.write("probe").unwrap());

        for _ in 0..500 {
            fs::write(dir.path().join("file"), b"right").unwrap();
            verified.open(&folder, "file", 5, Digest::of(b"right")).unwrap();
            fs::write(dir.path().join("file"), b"wrong").unwrap();

            let refused = verified.open(&folder, "file", 5, Digest::of(b"right"));
            assert!(matches!(refused, Err(AdapterError::DigestMismatch)));
        }
    }
}
