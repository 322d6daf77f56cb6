use super::*;
use crate::{compact_range::CompactRange, growth::Growth, hash::leaf_hash, key::SigningKey};

fn key(origin: &str) -> SigningKey {
    SigningKey::from_seed(&origin.parse().unwrap(), &[7; 32]).unwrap()
}

fn log() -> SigningKey {
    key("oncebus.test/log")
}

fn tree(leaves: &[&str]) -> Growth {
    CompactRange::default().grow(leaves.iter().map(|leaf| leaf_hash(leaf.as_bytes())).collect())
}

fn checkpoint(tree: &Growth) -> Checkpoint {
    Checkpoint { origin: log().verifier().name().clone(), size: tree.size(), root: tree.root() }
}

fn two() -> Checkpoint {
    checkpoint(&tree(&["zero", "unus"]))
}

/// Growth from two records to three: the third is all that a verifier needs.
fn growth() -> Consistency {
    Consistency {
        old_size: 2,
        new_size: 3,
        path: vec![leaf_hash(b"duos")],
        checkpoint: checkpoint(&tree(&["zero", "unus", "duos"])).sign(&log()).note,
    }
}

#[test]
fn growth_is_shown_and_the_newer_checkpoint_told() {
    let new = growth().verify(&two(), log().verifier()).unwrap();

    assert_eq!(new, checkpoint(&tree(&["zero", "unus", "duos"])));
}

#[test]
fn log_that_changed_a_record_did_not_only_grow() {
    let told = checkpoint(&tree(&["zero", "else"]));

    let refused = growth().verify(&told, log().verifier());

    assert_eq!(refused, Err(ConsistencyError::NewRoot { new: 3 }.into()));
}

#[test]
fn log_that_lost_a_record_did_not_only_grow() {
    let three = checkpoint(&tree(&["zero", "unus", "duos"]));
    let shrunk = Consistency {
        old_size: 3,
        new_size: 2,
        path: Vec::new(),
        checkpoint: two().sign(&log()).note,
    };

    let refused = shrunk.verify(&three, log().verifier());

    assert_eq!(refused, Err(ConsistencyError::Shorter { old: 3, new: 2 }.into()));
}

#[test]
fn altered_proof_shows_nothing() {
    let alter = |change: fn(&mut Consistency)| {
        let mut proof = growth();
        change(&mut proof);
        proof.verify(&two(), log().verifier()).unwrap_err()
    };

    assert_eq!(alter(|p| p.old_size = 1), GrowthError::OldSize { proof: 1, checkpoint: 2 });
    assert_eq!(alter(|p| p.new_size = 4), GrowthError::NewSize { proof: 4, checkpoint: 3 });
    assert_eq!(alter(|p| p.path[0][0] ^= 1), ConsistencyError::NewRoot { new: 3 }.into());
    assert_eq!(
        alter(|p| p.path.clear()),
        ConsistencyError::Length { hashes: 0, old: 2, new: 3 }.into()
    );
    assert!(matches!(
        alter(|p| p.checkpoint = p.checkpoint.replace("\n3\n", "\n4\n")),
        GrowthError::Checkpoint(_)
    ));
}

#[test]
fn checkpoints_of_two_logs_show_nothing() {
    let other = Checkpoint { origin: "oncebus.test/other".parse().unwrap(), ..two() };

    let refused = growth().verify(&other, log().verifier());

    assert!(matches!(refused, Err(GrowthError::Origin { .. })));
    assert!(matches!(
        growth().verify(&two(), key("oncebus.test/other").verifier()),
        Err(GrowthError::Checkpoint(_))
    ));
}
