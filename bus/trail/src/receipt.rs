//! Proof that one record is on the log, to be kept by whoever it concerns.

use crate::{
    checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint},
    hash::HASH_BYTES,
    key::VerifierKey,
    origin::Origin,
    proof::{ProofError, verify_inclusion},
};

/// One record, and proof that it is on the log, under the signed checkpoint that it names.
///
/// Without the record about 0.9 kB at a million records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Name of the log.
    pub origin: Origin,
    /// Position of the record in the log, from 0.
    pub index: u64,
    /// Number of records under the checkpoint.
    pub tree_size: u64,
    /// Hashes from the record's neighbour up to the root (RFC 6962, section 2.1.1).
    pub inclusion_path: Vec<[u8; HASH_BYTES]>,
    /// The signed checkpoint, [`SignedCheckpoint::note`].
    pub checkpoint: String,
    /// The record, its exact bytes.
    pub leaf: Vec<u8>,
}

/// Why a receipt does not prove its record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The checkpoint is not the log's.
    #[error("checkpoint of the receipt: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The checkpoint is another log's.
    #[error("receipt is of log {receipt}, its checkpoint of {checkpoint}")]
    Origin {
        /// Log that the receipt names.
        receipt: Origin,
        /// Log that the checkpoint names.
        checkpoint: Origin,
    },
    /// The checkpoint is of another size.
    #[error("receipt is for a tree of {receipt} records, its checkpoint for {checkpoint}")]
    Size {
        /// Size that the receipt names.
        receipt: u64,
        /// Size that the checkpoint names.
        checkpoint: u64,
    },
    /// The record is not under the checkpoint's root.
    #[error("record is not proven: {0}")]
    Proof(#[from] ProofError),
}

// === impl Receipt ===

impl Receipt {
    /// Checks that the record is on the log whose key `key` is; needs neither log nor network.
    ///
    /// # Errors
    ///
    /// Returns [`VerifyError`] if the receipt contradicts itself, proves another record, or is not
    /// signed by the log.
    pub fn verify(&self, key: &VerifierKey) -> Result<(), VerifyError> {
        let signed = SignedCheckpoint::open(&self.checkpoint, key)?;
        let Checkpoint { origin, size, root } = signed.checkpoint;
        if origin != self.origin {
            return Err(VerifyError::Origin { receipt: self.origin.clone(), checkpoint: origin });
        }
        if size != self.tree_size {
            return Err(VerifyError::Size { receipt: self.tree_size, checkpoint: size });
        }
        verify_inclusion(&self.leaf, self.index, size, &self.inclusion_path, &root)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{compact_range::CompactRange, hash::leaf_hash, key::SigningKey};

    fn key(origin: &str) -> SigningKey {
        SigningKey::from_seed(&origin.parse().unwrap(), &[7; 32]).unwrap()
    }

    /// A receipt for the second of three records.
    fn receipt() -> Receipt {
        let leaves = [b"zero", b"unus", b"duos"].map(|leaf| leaf_hash(leaf));
        let growth = CompactRange::default().grow(leaves.to_vec());
        let origin: Origin = "oncebus.test/log".parse().unwrap();
        let checkpoint = Checkpoint { origin: origin.clone(), size: 3, root: growth.root() };
        Receipt {
            origin,
            index: 1,
            tree_size: 3,
            inclusion_path: growth.path(1),
            checkpoint: checkpoint.sign(&key("oncebus.test/log")).note,
            leaf: b"unus".to_vec(),
        }
    }

    #[test]
    fn receipt_proves_its_record_and_no_other() {
        let log = key("oncebus.test/log");
        let other = Receipt { leaf: b"duos".to_vec(), ..receipt() };

        assert_eq!(receipt().verify(log.verifier()), Ok(()));
        assert_eq!(other.verify(log.verifier()), Err(ProofError::Root.into()));
    }

    #[test]
    fn altered_receipt_proves_nothing() {
        let log = key("oncebus.test/log");
        let alter = |change: fn(&mut Receipt)| {
            let mut receipt = receipt();
            change(&mut receipt);
            receipt.verify(log.verifier()).unwrap_err()
        };

        assert_eq!(alter(|r| r.index = 0), ProofError::Root.into());
        assert_eq!(alter(|r| r.index = 3), ProofError::Index { index: 3, size: 3 }.into());
        assert_eq!(alter(|r| r.tree_size = 4), VerifyError::Size { receipt: 4, checkpoint: 3 });
        assert_eq!(alter(|r| r.inclusion_path[0][0] ^= 1), ProofError::Root.into());
        assert!(matches!(
            alter(|r| r.inclusion_path.truncate(1)),
            VerifyError::Proof(ProofError::Length { hashes: 1, .. })
        ));
        assert!(matches!(
            alter(|r| r.inclusion_path.push([0; 32])),
            VerifyError::Proof(ProofError::Length { hashes: 3, .. })
        ));
        assert!(matches!(
            alter(|r| r.origin = "oncebus.test/other".parse().unwrap()),
            VerifyError::Origin { .. }
        ));
        assert!(matches!(alter(|r| r.checkpoint.clear()), VerifyError::Checkpoint(_)));
        assert!(matches!(
            alter(|r| r.checkpoint = r.checkpoint.replace("\n3\n", "\n4\n")),
            VerifyError::Checkpoint(CheckpointError::Note(_))
        ));
    }

    #[test]
    fn receipt_signed_by_another_key_proves_nothing() {
        let stranger = SigningKey::from_seed(&"oncebus.test/log".parse().unwrap(), &[8; 32]);
        let namesake = stranger.unwrap();

        let refused = receipt().verify(namesake.verifier()).unwrap_err();

        assert!(matches!(refused, VerifyError::Checkpoint(CheckpointError::Note(_))));
    }
}
