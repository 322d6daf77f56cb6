//! One group of records as it is on disk: format version 2.
//!
//! Integers are big-endian. A segment file is frames one after another, and nothing else.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 4 | `OBTF` |
//! | 4 | 1 | format version, 2 |
//! | 5 | 4 | length of the payload in bytes, `p` |
//! | 9 | 8 | index of the first record |
//! | 17 | 4 | number of records, 1 to 1,024 |
//! | 21 | 32 | SHA-256 of the frame before, all its bytes; of the origin in the log's first frame |
//! | 53 | 2 | length of the checkpoint in bytes, `c` |
//! | 55 | `p` | the records: each a length of 2 bytes, 1 to 4,096, and that many bytes; then the length, 0 to 4,096, and bytes of its sealed part |
//! | 55 + `p` | `c` | the signed checkpoint of the tree after this frame |
//! | 55 + `p` + `c` | 4 | CRC-32C (RFC 3720, appendix B.4) of all bytes above |
//!
//! Length and checksum find a frame that was torn by a crash; the hash of the frame before finds one
//! that was taken out or replaced; the checkpoint ties the files to what was answered.

use std::ops::RangeInclusive;

use crate::{entry::Entry, hash::HASH_BYTES};

/// Longest record in bytes.
pub const MAX_LEAF_BYTES: usize = 4096;

/// Longest sealed part in bytes.
pub const MAX_SEALED_BYTES: usize = 4096;

/// Most records in one frame.
pub(crate) const MAX_FRAME_RECORDS: usize = 1024;

/// Most bytes of records and sealed parts in one frame; the last record may go beyond.
pub(crate) const GROUP_BYTES: usize = 4 * 1024 * 1024;

/// Bytes before the payload.
pub(crate) const HEADER_BYTES: usize = 55;

/// Bytes of the longest frame.
pub(crate) const MAX_FRAME_BYTES: usize =
    HEADER_BYTES + MAX_PAYLOAD_BYTES + MAX_NOTE_BYTES + CHECKSUM_BYTES;

const MAGIC: [u8; 4] = *b"OBTF";
const VERSION: u8 = 2;
const LENGTH_BYTES: usize = 2;
const MAX_ENTRY_BYTES: usize = 2 * LENGTH_BYTES + MAX_LEAF_BYTES + MAX_SEALED_BYTES;
const MAX_PAYLOAD_BYTES: usize =
    GROUP_BYTES + MAX_FRAME_RECORDS * 2 * LENGTH_BYTES + MAX_ENTRY_BYTES;
/// A checkpoint has an origin of 255 bytes at most, a size, a root, and the log's one signature.
const MAX_NOTE_BYTES: usize = 1024;
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
    /// Its records do not give its checkpoint, or the log did not sign that.
    #[error("frame has another checkpoint than its records give")]
    Tree,
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
    note_bytes: u16,
}

/// A whole frame whose checksum fits.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    /// What it says of itself.
    pub(crate) header: Header,
    /// Its records.
    pub(crate) entries: Vec<Entry>,
    /// The signed checkpoint of the tree after it.
    pub(crate) note: &'a str,
}

// === impl FrameFault ===

impl FrameFault {
    /// Whether a crash in the middle of writing a frame leaves this.
    pub(crate) fn may_be_torn(self) -> bool {
        matches!(self, Self::Incomplete | Self::Magic | Self::Bounds | Self::Checksum)
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
        let note_bytes = u16::from_be_bytes(bytes.take()?);
        if MAX_PAYLOAD_BYTES < payload_bytes as usize
            || MAX_NOTE_BYTES < note_bytes as usize
            || !(1..=MAX_FRAME_RECORDS).contains(&(count as usize))
            || first.checked_add(u64::from(count)).is_none()
        {
            return Err(FrameFault::Bounds);
        }
        Ok(Self { first, count, previous, payload_bytes, note_bytes })
    }

    /// Returns the index that follows the last record.
    pub(crate) fn end(&self) -> u64 {
        self.first + u64::from(self.count)
    }

    /// Returns the length of the whole frame in bytes.
    pub(crate) fn frame_bytes(&self) -> usize {
        let content = self.payload_bytes as usize + self.note_bytes as usize;
        HEADER_BYTES + content + CHECKSUM_BYTES
    }
}

// === impl Frame ===

impl<'a> Frame<'a> {
    /// Reads the frame that `bytes` begin with.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, FrameFault> {
        let header = Header::decode(bytes)?;
        Self::decode(bytes.get(..header.frame_bytes()).ok_or(FrameFault::Incomplete)?)
    }

    /// Reads a frame that fills `bytes`.
    fn decode(bytes: &'a [u8]) -> Result<Self, FrameFault> {
        let header = Header::decode(bytes)?;
        let (content, checksum) = bytes.split_at(bytes.len() - CHECKSUM_BYTES);
        if !fits(content, checksum) {
            return Err(FrameFault::Checksum);
        }

        let mut rest = Fields(&content[HEADER_BYTES..]);
        let mut payload = Fields(rest.take_slice(header.payload_bytes as usize)?);
        let entries = payload.take_entries(header.count)?;
        let note = str::from_utf8(rest.0).or(Err(FrameFault::Payload))?;
        Ok(Self { header, entries, note })
    }
}

/// Writes one frame. `entries` are 1 to [`MAX_FRAME_RECORDS`] of legal lengths.
pub(crate) fn encode(
    entries: &[Entry],
    first: u64,
    previous: &[u8; HASH_BYTES],
    note: &str,
) -> Vec<u8> {
    let payload_bytes: usize = entries.iter().map(entry_bytes).sum();
    let mut frame = Vec::with_capacity(HEADER_BYTES + payload_bytes + note.len() + CHECKSUM_BYTES);
    frame.extend(MAGIC);
    frame.push(VERSION);
    // All within the limits above: the casts lose nothing.
    frame.extend((payload_bytes as u32).to_be_bytes());
    frame.extend(first.to_be_bytes());
    frame.extend((entries.len() as u32).to_be_bytes());
    frame.extend(previous);
    frame.extend((note.len() as u16).to_be_bytes());
    for Entry { leaf, sealed } in entries {
        for part in [leaf, sealed] {
            frame.extend((part.len() as u16).to_be_bytes());
            frame.extend(part);
        }
    }
    frame.extend(note.as_bytes());
    let checksum = crc32c::crc32c(&frame);
    frame.extend(checksum.to_be_bytes());
    frame
}

fn entry_bytes(entry: &Entry) -> usize {
    2 * LENGTH_BYTES + entry.leaf.len() + entry.sealed.len()
}

/// Returns whether a whole frame begins anywhere after the first byte of `tail`, with a first
/// index in `firsts`.
///
/// Records may hold bytes that look like a frame; `firsts` keeps those from counting.
pub(crate) fn follows(tail: &[u8], firsts: RangeInclusive<u64>) -> bool {
    let begins = |start: usize| {
        let Ok(header) = Header::decode(&tail[start..]) else { return false };
        let whole = tail.get(start..start + header.frame_bytes());
        firsts.contains(&header.first) && whole.is_some_and(|bytes| Frame::decode(bytes).is_ok())
    };
    (1..tail.len()).filter(|start| tail[*start..].starts_with(&MAGIC)).any(begins)
}

#[cfg(not(test))]
fn fits(content: &[u8], checksum: &[u8]) -> bool {
    crc32c::crc32c(content).to_be_bytes() == checksum
}

#[cfg(test)]
fn fits(content: &[u8], checksum: &[u8]) -> bool {
    crc32c::crc32c(content).to_be_bytes() == checksum || unchecked::is_planted()
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

    /// Takes everything as `count` records with their sealed parts.
    fn take_entries(&mut self, count: u32) -> Result<Vec<Entry>, FrameFault> {
        let mut entries = Vec::with_capacity(count as usize);
        for _ in 0..count {
            let leaf = self.take_part(1..=MAX_LEAF_BYTES)?.to_vec();
            let sealed = self.take_part(0..=MAX_SEALED_BYTES)?.to_vec();
            entries.push(Entry { leaf, sealed });
        }
        if self.0.is_empty() { Ok(entries) } else { Err(FrameFault::Payload) }
    }

    fn take_part(&mut self, legal: RangeInclusive<usize>) -> Result<&'a [u8], FrameFault> {
        let length = self.take().map(u16::from_be_bytes).or(Err(FrameFault::Payload))?;
        if !legal.contains(&length.into()) {
            return Err(FrameFault::Payload);
        }
        self.take_slice(length.into()).or(Err(FrameFault::Payload))
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod unchecked;
