//! Walks the records in their order: each bundle against its tile, each tile against those below.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use super::{
    Files,
    fault::{Fault, FaultKind},
    files::as_hashes,
};
use crate::{
    archive::sealed_path,
    bundle::{BundleFault, Entries},
    checkpoint::Checkpoint,
    hash::{HASH_BYTES, leaf_hash},
    pruned::Pruned,
    publisher::CHECKPOINT,
    tile::{TILE_HEIGHT, TILE_WIDTH, Tile},
    tree::{self, node_from_tile},
};

const WIDTH: u64 = TILE_WIDTH as u64;

/// The walk, and what it has counted.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    files: &'a Files,
    published: &'a Checkpoint,
    /// Numbers of the bundles that may be missing.
    dropped: HashSet<u64>,
    /// Roots of the full tiles of each level that belong to one tile above, which is not full yet.
    rows: Vec<Vec<[u8; HASH_BYTES]>>,
    /// Files of the tile at hand, kept for their space.
    tile: Vec<u8>,
    bundle: Vec<u8>,
    parts: Vec<u8>,
    counted: Walked,
}

/// What a walk has counted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Walked {
    pub(super) records: u64,
    pub(super) pruned: u64,
    pub(super) sealed: u64,
}

// === impl Walk ===

impl<'a> Walk<'a> {
    pub(super) fn new(files: &'a Files, published: &'a Checkpoint) -> Result<Self, Fault> {
        Ok(Self {
            files,
            published,
            dropped: dropped(files, published.size)?,
            rows: Vec::new(),
            tile: Vec::new(),
            bundle: Vec::new(),
            parts: Vec::new(),
            counted: Walked::default(),
        })
    }

    /// Checks all records, tiles and sealed parts, and the root.
    pub(super) fn run(
        mut self,
        check_sealed: &mut impl FnMut(&[u8], &[u8]) -> Result<(), String>,
    ) -> Result<Walked, Fault> {
        let size = self.published.size;
        for tile in (0..).map_while(|index| Tile::of(0, index, size)) {
            let file = self.files.hashes(tile, &mut self.tile)?;
            if self.dropped.contains(&tile.index) && !self.files.has(&tile.entries_path()) {
                self.counted.pruned += u64::from(tile.width);
            } else {
                self.records(tile, &file)?;
                self.sealed(tile, check_sealed)?;
            }
            if tile.is_full() {
                self.fold(tile)?;
            }
        }
        for level in 1..=self.rows.len() as u8 {
            if let Some(tile) = Tile::of(level, (size >> (TILE_HEIGHT * level)) / WIDTH, size) {
                self.parent(tile)?;
            }
        }
        let root = tree::root(size, &mut |level, index| self.files.node(level, index, size))?;
        if root != self.published.root {
            return Err(Fault::new(CHECKPOINT, FaultKind::Root));
        }
        Ok(self.counted)
    }

    /// Checks the records under the tile at hand.
    fn records(&mut self, tile: Tile, hashes: &Path) -> Result<(), Fault> {
        let (file, width) = self.files.widest(tile, Tile::entries_path, &mut self.bundle)?;
        let first = tile.index * WIDTH;
        let mut entries = Entries::records(&self.bundle, width);
        for (index, hash) in (first..).zip(as_hashes(&self.tile)) {
            let entry = entries.next().unwrap_or(Err(BundleFault::Few {
                expected: width,
                found: (index - first) as u16,
            }));
            let entry = entry
                .map_err(|fault| Fault::new(&file, FaultKind::Bundle(fault)).of_record(index))?;
            if leaf_hash(entry) != *hash {
                return Err(self.blame(tile, index, file, hashes));
            }
        }
        // What follows the last record says whether the file ends there.
        if let Some(fault) = entries.find_map(Result::err) {
            return Err(Fault::new(&file, FaultKind::Bundle(fault)));
        }
        self.counted.records += u64::from(tile.width);
        Ok(())
    }

    /// Checks the sealed parts of the records of the bundle at hand.
    fn sealed(
        &mut self,
        tile: Tile,
        check: &mut impl FnMut(&[u8], &[u8]) -> Result<(), String>,
    ) -> Result<(), Fault> {
        let file = sealed_path(tile);
        self.files.read_into(&file, &mut self.parts)?;
        let first = tile.index * WIDTH;
        let records = Entries::records(&self.bundle, TILE_WIDTH).take(tile.width.into());
        let mut parts = Entries::sealed(&self.parts, TILE_WIDTH);
        for (index, record) in (first..).zip(records.flatten()) {
            let few = BundleFault::Few { expected: tile.width, found: (index - first) as u16 };
            let part = match parts.next() {
                None | Some(Err(BundleFault::Few { .. })) => Err(few),
                Some(part) => part,
            };
            let part =
                part.map_err(|fault| Fault::new(&file, FaultKind::Bundle(fault)).of_record(index))?;
            self.counted.sealed += u64::from(!part.is_empty());
            check(record, part).map_err(|what| {
                Fault::new(&file, FaultKind::Sealed { index, what }).of_record(index)
            })?;
        }
        // The file may be ahead of the checkpoint by what was about to be published.
        match parts.find_map(Result::err) {
            None | Some(BundleFault::Few { .. }) => Ok(()),
            Some(fault) => Err(Fault::new(&file, FaultKind::Bundle(fault))),
        }
    }

    /// Takes the root of the full tile at hand up, as far as it makes other tiles full.
    fn fold(&mut self, tile: Tile) -> Result<(), Fault> {
        let mut hash = node_from_tile(as_hashes(&self.tile), TILE_HEIGHT, 0);
        let mut index = tile.index;
        for level in 0.. {
            if self.rows.len() == level {
                self.rows.push(Vec::with_capacity(TILE_WIDTH.into()));
            }
            let row = &mut self.rows[level];
            row.push(hash);
            if row.len() < TILE_WIDTH.into() {
                break;
            }
            index /= WIDTH;
            self.parent(Tile { level: level as u8 + 1, index, width: TILE_WIDTH })?;
            let row = &mut self.rows[level];
            hash = node_from_tile(row, TILE_HEIGHT, 0);
            row.clear();
        }
        Ok(())
    }

    /// Checks a tile above the lowest level against the roots of the tiles below it.
    fn parent(&self, tile: Tile) -> Result<(), Fault> {
        let mut bytes = Vec::new();
        let file = self.files.hashes(tile, &mut bytes)?;
        let below = &self.rows[usize::from(tile.level) - 1];
        let pairs = as_hashes(&bytes).iter().zip(below);
        let Some(position) = pairs.into_iter().position(|(found, root)| found != root) else {
            return Ok(());
        };
        let child = tile.index * WIDTH + position as u64;
        let below = Tile { level: tile.level - 1, index: child, width: TILE_WIDTH }.path();
        let index = child << (TILE_HEIGHT * tile.level);
        let kind = FaultKind::Parent { position: position as u16, below };
        Err(Fault::new(file, kind).of_record(index))
    }

    /// Finds out whether the record at `index` was altered or its hash.
    fn blame(&self, tile: Tile, index: u64, bundle: PathBuf, hashes: &Path) -> Fault {
        let records = Entries::records(&self.bundle, TILE_WIDTH).take(tile.width.into());
        let records: Vec<_> = records.flatten().map(leaf_hash).collect();
        let fits = |found: &[[u8; HASH_BYTES]]| {
            found.len() == usize::from(tile.width) && self.fits(tile, found).unwrap_or(false)
        };
        let (file, kind) = if fits(as_hashes(&self.tile)) {
            (bundle, FaultKind::Record { index })
        } else if fits(&records) {
            (hashes.to_owned(), FaultKind::Hash { index })
        } else {
            (bundle, FaultKind::RecordOrHash { index, tile: hashes.to_owned() })
        };
        Fault::new(file, kind).of_record(index)
    }

    /// Returns whether these hashes of a tile of level 0 give what the tree has above them.
    fn fits(&self, tile: Tile, hashes: &[[u8; HASH_BYTES]]) -> Result<bool, Fault> {
        let size = self.published.size;
        if tile.is_full() {
            let above = self.files.node(TILE_HEIGHT, tile.index, size)?;
            return Ok(node_from_tile(hashes, TILE_HEIGHT, 0) == above);
        }
        let root = tree::root(size, &mut |level, index| match Tile::holding(level, index, size) {
            Some(node) if node.tile == tile => {
                Ok(node_from_tile(hashes, node.level_in_tile, node.position.into()))
            }
            _ => self.files.node(level, index, size),
        })?;
        Ok(root == self.published.root)
    }
}

/// Reads which bundles retention dropped.
fn dropped(files: &Files, size: u64) -> Result<HashSet<u64>, Fault> {
    let bytes = match files.read(Pruned::FILE.as_ref()) {
        Err(fault) if fault.kind == FaultKind::Missing => return Ok(HashSet::new()),
        read => read?,
    };
    let pruned = str::from_utf8(&bytes).ok().and_then(Pruned::parse);
    let within = |bundle: &u64| bundle.checked_add(1).is_some_and(|end| end <= size / WIDTH);
    match pruned {
        // Before it is made a set: a forged range must not fill the memory.
        Some(pruned) if pruned.bundles().all(|bundle| within(&bundle)) => {
            Ok(pruned.bundles().collect())
        }
        _ => Err(Fault::new(Pruned::FILE, FaultKind::Pruned)),
    }
}
