use std::{collections::HashMap, convert::Infallible};

use super::*;
use crate::{
    hash::leaf_hash,
    proof::{ConsistencyError, verify_consistency, verify_inclusion},
    tile::{TILE_WIDTH, Tile},
};

fn leaf(index: u64) -> Vec<u8> {
    format!("record {index}").into_bytes()
}

/// The definition of the root, as RFC 6962 writes it.
fn defined_root(leaves: &[[u8; HASH_BYTES]]) -> [u8; HASH_BYTES] {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(&defined_root(left), &defined_root(right))
        }
    }
}

/// A tree that answers for its perfect subtrees and fails the test for anything else.
struct Nodes(Vec<[u8; HASH_BYTES]>);

impl Nodes {
    fn of(size: u64) -> Self {
        Self((0..size).map(|index| leaf_hash(&leaf(index))).collect())
    }

    fn node(&self, level: u8, index: u64) -> Result<[u8; HASH_BYTES], Infallible> {
        let (first, end) = ((index << level) as usize, ((index + 1) << level) as usize);
        Ok(defined_root(&self.0[first..end]))
    }

    fn root(&self, size: u64) -> [u8; HASH_BYTES] {
        root(size, &mut |level, index| self.node(level, index)).unwrap()
    }
}

#[test]
fn root_is_the_defined_one() {
    let nodes = Nodes::of(70);

    for size in 0..=70 {
        assert_eq!(nodes.root(size), defined_root(&nodes.0[..size as usize]), "{size}");
    }
}

#[test]
fn every_leaf_of_every_small_tree_is_proven() {
    let nodes = Nodes::of(70);
    let node = &mut |level, index| nodes.node(level, index);

    for size in 1..=70 {
        for index in 0..size {
            let path = inclusion_path(index, size, node).unwrap();

            let proof = verify_inclusion(&leaf(index), index, size, &path, &nodes.root(size));
            assert_eq!(proof, Ok(()), "{index} in {size}");
        }
    }
}

#[test]
fn every_growth_of_every_small_tree_is_proven() {
    let nodes = Nodes::of(70);
    let node = &mut |level, index| nodes.node(level, index);

    for new in 0..=70 {
        for old in 0..=new {
            let path = consistency_path(old, new, node).unwrap();

            let proof = verify_consistency(old, &nodes.root(old), new, &nodes.root(new), &path);
            assert_eq!(proof, Ok(()), "{old} to {new}");
        }
    }
}

#[test]
fn growth_with_another_root_size_or_path_is_refused() {
    let nodes = Nodes::of(70);
    let node = &mut |level, index| nodes.node(level, index);
    let other = leaf_hash(b"another record");

    for new in 1..=70 {
        for old in 1..new {
            let path = consistency_path(old, new, node).unwrap();
            let (old_root, new_root) = (nodes.root(old), nodes.root(new));
            let verify = |path: &[_]| verify_consistency(old, &old_root, new, &new_root, path);

            assert!(verify_consistency(old, &other, new, &new_root, &path).is_err());
            assert!(verify_consistency(old, &old_root, new, &other, &path).is_err());
            assert!(verify(&path[1..]).is_err(), "{old} to {new}");
            assert!(verify(&[&path[..], &[other]].concat()).is_err(), "{old} to {new}");
            for place in 0..path.len() {
                let mut altered = path.clone();
                altered[place][0] ^= 1;
                assert!(verify(&altered).is_err(), "{old} to {new}, hash {place}");
            }
        }
    }
}

#[test]
fn log_that_shrank_or_forked_is_named() {
    let nodes = Nodes::of(9);
    let (eight, nine, other) = (nodes.root(8), nodes.root(9), leaf_hash(b"another record"));
    let cases = [
        ((9, &nine, 8, &eight), ConsistencyError::Shorter { old: 9, new: 8 }),
        ((9, &other, 9, &nine), ConsistencyError::NewRoot { new: 9 }),
        ((0, &other, 9, &nine), ConsistencyError::OldRoot { old: 0 }),
        ((0, &empty_root(), 0, &nine), ConsistencyError::NewRoot { new: 0 }),
        ((3, &eight, 9, &nine), ConsistencyError::Length { hashes: 0, old: 3, new: 9 }),
    ];

    for ((old, old_root, new, new_root), error) in cases {
        assert_eq!(verify_consistency(old, old_root, new, new_root, &[]), Err(error));
    }
}

#[test]
fn tree_is_rooted_and_proven_from_its_tiles_alone() {
    for size in [1, 255, 256, 257, 700, 65_537] {
        let tiles = tiles(size);
        let node = &mut |level, index| {
            let node = Tile::holding(level, index, size).unwrap();
            let position = usize::from(node.position);
            Ok::<_, Infallible>(node_from_tile(&tiles[&node.tile], node.level_in_tile, position))
        };

        let whole = root(size, node).unwrap();

        assert_eq!(whole, defined_root(&Nodes::of(size).0), "{size}");
        for index in [0, size / 2, size - 1] {
            let path = inclusion_path(index, size, node).unwrap();
            assert_eq!(verify_inclusion(&leaf(index), index, size, &path, &whole), Ok(()));
        }
    }
}

fn tiles(size: u64) -> HashMap<Tile, Vec<[u8; HASH_BYTES]>> {
    let mut tiles = HashMap::new();
    let mut hashes = Nodes::of(size).0;
    let mut level = 0;
    while !hashes.is_empty() {
        let row = hashes.chunks(TILE_WIDTH.into());
        for (index, row) in row.clone().enumerate() {
            let tile = Tile { level, index: index as u64, width: row.len() as u16 };
            tiles.insert(tile, row.to_vec());
        }
        hashes = row.filter(|row| row.len() == 256).map(|row| node_from_tile(row, 8, 0)).collect();
        level += 1;
    }
    tiles
}
