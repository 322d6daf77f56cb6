//! What can be wrong with a log's files.

use std::path::{Path, PathBuf};

use crate::{bundle::BundleFault, checkpoint::CheckpointError, frame::FrameFault, origin::Origin};

/// Something that is wrong, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {kind}; {}", file.display(), kind.cure())]
pub struct Fault {
    /// The file, from the log's folder.
    pub file: PathBuf,
    /// The first record that it concerns, if it concerns some and not others.
    pub index: Option<u64>,
    /// What is wrong.
    pub kind: FaultKind,
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    /// It is not there.
    #[error("is missing")]
    Missing,
    /// The system refuses to read it.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// It has bytes that are no text.
    #[error("is not UTF-8 text")]
    Text,
    /// It is no checkpoint of the log.
    #[error("is no checkpoint of this log: {0}")]
    Checkpoint(CheckpointError),
    /// It does not list ranges of whole bundles.
    #[error("is not a list of ranges of whole bundles within the log")]
    Pruned,
    /// It has not the length of its width.
    #[error("has {bytes} bytes, its width makes it {expected}")]
    Length {
        /// Its length.
        bytes: u64,
        /// The length it must have.
        expected: u64,
    },
    /// Its bytes are no bundle.
    #[error("is damaged: {0}")]
    Bundle(BundleFault),
    /// A record is not what the tree has.
    #[error("record {index} was altered: the tree has another hash of it")]
    Record {
        /// Index of the record.
        index: u64,
    },
    /// A hash is not what the tree has, the record below it is.
    #[error("hash of record {index} was altered: record and tree fit each other")]
    Hash {
        /// Index of the record.
        index: u64,
    },
    /// A record and its hash differ, and neither fits the rest of the tree.
    #[error("record {index} has another hash than {} has", tile.display())]
    RecordOrHash {
        /// Index of the record.
        index: u64,
        /// File of the hash.
        tile: PathBuf,
    },
    /// A hash is not the root of the tile below it.
    #[error("hash {position} is not the root of {}: one of the two was altered", below.display())]
    Parent {
        /// Position of the hash in the tile.
        position: u16,
        /// File of the tile below.
        below: PathBuf,
    },
    /// All fits together and gives another root.
    #[error("has another root than the files give: they are another log's, or all was rewritten")]
    Root,
    /// A narrower file of an earlier size has other content.
    #[error("is not what {} begins with", wider.display())]
    Superseded {
        /// File that took its place.
        wider: PathBuf,
    },
    /// It belongs to no tree of the log.
    #[error("is no file of this log")]
    Stray,
    /// A sealed part is not the one that its record names.
    #[error("sealed part of record {index} was altered: {what}")]
    Sealed {
        /// Index of the record.
        index: u64,
        /// What is wrong with it.
        what: String,
    },
    /// A frame is damaged.
    #[error("is damaged: {0}")]
    Frame(FrameFault),
    /// A frame holds another record than is published.
    #[error("record {index} is not the one that is published")]
    FrameRecord {
        /// Index of the record.
        index: u64,
    },
    /// Frames end before what is published.
    #[error("frames end at record {end}, but {published} are published")]
    FramesCut {
        /// Index that follows their last record.
        end: u64,
        /// Number of published records.
        published: u64,
    },
    /// A kept checkpoint is another log's.
    #[error("is not of the log {kept} that a kept checkpoint is of")]
    OtherLog {
        /// The other log.
        kept: Origin,
    },
    /// A kept checkpoint has more records.
    #[error("log has {found} records, a kept checkpoint has {kept}: its tail was cut")]
    Cut {
        /// Size of the kept checkpoint.
        kept: u64,
        /// Size of the log, with what is not published.
        found: u64,
    },
    /// A kept checkpoint has other records.
    #[error("first {kept} records are not those of a kept checkpoint: the log was rewritten")]
    Forked {
        /// Size of the kept checkpoint.
        kept: u64,
    },
}

// === impl Fault ===

impl Fault {
    pub(super) fn new(file: impl AsRef<Path>, kind: FaultKind) -> Self {
        Self { file: file.as_ref().to_owned(), index: None, kind }
    }

    /// Says which record it concerns first.
    pub(super) fn of_record(self, index: u64) -> Self {
        Self { index: Some(index), ..self }
    }
}

// === impl FaultKind ===

impl FaultKind {
    /// Returns its name in lower case, for scripts.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unreadable(_) => "unreadable",
            Self::Text => "text",
            Self::Checkpoint(_) => "checkpoint",
            Self::Pruned => "pruned",
            Self::Length { .. } => "length",
            Self::Bundle(_) => "bundle",
            Self::Record { .. } => "record",
            Self::Hash { .. } => "hash",
            Self::RecordOrHash { .. } => "record_or_hash",
            Self::Parent { .. } => "parent",
            Self::Root => "root",
            Self::Superseded { .. } => "superseded",
            Self::Stray => "stray",
            Self::Sealed { .. } => "sealed",
            Self::Frame(_) => "frame",
            Self::FrameRecord { .. } => "frame_record",
            Self::FramesCut { .. } => "frames_cut",
            Self::OtherLog { .. } => "other_log",
            Self::Cut { .. } => "cut",
            Self::Forked { .. } => "forked",
        }
    }

    /// Returns what to do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "check the disk and whose the file is",
            Self::Superseded { .. } | Self::Stray => {
                "find out who put it there, then move it out of the folder"
            }
            Self::Checkpoint(CheckpointError::Log { .. }) | Self::OtherLog { .. } => {
                "give the key and the checkpoints of this log"
            }
            Self::Cut { .. } | Self::Forked { .. } | Self::Root => {
                "keep the folder as it is for the auditors, and open a new shard"
            }
            _ => "keep the file for the auditors, and put one from a backup in its place",
        }
    }
}
