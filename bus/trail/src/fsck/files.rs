//! Reads the files of a log, and faults where that fails.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read as _},
    path::{Path, PathBuf},
};

use super::fault::{Fault, FaultKind};
use crate::{
    hash::HASH_BYTES,
    tile::{TILE_WIDTH, Tile},
    tree::node_from_tile,
};

/// The folder of a log.
#[derive(Clone, Debug)]
pub(super) struct Files {
    dir: PathBuf,
}

// === impl Files ===

impl Files {
    pub(super) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// Reads a file whole; its path is from the log's folder.
    pub(super) fn read(&self, file: &Path) -> Result<Vec<u8>, Fault> {
        let mut bytes = Vec::new();
        self.read_into(file, &mut bytes)?;
        Ok(bytes)
    }

    /// Reads a file whole, over what `bytes` held.
    pub(super) fn read_into(&self, file: &Path, bytes: &mut Vec<u8>) -> Result<(), Fault> {
        bytes.clear();
        let read = File::open(self.dir.join(file)).and_then(|mut file| file.read_to_end(bytes));
        match read {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Err(Fault::new(file, FaultKind::Missing))
            }
            Err(error) => Err(Fault::new(file, FaultKind::Unreadable(error.to_string()))),
        }
    }

    /// Returns whether a file is there.
    pub(super) fn has(&self, file: &Path) -> bool {
        self.dir.join(file).exists()
    }

    /// Returns the names in a folder, sorted, with whether each is a folder; none if it is not there.
    pub(super) fn list(&self, folder: &Path) -> Result<Vec<(String, Entry)>, Fault> {
        let unreadable =
            |error: std::io::Error| Fault::new(folder, FaultKind::Unreadable(error.to_string()));
        let entries = match fs::read_dir(self.dir.join(folder)) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            read => read.map_err(unreadable)?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(unreadable)?;
            let kind = if entry.file_type().map_err(unreadable)?.is_dir() {
                Entry::Folder
            } else {
                Entry::File
            };
            names.push((entry.file_name().to_string_lossy().into_owned(), kind));
        }
        names.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        Ok(names)
    }

    /// Reads the first `tile.width` hashes of a tile over what `bytes` held; returns its file.
    pub(super) fn hashes(&self, tile: Tile, bytes: &mut Vec<u8>) -> Result<PathBuf, Fault> {
        let (file, width) = self.widest(tile, Tile::path, bytes)?;
        let expected = usize::from(width) * HASH_BYTES;
        if bytes.len() != expected {
            let (bytes, expected) = (bytes.len() as u64, expected as u64);
            return Err(Fault::new(file, FaultKind::Length { bytes, expected }));
        }
        bytes.truncate(usize::from(tile.width) * HASH_BYTES);
        Ok(file)
    }

    /// Reads a file that is as wide as `tile`, or the next wider one: while a log grows, narrow files
    /// give way to wide ones. Returns the file and its width.
    pub(super) fn widest(
        &self,
        tile: Tile,
        path: fn(&Tile) -> PathBuf,
        bytes: &mut Vec<u8>,
    ) -> Result<(PathBuf, u16), Fault> {
        let file = path(&tile);
        let missing = match self.read_into(&file, bytes) {
            Err(fault) if fault.kind == FaultKind::Missing && !tile.is_full() => fault,
            read => return read.map(|()| (file, tile.width)),
        };
        let names = self.list(file.parent().unwrap_or(&file))?;
        let widths = names.iter().filter_map(|(name, _)| name.parse::<u16>().ok());
        let wider = widths.filter(|width| tile.width < *width && *width < TILE_WIDTH).min();
        let width = wider.unwrap_or(TILE_WIDTH);
        let file = path(&Tile { width, ..tile });
        match self.read_into(&file, bytes) {
            Err(fault) if fault.kind == FaultKind::Missing => Err(missing),
            read => read.map(|()| (file, width)),
        }
    }

    /// Reads the root of a perfect subtree of a tree of `size` records that are all published.
    pub(super) fn node(&self, level: u8, index: u64, size: u64) -> Result<[u8; HASH_BYTES], Fault> {
        let missing = || Fault::new("tile", FaultKind::Missing);
        let node = Tile::holding(level, index, size).ok_or_else(missing)?;
        let mut bytes = Vec::new();
        self.hashes(node.tile, &mut bytes)?;
        Ok(node_from_tile(as_hashes(&bytes), node.level_in_tile, node.position.into()))
    }
}

/// What a name in a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    File,
    Folder,
}

/// Takes bytes whose length was checked as hashes.
pub(super) fn as_hashes(bytes: &[u8]) -> &[[u8; HASH_BYTES]] {
    bytes.as_chunks().0
}
