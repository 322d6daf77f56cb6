//! Reads what a trail has at start: the published tree, then the frames after it.

mod extent;
mod replay;

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use self::replay::Replay;
use crate::{
    archive::{Archive, ReadError},
    checkpoint::{Checkpoint, SignedCheckpoint},
    compact_range::CompactRange,
    disk::Disk,
    edge::Edge,
    entry::Entry,
    hash::{HASH_BYTES, empty_root, leaf_hash},
    key::{SigningKey, VerifierKey},
    open::{FRAMES, OpenError, Recovery},
    publisher::CHECKPOINT,
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

#[cfg(test)]
mod tests;
