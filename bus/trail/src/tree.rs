//! Roots and proofs of a tree, from the hashes of its perfect subtrees.
//!
//! Node `(level, index)` is the root over the leaves `index * 2^level .. (index + 1) * 2^level`.
//! Whoever calls says where such a hash comes from, and is asked only for subtrees that lie wholly
//! within the tree.

use crate::hash::{HASH_BYTES, empty_root, node_hash};

/// Returns the root of a tree of `size` leaves.
///
/// # Errors
///
/// Returns what `node` returned.
///
/// Source: RFC 6962, section 2.1.
pub(crate) fn root<E>(
    size: u64,
    node: &mut impl FnMut(u8, u64) -> Result<[u8; HASH_BYTES], E>,
) -> Result<[u8; HASH_BYTES], E> {
    if size == 0 {
        return Ok(empty_root());
    }
    range_root(0, size, node)
}

/// Returns the proof that the leaf at `index` is in a tree of `size` leaves, of which it is one.
///
/// # Errors
///
/// Returns what `node` returned.
///
/// Source: RFC 6962, section 2.1.1.
pub(crate) fn inclusion_path<E>(
    index: u64,
    size: u64,
    node: &mut impl FnMut(u8, u64) -> Result<[u8; HASH_BYTES], E>,
) -> Result<Vec<[u8; HASH_BYTES]>, E> {
    debug_assert!(index < size, "leaf {index} is not in a tree of {size}");

    let (mut begin, mut end) = (0, size);
    let mut path = Vec::new();
    while 1 < end - begin {
        let middle = begin + split(end - begin);
        if index < middle {
            path.push(range_root(middle, end, node)?);
            end = middle;
        } else {
            path.push(range_root(begin, middle, node)?);
            begin = middle;
        }
    }
    // We came from the root, a verifier comes from the leaf.
    path.reverse();
    Ok(path)
}

/// Returns the proof that a tree of `old` leaves is what a tree of `new` leaves, at least as many,
/// begins with. It is empty if `old` is 0 or `new`.
///
/// # Errors
///
/// Returns what `node` returned.
///
/// Source: RFC 6962, section 2.1.2.
pub(crate) fn consistency_path<E>(
    old: u64,
    new: u64,
    node: &mut impl FnMut(u8, u64) -> Result<[u8; HASH_BYTES], E>,
) -> Result<Vec<[u8; HASH_BYTES]>, E> {
    debug_assert!(old <= new, "a tree of {old} leaves is no beginning of one of {new}");
    if old == 0 {
        return Ok(Vec::new());
    }

    let (mut begin, mut end) = (0, new);
    let mut path = Vec::new();
    while end != old {
        let middle = begin + split(end - begin);
        if old <= middle {
            path.push(range_root(middle, end, node)?);
            end = middle;
        } else {
            path.push(range_root(begin, middle, node)?);
            begin = middle;
        }
    }
    // If the old tree is one subtree of the new one, its root is known to whoever asks.
    if begin != 0 {
        path.push(range_root(begin, end, node)?);
    }
    path.reverse();
    Ok(path)
}

/// Returns the root of a subtree inside a tile: the one at `position` among those that are
/// `level_in_tile` levels, 0 to 8, above the tile's hashes. The tile must be wide enough.
pub(crate) fn node_from_tile(
    tile_hashes: &[[u8; HASH_BYTES]],
    level_in_tile: u8,
    position: usize,
) -> [u8; HASH_BYTES] {
    if level_in_tile == 0 {
        return tile_hashes[position];
    }
    let below = level_in_tile - 1;
    let left = node_from_tile(tile_hashes, below, 2 * position);
    let right = node_from_tile(tile_hashes, below, 2 * position + 1);
    node_hash(&left, &right)
}

/// Returns the root over the leaves from `begin` to before `end`, which are a whole side of a node.
fn range_root<E>(
    begin: u64,
    end: u64,
    node: &mut impl FnMut(u8, u64) -> Result<[u8; HASH_BYTES], E>,
) -> Result<[u8; HASH_BYTES], E> {
    // From the last and smallest perfect subtree to the first and largest.
    let mut end = end;
    let mut root = None;
    while begin < end {
        let level = (end - begin).trailing_zeros() as u8;
        end -= 1 << level;
        let left = node(level, end >> level)?;
        root = Some(root.map_or(left, |right| node_hash(&left, &right)));
    }
    Ok(root.unwrap_or_else(empty_root))
}

/// Returns the largest power of two below `leaves`, which are two or more.
fn split(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}

#[cfg(test)]
mod tests;
