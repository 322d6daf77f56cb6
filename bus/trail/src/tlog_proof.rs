//! A receipt as a text that tools of others read.
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! extra base64(the record)
//! index 73894
//! base64(hash), a line for each of the inclusion path
//!
//! the signed checkpoint
//! ```
//!
//! The file's name ends in `.tlog-proof`. Source: C2SP tlog-proof.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    checkpoint::{Checkpoint, CheckpointError},
    hash::HASH_BYTES,
    note::{Note, NoteError},
    receipt::Receipt,
};

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// Longest path: a tree has at most 2^64 leaves.
const MAX_PATH: usize = 64;

/// Why a text is no `.tlog-proof` of a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlogProofError {
    /// It begins otherwise.
    #[error("first line must be {HEADER}")]
    Header,
    /// The record is not readable.
    #[error("line {line} must be extra, a space and the record in base64")]
    Extra {
        /// Number of the line, from 1.
        line: usize,
    },
    /// The index is not there or not readable.
    #[error("line {line} must be index, a space and a number in decimal without leading zeros")]
    Index {
        /// Number of the line, from 1.
        line: usize,
    },
    /// A hash is not readable.
    #[error("line {line} must be a hash of 32 bytes in base64")]
    Hash {
        /// Number of the line, from 1.
        line: usize,
    },
    /// There are more hashes than any tree has levels.
    #[error("path has over {MAX_PATH} hashes")]
    TooLong,
    /// No checkpoint follows.
    #[error("path must be followed by an empty line and the signed checkpoint")]
    NoCheckpoint,
    /// The checkpoint is none; its signature is not checked here.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

// === impl Receipt ===

impl Receipt {
    /// Returns it as a text for files whose names end in `.tlog-proof`.
    pub fn to_tlog_proof(&self) -> String {
        let mut text = format!("{HEADER}\n");
        if !self.leaf.is_empty() {
            text += &format!("extra {}\n", STANDARD.encode(&self.leaf));
        }
        text += &format!("index {}\n", self.index);
        for hash in &self.inclusion_path {
            text += &format!("{}\n", STANDARD.encode(hash));
        }
        text + "\n" + &self.checkpoint
    }

    /// Reads such a text. Without an `extra` line the receipt has no record, and cannot be verified
    /// until it is put in. Nothing is verified here: origin and size are what the checkpoint says.
    ///
    /// # Errors
    ///
    /// Returns [`TlogProofError`] unless `text` is exactly what [`Self::to_tlog_proof`] writes.
    pub fn from_tlog_proof(text: &str) -> Result<Self, TlogProofError> {
        let (head, checkpoint) = text.split_once("\n\n").ok_or(TlogProofError::NoCheckpoint)?;
        let mut lines = head.split('\n').zip(1..).peekable();
        if lines.next().map(|(line, _)| line) != Some(HEADER) {
            return Err(TlogProofError::Header);
        }
        let leaf = match lines.next_if(|(line, _)| line.starts_with("extra")) {
            Some((line, number)) => parse_extra(line, number)?,
            None => Vec::new(),
        };
        let (line, number) = lines.next().unwrap_or_default();
        let index = parse_index(line).ok_or(TlogProofError::Index { line: number.max(2) })?;
        let inclusion_path: Vec<_> = lines.map(parse_hash).collect::<Result<_, _>>()?;
        if MAX_PATH < inclusion_path.len() {
            return Err(TlogProofError::TooLong);
        }

        let Checkpoint { origin, size, root: _ } = parse_checkpoint(checkpoint)?;
        let checkpoint = checkpoint.to_owned();
        Ok(Self { origin, index, tree_size: size, inclusion_path, checkpoint, leaf })
    }
}

fn parse_extra(line: &str, number: usize) -> Result<Vec<u8>, TlogProofError> {
    let bytes = line.strip_prefix("extra ").and_then(|text| STANDARD.decode(text).ok());
    match bytes {
        Some(bytes) if !bytes.is_empty() => Ok(bytes),
        _ => Err(TlogProofError::Extra { line: number }),
    }
}

fn parse_index(line: &str) -> Option<u64> {
    let text = line.strip_prefix("index ")?;
    let index: u64 = text.parse().ok()?;
    // One index has one spelling: no sign, no leading zero.
    (index.to_string() == text).then_some(index)
}

fn parse_hash((line, number): (&str, usize)) -> Result<[u8; HASH_BYTES], TlogProofError> {
    let bytes = STANDARD.decode(line).unwrap_or_default();
    bytes.try_into().or(Err(TlogProofError::Hash { line: number }))
}

fn parse_checkpoint(note: &str) -> Result<Checkpoint, CheckpointError> {
    let signed = Note::parse(note)?;
    if signed.to_string() != note {
        return Err(NoteError::Parts.into());
    }
    Checkpoint::parse(signed.text())
}

#[cfg(test)]
mod tests;
