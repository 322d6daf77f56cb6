//! Proofs under one published checkpoint.

use std::sync::Arc;

use crate::{
    archive::{Archive, ReadError},
    checkpoint::{Checkpoint, SignedCheckpoint},
    hash::HASH_BYTES,
    proof::{ProofError, verify_inclusion},
    receipt::Receipt,
    tile::{TILE_WIDTH, Tile},
    trail::Consistency,
    tree,
};

/// Proves records and growth under the checkpoint that was the newest when it was made.
///
/// Blocks on files.
#[derive(Clone, Debug)]
pub struct Prover {
    archive: Archive,
    signed: Arc<SignedCheckpoint>,
}

/// Why nothing can be proven.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// The log is not that long.
    #[error("{asked} is beyond the log, which has {size} records")]
    Beyond {
        /// Size or position that was asked for.
        asked: u64,
        /// Size of the log.
        size: u64,
    },
    /// It was not published in time.
    #[error("record {asked} is not published yet, try again")]
    Unpublished {
        /// Size or position that was asked for.
        asked: u64,
    },
    /// The process ends.
    #[error("the process ends, nothing is proven any more")]
    Stopped,
    /// The files cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// What was read does not give the root of the checkpoint.
    #[error("files of the trail do not prove record {index}: {fault}; run `oncebus audit fsck`")]
    Damaged {
        /// Index of the record.
        index: u64,
        /// What is wrong.
        fault: ProofError,
    },
}

// === impl Prover ===

impl Prover {
    pub(crate) fn new(archive: Archive, signed: Arc<SignedCheckpoint>) -> Self {
        Self { archive, signed }
    }

    /// Returns the checkpoint that everything is proven under.
    pub fn checkpoint(&self) -> &SignedCheckpoint {
        &self.signed
    }

    /// Proves the record at `index`.
    ///
    /// # Errors
    ///
    /// Returns [`ProveError`] if there is no such record under the checkpoint, or the files fail; a
    /// record that was dropped cannot be shown, hence not be proven here.
    pub fn receipt(&self, index: u64) -> Result<Receipt, ProveError> {
        let Checkpoint { origin, size, root } = &self.signed.checkpoint;
        let beyond = || ProveError::Beyond { asked: index, size: *size };
        if *size <= index {
            return Err(beyond());
        }
        let width = u64::from(TILE_WIDTH);
        let tile = Tile::of(0, index / width, *size).ok_or_else(beyond)?;
        let mut records = self.archive.records(tile)?;
        let leaf = records.swap_remove((index % width) as usize);
        let inclusion_path = tree::inclusion_path(index, *size, &mut |l, n| self.node(l, n))?;
        let proven = verify_inclusion(&leaf, index, *size, &inclusion_path, root);
        proven.map_err(|fault| ProveError::Damaged { index, fault })?;
        let (origin, checkpoint) = (origin.clone(), self.signed.note.clone());
        Ok(Receipt { origin, index, tree_size: *size, inclusion_path, checkpoint, leaf })
    }

    /// Proves that the log only grew from `old_size`.
    ///
    /// # Errors
    ///
    /// Returns [`ProveError`] if the log is not that long, or the files fail.
    pub fn consistency(&self, old_size: u64) -> Result<Consistency, ProveError> {
        let new_size = self.signed.checkpoint.size;
        if new_size < old_size {
            return Err(ProveError::Beyond { asked: old_size, size: new_size });
        }
        let path = tree::consistency_path(old_size, new_size, &mut |l, n| self.node(l, n))?;
        let checkpoint = self.signed.note.clone();
        Ok(Consistency { old_size, new_size, path, checkpoint })
    }

    fn node(&self, level: u8, index: u64) -> Result<[u8; HASH_BYTES], ReadError> {
        self.archive.node(level, index, self.signed.checkpoint.size)
    }
}
