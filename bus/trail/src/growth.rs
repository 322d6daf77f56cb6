//! One step of the tree: from the peaks before a group of leaves to root, peaks and proofs after.
//!
//! Nothing older than the group is read: the peaks before it stand for all older leaves, both in
//! the new root and in the proof of every new leaf.

use crate::{
    compact_range::CompactRange,
    hash::{HASH_BYTES, empty_root, node_hash},
};

/// A tree after a group of leaves was appended; it proves these leaves and no older ones.
#[derive(Debug)]
pub(crate) struct Growth {
    size: u64,
    root: [u8; HASH_BYTES],
    levels: Vec<Level>,
}

/// The right edge of one level of the tree: level 0 holds leaf hashes, the next their parents.
#[derive(Debug)]
struct Level {
    /// Position of the first of `nodes` in its level. Even, so that nodes pair up from there.
    first: u64,
    /// Roots of perfect subtrees, up to the last whole one.
    nodes: Vec<[u8; HASH_BYTES]>,
    /// Root over the leaves right of the last whole subtree, if there are any.
    rest: Option<[u8; HASH_BYTES]>,
}

// === impl Growth ===

impl Growth {
    /// Appends leaves of these hashes to the tree `before`.
    pub(crate) fn of(before: &CompactRange, leaves: Vec<[u8; HASH_BYTES]>) -> Self {
        let size = before.size() + leaves.len() as u64;
        let height = u64::BITS - size.leading_zeros();
        let mut levels = Vec::with_capacity(height as usize);
        let mut nodes = leaves;
        let mut rest = None;

        for level in 0..height {
            if let Some(peak) = before.peak(level) {
                nodes.insert(0, peak);
            }
            let parents = nodes.chunks_exact(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
            let lone = if is_odd(size >> level) { nodes.last().copied() } else { None };
            levels.push(Level { first: (before.size() >> level) & !1, nodes, rest });
            rest = match (lone, rest) {
                (Some(node), Some(rest)) => Some(node_hash(&node, &rest)),
                (node, rest) => node.or(rest),
            };
            nodes = parents;
        }
        Self { size, root: rest.unwrap_or_else(empty_root), levels }
    }

    /// Returns the number of leaves, the new ones included.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Returns the root over all leaves.
    pub(crate) fn root(&self) -> [u8; HASH_BYTES] {
        self.root
    }

    /// Returns the tree to grow from next.
    pub(crate) fn range(&self) -> CompactRange {
        let levels = self.levels.iter().enumerate().rev();
        let ending = levels.filter(|(height, _)| is_odd(self.size >> height));
        let peaks = ending.filter_map(|(_, level)| level.nodes.last().copied()).collect();
        CompactRange::new(self.size, peaks)
    }

    /// Returns the proof that the leaf at `index`, one of the new ones, is under the root.
    ///
    /// Source: RFC 6962, section 2.1.1.
    pub(crate) fn path(&self, index: u64) -> Vec<[u8; HASH_BYTES]> {
        let mut path = Vec::with_capacity(self.levels.len());
        for (height, level) in self.levels.iter().enumerate() {
            let sibling = (index >> height) ^ 1;
            let whole = self.size >> height;
            if sibling < whole {
                path.push(level.nodes[(sibling - level.first) as usize]);
            } else if sibling == whole {
                // Without a rest there is no sibling: the node moves up as it is.
                path.extend(level.rest);
            }
        }
        path
    }
}

fn is_odd(number: u64) -> bool {
    number & 1 == 1
}

#[cfg(test)]
mod tests;
