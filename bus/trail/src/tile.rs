//! Which files a tree of some size is published in, and what they are called.
//!
//! ```text
//! tile/<L>/<N>          256 hashes of level 8 * L, the first of them at 256 * N
//! tile/<L>/<N>.p/<W>    the first W of them, where the tree has no more
//! tile/entries/<N>      the records under tile/0/<N>, and so with .p/<W>
//! ```
//!
//! `N` is written in groups of three digits, all but the last with an `x`: `x001/x234/067`.
//!
//! Source: C2SP tlog-tiles.

use std::{iter, path::PathBuf};

/// Hashes of a full tile, and records of a full bundle.
pub(crate) const TILE_WIDTH: u16 = 256;

/// Levels of the tree from one level of tiles to the next: 2^8 is [`TILE_WIDTH`].
pub(crate) const TILE_HEIGHT: u8 = 8;

/// Levels of tiles that a tree of 2^64 records would have.
const MAX_LEVELS: u8 = 8;

/// A row of hashes that is one file, and at level 0 also a bundle of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Tile {
    /// Level of tiles: hashes are of level `8 * level` of the tree.
    pub(crate) level: u8,
    /// Position in its level.
    pub(crate) index: u64,
    /// Number of hashes, 1 to [`TILE_WIDTH`].
    pub(crate) width: u16,
}

/// What a file below `tile/` holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TileFile {
    /// Hashes.
    Hashes(Tile),
    /// The records under a tile of level 0.
    Entries(Tile),
}

/// Where the hash of a perfect subtree is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    /// The tile, as wide as the tree has it.
    pub(crate) tile: Tile,
    /// Levels that the tile's hashes are to be folded, 0 to 7.
    pub(crate) level_in_tile: u8,
    /// Position among the hashes of that level of the tile.
    pub(crate) position: u16,
}

// === impl Tile ===

impl Tile {
    /// Returns the tile at `index` of `level` as wide as a tree of `size` records has it.
    pub(crate) fn of(level: u8, index: u64, size: u64) -> Option<Self> {
        let hashes = hashes_at(level, size).checked_sub(index.checked_mul(TILE_WIDTH.into())?)?;
        let width = hashes.min(TILE_WIDTH.into()) as u16;
        (0 < width).then_some(Self { level, index, width })
    }

    /// Returns where a tree of `size` records has the root of the perfect subtree that is the
    /// `index`th of its level of the tree, if it has such a subtree.
    pub(crate) fn holding(level: u8, index: u64, size: u64) -> Option<Node> {
        let level_in_tile = level % TILE_HEIGHT;
        let last = index.checked_add(1)?.checked_mul(1 << level_in_tile)?;
        let tile_level = level / TILE_HEIGHT;
        if hashes_at(tile_level, size) < last {
            return None;
        }
        let subtrees = u64::from(TILE_WIDTH >> level_in_tile);
        let tile = Self::of(tile_level, index / subtrees, size)?;
        Some(Node { tile, level_in_tile, position: (index % subtrees) as u16 })
    }

    /// Returns whether it has all the hashes that a tile can have.
    pub(crate) fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }

    /// Returns its file, from the log's folder.
    pub(crate) fn path(&self) -> PathBuf {
        self.file(&self.level.to_string())
    }

    /// Returns the file of the records below it, from the log's folder. Level 0 only.
    pub(crate) fn entries_path(&self) -> PathBuf {
        debug_assert_eq!(self.level, 0);
        self.file("entries")
    }

    fn file(&self, folder: &str) -> PathBuf {
        let groups = iter::successors(Some(self.index), |rest| Some(rest / 1000));
        let mut groups: Vec<u64> = groups.take_while(|rest| *rest != 0).collect();
        let last = groups.first().copied().unwrap_or_default() % 1000;
        groups.reverse();
        groups.pop();
        let upper: String = groups.iter().map(|rest| format!("x{:03}/", rest % 1000)).collect();
        let partial = if self.is_full() { String::new() } else { format!(".p/{}", self.width) };
        format!("tile/{folder}/{upper}{last:03}{partial}").into()
    }
}

// === impl TileFile ===

impl TileFile {
    /// Reads a path from the log's folder, with `/` between its parts; `None` if no tile and no
    /// bundle is called so.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let (folder, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let (groups, width) = match rest.split_once(".p/") {
            Some((groups, width)) => (groups, width.parse().ok()?),
            None => (rest, TILE_WIDTH),
        };
        let level = if folder == "entries" { 0 } else { folder.parse().ok()? };
        let tile = Tile { level, index: parse_index(groups)?, width };
        let file = if folder == "entries" { Self::Entries(tile) } else { Self::Hashes(tile) };
        // One tile has one spelling.
        let known = level < MAX_LEVELS && (1..=TILE_WIDTH).contains(&width);
        (known && file.path().to_str() == Some(path)).then_some(file)
    }

    /// Returns the file, from the log's folder.
    pub(crate) fn path(&self) -> PathBuf {
        match self {
            Self::Hashes(tile) => tile.path(),
            Self::Entries(tile) => tile.entries_path(),
        }
    }
}

/// Returns how many hashes the tiles of a level have together.
fn hashes_at(level: u8, size: u64) -> u64 {
    size.checked_shr(u32::from(level) * u32::from(TILE_HEIGHT)).unwrap_or_default()
}

fn parse_index(groups: &str) -> Option<u64> {
    groups.split('/').try_fold(0_u64, |index, group| {
        let digits: u64 = group.strip_prefix('x').unwrap_or(group).parse().ok()?;
        index.checked_mul(1000)?.checked_add(digits)
    })
}

#[cfg(test)]
mod tests;
