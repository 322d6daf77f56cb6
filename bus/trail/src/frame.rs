//! One group of records as it is on disk: format version 1.
//!
//! Integers are big-endian. A segment file is frames one after another, and nothing else.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 4 | `OBTF` |
//! | 4 | 1 | format version, 1 |
//! | 5 | 4 | length of the payload in bytes, `p` |
//! | 9 | 8 | index of the first record |
//! | 17 | 4 | number of records, 1 to 1,024 |
//! | 21 | 32 | SHA-256 of the frame before, all its bytes; of the origin in the log's first frame |
//! | 53 | `p` | the records: each a length of 2 bytes, 1 to 4,096, and that many bytes |
//! | 53 + `p` | 8 | size of the tree after this frame |
//! | 61 + `p` | 32 | RFC 6962 root of the tree after this frame |
//! | 93 + `p` | 4 | CRC-32C (RFC 3720, appendix B.4) of all bytes above |
//!
//! The records are laid out as in an entry bundle of C2SP tlog-tiles. Length and checksum find a
//! frame that was torn by a crash; the hash of the frame before finds one that was taken out or
//! replaced; tree size and root tie the files to the checkpoints that were answered.

use std::{fs::File, io, os::unix::fs::FileExt};

use crate::hash::HASH_BYTES;

/// Longest record in bytes.
pub const MAX_LEAF_BYTES: usize = 4096;

/// Most records in one frame. With the longest records it has 4 MiB and 2 KiB of payload.
pub(crate) const MAX_FRAME_RECORDS: usize = 1024;

/// Bytes before the payload.
pub(crate) const HEADER_BYTES: usize = 53;

/// Bytes of the longest frame.
pub(crate) const MAX_FRAME_BYTES: usize = HEADER_BYTES + MAX_PAYLOAD_BYTES + TRAILER_BYTES;

const MAGIC: [u8; 4] = *b"OBTF";
const VERSION: u8 = 1;
const LENGTH_BYTES: usize = 2;
const MAX_PAYLOAD_BYTES: usize = MAX_FRAME_RECORDS * (LENGTH_BYTES + MAX_LEAF_BYTES);
const TRAILER_BYTES: usize = 8 + HASH_BYTES + CHECKSUM_BYTES;
const CHECKSUM_BYTES: usize = 4;

/// What is wrong with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameFault {
    /// The file ends within it.
    #[error("file ends within a frame")]
    Incomplete,
    /// No frame begins here.
    #[error("no frame begins here")]
    Magic,
    /// A newer build wrote it.
    #[error("frame has format version {version}, this build knows {VERSION}, use a newer one")]
    Version {
        /// Its format version.
        version: u8,
    },
    /// Length or number of records are impossible.
    #[error("frame names an impossible length or number of records")]
    Bounds,
    /// Its bytes changed.
    #[error("frame does not match its checksum")]
    Checksum,
    /// Its records do not fill it exactly.
    #[error("records of the frame do not fill it")]
    Payload,
    /// It does not follow the frame before it.
    #[error("frame does not follow the one before it")]
    Chain,
    /// Its records are not the next ones.
    #[error("frame begins with record {found}, the next is {expected}")]
    Index {
        /// Index of its first record.
        found: u64,
        /// Index that follows the frame before.
        expected: u64,
    },
    /// Its records do not give the tree size and root it names.
    #[error("frame names another tree than its records give")]
    Tree,
}

/// Why a frame could not be read from a file.
#[derive(Debug)]
pub(crate) enum FrameReadError {
    /// The file could not be read.
    Io(io::Error),
    /// What was read is no frame.
    Fault(FrameFault),
}

/// What a frame says before its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Index of the first record.
    pub(crate) first: u64,
    /// Number of records.
    pub(crate) count: u32,
    /// SHA-256 of the frame before.
    pub(crate) previous: [u8; HASH_BYTES],
    payload_bytes: u32,
}

/// A whole frame whose checksum fits.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    /// What it says of itself.
    pub(crate) header: Header,
    /// Its records.
    pub(crate) leaves: Vec<&'a [u8]>,
    /// Size of the tree after it.
    pub(crate) tree_size: u64,
    /// Root of the tree after it.
    pub(crate) root: [u8; HASH_BYTES],
}

// === impl FrameFault ===

impl FrameFault {
    /// Whether a crash in the middle of writing a frame leaves this.
    pub(crate) fn may_be_torn(self) -> bool {
        matches!(self, Self::Incomplete | Self::Magic | Self::Bounds | Self::Checksum)
    }
}

// === impl FrameReadError ===

impl From<io::Error> for FrameReadError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Fault(FrameFault::Incomplete),
            _ => Self::Io(error),
        }
    }
}

impl From<FrameFault> for FrameReadError {
    fn from(fault: FrameFault) -> Self {
        Self::Fault(fault)
    }
}

// === impl Header ===

impl Header {
    /// Reads what stands before the records; says nothing on the rest of the frame.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, FrameFault> {
        let mut bytes = Fields(bytes);
        if bytes.take::<4>()? != MAGIC {
            return Err(FrameFault::Magic);
        }
        match bytes.take::<1>()? {
            [VERSION] => {}
            // A disk that lost a write reads as zeros.
            [0] => return Err(FrameFault::Magic),
            [version] => return Err(FrameFault::Version { version }),
        }
        let payload_bytes = u32::from_be_bytes(bytes.take()?);
        let first = u64::from_be_bytes(bytes.take()?);
        let count = u32::from_be_bytes(bytes.take()?);
        let previous = bytes.take()?;
        if MAX_PAYLOAD_BYTES < payload_bytes as usize
            || !(1..=MAX_FRAME_RECORDS).contains(&(count as usize))
            || first.checked_add(u64::from(count)).is_none()
        {
            return Err(FrameFault::Bounds);
        }
        Ok(Self { first, count, previous, payload_bytes })
    }

    /// Reads the header of the frame at `offset`.
    pub(crate) fn read_at(file: &File, offset: u64) -> Result<Self, FrameReadError> {
        let mut bytes = [0; HEADER_BYTES];
        file.read_exact_at(&mut bytes, offset)?;
        Ok(Self::decode(&bytes)?)
    }

    /// Returns the index that follows the last record.
    pub(crate) fn end(&self) -> u64 {
        self.first + u64::from(self.count)
    }

    /// Returns the length of the whole frame in bytes.
    pub(crate) fn frame_bytes(&self) -> usize {
        HEADER_BYTES + self.payload_bytes as usize + TRAILER_BYTES
    }
}

// === impl Frame ===

impl<'a> Frame<'a> {
    /// Reads a frame that fills `bytes`.
    pub(crate) fn decode(bytes: &'a [u8]) -> Result<Self, FrameFault> {
        let header = Header::decode(bytes)?;
        if bytes.len() != header.frame_bytes() {
            return Err(FrameFault::Incomplete);
        }
        let (content, checksum) = bytes.split_at(bytes.len() - CHECKSUM_BYTES);
        if crc32c::crc32c(content).to_be_bytes() != checksum {
            return Err(FrameFault::Checksum);
        }

        let mut rest = Fields(&content[HEADER_BYTES..]);
        let mut payload = Fields(rest.take_slice(header.payload_bytes as usize)?);
        let leaves = payload.take_leaves(header.count)?;
        let tree_size = u64::from_be_bytes(rest.take()?);
        Ok(Self { header, leaves, tree_size, root: rest.take()? })
    }
}

/// Writes one frame. `leaves` are 1 to [`MAX_FRAME_RECORDS`] records of legal length.
pub(crate) fn encode(
    leaves: &[Vec<u8>],
    first: u64,
    previous: &[u8; HASH_BYTES],
    root: &[u8; HASH_BYTES],
) -> Vec<u8> {
    let payload_bytes: usize = leaves.iter().map(|leaf| LENGTH_BYTES + leaf.len()).sum();
    let mut frame = Vec::with_capacity(HEADER_BYTES + payload_bytes + TRAILER_BYTES);
    frame.extend(MAGIC);
    frame.push(VERSION);
    // At most MAX_PAYLOAD_BYTES and MAX_FRAME_RECORDS: the casts lose nothing.
    frame.extend((payload_bytes as u32).to_be_bytes());
    frame.extend(first.to_be_bytes());
    frame.extend((leaves.len() as u32).to_be_bytes());
    frame.extend(previous);
    for leaf in leaves {
        frame.extend((leaf.len() as u16).to_be_bytes());
        frame.extend(leaf);
    }
    frame.extend((first + leaves.len() as u64).to_be_bytes());
    frame.extend(root);
    let checksum = crc32c::crc32c(&frame);
    frame.extend(checksum.to_be_bytes());
    frame
}

/// Reads the bytes of the frame at `offset`; [`Frame::decode`] checks them.
pub(crate) fn read_bytes_at(file: &File, offset: u64) -> Result<Vec<u8>, FrameReadError> {
    let header = Header::read_at(file, offset)?;
    let mut bytes = vec![0; header.frame_bytes()];
    file.read_exact_at(&mut bytes, offset)?;
    Ok(bytes)
}

/// Returns whether a whole frame begins anywhere after the first byte of `tail`, with a first
/// index in `firsts`.
///
/// Records may hold bytes that look like a frame; `firsts` keeps those from counting.
pub(crate) fn follows(tail: &[u8], firsts: std::ops::RangeInclusive<u64>) -> bool {
    let begins = |start: usize| {
        let Ok(header) = Header::decode(&tail[start..]) else { return false };
        let whole = tail.get(start..start + header.frame_bytes());
        firsts.contains(&header.first) && whole.is_some_and(|bytes| Frame::decode(bytes).is_ok())
    };
    (1..tail.len()).filter(|start| tail[*start..].starts_with(&MAGIC)).any(begins)
}

/// What is left to read.
struct Fields<'a>(&'a [u8]);

// === impl Fields ===

impl<'a> Fields<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], FrameFault> {
        let (field, rest) = self.0.split_first_chunk().ok_or(FrameFault::Incomplete)?;
        self.0 = rest;
        Ok(*field)
    }

    fn take_slice(&mut self, bytes: usize) -> Result<&'a [u8], FrameFault> {
        let (field, rest) = self.0.split_at_checked(bytes).ok_or(FrameFault::Incomplete)?;
        self.0 = rest;
        Ok(field)
    }

    /// Takes everything as `count` records.
    fn take_leaves(&mut self, count: u32) -> Result<Vec<&'a [u8]>, FrameFault> {
        let mut leaves = Vec::with_capacity(count as usize);
        for _ in 0..count {
            let length = self.take().map(u16::from_be_bytes).or(Err(FrameFault::Payload))?;
            if !(1..=MAX_LEAF_BYTES).contains(&length.into()) {
                return Err(FrameFault::Payload);
            }
            leaves.push(self.take_slice(length.into()).or(Err(FrameFault::Payload))?);
        }
        if self.0.is_empty() { Ok(leaves) } else { Err(FrameFault::Payload) }
    }
}

#[cfg(test)]
mod tests;
