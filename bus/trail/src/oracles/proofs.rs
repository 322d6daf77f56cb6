use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use proptest::prelude::*;
use sha2::{Sha256, digest::Output};
use sigstore_merkle::{verify_consistency_proof, verify_inclusion_proof};

use super::*;
use crate::{
    compact_range::CompactRange,
    proof::{verify_consistency, verify_inclusion},
    tree::{consistency_path, inclusion_path},
};

/// Who takes a proof: ours, `tlog_tiles`, `ct-merkle` and `sigstore-merkle`.
const ALL: [bool; 4] = [true; 4];
const NONE: [bool; 4] = [false; 4];

#[derive(Clone, Debug)]
struct Inclusion {
    index: u64,
    size: u64,
    root: [u8; HASH_BYTES],
    leaf: Vec<u8>,
    path: Vec<[u8; HASH_BYTES]>,
}

#[derive(Clone, Debug)]
struct Growing {
    old: u64,
    old_root: [u8; HASH_BYTES],
    new: u64,
    new_root: [u8; HASH_BYTES],
    path: Vec<[u8; HASH_BYTES]>,
}

// === impl Inclusion ===

impl Inclusion {
    /// Makes a proof, and sees that another implementation makes the same.
    fn of(index: u64, size: u64) -> Self {
        let path = inclusion_path(index, size, &mut WORLD.node(size)).unwrap();
        let theirs = tlog_tiles::prove_record(size, index, &WORLD.stored).unwrap();
        assert_eq!(path, bytes(theirs), "{index} in {size}");
        Self { index, size, root: WORLD.root(size), leaf: leaf(index), path }
    }

    fn verdicts(&self) -> [bool; 4] {
        let Self { index, size, root, leaf, path } = self;
        let hash = leaf_hash(leaf);
        let theirs: Vec<_> = path.iter().copied().map(Into::into).collect();
        [
            verify_inclusion(leaf, *index, *size, path, root).is_ok(),
            tlog_tiles::check_record(&hashes(path), *size, Hash(*root), *index, Hash(hash)).is_ok(),
            ct_root(root, *size).verify_inclusion(leaf, *index, &ct_inclusion(path)).is_ok(),
            verify_inclusion_proof(&hash.into(), *index, *size, &theirs, &(*root).into()).is_ok(),
        ]
    }

    fn alter(&self, change: impl FnOnce(&mut Self)) -> [bool; 4] {
        let mut altered = self.clone();
        change(&mut altered);
        altered.verdicts()
    }
}

// === impl Growing ===

impl Growing {
    /// Makes a proof, and sees that another implementation makes the same.
    fn of(old: u64, new: u64) -> Self {
        let path = consistency_path(old, new, &mut WORLD.node(new)).unwrap();
        let theirs = tlog_tiles::prove_tree(new, old, &WORLD.stored).unwrap();
        assert_eq!(path, bytes(theirs), "{old} to {new}");
        Self { old, old_root: WORLD.root(old), new, new_root: WORLD.root(new), path }
    }

    fn verdicts(&self) -> [bool; 4] {
        let Self { old, old_root, new, new_root, path } = self;
        let theirs: Vec<_> = path.iter().copied().map(Into::into).collect();
        let (old_hash, new_hash) = (Hash(*old_root), Hash(*new_root));
        let (old_sum, new_sum) = ((*old_root).into(), (*new_root).into());
        let ct_proof = ConsistencyProof::<Sha256>::try_from_bytes(path.concat()).unwrap();
        [
            verify_consistency(*old, old_root, *new, new_root, path).is_ok(),
            tlog_tiles::check_tree(&hashes(path), *new, new_hash, *old, old_hash).is_ok(),
            ct_root(new_root, *new).verify_consistency(&ct_root(old_root, *old), &ct_proof).is_ok(),
            verify_consistency_proof(*old, *new, &theirs, &old_sum, &new_sum).is_ok(),
        ]
    }

    fn alter(&self, change: impl FnOnce(&mut Self)) -> [bool; 4] {
        let mut altered = self.clone();
        change(&mut altered);
        altered.verdicts()
    }
}

#[test]
fn roots_agree_at_every_edge() {
    for size in [0].into_iter().chain(EDGES) {
        assert_eq!(
            Hash(WORLD.root(size)),
            tlog_tiles::tree_hash(size, &WORLD.stored).unwrap(),
            "{size}"
        );
    }
}

#[test]
fn inclusion_is_proven_to_all_at_every_edge() {
    for size in EDGES {
        let indices = [0, 1, 255, 256, size / 2, size.saturating_sub(2), size - 1];
        for index in indices.into_iter().filter(|index| *index < size) {
            assert_eq!(Inclusion::of(index, size).verdicts(), ALL, "{index} in {size}");
        }
    }
}

#[test]
fn growth_is_proven_to_all_from_every_edge_to_every_other() {
    for (old, new) in EDGES.into_iter().flat_map(|old| EDGES.map(|new| (old, new))) {
        if old <= new {
            assert_eq!(Growing::of(old, new).verdicts(), ALL, "{old} to {new}");
        }
    }
}

#[test]
fn growing_by_groups_gives_the_roots_and_proofs_of_others_at_every_edge() {
    for (old, new) in EDGES.into_iter().flat_map(|old| EDGES.map(|new| (old, new))) {
        if old < new {
            compare_growth(old, new);
        }
    }
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn random_roots_agree(size in 0..=LEAVES) {
        prop_assert_eq!(
            Hash(WORLD.root(size)),
            tlog_tiles::tree_hash(size, &WORLD.stored).unwrap()
        );
    }

    #[test]
    fn random_growth_by_a_group_agrees(old in 0..LEAVES - 300, count in 1_u64..300) {
        compare_growth(old, old + count);
    }

    #[test]
    fn all_take_a_proof_of_inclusion_and_none_an_altered_one(
        size in 2..=LEAVES,
        pick: prop::sample::Index,
        hash: prop::sample::Index,
        bit in 0_usize..256,
    ) {
        let proof = Inclusion::of(pick.index(size as usize) as u64, size);
        let at = hash.index(proof.path.len());

        prop_assert_eq!(proof.verdicts(), ALL);
        prop_assert_eq!(proof.alter(|p| p.path[at][bit / 8] ^= 1 << (bit % 8)), NONE);
        prop_assert_eq!(proof.alter(|p| p.root[bit / 8] ^= 1 << (bit % 8)), NONE);
        prop_assert_eq!(proof.alter(|p| p.leaf.push(b' ')), NONE);
        prop_assert_eq!(proof.alter(|p| p.path.truncate(at)), NONE);
        prop_assert_eq!(proof.alter(|p| p.path.insert(at, [7; HASH_BYTES])), NONE);
        prop_assert_eq!(proof.alter(|p| p.index = (p.index + 1) % size), NONE);
        prop_assert_eq!(proof.alter(|p| p.index = size), NONE);
        if at != 0 {
            prop_assert_eq!(proof.alter(|p| p.path.swap(0, at)), NONE);
        }
    }

    #[test]
    fn all_take_a_proof_of_growth_and_none_an_altered_one(
        new in 2..=LEAVES,
        pick: prop::sample::Index,
        hash: prop::sample::Index,
        bit in 0_usize..256,
    ) {
        let proof = Growing::of(1 + pick.index(new as usize - 1) as u64, new);
        let at = hash.index(proof.path.len());

        prop_assert_eq!(proof.verdicts(), ALL);
        prop_assert_eq!(proof.alter(|p| p.path[at][bit / 8] ^= 1 << (bit % 8)), NONE);
        prop_assert_eq!(proof.alter(|p| p.old_root[bit / 8] ^= 1 << (bit % 8)), NONE);
        prop_assert_eq!(proof.alter(|p| p.new_root[bit / 8] ^= 1 << (bit % 8)), NONE);
        prop_assert_eq!(proof.alter(|p| p.path.truncate(at)), NONE);
        prop_assert_eq!(proof.alter(|p| p.path.insert(at, [7; HASH_BYTES])), NONE);
        prop_assert_eq!(proof.alter(|p| (p.old, p.new) = (p.new + 1, p.old)), NONE);
        if at != 0 {
            prop_assert_eq!(proof.alter(|p| p.path.swap(0, at)), NONE);
        }
    }
}

/// The peaks of a tree: the last subtree of each level that has an odd number of them.
fn range(size: u64) -> CompactRange {
    let levels = (0..u64::BITS as u8).rev().filter(|level| size >> level & 1 == 1);
    let peaks = levels.map(|level| WORLD.rows[usize::from(level)][(size >> level) as usize - 1]);
    CompactRange::new(size, peaks.collect())
}

fn compare_growth(old: u64, new: u64) {
    let before = range(old);
    let growth = before.grow(leaves(old, new));

    assert_eq!(growth.root(), WORLD.root(new));
    assert_eq!(growth.range(), range(new));
    for index in [old, old + (new - old) / 2, new - 1] {
        assert_eq!(growth.path(index), Inclusion::of(index, new).path, "{index} of {old} to {new}");
    }
}

fn ct_root(root: &[u8; HASH_BYTES], size: u64) -> RootHash<Sha256> {
    RootHash::new(Output::<Sha256>::clone_from_slice(root), size)
}

fn ct_inclusion(path: &[[u8; HASH_BYTES]]) -> InclusionProof<Sha256> {
    InclusionProof::try_from_bytes(path.concat()).unwrap()
}
