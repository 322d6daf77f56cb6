//! The published files, as they are read: bundles, tiles, sealed parts.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    bundle::{self, BundleFault},
    checkpoint::SignedCheckpoint,
    disk::Disk,
    hash::HASH_BYTES,
    tile::{TILE_WIDTH, Tile},
    tree::{self, node_from_tile},
};

/// The files of a log, without what is not published yet.
#[derive(Clone, Debug)]
pub(crate) struct Archive {
    dir: PathBuf,
    disk: Arc<dyn Disk>,
}

/// Why records cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system refused.
    #[error("cannot read trail file {}: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A bundle changed since it was written.
    #[error("bundle {} is damaged: {fault}, run `oncebus audit fsck`", file.display())]
    Bundle {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        fault: BundleFault,
    },
    /// A tile changed since it was written.
    #[error("tile {} is damaged, run `oncebus audit fsck`", file.display())]
    Tile {
        /// The file.
        file: PathBuf,
    },
    /// Its bundle is not there.
    #[error(
        "record {index} has no bundle: retention dropped it, or the file is missing, see `oncebus audit fsck`"
    )]
    Pruned {
        /// Index of the record.
        index: u64,
    },
}

// === impl Archive ===

impl Archive {
    /// Names the folder of a log.
    pub(crate) fn new(dir: PathBuf, disk: Arc<dyn Disk>) -> Self {
        Self { dir, disk }
    }

    /// Returns the folder.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Returns the disk.
    pub(crate) fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    /// Reads the records under a tile of level 0.
    pub(crate) fn records(&self, tile: Tile) -> Result<Vec<Vec<u8>>, ReadError> {
        let (file, bytes, width) = match self.widest(tile, Tile::entries_path) {
            Err(ReadError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Err(ReadError::Pruned { index: tile.index * u64::from(TILE_WIDTH) });
            }
            found => found?,
        };
        let records = bundle::decode(&bytes, width);
        let records = records.map_err(|fault| ReadError::Bundle { file, fault })?;
        Ok(records.into_iter().take(tile.width.into()).map(<[u8]>::to_vec).collect())
    }

    /// Reads the sealed parts of the records under a tile of level 0.
    pub(crate) fn sealed(&self, tile: Tile) -> Result<Vec<Vec<u8>>, ReadError> {
        let file = self.dir.join(sealed_path(tile));
        let bytes = match self.disk.read(&file) {
            // Dropped with their records.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(vec![Vec::new(); tile.width.into()]);
            }
            read => read.map_err(|source| ReadError::Io { file: file.clone(), source })?,
        };
        let parts = bundle::Entries::sealed(&bytes, TILE_WIDTH).take(tile.width.into());
        let parts = parts.map(|part| part.map(<[u8]>::to_vec)).collect::<Result<_, _>>();
        parts.map_err(|fault| ReadError::Bundle { file, fault })
    }

    /// Reads the hashes of a tile.
    pub(crate) fn hashes(&self, tile: Tile) -> Result<Vec<[u8; HASH_BYTES]>, ReadError> {
        let (file, bytes, width) = self.widest(tile, Tile::path)?;
        let (hashes, []) = bytes.as_chunks() else { return Err(ReadError::Tile { file }) };
        if hashes.len() != usize::from(width) {
            return Err(ReadError::Tile { file });
        }
        Ok(hashes[..usize::from(tile.width)].to_vec())
    }

    /// Reads the root of a perfect subtree in a tree of `size` records, all published.
    pub(crate) fn node(
        &self,
        level: u8,
        index: u64,
        size: u64,
    ) -> Result<[u8; HASH_BYTES], ReadError> {
        let beyond = || ReadError::Tile { file: self.dir.join("tile") };
        let node = Tile::holding(level, index, size).ok_or_else(beyond)?;
        let hashes = self.hashes(node.tile)?;
        Ok(node_from_tile(&hashes, node.level_in_tile, node.position.into()))
    }

    /// Reads the root of the tree of `size` records; `None` if not so many are published.
    pub(crate) fn root(
        &self,
        size: u64,
        published: Option<&SignedCheckpoint>,
    ) -> Result<Option<[u8; HASH_BYTES]>, ReadError> {
        let known = published.map_or(0, |published| published.checkpoint.size);
        if known < size {
            return Ok(None);
        }
        let node = &mut |level, index| self.node(level, index, size);
        tree::root(size, node).map(Some)
    }

    /// Reads a file that is at least as wide as `tile`: a narrower one gives way to a wider one while
    /// the log grows. Returns its width too.
    fn widest(
        &self,
        tile: Tile,
        path: fn(&Tile) -> PathBuf,
    ) -> Result<(PathBuf, Vec<u8>, u16), ReadError> {
        let mut width = tile.width;
        loop {
            let file = self.dir.join(path(&Tile { width, ..tile }));
            match self.disk.read(&file) {
                Ok(bytes) => return Ok((file, bytes, width)),
                Err(error) if error.kind() == io::ErrorKind::NotFound && width < TILE_WIDTH => {
                    // Widths only grow: this ends at the full one.
                    let above = Tile { width: width + 1, ..tile };
                    width = self.wider(above, path).unwrap_or(TILE_WIDTH);
                }
                Err(source) => return Err(ReadError::Io { file, source }),
            }
        }
    }

    /// Returns the narrowest width there is of a partial tile from its own width on.
    fn wider(&self, tile: Tile, path: fn(&Tile) -> PathBuf) -> Option<u16> {
        if tile.is_full() {
            return None;
        }
        let file = self.dir.join(path(&tile));
        let names = self.disk.list(file.parent()?).ok()?;
        let widths = names.iter().filter_map(|name| name.to_str()?.parse().ok());
        widths.filter(|width| tile.width <= *width).min()
    }
}

/// Returns the file of the sealed parts of the records under a tile of level 0, from the log's folder.
pub(crate) fn sealed_path(tile: Tile) -> PathBuf {
    let entries = Tile { width: TILE_WIDTH, ..tile }.entries_path();
    let below = entries.strip_prefix("tile/entries").unwrap_or(&entries);
    Path::new("sealed").join(below)
}
