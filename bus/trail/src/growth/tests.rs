use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use sha2::Sha256;

use super::*;
use crate::{hash::leaf_hash, proof::verify_inclusion};

fn leaf(index: u64) -> Vec<u8> {
    format!("record {index}").into_bytes()
}

/// Grows a tree by groups of these sizes and compares each step with another implementation.
fn compare(groups: &[u64]) {
    let mut range = CompactRange::default();
    let mut oracle = MemoryBackedTree::<Sha256, Vec<u8>>::new();

    for count in groups {
        let first = range.size();
        let leaves: Vec<_> = (first..first + count).map(leaf).collect();
        let growth = range.grow(leaves.iter().map(|leaf| leaf_hash(leaf)).collect());
        leaves.into_iter().for_each(|leaf| oracle.push(leaf));

        assert_eq!(growth.size(), oracle.len());
        assert_eq!(growth.root()[..], oracle.root().as_bytes()[..]);
        for index in first..growth.size() {
            let path = growth.path(index);
            assert_eq!(path.concat(), oracle.prove_inclusion(index as usize).as_bytes());
            verify_inclusion(&leaf(index), index, growth.size(), &path, &growth.root()).unwrap();
        }
        range = growth.range();
        assert_eq!(range.grow(Vec::new()).root(), growth.root());
    }
}

#[test]
fn tree_without_leaves_has_the_hash_of_nothing() {
    let empty = CompactRange::default().grow(Vec::new());

    assert_eq!(empty.root(), empty_root());
    assert_eq!(empty.root()[..], MemoryBackedTree::<Sha256, Vec<u8>>::new().root().as_bytes()[..]);
}

#[test]
fn trees_around_powers_of_two_agree_with_another_implementation() {
    for size in [0, 1, 2, 3, 4, 5, 7, 8, 9, 255, 256, 257, 1023, 1024, 1025] {
        compare(&[size]);
    }
}

#[test]
fn tree_does_not_depend_on_how_its_leaves_were_grouped() {
    for first in 0..=33 {
        for second in 0..=33 {
            compare(&[first, second]);
        }
    }
    compare(&[1; 257]);
    compare(&[255, 1, 1, 256, 2]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn random_groups_agree_with_another_implementation(
        groups in prop::collection::vec(0_u64..200, 1..8),
    ) {
        compare(&groups);
    }

    #[test]
    fn proof_holds_for_its_leaf_index_size_and_path_alone(
        before in 0_u64..300,
        count in 1_u64..100,
        pick: prop::sample::Index,
        bit in 0_usize..256,
    ) {
        let old = CompactRange::default().grow((0..before).map(|i| leaf_hash(&leaf(i))).collect());
        let size = before + count;
        let growth = old.range().grow((before..size).map(|i| leaf_hash(&leaf(i))).collect());
        let index = before + pick.index(count as usize) as u64;
        let (path, root) = (growth.path(index), growth.root());
        let verify = |leaf: &[u8], index, path: &[_]| verify_inclusion(leaf, index, size, path, &root);

        prop_assert!(verify(&leaf(index), index, &path).is_ok());
        prop_assert!(verify(&leaf(index + 1), index, &path).is_err());
        for other in (0..size).filter(|other| *other != index) {
            prop_assert!(verify(&leaf(index), other, &path).is_err());
        }
        for position in 0..path.len() {
            let mut flipped = path.clone();
            flipped[position][bit / 8] ^= 1 << (bit % 8);
            prop_assert!(verify(&leaf(index), index, &flipped).is_err());
            let mut shorter = path.clone();
            shorter.remove(position);
            prop_assert!(verify(&leaf(index), index, &shorter).is_err());
        }
    }
}
