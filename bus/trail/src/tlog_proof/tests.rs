use super::*;
use crate::{
    compact_range::CompactRange, hash::leaf_hash, key::SigningKey, origin::OriginError,
    proof::ProofError,
};

fn key() -> SigningKey {
    SigningKey::from_seed(&"oncebus.test/log".parse().unwrap(), &[7; 32]).unwrap()
}

/// A receipt for the second of three records.
fn receipt() -> Receipt {
    let leaves = [b"zero", b"unus", b"duos"].map(|leaf| leaf_hash(leaf));
    let growth = CompactRange::default().grow(leaves.to_vec());
    let origin = key().verifier().name().clone();
    let checkpoint = Checkpoint { origin: origin.clone(), size: 3, root: growth.root() };
    Receipt {
        origin,
        index: 1,
        tree_size: 3,
        inclusion_path: growth.path(1),
        checkpoint: checkpoint.sign(&key()).note,
        leaf: b"unus".to_vec(),
    }
}

#[test]
fn receipt_is_a_text_of_the_specified_form() {
    let text = receipt().to_tlog_proof();

    let lines: Vec<&str> = text.split('\n').collect();
    assert_eq!(lines[..3], ["c2sp.org/tlog-proof@v1", "extra dW51cw==", "index 1"]);
    assert!(lines[3..5].iter().all(|hash| hash.len() == 44));
    assert_eq!(lines[5..8], ["", "oncebus.test/log", "3"]);
    assert!(text.ends_with(&receipt().checkpoint));
}

#[test]
fn receipt_reads_back_and_verifies() {
    let read = Receipt::from_tlog_proof(&receipt().to_tlog_proof()).unwrap();

    assert_eq!(read, receipt());
    assert_eq!(read.verify(key().verifier()), Ok(()));
}

#[test]
fn receipt_without_its_record_proves_it_once_it_is_put_in() {
    let bare = Receipt { leaf: Vec::new(), ..receipt() };

    let read = Receipt::from_tlog_proof(&bare.to_tlog_proof()).unwrap();

    assert_eq!(read, bare);
    assert_eq!(read.verify(key().verifier()), Err(ProofError::Root.into()));
    assert_eq!(Receipt { leaf: b"unus".to_vec(), ..read }.verify(key().verifier()), Ok(()));
}

#[test]
fn proof_of_the_only_record_has_no_hashes() {
    let root = leaf_hash(b"unus");
    let checkpoint = Checkpoint { origin: receipt().origin, size: 1, root }.sign(&key()).note;
    let only =
        Receipt { index: 0, tree_size: 1, inclusion_path: Vec::new(), checkpoint, ..receipt() };

    let read = Receipt::from_tlog_proof(&only.to_tlog_proof()).unwrap();

    assert_eq!(read, only);
    assert_eq!(read.verify(key().verifier()), Ok(()));
}

#[test]
fn any_other_spelling_is_refused() {
    let text = receipt().to_tlog_proof();
    let hash = STANDARD.encode(receipt().inclusion_path[0]);
    let long = format!("{hash}\n").repeat(65);
    let cases = [
        (String::new(), TlogProofError::NoCheckpoint),
        (text.replace("@v1", "@v2"), TlogProofError::Header),
        (format!("\n{text}"), TlogProofError::Header),
        (text.replace('\n', "\r\n"), TlogProofError::NoCheckpoint),
        (text.replace("extra ", "extra  "), TlogProofError::Extra { line: 2 }),
        (text.replace("extra dW51cw==", "extra "), TlogProofError::Extra { line: 2 }),
        (text.replace("extra dW51cw==", "extra dW51cw"), TlogProofError::Extra { line: 2 }),
        (text.replace("extra dW51cw==", "extra dW51cx=="), TlogProofError::Extra { line: 2 }),
        (text.replace("extra", "Extra"), TlogProofError::Index { line: 2 }),
        (text.replace("index 1", "index 01"), TlogProofError::Index { line: 3 }),
        (text.replace("index 1", "index +1"), TlogProofError::Index { line: 3 }),
        (text.replace("index 1", "index 1 "), TlogProofError::Index { line: 3 }),
        (text.replace("index 1", "index -1"), TlogProofError::Index { line: 3 }),
        (text.replace("index 1", "index 99999999999999999999"), TlogProofError::Index { line: 3 }),
        (text.replace("index 1\n", ""), TlogProofError::Index { line: 3 }),
        (text.replace(&hash, &hash[1..]), TlogProofError::Hash { line: 4 }),
        (text.replace(&hash, "YWJj"), TlogProofError::Hash { line: 4 }),
        (text.replace(&format!("{hash}\n"), &long), TlogProofError::TooLong),
        (text.trim_end().to_owned(), CheckpointError::from(NoteError::Parts).into()),
        (format!("{text}\n"), CheckpointError::from(NoteError::Parts).into()),
        (text.replace("\n\n\u{2014}", "\nmore\n\n\u{2014}"), CheckpointError::Lines.into()),
        (text.replace("\n3\n", "\n03\n"), CheckpointError::Size.into()),
        (
            text.replace("\n\noncebus.test/log\n", "\n\n\n"),
            CheckpointError::from(OriginError::Empty).into(),
        ),
    ];

    for (text, error) in cases {
        assert_eq!(Receipt::from_tlog_proof(&text), Err(error), "{text}");
    }
}

#[test]
fn whatever_is_altered_in_the_text_it_proves_nothing() {
    let text = receipt().to_tlog_proof();
    let same = |read: &Receipt| read == &receipt();

    for place in 0..text.len() {
        for bit in 0..8 {
            let mut bytes = text.clone().into_bytes();
            bytes[place] ^= 1 << bit;
            let Ok(altered) = String::from_utf8(bytes) else { continue };
            let Ok(read) = Receipt::from_tlog_proof(&altered) else { continue };

            assert!(!same(&read), "bit {bit} of byte {place}: {altered}");
            assert!(read.verify(key().verifier()).is_err(), "bit {bit} of byte {place}: {altered}");
        }
    }
}
