//! Checks that a log only grew since a checkpoint that somebody kept.

use crate::{
    checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint},
    key::VerifierKey,
    origin::Origin,
    proof::{ConsistencyError, verify_consistency},
    trail::Consistency,
};

/// Why it is not shown that a log only grew.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrowthError {
    /// The newer checkpoint is not the log's.
    #[error("newer checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The checkpoints are of two logs.
    #[error("older checkpoint is of log {old}, the newer of {new}")]
    Origin {
        /// Log of the older checkpoint.
        old: Origin,
        /// Log of the newer checkpoint.
        new: Origin,
    },
    /// The proof begins at another size.
    #[error("proof begins at {proof} records, the older checkpoint has {checkpoint}")]
    OldSize {
        /// Size that the proof names.
        proof: u64,
        /// Size that the older checkpoint names.
        checkpoint: u64,
    },
    /// The proof ends at another size.
    #[error("proof ends at {proof} records, the newer checkpoint has {checkpoint}")]
    NewSize {
        /// Size that the proof names.
        proof: u64,
        /// Size that the newer checkpoint names.
        checkpoint: u64,
    },
    /// The log forgot or changed what it had.
    #[error("log did not only grow: {0}")]
    Proof(#[from] ConsistencyError),
}

// === impl Consistency ===

impl Consistency {
    /// Checks that the log whose key `key` is only grew since `old`; returns what it grew to.
    ///
    /// `old` is taken as it is: check its signature first.
    ///
    /// # Errors
    ///
    /// Returns [`GrowthError`] if the proof contradicts itself, does not begin at `old`, is not
    /// signed by the log, or the log did not only grow.
    pub fn verify(&self, old: &Checkpoint, key: &VerifierKey) -> Result<Checkpoint, GrowthError> {
        let new = SignedCheckpoint::open(&self.checkpoint, key)?.checkpoint;
        if old.origin != new.origin {
            return Err(GrowthError::Origin { old: old.origin.clone(), new: new.origin });
        }
        if self.old_size != old.size {
            return Err(GrowthError::OldSize { proof: self.old_size, checkpoint: old.size });
        }
        if self.new_size != new.size {
            return Err(GrowthError::NewSize { proof: self.new_size, checkpoint: new.size });
        }
        verify_consistency(old.size, &old.root, new.size, &new.root, &self.path)?;
        Ok(new)
    }
}

#[cfg(test)]
mod tests;
