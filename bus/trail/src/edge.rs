//! The right edge of the tree: the tiles and the bundle that are not full yet.

use crate::{
    compact_range::CompactRange,
    entry::Entry,
    hash::{HASH_BYTES, leaf_hash, node_hash},
    tile::{TILE_HEIGHT, TILE_WIDTH, Tile},
};

/// Hashes in a full tile, and records in a full bundle.
const WIDTH: usize = TILE_WIDTH as usize;

/// What the next publication goes on from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edge {
    size: u64,
    /// Records of the bundle that is not full.
    bundle: Vec<Entry>,
    /// Hashes of the tile of each level that is not full, from the leaves up.
    levels: Vec<Vec<[u8; HASH_BYTES]>>,
}

/// Something that is full, or is as wide as the tree is.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    /// The records at a bundle's place; its tile has level 0.
    Bundle(Tile, Vec<Entry>),
    /// Hashes.
    Hashes(Tile, Vec<[u8; HASH_BYTES]>),
}

// === impl Edge ===

impl Edge {
    /// Takes what the files hold of the right edge of a tree of `size` records.
    pub(crate) fn new(size: u64, bundle: Vec<Entry>, levels: Vec<Vec<[u8; HASH_BYTES]>>) -> Self {
        Self { size, bundle, levels }
    }

    /// Returns the number of records.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Returns the tree to grow from.
    pub(crate) fn range(&self) -> CompactRange {
        let mut peaks = Vec::new();
        for tile in self.levels.iter().rev() {
            let mut rest = &tile[..];
            for height in (0..TILE_HEIGHT).rev() {
                if tile.len() >> height & 1 == 1 {
                    let (subtree, right) = rest.split_at(1 << height);
                    peaks.push(fold(subtree.to_vec()));
                    rest = right;
                }
            }
        }
        CompactRange::new(self.size, peaks)
    }

    /// Appends a record; hands out what it makes full.
    pub(crate) fn push(&mut self, entry: Entry, full: &mut Vec<Piece>) {
        let mut hash = leaf_hash(&entry.leaf);
        self.size += 1;
        self.bundle.push(entry);
        if self.bundle.len() == WIDTH {
            let bundle = std::mem::take(&mut self.bundle);
            full.extend(self.last(0).map(|tile| Piece::Bundle(tile, bundle)));
        }
        for level in 0.. {
            if self.levels.len() == usize::from(level) {
                self.levels.push(Vec::with_capacity(WIDTH));
            }
            let hashes = &mut self.levels[usize::from(level)];
            hashes.push(hash);
            if hashes.len() < WIDTH {
                return;
            }
            let hashes = std::mem::take(hashes);
            hash = fold(hashes.clone());
            full.extend(self.last(level).map(|tile| Piece::Hashes(tile, hashes)));
        }
    }

    /// Returns what is not full, as wide as it is now.
    pub(crate) fn partial(&self) -> Vec<Piece> {
        let mut pieces = Vec::with_capacity(1 + self.levels.len());
        if !self.bundle.is_empty() {
            let bundle = self.last(0).map(|tile| Piece::Bundle(tile, self.bundle.clone()));
            pieces.extend(bundle);
        }
        let levels = (0..).zip(&self.levels).filter(|(_, hashes)| !hashes.is_empty());
        pieces.extend(
            levels.filter_map(|(level, hashes)| {
                Some(Piece::Hashes(self.last(level)?, hashes.clone()))
            }),
        );
        pieces
    }

    /// Empties the sealed parts of records of the bundle that is not full.
    pub(crate) fn erase(&mut self, erased: impl Fn(u64) -> bool) {
        let first = self.size - self.bundle.len() as u64;
        for (index, entry) in (first..).zip(&mut self.bundle) {
            if erased(index) {
                entry.sealed = Vec::new();
            }
        }
    }

    /// Returns the last tile of a level, if the tree reaches up to it.
    fn last(&self, level: u8) -> Option<Tile> {
        let hashes = self.size.checked_shr(u32::from(level) * u32::from(TILE_HEIGHT))?;
        Tile::of(level, hashes.checked_sub(1)? / u64::from(TILE_WIDTH), self.size)
    }
}

// === impl Piece ===

impl Piece {
    /// Returns its place.
    pub(crate) fn tile(&self) -> Tile {
        match self {
            Self::Bundle(tile, _) | Self::Hashes(tile, _) => *tile,
        }
    }
}

/// Returns the root over a power of two of hashes.
fn fold(mut hashes: Vec<[u8; HASH_BYTES]>) -> [u8; HASH_BYTES] {
    while 1 < hashes.len() {
        hashes = hashes.chunks_exact(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
    }
    hashes[0]
}
