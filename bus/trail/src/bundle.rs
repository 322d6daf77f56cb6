//! The bytes of a bundle: up to 256 records, each behind its length.
//!
//! ```text
//! entry = length: u16 big-endian, bytes
//! ```
//!
//! Records have at least one byte. Sealed parts are kept in the same form, beside their records;
//! there a length of 0 says that a record has none.
//!
//! Source: C2SP tlog-tiles, "Log entries".

use crate::tile::TILE_WIDTH;

/// Longest entry in bytes: its length has 16 bits.
pub(crate) const MAX_ENTRY_BYTES: usize = u16::MAX as usize;

/// Bytes before each entry.
const LENGTH_BYTES: usize = 2;

/// What is wrong with the bytes of a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleFault {
    /// An entry has no bytes.
    #[error("entry {entry} of the bundle is empty")]
    Empty {
        /// Position of the entry.
        entry: u16,
    },
    /// An entry is too long for its length.
    #[error("entry {entry} has {bytes} bytes, the limit is {MAX_ENTRY_BYTES}")]
    TooLong {
        /// Position of the entry.
        entry: u16,
        /// Its length.
        bytes: usize,
    },
    /// The bundle ends within an entry or its length.
    #[error("bundle of {bytes} bytes ends within entry {entry}")]
    Cut {
        /// Position of the entry.
        entry: u16,
        /// Length of the bundle.
        bytes: usize,
    },
    /// The bundle ends before an entry.
    #[error("bundle has {found} entries, it must have {expected}")]
    Few {
        /// Entries that it must have.
        expected: u16,
        /// Entries that it has.
        found: u16,
    },
    /// The bundle does not end after its last entry.
    #[error("bundle has {bytes} bytes after its {expected} entries")]
    Long {
        /// Entries that it must have.
        expected: u16,
        /// Bytes that are too many.
        bytes: usize,
    },
}

/// The entries of a bundle, as they are read from it; ends after the first fault.
#[derive(Clone, Debug)]
pub(crate) struct Entries<'a> {
    bytes: usize,
    rest: &'a [u8],
    shortest: usize,
    next: u16,
    expected: u16,
    ended: bool,
}

/// Writes a bundle of 1 to 256 records.
///
/// # Errors
///
/// Returns [`BundleFault`] if a record is empty or too long.
pub(crate) fn encode<T: AsRef<[u8]>>(records: &[T]) -> Result<Vec<u8>, BundleFault> {
    write(records, 1)
}

/// Writes the sealed parts of 1 to 256 records, empty where a record has none.
///
/// # Errors
///
/// Returns [`BundleFault`] if a part is too long.
pub(crate) fn encode_sealed<T: AsRef<[u8]>>(parts: &[T]) -> Result<Vec<u8>, BundleFault> {
    write(parts, 0)
}

/// Reads a bundle of `expected` records.
///
/// # Errors
///
/// Returns [`BundleFault`] if it is not exactly that.
pub(crate) fn decode(bytes: &[u8], expected: u16) -> Result<Vec<&[u8]>, BundleFault> {
    Entries::records(bytes, expected).collect()
}

// === impl Entries ===

impl<'a> Entries<'a> {
    /// Reads records one after the other.
    pub(crate) fn records(bytes: &'a [u8], expected: u16) -> Self {
        Self::new(bytes, expected, 1)
    }

    /// Reads sealed parts one after the other.
    pub(crate) fn sealed(bytes: &'a [u8], expected: u16) -> Self {
        Self::new(bytes, expected, 0)
    }

    fn new(rest: &'a [u8], expected: u16, shortest: usize) -> Self {
        Self { bytes: rest.len(), rest, shortest, next: 0, expected, ended: false }
    }

    fn read(&mut self) -> Result<Option<&'a [u8]>, BundleFault> {
        let entry = self.next;
        if entry == self.expected {
            return match self.rest.len() {
                0 => Ok(None),
                bytes => Err(BundleFault::Long { expected: entry, bytes }),
            };
        }
        if self.rest.is_empty() {
            return Err(BundleFault::Few { expected: self.expected, found: entry });
        }

        let cut = BundleFault::Cut { entry, bytes: self.bytes };
        let (length, rest) = self.rest.split_first_chunk().ok_or(cut)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (bytes, rest) = rest.split_at_checked(length).ok_or(cut)?;
        if length < self.shortest {
            return Err(BundleFault::Empty { entry });
        }
        self.rest = rest;
        self.next += 1;
        Ok(Some(bytes))
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<&'a [u8], BundleFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let entry = self.read().transpose();
        self.ended = !matches!(entry, Some(Ok(_)));
        entry
    }
}

fn write<T: AsRef<[u8]>>(entries: &[T], shortest: usize) -> Result<Vec<u8>, BundleFault> {
    debug_assert!(entries.len() <= usize::from(TILE_WIDTH), "a bundle has at most 256 entries");

    let bytes: usize = entries.iter().map(|entry| LENGTH_BYTES + entry.as_ref().len()).sum();
    let mut bundle = Vec::with_capacity(bytes);
    for (bytes, entry) in entries.iter().map(AsRef::as_ref).zip(0_u16..) {
        let Ok(length) = u16::try_from(bytes.len()) else {
            return Err(BundleFault::TooLong { entry, bytes: bytes.len() });
        };
        if bytes.len() < shortest {
            return Err(BundleFault::Empty { entry });
        }
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(bytes);
    }
    Ok(bundle)
}

#[cfg(test)]
mod tests;
