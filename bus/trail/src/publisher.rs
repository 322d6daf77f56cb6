//! Publishes groups: bundles, tiles, sealed parts, and the checkpoint last.
//!
//! Everything is written whole beside its place and renamed into it, so that a reader finds the old
//! or the new. What a crash leaves undone is done again at the next start, from the frames.

use std::{
    collections::HashSet,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    archive::{Archive, ReadError, sealed_path},
    batch::{Batch, BatchError, remove_if_there},
    bundle,
    checkpoint::{Checkpoint, SignedCheckpoint},
    edge::{Edge, Piece},
    hash::empty_root,
    key::SigningKey,
    pruned::Pruned,
    segments::Segments,
    tile::{TILE_WIDTH, Tile},
    unpublished::Unpublished,
};

/// File of the newest published checkpoint.
pub(crate) const CHECKPOINT: &str = "checkpoint";

/// The one that writes what is published.
#[derive(Debug)]
pub(crate) struct Publisher {
    archive: Archive,
    edge: Edge,
    unpublished: Arc<Unpublished>,
    segments: Arc<Segments>,
    /// Partial files that the checkpoint before the newest one needs.
    superseded: Vec<PathBuf>,
    /// Partial files that the newest one needs.
    partial: Vec<PathBuf>,
}

/// Why something was not published, erased or dropped.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The disk refused. It can be tried again.
    #[error("trail cannot be published: {0}")]
    Io(#[from] io::Error),
    /// What is published already cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A sync failed: what is durable is not known any more.
    #[error("sync of {} failed, what it holds is uncertain, check the disk and restart", file.display())]
    Sync {
        /// The file or folder.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The record is not in the published files.
    #[error("record {index} is not published yet, free the disk and try again")]
    Unpublished {
        /// Index of the record.
        index: u64,
    },
    /// Too much is asked for already.
    #[error("trail is busy erasing or dropping records, try again later")]
    Busy,
    /// The trail has ended.
    #[error("trail has ended, restart the process")]
    Ended,
}

// === impl PublishError ===

impl From<BatchError> for PublishError {
    fn from(error: BatchError) -> Self {
        match error {
            BatchError::Io(error) => Self::Io(error),
            BatchError::Sync { file, source } => Self::Sync { file, source },
        }
    }
}

// === impl Publisher ===

impl Publisher {
    /// Goes on from what is published.
    pub(crate) fn new(
        archive: Archive,
        edge: Edge,
        unpublished: Arc<Unpublished>,
        segments: Arc<Segments>,
    ) -> Self {
        let partial = edge.partial().iter().flat_map(files).collect();
        Self { archive, edge, unpublished, segments, superseded: Vec::new(), partial }
    }

    /// Publishes the checkpoint of a log that has no published records.
    pub(crate) fn begin(&self, key: &SigningKey) -> Result<SignedCheckpoint, PublishError> {
        let origin = key.verifier().name().clone();
        let empty = Checkpoint { origin, size: 0, root: empty_root() }.sign(key);
        self.write_checkpoint(&empty)?;
        Ok(empty)
    }

    /// Publishes the groups there are; returns the newest checkpoint, or `None` if there were none.
    pub(crate) fn publish(&mut self) -> Result<Option<Arc<SignedCheckpoint>>, PublishError> {
        let groups = self.unpublished.groups();
        let Some(newest) = groups.last().map(|group| Arc::clone(&group.checkpoint)) else {
            return Ok(None);
        };
        let mut edge = self.edge.clone();
        let mut pieces = Vec::new();
        for entry in groups.iter().flat_map(|group| &group.entries) {
            edge.push(entry.clone(), &mut pieces);
        }
        let full: Vec<Tile> = pieces.iter().map(Piece::tile).collect();
        let partial = edge.partial();
        let there = |piece: &&Piece| files(piece).iter().all(|file| self.partial.contains(file));
        pieces.extend(partial.iter().filter(|piece| !there(piece)).cloned());
        self.write(&pieces)?;
        self.write_checkpoint(&newest)?;

        // From here on it is published: what follows only clears away, and may be left undone.
        self.edge = edge;
        self.unpublished.drop_to(self.edge.size());
        if let Err(error) = self.clear_away(&partial, &full) {
            tracing::warn!(%error, "files of the trail that nobody needs any more are not removed");
        }
        Ok(Some(newest))
    }

    /// Removes partial files and frames that nobody needs any more.
    fn clear_away(&mut self, partial: &[Piece], full: &[Tile]) -> Result<(), PublishError> {
        let partial = partial.iter().flat_map(files).collect();
        let previous = std::mem::replace(&mut self.partial, partial);
        let superseded = std::mem::replace(&mut self.superseded, previous);
        self.drop_superseded(superseded)?;
        self.drop_partials_of(full)?;
        Ok(self.segments.drop_published(self.edge.size(), self.archive.disk())?)
    }

    /// Empties the sealed parts of published records. The frames that still hold them must be dropped
    /// by the caller.
    pub(crate) fn erase(&mut self, indices: &HashSet<u64>) -> Result<(), PublishError> {
        // One that is not published would be, later, with its part.
        if let Some(index) = indices.iter().find(|index| self.edge.size() <= **index) {
            return Err(PublishError::Unpublished { index: *index });
        }
        let bundles: HashSet<u64> =
            indices.iter().map(|index| index / u64::from(TILE_WIDTH)).collect();
        let mut batch = Batch::new(self.archive.disk(), self.archive.dir());
        for bundle in bundles {
            let Some(tile) = Tile::of(0, bundle, self.edge.size()) else { continue };
            let mut parts = self.archive.sealed(tile)?;
            for (index, part) in (bundle * u64::from(TILE_WIDTH)..).zip(&mut parts) {
                if indices.contains(&index) {
                    part.clear();
                }
            }
            let parts = bundle::encode_sealed(&parts).map_err(io::Error::other)?;
            batch.write(&sealed_path(tile), &parts)?;
        }
        batch.put()?;
        self.edge.erase(|index| indices.contains(&index));
        Ok(())
    }

    /// Drops bundles and sealed parts of whole bundles in `pruned`, which is durable before.
    pub(crate) fn prune(&mut self, pruned: &Pruned) -> Result<(), PublishError> {
        let mut batch = Batch::new(self.archive.disk(), self.archive.dir());
        batch.write(Path::new(Pruned::FILE), pruned.text().as_bytes())?;
        batch.put()?;
        for bundle in pruned.bundles() {
            let tile = Tile { level: 0, index: bundle, width: TILE_WIDTH };
            for file in [tile.entries_path(), sealed_path(tile)] {
                self.remove(&file)?;
            }
        }
        Ok(())
    }

    fn write(&self, pieces: &[Piece]) -> Result<(), PublishError> {
        let mut batch = Batch::new(self.archive.disk(), self.archive.dir());
        for piece in pieces {
            match piece {
                Piece::Bundle(tile, entries) => {
                    let leaves: Vec<&[u8]> = entries.iter().map(|entry| &entry.leaf[..]).collect();
                    let sealed: Vec<&[u8]> =
                        entries.iter().map(|entry| &entry.sealed[..]).collect();
                    let leaves = bundle::encode(&leaves).map_err(io::Error::other)?;
                    let sealed = bundle::encode_sealed(&sealed).map_err(io::Error::other)?;
                    batch.write(&tile.entries_path(), &leaves)?;
                    batch.write(&sealed_path(*tile), &sealed)?;
                }
                Piece::Hashes(tile, hashes) => {
                    batch.write(&tile.path(), hashes.as_flattened())?;
                }
            }
        }
        Ok(batch.put()?)
    }

    /// Puts the checkpoint in place, once all that it commits to is.
    fn write_checkpoint(&self, checkpoint: &SignedCheckpoint) -> Result<(), PublishError> {
        let mut batch = Batch::new(self.archive.disk(), self.archive.dir());
        batch.write(Path::new(CHECKPOINT), checkpoint.note.as_bytes())?;
        Ok(batch.put()?)
    }

    /// Removes partial files that no kept checkpoint needs. Those of the newest two stay, so that a
    /// reader who has just read the checkpoint finds them.
    fn drop_superseded(&self, files: Vec<PathBuf>) -> Result<(), PublishError> {
        let needed = |file: &PathBuf| self.partial.contains(file) || self.superseded.contains(file);
        for file in files.iter().filter(|file| !needed(file)) {
            self.remove(file)?;
        }
        Ok(())
    }

    /// Removes what crashes left of the partial files of tiles that are full now.
    fn drop_partials_of(&self, full: &[Tile]) -> Result<(), PublishError> {
        for tile in full {
            let one = Tile { width: 1, ..*tile };
            let entries = (tile.level == 0).then(|| one.entries_path());
            for file in entries.into_iter().chain([one.path()]) {
                let Some(folder) = file.parent() else { continue };
                let Ok(names) = self.archive.disk().list(&self.archive.dir().join(folder)) else {
                    continue;
                };
                for name in names {
                    let file = folder.join(name);
                    if !self.superseded.contains(&file) {
                        self.remove(&file)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn remove(&self, file: &Path) -> io::Result<()> {
        remove_if_there(self.archive.disk(), &self.archive.dir().join(file))
    }
}

/// Returns the files of a piece that a wider one takes the place of.
fn files(piece: &Piece) -> Vec<PathBuf> {
    match piece {
        Piece::Bundle(tile, _) => vec![tile.entries_path()],
        Piece::Hashes(tile, _) => vec![tile.path()],
    }
}
