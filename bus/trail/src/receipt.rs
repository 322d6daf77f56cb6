//! Proof that one record is on the log, to be kept by whoever it concerns.

use crate::{
    checkpoint::{Checkpoint, CheckpointError},
    hash::HASH_BYTES,
    origin::Origin,
    proof::{ProofError, verify_inclusion},
};

/// Proof that one record is on the log, under the checkpoint that it names.
///
/// About 0.9 kB at a million records.
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
    /// Body of the checkpoint, [`Checkpoint::body`].
    pub checkpoint: String,
}

/// Why a receipt does not prove a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The checkpoint cannot be read.
    #[error("checkpoint of the receipt is malformed: {0}")]
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
    /// Checks that `leaf` is the record this receipt was given for; needs neither log nor network.
    ///
    /// It says nothing on who issued the checkpoint: that is for its signatures.
    ///
    /// # Errors
    ///
    /// Returns [`VerifyError`] if the receipt contradicts itself or proves another record.
    pub fn verify(&self, leaf: &[u8]) -> Result<(), VerifyError> {
        let Checkpoint { origin, size, root } = Checkpoint::parse(&self.checkpoint)?;
        if origin != self.origin {
            return Err(VerifyError::Origin { receipt: self.origin.clone(), checkpoint: origin });
        }
        if size != self.tree_size {
            return Err(VerifyError::Size { receipt: self.tree_size, checkpoint: size });
        }
        verify_inclusion(leaf, self.index, size, &self.inclusion_path, &root)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{compact_range::CompactRange, hash::leaf_hash};

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
            checkpoint: checkpoint.body(),
        }
    }

    #[test]
    fn receipt_proves_its_record_and_no_other() {
        assert_eq!(receipt().verify(b"unus"), Ok(()));
        assert_eq!(receipt().verify(b"duos"), Err(ProofError::Root.into()));
    }

    #[test]
    fn altered_receipt_proves_nothing() {
        let alter = |change: fn(&mut Receipt)| {
            let mut receipt = receipt();
            change(&mut receipt);
            receipt.verify(b"unus").unwrap_err()
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
        assert_eq!(alter(|r| r.checkpoint.clear()), CheckpointError::Lines.into());
    }
}
