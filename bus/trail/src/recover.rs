//! Reads what a trail has at start: the published tree, then the frames after it.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    archive::{Archive, ReadError},
    checkpoint::{Checkpoint, SignedCheckpoint},
    compact_range::CompactRange,
    disk::Disk,
    edge::Edge,
    entry::Entry,
    frame::{self, Frame, FrameFault, MAX_FRAME_BYTES, MAX_FRAME_RECORDS},
    hash::{HASH_BYTES, content_hash, empty_root, leaf_hash},
    key::{SigningKey, VerifierKey},
    open::{FRAMES, OpenError, Recovery},
    publisher::CHECKPOINT,
    segments,
    tile::{TILE_HEIGHT, TILE_WIDTH, Tile},
    unpublished::Group,
};

/// A trail as it was found, ready to be continued.
#[derive(Debug)]
pub(crate) struct Recovered {
    /// Where to continue writing.
    pub(crate) tail: Tail,
    /// Where to continue publishing.
    pub(crate) edge: Edge,
    /// The checkpoint that is published; none in a new folder.
    pub(crate) published: Option<SignedCheckpoint>,
    /// What is not published yet.
    pub(crate) groups: Vec<Arc<Group>>,
    /// First records of the segments, oldest first.
    pub(crate) firsts: Vec<u64>,
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
    /// The newest checkpoint.
    pub(crate) checkpoint: Arc<SignedCheckpoint>,
}

/// Reads the frames in their order.
struct Replay<'a> {
    disk: &'a dyn Disk,
    folder: &'a Path,
    key: &'a VerifierKey,
    /// Number of published records.
    published: u64,
    /// Index that the next frame must begin with, once the first is read.
    next: Option<u64>,
    /// Hash that the next frame must name, once the first is read.
    previous: Option<[u8; HASH_BYTES]>,
    range: CompactRange,
    checkpoint: Option<SignedCheckpoint>,
    groups: Vec<Arc<Group>>,
    frames: u64,
}

/// How far one segment is sound.
struct Extent {
    file: PathBuf,
    /// All its bytes.
    bytes: Vec<u8>,
    /// Length of its sound frames.
    sound_bytes: usize,
    /// Where the last sound frame begins.
    last_frame: Option<usize>,
    /// What is wrong with the bytes after them, if there are any.
    fault: Option<FrameFault>,
}

/// Reads and checks the end of the trail in `dir`, and cuts an unfinished last frame.
///
/// # Errors
///
/// Returns [`OpenError`] if checkpoint, right edge and frames do not fit each other and the key.
pub(crate) fn recover(archive: &Archive, key: &SigningKey) -> Result<Recovered, OpenError> {
    let (disk, dir) = (archive.disk(), archive.dir());
    let verifier = key.verifier();
    let published = read_checkpoint(disk, dir, verifier)?;
    let edge = read_edge(archive, published.as_ref())?;

    let folder = dir.join(FRAMES);
    let mut replay = Replay::new(disk, &folder, verifier, &edge);
    let firsts = replay.segments()?;
    let mut newest = replay.segment(firsts[0])?;
    for first in &firsts[1..] {
        newest.refuse_fault()?;
        newest = replay.segment(*first)?;
    }
    let torn_bytes = newest.torn_bytes(replay.range.size())?;
    let settled = newest.settle(disk).and_then(|()| disk.sync_folder(&folder));
    settled.map_err(|source| OpenError::io("repair the end of", &newest.file, source))?;
    let checkpoint = replay.newest_checkpoint(published.as_ref(), &newest)?;

    let Replay { range, previous, groups, frames, .. } = replay;
    let recovery = Recovery { records: range.size(), frames, torn_bytes };
    let tail = Tail {
        file: newest.file,
        bytes: newest.sound_bytes as u64,
        previous: previous.unwrap_or_else(|| verifier.name().anchor()),
        checkpoint: Arc::new(checkpoint.unwrap_or_else(|| empty(key))),
        range,
    };
    Ok(Recovered { tail, edge, published, groups, firsts, recovery })
}

/// Returns the checkpoint of a log without records.
fn empty(key: &SigningKey) -> SignedCheckpoint {
    Checkpoint { origin: key.verifier().name().clone(), size: 0, root: empty_root() }.sign(key)
}

fn read_checkpoint(
    disk: &dyn Disk,
    dir: &Path,
    key: &VerifierKey,
) -> Result<Option<SignedCheckpoint>, OpenError> {
    let file = dir.join(CHECKPOINT);
    let bytes = match disk.read(&file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(|source| OpenError::io("read", &file, source))?,
    };
    let note = String::from_utf8_lossy(&bytes);
    match SignedCheckpoint::open(&note, key) {
        Ok(signed) => Ok(Some(signed)),
        Err(fault) => Err(OpenError::Checkpoint { file, fault }),
    }
}

/// Reads the right edge of the published tree and compares it with the checkpoint.
fn read_edge(archive: &Archive, published: Option<&SignedCheckpoint>) -> Result<Edge, OpenError> {
    let Some(Checkpoint { size, root, .. }) = published.map(|signed| &signed.checkpoint) else {
        return Ok(Edge::default());
    };
    let mut levels = Vec::new();
    for level in 0..TILE_HEIGHT {
        let hashes = size.checked_shr(u32::from(level) * u32::from(TILE_HEIGHT)).unwrap_or(0);
        if hashes == 0 {
            break;
        }
        let tile = Tile::of(level, hashes / u64::from(TILE_WIDTH), *size);
        levels.push(tile.map(|tile| archive.hashes(tile)).transpose()?.unwrap_or_default());
    }
    let bundle = match Tile::of(0, size / u64::from(TILE_WIDTH), *size) {
        Some(tile) => read_bundle(archive, tile, &levels)?,
        None => Vec::new(),
    };
    let edge = Edge::new(*size, bundle, levels);
    if edge.range().grow(Vec::new()).root() != *root {
        return Err(OpenError::Edge { dir: archive.dir().to_owned(), size: *size });
    }
    Ok(edge)
}

/// Reads the records of the bundle that is not full, and compares them with their hashes.
fn read_bundle(
    archive: &Archive,
    tile: Tile,
    levels: &[Vec<[u8; HASH_BYTES]>],
) -> Result<Vec<Entry>, ReadError> {
    let (leaves, parts) = (archive.records(tile)?, archive.sealed(tile)?);
    let hashes = leaves.iter().map(|leaf| leaf_hash(leaf));
    if !levels.first().is_some_and(|tile| hashes.eq(tile.iter().copied())) {
        return Err(ReadError::Tile { file: archive.dir().join(tile.path()) });
    }
    let entries = leaves.into_iter().zip(parts);
    Ok(entries.map(|(leaf, sealed)| Entry { leaf, sealed }).collect())
}

// === impl Replay ===

impl<'a> Replay<'a> {
    fn new(disk: &'a dyn Disk, folder: &'a Path, key: &'a VerifierKey, edge: &Edge) -> Self {
        Self {
            disk,
            folder,
            key,
            published: edge.size(),
            next: None,
            previous: None,
            range: edge.range(),
            checkpoint: None,
            groups: Vec::new(),
            frames: 0,
        }
    }

    /// Returns the first records of the segments that matter, oldest first; makes the first one.
    fn segments(&self) -> Result<Vec<u64>, OpenError> {
        let mut firsts = self.list()?;
        // What is wholly published may be there yet, or again, with holes.
        let needed = firsts.partition_point(|first| *first <= self.published).saturating_sub(1);
        let needed =
            if self.is_empty(firsts.get(needed))? { needed.saturating_sub(1) } else { needed };
        firsts.drain(..needed);
        if firsts.is_empty() {
            let file = segments::file(self.folder, self.published);
            if 0 < self.published {
                return Err(OpenError::Gap { file, expected: self.published });
            }
            let made = self.disk.create(&file).map(drop);
            made.map_err(|source| OpenError::io("make", &file, source))?;
            firsts.push(self.published);
        }
        Ok(firsts)
    }

    /// Returns whether a segment has no frame yet; the next one follows the last frame before it.
    fn is_empty(&self, first: Option<&u64>) -> Result<bool, OpenError> {
        let Some(first) = first else { return Ok(false) };
        let file = segments::file(self.folder, *first);
        let bytes = self.disk.read(&file).map_err(|source| OpenError::io("read", &file, source))?;
        Ok(bytes.is_empty())
    }

    fn list(&self) -> Result<Vec<u64>, OpenError> {
        let cannot_list = |source| OpenError::io("list", self.folder, source);
        let mut firsts = Vec::new();
        for name in self.disk.list(self.folder).map_err(cannot_list)? {
            let file = self.folder.join(name);
            firsts.push(segments::first_of(&file).ok_or(OpenError::Stray { file })?);
        }
        firsts.sort_unstable();
        Ok(firsts)
    }

    /// Reads the segment whose first record is `first`, as far as it is sound.
    fn segment(&mut self, first: u64) -> Result<Extent, OpenError> {
        let file = segments::file(self.folder, first);
        let expected = self.next.unwrap_or_else(|| first.min(self.published));
        if first != expected {
            return Err(OpenError::Gap { file, expected });
        }
        self.next = Some(first);

        let bytes = self.disk.read(&file).map_err(|source| OpenError::io("read", &file, source))?;
        let (mut sound_bytes, mut last_frame, mut fault) = (0, None, None);
        while sound_bytes < bytes.len() && fault.is_none() {
            match self.frame(&bytes[sound_bytes..]) {
                Ok(frame_bytes) => {
                    last_frame = Some(sound_bytes);
                    sound_bytes += frame_bytes;
                }
                Err(found) => fault = Some(found),
            }
        }
        if fault == Some(FrameFault::Chain) && first == 0 && sound_bytes == 0 {
            return Err(OpenError::Origin { file, origin: self.key.name().clone() });
        }
        Ok(Extent { file, bytes, sound_bytes, last_frame, fault })
    }

    /// Reads, checks and counts the frame that `bytes` begin with; returns its length.
    fn frame(&mut self, bytes: &[u8]) -> Result<usize, FrameFault> {
        let Frame { header, entries, note } = Frame::read(bytes)?;
        let frame_bytes = header.frame_bytes();
        let previous = match (self.previous, header.first) {
            (Some(previous), _) => previous,
            (None, 0) => self.key.name().anchor(),
            // The one before it was dropped.
            (None, _) => header.previous,
        };
        if header.previous != previous {
            return Err(FrameFault::Chain);
        }
        let expected = self.next.unwrap_or(header.first);
        if header.first != expected
            || header.first < self.published && self.published < header.end()
        {
            return Err(FrameFault::Index { found: header.first, expected });
        }
        if self.published <= header.first {
            self.grow(header.first, entries, note)?;
        }
        self.next = Some(header.end());
        self.previous = Some(content_hash(&bytes[..frame_bytes]));
        self.frames += 1;
        Ok(frame_bytes)
    }

    /// Adds a group that is not published.
    fn grow(&mut self, first: u64, entries: Vec<Entry>, note: &str) -> Result<(), FrameFault> {
        if first != self.range.size() {
            return Err(FrameFault::Index { found: first, expected: self.range.size() });
        }
        let growth = self.range.grow(entries.iter().map(|entry| leaf_hash(&entry.leaf)).collect());
        let signed = SignedCheckpoint::open(note, self.key).or(Err(FrameFault::Tree))?;
        let Checkpoint { size, root, .. } = &signed.checkpoint;
        if (growth.size(), growth.root()) != (*size, *root) {
            return Err(FrameFault::Tree);
        }
        self.range = growth.range();
        let checkpoint = Arc::new(signed.clone());
        self.checkpoint = Some(signed);
        self.groups.push(Arc::new(Group { first, entries, checkpoint }));
        Ok(())
    }

    /// Returns the checkpoint of the whole tree.
    ///
    /// # Errors
    ///
    /// If the frames end before what is published: they were acknowledged and are gone. Their
    /// records are published, but the next frame could not follow the one before it.
    fn newest_checkpoint(
        &self,
        published: Option<&SignedCheckpoint>,
        newest: &Extent,
    ) -> Result<Option<SignedCheckpoint>, OpenError> {
        match self.next {
            Some(next) if next < self.published => {
                Err(OpenError::Gap { file: newest.file.clone(), expected: self.published })
            }
            _ => Ok(self.checkpoint.as_ref().or(published).cloned()),
        }
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
        let (file, offset) = (self.file.clone(), self.sound_bytes as u64);
        OpenError::Damaged { file, offset, fault }
    }

    /// Returns the length of an unfinished frame at the end; `next` is the index it would have had.
    ///
    /// One group is written at a time, and a failed one is cut before the next: a crash leaves at
    /// most one frame unfinished, with nothing after it. All else is damage to what was
    /// acknowledged. (Damage to the last frame alone looks the same as an unfinished one; only a
    /// checkpoint that somebody kept tells them apart: the published one, the rollback guard's.)
    fn torn_bytes(&self, next: u64) -> Result<u64, OpenError> {
        let Some(fault) = self.fault else { return Ok(0) };
        let torn = &self.bytes[self.sound_bytes..];
        if !fault.may_be_torn() || MAX_FRAME_BYTES < torn.len() {
            return Err(self.damaged(fault));
        }
        let firsts = next.saturating_add(1)..=next.saturating_add(MAX_FRAME_RECORDS as u64);
        if frame::follows(torn, firsts) {
            return Err(self.damaged(fault));
        }
        Ok(torn.len() as u64)
    }

    /// Cuts what is not sound and makes the rest durable.
    ///
    /// The last frame is written once more, byte for byte. After a sync that failed, the system may
    /// hold it in memory only and believe that it is on disk, so that another sync alone would do
    /// nothing. Earlier frames were synced before it was written.
    fn settle(&self, disk: &dyn Disk) -> io::Result<()> {
        let mut file = disk.open(&self.file)?;
        file.truncate(self.sound_bytes as u64)?;
        if let Some(offset) = self.last_frame {
            file.write_at(&self.bytes[offset..self.sound_bytes], offset as u64)?;
        }
        file.sync()
    }
}
