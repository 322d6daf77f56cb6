//! Reads all files of a log and names the first thing that is wrong.
//!
//! Nothing is trusted but the key: records are hashed again and compared with their tiles, tiles with
//! the tiles below them, the root with the signed checkpoint, and the tree with checkpoints that
//! somebody kept. A log whose tail was cut, with the checkpoint it had then, is a sound log: only a
//! later checkpoint shows it.
//!
//! One pass, one bundle in memory. A log that grows meanwhile is checked as far as it was published
//! at first.

mod fault;
mod files;
mod frames;
mod strays;
mod walk;

use std::path::Path;

use crate::{
    checkpoint::{Checkpoint, SignedCheckpoint},
    hash::HASH_BYTES,
    key::VerifierKey,
    publisher::CHECKPOINT,
};

pub use self::fault::{Fault, FaultKind};
use self::{files::Files, frames::Tail, walk::Walk};

/// How often a log is read that was published further meanwhile, when a fault was found.
const ATTEMPTS: u32 = 3;

/// What was read, and found to be sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// Number of published records.
    pub size: u64,
    /// Root over them.
    pub root: [u8; HASH_BYTES],
    /// Records that were read and hashed.
    pub records: u64,
    /// Records that retention dropped; their hashes were checked.
    pub pruned: u64,
    /// Records that have a sealed part.
    pub sealed: u64,
    /// Records in frames that are not published yet.
    pub unpublished: u64,
    /// Bytes of an unfinished last frame, which the next start cuts.
    pub torn_bytes: u64,
}

/// Checks all files of the log in `dir`, whose key `key` is.
///
/// `since` are checkpoints of the log that somebody kept, already opened with `key`. `check_sealed`
/// is called with each record that is there and its sealed part, empty if it has none or it was
/// erased; it returns what is wrong with the part.
///
/// # Errors
///
/// Returns the first [`Fault`]: the checkpoint's, then in the order of the records, then of frames,
/// of kept checkpoints, and of files that belong to no tree.
pub fn fsck(
    dir: &Path,
    key: &VerifierKey,
    since: &[SignedCheckpoint],
    check_sealed: &mut impl FnMut(&[u8], &[u8]) -> Result<(), String>,
) -> Result<Inspection, Fault> {
    let files = Files::new(dir);
    for _ in 1..ATTEMPTS {
        let published = open(&files, key)?;
        let found = inspect(&files, key, &published, since, check_sealed);
        // What a writer at work moved is no fault; what is one is found again.
        if found.is_ok() || open(&files, key)? == published {
            return found;
        }
    }
    inspect(&files, key, &open(&files, key)?, since, check_sealed)
}

fn inspect(
    files: &Files,
    key: &VerifierKey,
    published: &Checkpoint,
    since: &[SignedCheckpoint],
    check_sealed: &mut impl FnMut(&[u8], &[u8]) -> Result<(), String>,
) -> Result<Inspection, Fault> {
    let size = published.size;
    let walked = Walk::new(files, published)?.run(check_sealed)?;
    let tail = match frames::read(files, key, size) {
        // They are published by now, and gone.
        Err(_) if open(files, key)?.size != size => Tail::none(size),
        read => read?,
    };
    for kept in since {
        compare(files, published, &tail, &kept.checkpoint)?;
    }
    strays::check(files, size, || Ok(open(files, key)?.size.max(tail.end())))?;
    Ok(Inspection {
        size,
        root: published.root,
        records: walked.records,
        pruned: walked.pruned,
        sealed: walked.sealed,
        unpublished: tail.end() - size,
        torn_bytes: tail.torn_bytes,
    })
}

fn open(files: &Files, key: &VerifierKey) -> Result<Checkpoint, Fault> {
    let bytes = files.read(Path::new(CHECKPOINT))?;
    let fault = |kind| Fault::new(CHECKPOINT, kind);
    let note = String::from_utf8(bytes).or(Err(fault(FaultKind::Text)))?;
    match SignedCheckpoint::open(&note, key) {
        Ok(signed) => Ok(signed.checkpoint),
        Err(error) => Err(fault(FaultKind::Checkpoint(error))),
    }
}

/// Checks that the log begins with what it had at a kept checkpoint.
fn compare(
    files: &Files,
    published: &Checkpoint,
    tail: &Tail,
    kept: &Checkpoint,
) -> Result<(), Fault> {
    let fault = |kind| Err(Fault::new(CHECKPOINT, kind));
    if kept.origin != published.origin {
        return fault(FaultKind::OtherLog { kept: kept.origin.clone() });
    }
    if tail.end() < kept.size {
        return fault(FaultKind::Cut { kept: kept.size, found: tail.end() });
    }
    if tail.root(files, kept.size)? != kept.root {
        return fault(FaultKind::Forked { kept: kept.size });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
