//! What the crates of others say of our trees, proofs, tiles and notes, and we of theirs.
//!
//! `ONCEBUS_TEST_SCALE` tries so many times as many cases.

use std::{convert::Infallible, env, sync::LazyLock};

use proptest::test_runner::Config;
use tlog_tiles::{Error, Hash, HashReader};

use crate::hash::{HASH_BYTES, leaf_hash, node_hash};

mod notes;
mod proofs;
mod tiles;

/// Sizes where a level or a tile begins or ends.
const EDGES: [u64; 11] = [1, 2, 3, 254, 255, 256, 257, 511, 65_535, 65_536, 65_537];

/// Records of the tree that all tests share.
const LEAVES: u64 = 66_000;

/// One tree, hashed twice: by us into rows of perfect subtrees, and as `tlog_tiles` stores it.
struct World {
    rows: Vec<Vec<[u8; HASH_BYTES]>>,
    stored: Stored,
}

struct Stored(Vec<Hash>);

static WORLD: LazyLock<World> = LazyLock::new(World::new);

// === impl World ===

impl World {
    fn new() -> Self {
        let mut stored = Stored(Vec::new());
        for index in 0..LEAVES {
            stored.0.extend(tlog_tiles::stored_hashes(index, &leaf(index), &stored).unwrap());
        }
        let mut rows = vec![leaves(0, LEAVES)];
        while let Some(row) = rows.last().filter(|row| 1 < row.len()) {
            rows.push(row.chunks_exact(2).map(|pair| node_hash(&pair[0], &pair[1])).collect());
        }
        Self { rows, stored }
    }

    /// Answers for the perfect subtrees of a tree of `size` records, and for no other.
    fn node(&self, size: u64) -> impl FnMut(u8, u64) -> Result<[u8; HASH_BYTES], Infallible> {
        move |level, index| {
            assert!((index + 1) << level <= size, "subtree {index} of level {level} of {size}");
            Ok(self.rows[usize::from(level)][index as usize])
        }
    }

    fn root(&self, size: u64) -> [u8; HASH_BYTES] {
        crate::tree::root(size, &mut self.node(size)).unwrap()
    }
}

// === impl Stored ===

impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, Error> {
        Ok(indexes.iter().map(|index| self.0[*index as usize]).collect())
    }
}

fn leaf(index: u64) -> Vec<u8> {
    format!("record {index}").into_bytes()
}

fn leaves(from: u64, to: u64) -> Vec<[u8; HASH_BYTES]> {
    (from..to).map(|index| leaf_hash(&leaf(index))).collect()
}

fn hashes(path: &[[u8; HASH_BYTES]]) -> Vec<Hash> {
    path.iter().copied().map(Hash).collect()
}

fn bytes(path: Vec<Hash>) -> Vec<[u8; HASH_BYTES]> {
    path.into_iter().map(|hash| hash.0).collect()
}

fn cases(cases: u32) -> Config {
    let scale: u32 = env::var("ONCEBUS_TEST_SCALE").map_or(1, |scale| scale.parse().unwrap());
    Config { failure_persistence: None, ..Config::with_cases(cases * scale) }
}
