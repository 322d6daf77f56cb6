//! Reads the files of a trail at start and checks all of them.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    compact_range::CompactRange,
    disk::{create_file, create_folder, sync_folder},
    frame::{self, Frame, FrameFault, FrameReadError, MAX_FRAME_BYTES, MAX_FRAME_RECORDS},
    hash::{HASH_BYTES, content_hash, leaf_hash},
    open::{OpenError, Recovery},
    origin::Origin,
    segments::{self, Segments},
};

/// A trail as it was found, ready to be continued.
#[derive(Debug)]
pub(crate) struct Recovered {
    /// Where to continue.
    pub(crate) tail: Tail,
    /// What to report.
    pub(crate) recovery: Recovery,
}

/// The end of a trail.
#[derive(Debug)]
pub(crate) struct Tail {
    /// The newest segment.
    pub(crate) file: PathBuf,
    /// Its length in bytes.
    pub(crate) bytes: u64,
    /// The tree over all records.
    pub(crate) range: CompactRange,
    /// SHA-256 of the last frame.
    pub(crate) previous: [u8; HASH_BYTES],
    /// Where the records are.
    pub(crate) segments: Arc<Segments>,
}

/// Reads segments in their order.
struct Replay<'a> {
    dir: &'a Path,
    origin: &'a Origin,
    range: CompactRange,
    previous: [u8; HASH_BYTES],
    segments: Segments,
    frames: u64,
}

/// How far one segment is sound.
struct Extent {
    file: PathBuf,
    /// Length of the file.
    bytes: u64,
    /// Length of its sound frames.
    sound_bytes: u64,
    /// Where the last sound frame begins.
    last_frame: Option<u64>,
    /// What is wrong with the bytes after them, if there are any.
    fault: Option<FrameFault>,
}

/// Reads and checks the trail in `dir`, and cuts an unfinished last frame.
///
/// # Errors
///
/// Returns [`OpenError`] if anything but the last frame is damaged.
pub(crate) fn recover(dir: &Path, origin: &Origin) -> Result<Recovered, OpenError> {
    let folder = dir.join("frames");
    create_folder(&folder).map_err(|source| OpenError::io("make", &folder, source))?;
    let mut replay = Replay::new(dir, origin, Segments::new(folder.clone()));
    let mut firsts = list(&folder)?;
    if firsts.is_empty() {
        let file = replay.segments.file(0);
        create_file(&file).map_err(|source| OpenError::io("make", &file, source))?;
        firsts.push(0);
    }

    let mut newest = replay.segment(firsts[0])?;
    for first in &firsts[1..] {
        newest.refuse_fault()?;
        newest = replay.segment(*first)?;
    }
    let torn_bytes = newest.torn_bytes(replay.range.size())?;
    let settled = newest.settle().and_then(|()| sync_folder(&folder));
    settled.map_err(|source| OpenError::io("repair the end of", &newest.file, source))?;
    Ok(replay.finish(newest, torn_bytes))
}

/// Returns the first records of all segments, in order.
fn list(folder: &Path) -> Result<Vec<u64>, OpenError> {
    let cannot_list = |source| OpenError::io("list", folder, source);
    let mut firsts = Vec::new();
    for entry in fs::read_dir(folder).map_err(cannot_list)? {
        let file = entry.map_err(cannot_list)?.path();
        firsts.push(segments::first_of(&file).ok_or(OpenError::Stray { file })?);
    }
    firsts.sort_unstable();
    Ok(firsts)
}

// === impl Replay ===

impl<'a> Replay<'a> {
    fn new(dir: &'a Path, origin: &'a Origin, segments: Segments) -> Self {
        let previous = origin.anchor();
        Self { dir, origin, range: CompactRange::default(), previous, segments, frames: 0 }
    }

    /// Reads the segment whose first record is `first`, as far as it is sound.
    fn segment(&mut self, first: u64) -> Result<Extent, OpenError> {
        let path = self.segments.file(first);
        let expected = self.range.size();
        if first != expected {
            return Err(OpenError::Gap { file: path, expected });
        }

        let cannot_read = |source| OpenError::io("read", &path, source);
        let file = File::open(&path).map_err(cannot_read)?;
        let bytes = file.metadata().map_err(cannot_read)?.len();
        self.segments.begin(first);
        let (mut sound_bytes, mut last_frame, mut fault) = (0, None, None);
        while sound_bytes < bytes && fault.is_none() {
            match self.frame(&file, sound_bytes) {
                Ok(frame_bytes) => {
                    last_frame = Some(sound_bytes);
                    sound_bytes += frame_bytes;
                }
                Err(FrameReadError::Fault(found)) => fault = Some(found),
                Err(FrameReadError::Io(source)) => return Err(cannot_read(source)),
            }
        }
        if fault == Some(FrameFault::Chain) && expected == 0 && sound_bytes == 0 {
            let (dir, origin) = (self.dir.to_owned(), self.origin.clone());
            return Err(OpenError::Origin { dir, origin });
        }
        Ok(Extent { file: path, bytes, sound_bytes, last_frame, fault })
    }

    /// Reads, checks and counts the frame at `offset`; returns its length.
    fn frame(&mut self, file: &File, offset: u64) -> Result<u64, FrameReadError> {
        let bytes = frame::read_bytes_at(file, offset)?;
        let Frame { header, leaves, tree_size, root } = Frame::decode(&bytes)?;
        if header.previous != self.previous {
            return Err(FrameFault::Chain.into());
        }
        let expected = self.range.size();
        if header.first != expected {
            return Err(FrameFault::Index { found: header.first, expected }.into());
        }
        let growth = self.range.grow(leaves.into_iter().map(leaf_hash).collect());
        if (growth.size(), growth.root()) != (tree_size, root) {
            return Err(FrameFault::Tree.into());
        }

        self.range = growth.range();
        self.previous = content_hash(&bytes);
        self.segments.note(header.first, offset);
        self.frames += 1;
        Ok(bytes.len() as u64)
    }

    fn finish(self, newest: Extent, torn_bytes: u64) -> Recovered {
        let recovery = Recovery { records: self.range.size(), frames: self.frames, torn_bytes };
        let tail = Tail {
            file: newest.file,
            bytes: newest.sound_bytes,
            range: self.range,
            previous: self.previous,
            segments: Arc::new(self.segments),
        };
        Recovered { tail, recovery }
    }
}

// === impl Extent ===

impl Extent {
    /// Refuses a segment that is not sound to its end.
    fn refuse_fault(&self) -> Result<(), OpenError> {
        match self.fault {
            Some(fault) => Err(self.damaged(fault)),
            None => Ok(()),
        }
    }

    fn damaged(&self, fault: FrameFault) -> OpenError {
        OpenError::Damaged { file: self.file.clone(), offset: self.sound_bytes, fault }
    }

    /// Returns the length of an unfinished frame at the end; `next` is the index it would have had.
    ///
    /// One group is written at a time, and a failed one is cut before the next: a crash leaves at
    /// most one frame unfinished, with nothing after it. All else is damage to what was
    /// acknowledged. (Damage to the last frame alone looks the same as an unfinished one; only a
    /// checkpoint that somebody kept tells them apart.)
    fn torn_bytes(&self, next: u64) -> Result<u64, OpenError> {
        let Some(fault) = self.fault else { return Ok(0) };
        let torn_bytes = self.bytes - self.sound_bytes;
        if !fault.may_be_torn() || (MAX_FRAME_BYTES as u64) < torn_bytes {
            return Err(self.damaged(fault));
        }

        let mut tail = vec![0; torn_bytes as usize];
        let read =
            File::open(&self.file).and_then(|file| file.read_exact_at(&mut tail, self.sound_bytes));
        read.map_err(|source| OpenError::io("read", &self.file, source))?;
        let firsts = next.saturating_add(1)..=next.saturating_add(MAX_FRAME_RECORDS as u64);
        if frame::follows(&tail, firsts) {
            return Err(self.damaged(fault));
        }
        Ok(torn_bytes)
    }

    /// Cuts what is not sound and makes the rest durable.
    ///
    /// The last frame is written once more, byte for byte. After a sync that failed, the system may
    /// hold it in memory only and believe that it is on disk, so that another sync alone would do
    /// nothing. Earlier frames were synced before it was written.
    fn settle(&self) -> io::Result<()> {
        let file = OpenOptions::new().read(true).write(true).open(&self.file)?;
        file.set_len(self.sound_bytes)?;
        if let Some(offset) = self.last_frame {
            let mut bytes = vec![0; (self.sound_bytes - offset) as usize];
            file.read_exact_at(&mut bytes, offset)?;
            file.write_all_at(&bytes, offset)?;
        }
        file.sync_all()
    }
}

#[cfg(test)]
mod tests;
